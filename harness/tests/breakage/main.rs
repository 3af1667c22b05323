//! Each deliberate breakage of the harness turns a known answer wrong, and without it the answer is right.
//!
//! Which breakage is caught by which row is read from the table in ARCHITECTURE.md, so that the table is true. Only
//! built with the feature `sabotage`.

#![allow(clippy::unwrap_used, reason = "a panic in a test's helper is the test's failure")]

use std::path::Path;
use std::process::Command;

use reports::sabotage::Sabotage;
use serde_json::Value;
use tempfile::TempDir;

/// The names in code spans of each line of the table of breakages: breakage first, then the row that catches it.
fn caught_by() -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, table) = text.split_once("| breakage | what it does | caught by |\n").unwrap();
    let lines = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let span = |cell: &str| cell.trim().trim_matches('`').to_owned();
    lines
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
            let [breakage, _, row] = cells[..] else { panic!("{line}") };
            (span(breakage), span(row))
        })
        .collect()
}

/// The verdict on each of these rows, in their order.
fn verdicts(rows: &[&str], sabotage: Option<Sabotage>) -> Vec<(String, String)> {
    let home = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
    command.args(["selftest", "--format", "json", "--only", &rows.join(",")]).env("TMPDIR", home.path());
    match sabotage {
        Some(sabotage) => command.env("HARNESS_SABOTAGE", sabotage.name()),
        None => command.env_remove("HARNESS_SABOTAGE"),
    };
    let output = command.output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let rows = said["rows"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let verdicts: Vec<_> = rows.map(|row| (text(&row["row"]), text(&row["verdict"]))).collect();
    let expected = if verdicts.iter().any(|(_, verdict)| verdict == "wrong") {
        1
    } else if verdicts.iter().any(|(_, verdict)| verdict == "cannot-tell") {
        4
    } else {
        0
    };
    assert_eq!(output.status.code(), Some(expected), "{verdicts:?}");
    verdicts
}

#[test]
fn every_breakage_is_in_the_table_once() {
    let mut listed: Vec<String> = caught_by().into_iter().map(|(breakage, _)| breakage).collect();
    let mut all: Vec<&str> = Sabotage::ALL.iter().map(|sabotage| sabotage.name()).collect();
    listed.sort();
    all.sort_unstable();
    assert_eq!(listed, all);
}

/// One after another, so that no row disturbs another.
#[test]
fn every_breakage_turns_a_known_answer_wrong() {
    let table = caught_by();
    let mut rows: Vec<&str> = table.iter().map(|(_, row)| row.as_str()).collect();
    rows.sort_unstable();
    rows.dedup();
    for (row, verdict) in verdicts(&rows, None) {
        assert_ne!(verdict, "wrong", "{row}, unbroken");
        if verdict == "cannot-tell" {
            println!("{row}: this machine was too busy to tell, unbroken");
        }
    }
    for (breakage, row) in &table {
        let mut tries = (0..3).map(|_| verdicts(&[row], Sabotage::named(breakage)).remove(0).1);
        // A machine that is too busy to tell is asked again; one that says "right" is not.
        let verdict = tries.find(|verdict| verdict != "cannot-tell");
        println!("{breakage}: {row} is {}", verdict.as_deref().unwrap_or("not decided"));
        assert_eq!(verdict.as_deref(), Some("wrong"), "{row} with {breakage}");
    }
}
