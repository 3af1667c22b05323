//! Each deliberate breakage of the harness turns a known answer wrong, and without it the answer is right.
//!
//! The harness itself knows of no breakage. `mutations.rs` is the table of them; `build.rs` makes one program in which
//! each of them can be chosen; here it is asked for the answers.

#![allow(clippy::unwrap_used, reason = "a panic in a test's helper is the test's failure")]

mod build;
mod mutations;
mod splice;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use harness::selftest::ROWS;
use serde_json::Value;
use tempfile::TempDir;

use crate::build::VARIABLE;
use crate::mutations::MUTATIONS;

#[test]
fn every_mutation_has_its_place_in_the_sources() {
    let sources = build::sources().unwrap_or_else(|error| panic!("{error}"));
    let all: Vec<u8> = sources.into_values().flatten().collect();
    let all = String::from_utf8_lossy(&all);
    for mutation in MUTATIONS {
        assert!(all.contains(&format!("if crate::broken({:?})", mutation.name)), "{} is in no package", mutation.name);
    }
}

#[test]
fn every_mutation_has_a_name_a_sentence_and_rows_to_catch_it() {
    let mut names = BTreeSet::new();
    for mutation in MUTATIONS {
        assert!(names.insert(mutation.name), "{} is there twice", mutation.name);
        assert!(mutation.does.contains(' '), "{} does not say what it does", mutation.name);
        assert!(!mutation.caught_by.is_empty(), "{} is caught by nothing", mutation.name);
        for caught_by in mutation.caught_by {
            assert!(ROWS.iter().any(|row| row.name == *caught_by), "{}: no row is called {caught_by}", mutation.name);
        }
    }
}

#[test]
fn every_row_can_be_turned_wrong() {
    for row in ROWS {
        let is_it = |caught_by: &&str| *caught_by == row.name;
        let has_one = MUTATIONS.iter().any(|mutation| mutation.caught_by.iter().any(is_it));
        assert!(has_one, "nothing turns `{}` wrong: add a mistake that it catches to mutations.rs", row.name);
    }
}

/// One after another, so that no row disturbs another.
#[test]
#[ignore = "takes minutes and the machine to itself; `scripts/test` runs it"]
fn every_breakage_turns_a_known_answer_wrong() {
    let program = build::build();
    let rows: BTreeSet<&str> = MUTATIONS.iter().flat_map(|mutation| mutation.caught_by).copied().collect();
    for (row, verdict) in verdicts(&program, &Vec::from_iter(rows), None) {
        assert_ne!(verdict, "wrong", "{row}, unbroken");
        if verdict == "cannot-tell" {
            println!("{row}: this machine was too busy to tell, unbroken");
        }
    }
    for mutation in MUTATIONS {
        for row in mutation.caught_by {
            let mut tries = (0..3).map(|_| verdicts(&program, &[row], Some(mutation.name)).remove(0).1);
            // A machine that is too busy to tell is asked again; one that says "right" is not.
            let verdict = tries.find(|verdict| verdict != "cannot-tell");
            println!("{}: {row} is {}", mutation.name, verdict.as_deref().unwrap_or("not decided"));
            assert_eq!(verdict.as_deref(), Some("wrong"), "{row} where {}", mutation.does);
        }
    }
}

/// The verdict on each of these rows, in their order in the self-test.
fn verdicts(program: &Path, rows: &[&str], breakage: Option<&str>) -> Vec<(String, String)> {
    let home = TempDir::new().unwrap();
    let mut command = Command::new(program);
    command
        .args(["selftest", "--format", "json", "--only", &rows.join(",")])
        .env("TMPDIR", home.path())
        .env("HARNESS_LOCK", home.path().join("lock"));
    match breakage {
        Some(breakage) => command.env(VARIABLE, breakage),
        None => command.env_remove(VARIABLE),
    };
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let confession = breakage.map(|breakage| format!("this harness is broken on purpose: {breakage}"));
    let first_line = told.lines().next().filter(|line| line.contains("on purpose"));
    assert_eq!(first_line, confession.as_deref(), "{told}");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"));
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
