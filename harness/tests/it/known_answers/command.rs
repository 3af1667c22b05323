//! `harness selftest` as a person runs it. What a row measures and how it is judged stands in `harness/src/selftest/`.

use crate::common::home::{Ended, Home};

/// Cheap rows of each kind. All of them are run, each with what it catches, where the harness is broken on purpose.
const ROWS: &str = "merging,unseen,replies,ledger,unread,threads,cpu";

fn selftest(home: &Home, arguments: &[&str]) -> Ended {
    home.ended(&[&["selftest"], arguments].concat())
}

#[test]
fn known_answers_are_found_and_told_in_json() {
    let output = selftest(&Home::new(), &["--only", ROWS, "--format", "json"]);
    let said = output.json();
    let rows = said["rows"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["row"].as_str().unwrap()).collect();
    let verdicts: Vec<&str> = rows.iter().map(|row| row["verdict"].as_str().unwrap()).collect();
    assert_eq!(names.join(","), ROWS);
    assert!(!verdicts.contains(&"wrong"), "{said:#}");
    let (code, verdict) = if verdicts.contains(&"cannot-tell") { (4, "cannot-tell") } else { (0, "right") };
    assert_eq!((output.code, said["verdict"].as_str()), (Some(code), Some(verdict)), "{said:#}");
    assert_eq!(rows[0]["verdict"], "right", "no machine can disturb arithmetic");
    for row in rows.iter().filter(|row| row["verdict"] == "right") {
        let figures = row["figures"].as_array().unwrap();
        assert!(!figures.is_empty() && figures.iter().all(|figure| figure["fit"] == "right"), "{row:#}");
    }
    for row in rows.iter().filter(|row| row["verdict"] == "cannot-tell") {
        println!("this machine was too busy to tell: {row:#}");
    }
    let progress = output.stderr;
    assert!(progress.starts_with("7 known answers, about "), "{progress}");
    assert!(names.iter().all(|name| progress.contains(&format!("\n  {name} "))), "{progress}");
}

#[test]
fn a_table_fits_a_terminal_and_ends_with_the_sentence() {
    let table = selftest(&Home::new(), &["--only", "merging,proc-files"]).with_code(0).stdout;
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let last = table.lines().last().unwrap();
    assert_eq!(last, "All 2 known answers are right: this harness measures what is there.");
    let p99 = table.lines().find(|line| line.trim_start().starts_with("p99")).unwrap();
    assert!(["500 ms", "0.2%", "right"].iter().all(|word| p99.contains(word)), "{p99}");
}

#[test]
fn rows_are_listed_and_others_refused() {
    let home = Home::new();
    let list = selftest(&home, &["--list"]).with_code(0).stdout;
    assert!(list.contains("\nstall "), "{list}");
    selftest(&home, &["--only", "stall,nope"]).refused("\"nope\"").telling("generator-stopped");
}

#[test]
fn beside_another_benchmark_nothing_is_measured() {
    let home = Home::new();
    let lock = std::fs::File::create(home.join("lock")).unwrap();
    lock.lock().unwrap();
    let told = selftest(&home, &["--only", "merging"]).with_code(3);
    assert_eq!(told.stdout, "");
    told.telling(&format!("process {} of ", std::process::id()));
}

#[test]
fn a_subject_is_nobodys_but_the_self_tests() {
    let home = Home::new();
    home.ended(&["subject", r#"{"threads":1}"#]).with_code(2);
    let orphan = ["subject", r#"{"threads":1}"#, "--supervised", "--parent", "1", "--nonce", "ab"];
    assert_eq!(home.ended(&orphan).with_code(1).stdout, "");
}
