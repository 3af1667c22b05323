//! What can't be run, and what is only asked about.

use std::fs;
use std::process::Output;

use servers::{MODELS, default_models};

use crate::common::{LONGEST_WAIT, text, within};
use crate::compare::subject::{Home, Subject, servers_of};

/// Runs to the end, must not write anything, and returns what was said.
fn refused(arguments: &[&str], code: i32) -> String {
    let home = Home::new();
    let Output { status, stdout, stderr } = home.compare(arguments).output().unwrap();
    assert_eq!(status.code(), Some(code), "{arguments:?}: {}", text(&stderr));
    assert_eq!(stdout, b"", "{arguments:?}");
    assert!(!home.out().exists(), "{arguments:?}");
    text(&stderr).to_owned()
}

#[test]
fn what_is_misspelt_lists_what_there_is() {
    let said = refused(&["--models", "pool"], 2);
    assert!(MODELS.iter().all(|model| said.contains(model.name)), "{said}");
    let said = refused(&["--models", "threaded:wrokers=2"], 2);
    assert!(said.contains("wrokers") && said.contains("backlog") && said.contains("stack"), "{said}");
    let said = refused(&["--experiments", "latency"], 2);
    assert!(said.contains("latency-curve") && said.contains("memory"), "{said}");
    let said = refused(&["--modles", "threaded"], 2);
    assert!(said.contains("--models"), "{said}");
    let said = refused(&["--blocks", "0"], 2);
    assert!(said.contains("1..=1000"), "{said}");
}

#[test]
fn a_comparison_of_nothing_is_refused() {
    for list in ["", ",", " , "] {
        let said = refused(&["--models", list], 2);
        assert!(MODELS.iter().all(|model| said.contains(model.name)), "{list:?}: {said}");
    }
    let said = refused(&["--experiments", ""], 2);
    assert!(said.contains("latency-curve"), "{said}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named_before_anything_is_run() {
    let home = Home::new();
    fs::write(home.path().join("a-file"), "mine").unwrap();
    let command = home.command(&["compare", "--preset", "smoke", "--out", "a-file/run"]);
    let Output { status, stdout, stderr } = { command }.output().unwrap();
    assert!(!status.success());
    assert_eq!(stdout, b"");
    assert!(text(&stderr).contains("a-file/run") && text(&stderr).contains("Not a directory"), "{}", text(&stderr));
    assert_eq!(fs::read(home.path().join("a-file")).unwrap(), b"mine");
    let Output { status, stderr, .. } = home.command(&["compare", "--out", ".."]).output().unwrap();
    assert_eq!(status.code(), Some(2), "{}", text(&stderr));
}

#[test]
fn a_dry_run_says_what_would_be_and_does_nothing() {
    let home = Home::new();
    let mut subject = Subject::start(home.compare(&["--dry-run", "--blocks", "3"]));
    assert!(within(LONGEST_WAIT, || {
        assert_eq!(servers_of(subject.pid()), [] as [u32; 0]);
        subject.has_ended()
    }));
    let Output { status, stdout, stderr } = subject.output();
    assert_eq!(status.code(), Some(0), "{}", text(&stderr));
    let said = text(&stdout);
    assert!(default_models().all(|model| said.contains(model.name)), "{said}");
    let way = "at once, from this machine to 127.0.0.1\n";
    for word in ["latency-curve", "memory", "repetitions  3\n", "12 of them to find the capacity\n", way] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "something was written");
}

#[test]
fn a_dry_run_says_from_where_loads_go_where() {
    let home = Home::new();
    let far = ["--load-from", "env", "--server-address", "192.0.2.7", "--allow-remote"];
    let command = [&["compare", "--dry-run", "--experiments", "latency-curve"][..], &far].concat();
    let Output { status, stdout, stderr } = home.command(&command).output().unwrap();
    assert_eq!(status.code(), Some(0), "{}", text(&stderr));
    assert!(text(&stdout).contains("at once, from 'env' to 192.0.2.7\n"), "{}", text(&stdout));
}

#[test]
fn a_contender_is_run_twice_where_blocks_allow_verdicts() {
    let home = Home::new();
    let contenders = |blocks: &str| {
        let command = ["compare", "--dry-run", "--models", "threaded,async-multi", "--blocks", blocks];
        text(&home.command(&command).output().unwrap().stdout).to_owned()
    };
    assert!(!contenders("9").contains("async-multi@twin"), "{}", contenders("9"));
    assert!(contenders("10").contains("threaded, async-multi, async-multi@twin"), "{}", contenders("10"));
}

#[test]
fn two_comparisons_at_once_are_refused() {
    let home = Home::new();
    let first = Subject::start(home.compare(&["--models", "threaded", "--experiments", "memory"]));
    // It has the lock by the time it makes its folder.
    assert!(within(LONGEST_WAIT, || home.out().exists()));
    let command = ["compare", "--preset", "smoke", "--experiments", "memory", "--models", "threaded", "--out", "two"];
    let Output { status, stdout, stderr } = home.command(&command).output().unwrap();
    assert_eq!(status.code(), Some(3), "{}", text(&stderr));
    assert!(text(&stderr).contains("another benchmark is running"), "{}", text(&stderr));
    assert_eq!(stdout, b"");
    assert!(!home.path().join("two").exists());
    // However the first ends, the lock goes with it.
    drop(first);
    assert_eq!(home.command(&command).output().unwrap().status.code(), Some(0));
}
