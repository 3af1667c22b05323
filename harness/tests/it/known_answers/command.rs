//! `harness selftest` as a person runs it. What a row measures and how it is judged stands in `harness/src/selftest/`.

use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::text;

/// Cheap rows of each kind. All of them are run, each with what it catches, where the harness is broken on purpose.
const ROWS: &str = "merging,stall,exponential,trimodal,ledger,unread,threads,cpu,inside,same";

/// The command in a folder of its own, where the lock lies too.
fn selftest(home: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
    command
        .arg("selftest")
        .args(arguments)
        .env("TMPDIR", home.path())
        .env("HARNESS_LOCK", home.path().join("lock"))
        .output()
        .unwrap()
}

#[test]
fn known_answers_are_found_and_told_in_json() {
    let output = selftest(&TempDir::new().unwrap(), &["--only", ROWS, "--format", "json"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = said["rows"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["row"].as_str().unwrap()).collect();
    let verdicts: Vec<&str> = rows.iter().map(|row| row["verdict"].as_str().unwrap()).collect();
    assert_eq!(names.join(","), ROWS);
    assert!(!verdicts.contains(&"wrong"), "{said:#}");
    let (code, verdict) = if verdicts.contains(&"cannot-tell") { (4, "cannot-tell") } else { (0, "right") };
    assert_eq!((output.status.code(), said["verdict"].as_str()), (Some(code), Some(verdict)), "{said:#}");
    assert_eq!(rows[0]["verdict"], "right", "no machine can disturb arithmetic");
    for row in rows.iter().filter(|row| row["verdict"] == "right") {
        let figures = row["figures"].as_array().unwrap();
        assert!(!figures.is_empty() && figures.iter().all(|figure| figure["fit"] == "right"), "{row:#}");
    }
    for row in rows.iter().filter(|row| row["verdict"] == "cannot-tell") {
        println!("this machine was too busy to tell: {row:#}");
    }
    let progress = text(&output.stderr);
    assert!(progress.starts_with("10 known answers, about "), "{progress}");
    assert!(names.iter().all(|name| progress.contains(&format!("\n  {name} "))), "{progress}");
}

#[test]
fn a_table_fits_a_terminal_and_ends_with_the_sentence() {
    let output = selftest(&TempDir::new().unwrap(), &["--only", "merging,proc-files"]);
    let table = text(&output.stdout);
    assert!(output.status.success(), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let last = table.lines().last().unwrap();
    assert_eq!(last, "All 2 known answers are right: this harness measures what is there.");
    let p99 = table.lines().find(|line| line.trim_start().starts_with("p99")).unwrap();
    assert!(["500 ms", "0.2%", "right"].iter().all(|word| p99.contains(word)), "{p99}");
}

#[test]
fn rows_are_listed_and_others_refused() {
    let home = TempDir::new().unwrap();
    let list = selftest(&home, &["--list"]);
    assert!(list.status.success() && text(&list.stdout).contains("\nstall "), "{list:?}");
    let unknown = selftest(&home, &["--only", "stall,nope"]);
    assert_eq!(unknown.status.code(), Some(2));
    let told = text(&unknown.stderr);
    assert!(told.contains("\"nope\"") && told.contains("generator-stopped"), "{told}");
}

#[test]
fn beside_another_benchmark_nothing_is_measured() {
    let home = TempDir::new().unwrap();
    let lock = std::fs::File::create(home.path().join("lock")).unwrap();
    lock.lock().unwrap();
    let output = selftest(&home, &["--only", "merging"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), ""));
    let told = text(&output.stderr);
    assert!(told.contains(&format!("process {} of ", std::process::id())), "{told}");
}

#[test]
fn a_subject_is_nobodys_but_the_self_tests() {
    let subject = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
        command.arg("subject").args(arguments).output().unwrap()
    };
    assert_eq!(subject(&["threads:1"]).status.code(), Some(2));
    let orphan = subject(&["threads:1", "--supervised", "--parent", "1", "--nonce", "ab"]);
    assert_eq!((orphan.status.code(), text(&orphan.stdout)), (Some(1), ""));
}
