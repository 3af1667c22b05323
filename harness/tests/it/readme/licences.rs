//! `docs/licences.md` lists every crate and what else of other hands there is, with its licence. `UPDATE_GOLDEN=1 cargo test -p
//! harness --test it readme::licences` writes it anew, for a person to look at the difference.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::common::{root, source};

const LIST: &str = "docs/licences.md";

/// A crate's name and version.
type CrateName = String;

#[test]
fn every_crate_is_listed_with_its_licence() {
    let now = list();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(root().join(LIST), &now).unwrap();
    }
    let differs =
        source(LIST).lines().zip(now.lines()).find(|(was, is)| was != is).map(|(was, is)| format!("{was} / {is}"));
    assert!(source(LIST) == now, "{LIST} is not of these crates: {differs:?}; UPDATE_GOLDEN=1 writes it anew");
}

#[test]
fn every_font_lies_beside_its_licence() {
    let tracked =
        Command::new("git").args(["ls-files", "*.ttf", "*.otf", "*.woff", "*.woff2"]).current_dir(root()).output();
    let fonts = String::from_utf8(tracked.unwrap().stdout).unwrap();
    for font in fonts.lines() {
        let licence = root().join(font).with_file_name("LICENSE");
        assert!(licence.is_file(), "{font} has no LICENSE beside it");
        assert!(source(LIST).contains(font), "{font} is not in {LIST}");
    }
}

fn list() -> String {
    let shipped = crates(&["--package", "harness", "--edges", "normal"]);
    let mut others = crates(&["--workspace", "--edges", "normal,build,dev"]);
    others.retain(|name, _| !shipped.contains_key(name));
    format!(
        "# Licences\n\n\
         What of other hands is in the program or helps to build it, as its authors license it. A test writes and checks this \
         list; `cargo deny check` holds every licence against `deny.toml`.\n\n\
         | what | licence |\n|---|---|\n\
         | DejaVu Sans, reduced to Latin letters (`reports/src/site/font/DejaVuSans-latin.ttf`) | Bitstream Vera, with \
         changes in the public domain: `reports/src/site/font/LICENSE` |\n\
         | an excerpt of the schema of Kubernetes, for tests (`harness/tests/it/kubernetes/schema.json`) | Apache-2.0: \
         `harness/tests/it/kubernetes/README.md` |\n\n\
         ## In the program\n\n{}\n## To build and to test it\n\n{}",
        table(&shipped),
        table(&others)
    )
}

fn table(crates: &BTreeMap<CrateName, String>) -> String {
    let mut by_licence: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, licence) in crates {
        by_licence.entry(licence).or_default().insert(name);
    }
    let rows = by_licence
        .into_iter()
        .map(|(licence, names)| format!("| {licence} | {} |\n", names.into_iter().collect::<Vec<_>>().join(", ")));
    format!("| licence | crates |\n|---|---|\n{}", rows.collect::<String>())
}

/// Crates of others, as cargo names them for Linux with every feature on.
fn crates(which: &[&str]) -> BTreeMap<CrateName, String> {
    let common = ["tree", "--locked", "--offline", "--all-features", "--target", "x86_64-unknown-linux-gnu"];
    let shape = ["--prefix", "none", "--no-dedupe", "--format", "{p}\t{l}"];
    let tree = Command::new(env!("CARGO")).args(common).args(shape).args(which).current_dir(root()).output().unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let lines = String::from_utf8(tree.stdout).unwrap();
    let foreign = lines.lines().filter_map(|line| line.split_once('\t')).filter(|(name, _)| !name.contains("(/"));
    let named = |(name, licence): (&str, &str)| {
        // A crate that runs in the compiler is marked so, and older ones have a slash for "or".
        let name = name.trim_end_matches(" (proc-macro)").replacen(" v", " ", 1);
        (name, licence.replace('/', " OR "))
    };
    foreign.map(named).collect()
}
