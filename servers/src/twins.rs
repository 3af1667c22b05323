//! The two worlds run the same code but for what waits. A change to one twin alone is a difference between models that
//! nobody meant to measure. So this test reads the sources of each pair, takes away what makes code asynchronous, and
//! compares what is left.
//!
//! Where the worlds need different code, a pair of functions ends in `_on_thread` and `_in_task`. They have the same
//! parameters, and the tests of their file put both through the same with [`TwinWorld`](crate::testing::TwinWorld).
//!
//! An event loop cannot run that code, as nothing in it may wait. `connection/stepwise.rs` makes the same decisions there, with
//! `work/steps.rs` for the work, `work/call/stepwise.rs` for a call to the backend and `accept/ready.rs` to accept; the fuzzed
//! connections hold all three against each other, byte by byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What stands in the asynchronous twin, and what stands for it in the blocking one.
const TRANSLATION: &[(&str, &str)] = &[
    (".await", ""),
    ("async ", ""),
    ("AsyncReadExt", "Read"),
    ("AsyncWriteExt", "Write"),
    ("tokio::time::sleep", "std::thread::sleep"),
    ("tokio::", "std::"),
    ("nonblocking", "blocking"),
    // Where the two worlds need different code, each has a function that says so in its name.
    ("_in_task", "_on_thread"),
    // Each notes how it waits.
    ("Moment::Suspended", "Moment::Parked"),
];

/// The code of a file, without its opening words, and without the white space and the trailing commas by
/// which rustfmt breaks longer lines.
fn code(source: &str) -> String {
    let lines = source.lines().filter(|line| !line.starts_with("//!"));
    let code: String = lines.flat_map(str::split_whitespace).collect();
    code.replace(",)", ")").replace(",}", "}")
}

fn assert_twins(blocking: &str, nonblocking: &str) {
    let mut translated = nonblocking.to_owned();
    for (from, to) in TRANSLATION {
        translated = translated.replace(from, to);
    }
    assert_ne!(code(blocking), code(nonblocking), "the asynchronous twin waits for nothing");
    assert_eq!(code(blocking), code(&translated));
}

/// compio's tasks have sockets and timers of their own; all else is as in tokio's.
fn assert_same_on_compio(nonblocking: &str, by_completion: &str) {
    let translated = by_completion.replace("compio::", "tokio::").replace("_by_completion", "_in_task");
    assert_eq!(code(nonblocking), code(&translated));
}

/// The item of a file whose line begins with `first_words`, to the brace that closes it.
fn item<'a>(source: &'a str, first_words: &str) -> &'a str {
    let begin = source.find(&format!("\n{first_words}")).unwrap_or_else(|| panic!("there is no {first_words}")) + 1;
    let indentation = &first_words[..first_words.len() - first_words.trim_start().len()];
    let end = source[begin..].find(&format!("\n{indentation}}}\n"));
    let end = end.expect("rustfmt puts the last brace of an item below its first word");
    &source[begin..begin + end]
}

#[test]
fn connections_are_twins() {
    assert_twins(include_str!("connection/blocking.rs"), include_str!("connection/nonblocking.rs"));
}

#[test]
fn work_is_twins() {
    let source = include_str!("work.rs");
    assert_twins(item(source, "pub(crate) fn perform_on_thread"), item(source, "pub(crate) async fn perform_in_task"));
}

#[test]
fn accepting_is_twins() {
    let source = include_str!("accept.rs");
    let [on_thread, in_task, by_completion] =
        ["std", "tokio", "compio"].map(|world| item(source, &format!("impl Acceptor<{world}::net::TcpListener>")));
    assert_twins(on_thread, in_task);
    assert_same_on_compio(in_task, by_completion);
}

#[test]
fn draining_is_twins() {
    let source = include_str!("drain.rs");
    let [on_thread, in_task, by_completion] =
        ["fn drain_on_thread", "async fn drain_in_task", "async fn drain_by_completion"]
            .map(|function| item(source, &format!("    pub(crate) {function}")));
    assert_twins(on_thread, in_task);
    assert_same_on_compio(in_task, by_completion);
}

/// The functions of the sources whose names end in `ending`: what they are called without it, where they are, and what
/// stands between their name and their body.
fn functions(ending: &str) -> BTreeMap<String, (PathBuf, String)> {
    let mut found = BTreeMap::new();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let source = fs::read_to_string(&path).unwrap();
        for (begin, _) in source.match_indices("fn ") {
            let signature = source[begin + 3..].split('{').next().unwrap();
            let end = signature.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(signature.len());
            if let Some(name) = signature[..end].strip_suffix(ending) {
                found.insert(name.to_owned(), (path.clone(), code(&signature[end..])));
            }
        }
    }
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    files.filter(|path| !path.ends_with("twins.rs")).collect()
}

#[test]
fn functions_that_differ_have_a_twin_each_with_the_same_parameters() {
    let (on_thread, mut in_task) = (functions("_on_thread"), functions("_in_task"));
    for (_, signature) in in_task.values_mut() {
        *signature = signature.replace("tokio::", "std::");
    }
    assert_eq!(on_thread, in_task);
    assert!(on_thread.len() >= 6, "{:?}", on_thread.keys());
}

#[test]
fn functions_that_differ_are_put_through_the_same() {
    for (name, (path, _)) in functions("_on_thread") {
        let source = fs::read_to_string(&path).unwrap();
        // These are compared word by word instead.
        if path.ends_with("work.rs") {
            continue;
        }
        let (_, tests) = source.split_once("#[cfg(test)]").unwrap_or_else(|| panic!("{} has no tests", path.display()));
        let (on_thread, in_task) = (format!("{name}_on_thread("), format!("{name}_in_task("));
        assert!(tests.contains("WORLDS"), "{}: no test runs in both worlds", path.display());
        assert!(tests.contains(&on_thread) && tests.contains(&in_task), "no test calls both twins of {name}");
    }
}
