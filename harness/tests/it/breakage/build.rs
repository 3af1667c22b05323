//! One build of the harness that knows every breakage: a copy of the workspace under `target/`, mutated, and built into
//! the same target folder, so that the crates of others are not compiled again.
//!
//! cargo tells packages apart by name, version and where they lie below their workspace. So the copy has them one folder
//! deeper, or the two workspaces would overwrite each other's artifacts. Must not know: which rows catch what. Beside it:
//! `mutations.rs`, the table; `splice.rs`, how a text is mutated.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::breakage::mutations::{MUTATIONS, Mutation};
use crate::breakage::splice::{mutated, replaced_once};
use crate::common::home::HARNESS;
use crate::common::{PACKAGES, root};

/// Chooses a breakage of the mutated build, by name; servers and subjects inherit it.
pub(crate) const VARIABLE: &str = "HARNESS_TEST_BREAKAGE";

/// Not `harness`, which it would overwrite.
const BINARY: &str = "harness-broken-on-purpose";

/// The files of the mutated workspace, by their paths within it.
pub(crate) type Sources = BTreeMap<PathBuf, Vec<u8>>;

/// The sources of this workspace with all mutations in them.
///
/// # Errors
/// A sentence about the first mutation that can't be applied.
pub(crate) fn sources() -> Result<Sources, String> {
    let mut files = Sources::new();
    for package in PACKAGES {
        // Whatever a manifest names must be there, so the benchmarks come along.
        for part in ["Cargo.toml", "build.rs", "src", "benches"] {
            gather(&Path::new(package).join(part), &mut files);
        }
        for (file, mutations) in of_package(package) {
            change(&mut files, file, |text| mutated(text, &mutations))?;
        }
        change(&mut files, &format!("{package}/src/lib.rs"), with_question)?;
    }
    change(&mut files, "harness/Cargo.toml", renamed)?;
    change(&mut files, "harness/src/main.rs", with_confession)?;
    // It is built with the dependencies of tests, as the workspace is for its tests: with others some crates would have
    // other features, and be compiled again.
    files.insert("harness/tests/nothing.rs".into(), b"//! Tests nothing.\n".into());
    let mut below: Sources = files.into_iter().map(|(path, bytes)| (Path::new("mutated").join(path), bytes)).collect();
    gather(Path::new("Cargo.toml"), &mut below);
    gather(Path::new("Cargo.lock"), &mut below);
    change(&mut below, "Cargo.toml", moved)?;
    Ok(below)
}

/// Writes the sources under `target/` and builds them. Returns the program.
///
/// # Panics
/// Where they can't be built. Why is on stderr, where cargo tells how far it is.
pub(crate) fn build() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("breakage");
    write(&home, &sources().unwrap_or_else(|error| panic!("{error}")));
    let profile_folder = Path::new(HARNESS).parent().unwrap().file_name().unwrap();
    let profile = if profile_folder == "debug" { "dev".as_ref() } else { profile_folder };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--locked", "--workspace", "--test", "nothing", "--message-format=json-render-diagnostics"]);
    cargo.arg("--profile").arg(profile).arg("--manifest-path").arg(home.join("Cargo.toml"));
    cargo.arg("--target-dir").arg(Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap());
    let output = cargo.current_dir(root()).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "the harness can't be built with all breakages in it: see the errors above");
    let messages = String::from_utf8(output.stdout).unwrap();
    let mut artifacts = messages.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let program = artifacts.find(|artifact| artifact["target"]["name"] == BINARY).unwrap();
    PathBuf::from(program["executable"].as_str().unwrap())
}

/// A crate's `lib.rs` with the question that mutated places ask. Mutants need not be free of warnings.
fn with_question(text: &str) -> Result<String, String> {
    Ok(format!(
        "#![allow(warnings)]
        {text}
        pub(crate) fn broken(name: &str) -> bool {{
            static CHOSEN: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
            CHOSEN.get_or_init(|| std::env::var({VARIABLE:?}).ok()).as_deref() == Some(name)
        }}
        "
    ))
}

/// Before anything else the program says that it is broken, and a name that is none ends it.
fn with_confession(text: &str) -> Result<String, String> {
    let names: Vec<&str> = MUTATIONS.iter().map(|mutation| mutation.name).collect();
    let begin = "harness::cli::main()";
    let confess = format!(
        "match std::env::var({VARIABLE:?}) {{
            Ok(name) if {names:?}.contains(&name.as_str()) => eprintln!(\"this harness is broken on purpose: {{name}}\"),
            Ok(name) => {{ eprintln!(\"error: {VARIABLE} names no breakage: {{name}}\"); return ExitCode::from(2); }}
            Err(_) => {{}}
        }}
        {begin}"
    );
    replaced_once(text, begin, &confess)
}

/// The harness's manifest, with another name for the program.
fn renamed(manifest: &str) -> Result<String, String> {
    let alone = replaced_once(manifest, "[package]\n", "[package]\nautobins = false\n")?;
    Ok(format!("{alone}\n[[bin]]\nname = \"{BINARY}\"\npath = \"src/main.rs\"\n"))
}

/// The workspace's manifest, for packages one folder deeper.
fn moved(manifest: &str) -> Result<String, String> {
    let mut text = manifest.to_owned();
    for package in PACKAGES {
        text = text.replace(&format!("\"{package}\""), &format!("\"mutated/{package}\""));
    }
    Ok(text)
}

fn of_package(package: &str) -> BTreeMap<&'static str, Vec<&'static Mutation>> {
    let mut by_file: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for mutation in MUTATIONS.iter().filter(|mutation| Path::new(mutation.file).starts_with(package)) {
        by_file.entry(mutation.file).or_default().push(mutation);
    }
    by_file
}

fn change(files: &mut Sources, path: &str, by: impl Fn(&str) -> Result<String, String>) -> Result<(), String> {
    let bytes = files
        .get_mut(Path::new(path))
        .ok_or_else(|| format!("{path} is not there, and harness/tests/it/breakage needs it"))?;
    let text = std::str::from_utf8(bytes).map_err(|error| format!("{path} is no text: {error}"))?;
    *bytes = by(text).map_err(|error| format!("{path} {error}"))?.into_bytes();
    Ok(())
}

/// Adds a file of the workspace, or all that is in a folder. What is not there adds nothing.
fn gather(path: &Path, files: &mut Sources) {
    let found = root().join(path);
    if found.is_dir() {
        for entry in fs::read_dir(found).unwrap() {
            gather(&path.join(entry.unwrap().file_name()), files);
        }
    } else if found.is_file() {
        files.insert(path.to_owned(), fs::read(found).unwrap());
    }
}

/// Makes a folder hold these files and no others. What has not changed is left alone, or it would be compiled again.
fn write(home: &Path, files: &Sources) {
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !files.contains_key(path.strip_prefix(home).unwrap()) {
                fs::remove_file(path).unwrap();
            }
        }
    }
    for (path, bytes) in files {
        let path = home.join(path);
        if fs::read(&path).ok().as_ref() != Some(bytes) {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
}
