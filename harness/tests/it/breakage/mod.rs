//! Each deliberate breakage of the harness turns a known answer wrong, and without it the answer is right.
//!
//! The harness itself knows of no breakage. `mutations.rs` is the table of them; `build.rs` makes one program in which
//! each of them can be chosen; here it is asked for the answers.

mod build;
mod mutations;
mod splice;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use harness::selftest::ROWS;
use serde_json::Value;

use crate::breakage::build::VARIABLE;
use crate::breakage::mutations::{MUTATIONS, Mutation};
use crate::common::home::{Ended, Home, at_home};

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

/// How many programs are asked at a time. Most of a row is waiting.
const AT_A_TIME: usize = 4;

/// It may be built beside tests that wait, before its answers are asked for.
#[test]
#[ignore = "takes a minute; `scripts/test` runs it"]
fn the_broken_harness_builds() {
    build::build();
}

/// Rows that are right without a breakage are asked beside each other; those that the others disturb, one by one.
#[test]
#[ignore = "takes a minute and the machine to itself; `scripts/test` runs it"]
fn every_breakage_turns_a_known_answer_wrong() {
    let program = build::build();
    let broken = MUTATIONS.iter().flat_map(|mutation| mutation.caught_by.iter().map(move |row| (Some(mutation), *row)));
    let rows: BTreeSet<&str> = broken.clone().map(|(_, row)| row).collect();
    let unbroken: Vec<Asked> = rows.into_iter().map(|row| (None, row)).collect();
    let disturbed: BTreeSet<&str> =
        not_as_expected(&program, &unbroken, AT_A_TIME).iter().map(|(_, row)| *row).collect();
    let (alone, together): (Vec<Asked>, Vec<Asked>) = broken.partition(|(_, row)| disturbed.contains(row));
    let mut asked = not_as_expected(&program, &together, AT_A_TIME);
    asked.extend(alone);
    asked.extend(disturbed.into_iter().map(|row| (None, row)));
    // One by one what comes out counts; only a machine that is too busy to tell is asked again.
    for _ in 0..3 {
        asked = not_as_expected(&program, &asked, 1);
    }
    for (mutation, row) in asked {
        assert!(mutation.is_none(), "{row} can not tell where {}", mutation.map_or("", |mutation| mutation.does));
        println!("{row}: this machine was too busy to tell, unbroken");
    }
}

/// A row of the self-test, and what is broken when it is asked.
type Asked = (Option<&'static Mutation>, &'static str);

/// Asks the program, so many rows at a time, and returns those that did not say what they should.
///
/// # Panics
/// If a row that is asked alone is wrong without a breakage, or right in spite of one.
fn not_as_expected(program: &Path, asked: &[Asked], at_a_time: usize) -> Vec<Asked> {
    let mut asked = asked.to_vec();
    // So that nobody waits at the end for one that took long and began late.
    asked.sort_by_key(|(_, name)| Reverse(ROWS.iter().find(|row| row.name == *name).map(|row| row.usual)));
    let (rest, others) = (Mutex::new(asked.iter()), Mutex::new(Vec::new()));
    let next = || rest.lock().unwrap().next().copied();
    let ask_the_rest = || {
        while let Some((mutation, row)) = next() {
            let said = said(program, row, mutation.map(|mutation| mutation.name));
            let verdict = said["verdict"].as_str().unwrap();
            println!("{}: {row} is {verdict}", mutation.map_or("unbroken", |mutation| mutation.name));
            let expected = if mutation.is_some() { "wrong" } else { "right" };
            if verdict != expected {
                let is_too_busy = verdict == "cannot-tell" || at_a_time > 1;
                let place = mutation.map_or("nothing is broken", |mutation| mutation.does);
                assert!(is_too_busy, "{row} is {verdict} where {place}: {said}");
                others.lock().unwrap().push((mutation, row));
            }
        }
    };
    thread::scope(|scope| (0..at_a_time).for_each(|_| drop(scope.spawn(ask_the_rest))));
    others.into_inner().unwrap()
}

/// What the self-test says of one of its rows.
fn said(program: &Path, row: &str, breakage: Option<&str>) -> Value {
    let home = Home::new();
    let mut command = Command::new(program);
    at_home(&mut command, home.path());
    command.args(["selftest", "--format", "json", "--only", row]).envs(breakage.map(|breakage| (VARIABLE, breakage)));
    let output = Ended::of(&mut command);
    let told = &output.stderr;
    let confession = breakage.map(|breakage| format!("this harness is broken on purpose: {breakage}"));
    let first_line = told.lines().next().filter(|line| line.contains("on purpose"));
    assert_eq!(first_line, confession.as_deref(), "{told}");
    let answer = output.json();
    let [said] = answer["rows"].as_array().unwrap().as_slice() else { panic!("not one row: {answer}") };
    assert_eq!(said["row"], row);
    let code = match said["verdict"].as_str().unwrap() {
        "wrong" => 1,
        "cannot-tell" => 4,
        _ => 0,
    };
    assert_eq!(output.code, Some(code), "{said}");
    said.clone()
}
