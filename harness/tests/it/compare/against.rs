//! Servers of another build beside ours.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::common::home::{HARNESS, Home};
use crate::common::write_executable;

#[test]
fn another_builds_servers_run_beside_ours() {
    let home = Home::new();
    // A copy, so that it is another file, and a note of each time it is executed.
    let (other, log) = (home.path().join("other"), home.path().join("log"));
    write_executable(&other, &format!("#!/bin/sh\necho \"$*\" >> {}\nexec {HARNESS} \"$@\"\n", log.display()));
    let against = other.display().to_string();
    let arguments = ["--models", "threaded", "--experiments", "memory", "--against", &against];
    home.compared(&arguments).measured();
    let run = home.run();
    let build = run.manifest.against.as_ref().unwrap();
    assert_eq!((build.path.as_str(), build.version.as_str()), (against.as_str(), "harness 0.1.0"));
    assert_eq!(build.sha256.len(), 64);
    let contenders: BTreeSet<&str> = run.cells.iter().map(|cell| cell.contender.as_str()).collect();
    assert_eq!(contenders, BTreeSet::from(["threaded", "threaded@base"]));
    let summary = &run.manifest.contenders[1].summary;
    assert!(summary.contains(&against), "{summary}");
    assert_eq!((build.built_with.is_empty(), &build.built_with), (false, &run.manifest.built_with));
    // Twice to be asked who it is and what it is made of, once on trial, and once for each attempt at its cell: the others were ours.
    let executed = fs::read_to_string(&log).unwrap();
    let served = executed.lines().filter(|line| line.starts_with("serve threaded ")).count();
    let attempts =
        |label: &str| run.cells.iter().filter(|cell| cell.contender == label).map(|cell| cell.attempts).sum::<u32>();
    assert_eq!((executed.lines().count(), served), (served + 3, attempts("threaded@base") as usize), "{executed}");
    nothing_that_a_run_names_is_executed(&home, &against, &log);
}

/// A folder may come from anybody, and its build with it: it has to be typed again, and to be the same file.
fn nothing_that_a_run_names_is_executed(home: &Home, against: &str, log: &Path) {
    fs::write(log, "").unwrap();
    let run = home.out().display().to_string();
    let said = |arguments: &[&str]| {
        let stderr = home.ended(arguments).with_code(2).stderr;
        assert_eq!(fs::read_to_string(log).unwrap(), "", "{arguments:?} executed it");
        stderr
    };
    let remedy = format!("type it again, --against {against:?}");
    assert!(said(&["compare", "--resume", &run]).contains(&remedy));
    assert!(said(&["compare", "--like", &run, "--dry-run"]).contains(&remedy));
    // Another file under the same name is another build.
    let script = fs::read_to_string(against).unwrap();
    write_executable(against.as_ref(), &format!("{script}\n# changed\n"));
    let changed = said(&["compare", "--resume", &run, "--against", against]);
    assert!(changed.contains("it is not the build that the run compared with"), "{changed}");
    write_executable(against.as_ref(), &script);
    home.ended(&["compare", "--resume", &run, "--against", against]).measured();
}

#[test]
fn what_is_no_harness_is_refused_with_the_remedy() {
    for (program, reason) in [("/bin/true", "it is not a harness"), ("/nowhere/harness", "No such file")] {
        let home = Home::new();
        let said = home.compared(&["--against", program]).with_code(2).stderr;
        assert!(said.contains(reason) && said.contains("target/release/harness") && !home.out().exists(), "{said}");
    }
}
