//! What is in the archive, and that nothing of the machine that packed it is.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::common::home::Home;
use crate::common::{root, text};
use crate::release::{installed, pack, packed, release};
use crate::skipped::skipped;

#[test]
fn packing_twice_gives_the_same_bytes() {
    let ((one, first), two) = (packed(), Home::new());
    let second = pack(two.path());
    assert!(fs::read(first).unwrap() == fs::read(&second).unwrap(), "{first:?} and {second:?} differ");
    let sums = [one, &two].map(|out| fs::read_to_string(out.join("SHA256SUMS")).unwrap());
    assert_eq!(sums[0], sums[1]);
    let checked =
        Command::new("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).current_dir(two.path()).output();
    assert!(checked.unwrap().status.success(), "{}", sums[0]);
}

#[test]
fn the_archive_has_one_folder_in_order_and_of_nobody() {
    let listed = Command::new("tar").args(["--numeric-owner", "-tvzf"]).arg(&installed().archive).output().unwrap();
    let lines: Vec<Vec<&str>> = text(&listed.stdout).lines().map(|line| line.split_whitespace().collect()).collect();
    let names: Vec<&str> = lines.iter().map(|line| line[5]).collect();
    let folder = format!("tokio-or-threads-{}-", env!("CARGO_PKG_VERSION"));
    assert!(names.iter().all(|name| name.starts_with(&folder)), "{names:?}");
    let times: BTreeSet<&str> = lines.iter().map(|line| line[4]).collect();
    assert!(lines.iter().all(|line| line[1] == "0/0") && times.len() == 1, "{lines:?}");
    for (line, name) in lines.iter().zip(&names) {
        let mode = if name.ends_with('/') || name.ends_with("/harness") { "rwxr-xr-x" } else { "rw-r--r--" };
        assert_eq!(&line[0][1..], mode, "{name}");
    }
}

#[test]
fn what_a_person_needs_is_in_it() {
    let tree = installed().tree();
    for file in [
        "harness",
        "README.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "LICENSES-OF-OTHERS.txt",
        "completions/harness.bash",
        "completions/_harness",
        "completions/harness.fish",
        "man/man1/harness.1",
        "man/man1/harness-load.1",
        "docs/guide/shell.md",
        "docs/schemas/load.json",
    ] {
        assert!(fs::metadata(tree.join(file)).is_ok_and(|file| file.len() > 0), "no {file}");
    }
    assert_eq!(fs::metadata(tree.join("harness")).unwrap().permissions().mode() & 0o111, 0o111);
}

/// The crates that cargo says are in it; `docs/licences.md` has those of further features, too.
#[test]
fn every_crate_in_the_program_stands_with_its_licence() {
    let tree = ["tree", "--locked", "--package", "harness", "--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let output = Command::new(env!("CARGO")).args(tree).current_dir(root()).output().unwrap();
    let words = text(&output.stdout).lines().filter(|line| !line.contains(root().to_str().unwrap()));
    let words = words.map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ").replace(" v", " "));
    let crates: BTreeSet<String> = words.filter(|name| !name.is_empty()).collect();
    let texts = fs::read_to_string(installed().file("LICENSES-OF-OTHERS.txt")).unwrap();
    let list = fs::read_to_string(root().join("docs/licences.md")).unwrap();
    let named: BTreeSet<&str> = texts.lines().filter_map(|line| Some(line.split_once(" (")?.0)).collect();
    let lost: Vec<_> = crates.iter().filter(|name| !named.contains(name.as_str()) || !list.contains(*name)).collect();
    assert!(crates.len() > 100 && lost.is_empty(), "of {} crates: {lost:?}", crates.len());
    let without: Vec<&str> = texts.lines().skip_while(|line| !line.contains("did not pack")).take(8).collect();
    assert!(without.is_empty(), "find their texts and let scripts/release add them: {without:?}");
    assert!(texts.contains("Bitstream Vera"), "the font's");
}

/// Of the archive that is to be published alone: a test's build has the paths of where it was built.
#[test]
fn no_path_of_the_machine_that_built_it_is_in_it() {
    let Some(archive) = std::env::var_os("RELEASE_ARCHIVE") else {
        return skipped("RELEASE_ARCHIVE names no archive that was built for others");
    };
    let program = fs::read(installed().file("harness")).unwrap();
    let cargo = std::env::var("CARGO_HOME").unwrap_or_else(|_| format!("{}/.cargo", std::env::var("HOME").unwrap()));
    for path in [root().to_str().unwrap(), &cargo] {
        let has = program.windows(path.len()).any(|bytes| bytes == path.as_bytes());
        assert!(!has, "{path} stands in the program of {:?}", Path::new(&archive));
    }
}

#[test]
fn what_is_no_such_program_is_not_packed() {
    let out = tempfile::tempdir().unwrap();
    let out = out.path().to_str().unwrap();
    for (arguments, said) in [
        (&["--out", out, "--binary", "/bin/ls"][..], "says \"ls"),
        (&["--out", out, "--binary", "/nowhere"], "no such program"),
        (&["--outt", out], "there is no --outt"),
        (&["--out"], "--out wants a value"),
    ] {
        release(arguments).refused(said);
    }
    assert!(fs::read_dir(out).unwrap().next().is_none(), "nothing is left of what was refused");
}
