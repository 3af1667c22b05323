//! The exercises of the workshop: each begins with just the fault that it is about, and its solution has none.
//!
//! They are a workspace of their own, `docs/workshop/exercises`, which is built here from what is fetched already. What `check`
//! says is taken as a person sees it. Nothing is said of speed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::home::{Ended, HARNESS, Home, at_home};
use crate::common::{root, source};

/// Each exercise with what does not hold at its start.
const EXERCISES: [(&str, &[&str]); 7] = [
    (
        "thread-pool",
        &[
            "Four clients that stay connected are all answered.",
            "Of eight that stay, four are answered: a pool has as many threads as it was given.",
        ],
    ),
    ("worker-panic", &["After eight of those, four clients that stay are all answered."]),
    ("hidden-sleep", &["Clients wait at the same time, not one after the other."]),
    (
        "frame-deadline",
        &["Who sends a byte now and then, and no whole request, is sent away.", "Everybody else is answered."],
    ),
    ("bounded-connections", &["Of a hundred clients that stay, 32 are served."]),
    ("long-computation", &["Half of the echoes beside them wait for less than a quarter of a computation."]),
    (
        "lock-across-await",
        &["Eight clients that want the lock are answered.", "A client that wants no lock is answered too."],
    ),
];

/// A page is to be read at one go, with the text on top.
const LONGEST: usize = 120;

const FOLDER: &str = "docs/workshop/exercises";

fn text(path: &str) -> String {
    source(&format!("{FOLDER}/{path}"))
}

/// `check` as a person types it, but that the harness is the one under test and nothing is fetched.
fn check(arguments: &[&str]) -> Ended {
    let home = Home::new();
    let mut command = Command::new(root().join(FOLDER).join("check"));
    at_home(&mut command, home.path());
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    command.env("HARNESS", HARNESS).env("CARGO_TARGET_DIR", target).env("CARGO_NET_OFFLINE", "true");
    Ended::of(command.args(arguments))
}

fn said(ended: &Ended) -> String {
    format!("{}{}", ended.stdout, ended.stderr)
}

/// What does not hold yet, as `check` says it.
fn not_yet(said: &str) -> Vec<&str> {
    said.lines().filter_map(|line| line.strip_prefix("NOT YET  ")).collect()
}

#[test]
fn each_begins_with_its_fault_and_its_solution_has_none() {
    for (name, expected) in EXERCISES {
        let output = check(&[name]);
        let start = said(&output);
        assert_eq!(not_yet(&start), *expected, "{name}, {:?}:\n{start}", output.code);
        assert_eq!(output.code, Some(1), "{name}:\n{start}");
        assert_eq!(
            start.matches("Think: ").count(),
            expected.len(),
            "{name} leaves somebody without a thought:\n{start}"
        );

        // A machine that is too busy for a right one is asked once more; one that finds a fault at the start is not.
        let mut tries = (0..2).map(|_| check(&[name, "--solution"]));
        let last = tries.find(|ended| ended.code == Some(0)).unwrap_or_else(|| check(&[name, "--solution"]));
        let end = said(&last);
        assert!(last.code == Some(0) && not_yet(&end).is_empty(), "the solution of {name}:\n{end}");
        assert!(end.contains("12 of 12 required hold"), "the solution of {name}:\n{end}");
    }
}

#[test]
fn what_is_typed_wrong_is_no_answer_to_an_exercise() {
    for arguments in [&["no-such-thing"][..], &["thread-pool", "now"]] {
        let output = check(arguments);
        assert_eq!(output.code, Some(2), "{}", said(&output));
        assert!(said(&output).contains("check"), "{}", said(&output));
    }
}

#[test]
fn every_exercise_is_listed_short_and_has_a_solution() {
    let listed = check(&[]);
    let list = said(&listed);
    assert!(listed.code == Some(0), "{list}");
    let entries = fs::read_dir(root().join(FOLDER)).unwrap().map(Result::unwrap);
    let others = ["protocol", "runner", "solutions"];
    let crates = entries.filter(|entry| entry.path().join("Cargo.toml").is_file());
    let names = crates.map(|entry| entry.file_name().into_string().unwrap());
    let there: BTreeSet<String> = names.filter(|name| !others.contains(&name.as_str())).collect();
    assert_eq!(there, EXERCISES.iter().map(|(name, _)| (*name).to_owned()).collect());
    for name in there {
        let [start, solution] = [format!("{name}/src/main.rs"), format!("solutions/{name}.rs")].map(|path| text(&path));
        assert!(list.contains(&format!("{name} ")), "{name} is not listed");
        assert!(start.lines().count() < LONGEST && solution.lines().count() < LONGEST, "{name} is too long");
        for part in ["**What to do.**", "**What you should see.**", "**To help you.**", "**Think on.**"] {
            assert!(start.contains(part), "{name} has no {part}");
        }
        assert!(start.contains(&format!("./check {name}")), "{name} does not say how it is checked");
    }
}

/// Each lesson that an exercise leads to.
#[test]
fn lessons_that_are_named_are_there() {
    let runner = text("runner/src/exercises.rs");
    let starts = EXERCISES.iter().map(|(name, _)| text(&format!("{name}/src/main.rs")));
    let mut named = 0;
    for text in starts.chain([runner]) {
        for rest in text.split("harness lesson ").skip(1) {
            let name = rest.split(|it: char| !it.is_alphanumeric() && it != '-').next().unwrap();
            assert!(harness::workshop::find(name).is_some(), "no lesson is called {name}");
            named += 1;
        }
    }
    assert!(named > 5, "{named}");
}

/// So that nothing but the harness's own crates is fetched, and what is said of their licences holds here too.
#[test]
fn crates_are_those_of_the_harness() {
    let packages = |lock: &str| -> BTreeSet<String> {
        let entries = lock.split("[[package]]\n").skip(1);
        let crates = entries.filter(|entry| entry.contains("source = "));
        crates.map(|entry| entry.lines().take(2).collect::<Vec<_>>().join(" ")).collect()
    };
    let own = packages(&text("Cargo.lock"));
    let of_the_harness = packages(&text("../../../Cargo.lock"));
    assert!(own.len() > 3);
    let others: Vec<_> = own.difference(&of_the_harness).collect();
    assert!(others.is_empty(), "the harness has not: {others:?}; copy its Cargo.lock there and build");
}
