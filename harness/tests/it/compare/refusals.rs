//! What can't be run, and what is only asked about.

use std::fs;

use servers::{MODELS, default_models};

use crate::common::home::{Ended, Home};
use crate::common::started::{Started, servers_of};
use crate::common::{LONGEST_WAIT, within};

/// Refused in these words, and nothing is written.
fn refused(arguments: &[&str], words: &[&str]) {
    let home = Home::new();
    let Ended { stdout, stderr, .. } = home.compared(arguments).with_code(2);
    assert!(words.iter().all(|word| stderr.contains(word)), "{arguments:?}, {words:?}: {stderr}");
    assert!(stdout.is_empty() && !home.out().exists(), "{arguments:?}: {stdout}");
}

#[test]
fn what_is_misspelt_or_names_nothing_lists_what_there_is() {
    let models: Vec<&str> = MODELS.iter().map(|model| model.name).collect();
    for list in ["pool", "", ",", " , "] {
        refused(&["--models", list], &models);
    }
    refused(&["--models", "threaded:wrokers=2"], &["wrokers", "backlog", "stack"]);
    refused(&["--experiments", "latency"], &["latency-curve", "memory"]);
    refused(&["--experiments", ""], &["latency-curve"]);
    refused(&["--modles", "threaded"], &["--models"]);
    refused(&["--blocks", "0"], &["1..=1000"]);
}

#[test]
fn a_folder_that_cannot_be_made_is_named_before_anything_is_run() {
    let home = Home::new();
    fs::write(home.path().join("a-file"), "mine").unwrap();
    let Ended { code, stdout, stderr } = home.ended(&["compare", "--preset", "smoke", "--out", "a-file/run"]);
    assert!(code != Some(0) && stdout.is_empty(), "{code:?}: {stdout}");
    assert!(stderr.contains("a-file/run") && stderr.contains("Not a directory"), "{stderr}");
    assert_eq!(fs::read(home.path().join("a-file")).unwrap(), b"mine");
    home.ended(&["compare", "--out", ".."]).with_code(2);
}

#[test]
fn a_dry_run_says_what_would_be_and_does_nothing() {
    let home = Home::new();
    let mut subject = Started::of(&mut home.compare(&["--dry-run", "--blocks", "3"]));
    assert!(within(LONGEST_WAIT, || {
        assert_eq!(servers_of(subject.pid()), [] as [u32; 0]);
        subject.has_ended()
    }));
    let said = subject.ended().with_code(0).stdout;
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
    let stdout = home.ended(&command).with_code(0).stdout;
    assert!(stdout.contains("at once, from 'env' to 192.0.2.7\n"), "{stdout}");
}

#[test]
fn a_contender_is_run_twice_where_blocks_allow_verdicts() {
    let home = Home::new();
    let contenders = |blocks: &str| {
        let command = ["compare", "--dry-run", "--models", "threaded,async-multi", "--blocks", blocks];
        home.ended(&command).with_code(0).stdout
    };
    assert!(!contenders("9").contains("async-multi@twin"), "{}", contenders("9"));
    assert!(contenders("10").contains("threaded, async-multi, async-multi@twin"), "{}", contenders("10"));
}

#[test]
fn two_comparisons_at_once_are_refused() {
    let home = Home::new();
    let first = Started::of(&mut home.compare(&["--models", "threaded", "--experiments", "memory", "--blocks", "99"]));
    // It has the lock by the time it makes its folder.
    assert!(within(LONGEST_WAIT, || home.out().exists()));
    let command = ["compare", "--preset", "smoke", "--experiments", "memory", "--models", "threaded", "--out", "two"];
    let refused = home.ended(&command).with_code(3).telling("another benchmark is running");
    assert_eq!(refused.stdout, "");
    assert!(!home.path().join("two").exists());
    // However the first ends, the lock goes with it.
    drop(first);
    home.ended(&command).measured();
}
