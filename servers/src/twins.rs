//! The two worlds run the same code but for what waits. This test reads the sources of each pair, takes away
//! what makes code asynchronous, and compares what is left: a change to one twin alone is a difference
//! between models that nobody meant to measure.

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

#[test]
fn connections_are_twins() {
    assert_twins(include_str!("connection/blocking.rs"), include_str!("connection/nonblocking.rs"));
}

#[test]
fn work_is_twins() {
    assert_twins(include_str!("work/blocking.rs"), include_str!("work/nonblocking.rs"));
}

#[test]
fn accepting_is_twins() {
    assert_twins(include_str!("accept/blocking.rs"), include_str!("accept/nonblocking.rs"));
}
