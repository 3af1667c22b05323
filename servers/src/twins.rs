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

/// The item of a file that begins with `first_words`, to the brace that closes it.
fn item<'a>(source: &'a str, first_words: &str) -> &'a str {
    let begin = source.find(&format!("\n{first_words}")).unwrap_or_else(|| panic!("there is no {first_words}")) + 1;
    let end = source[begin..].find("\n}\n").expect("rustfmt puts the last brace of an item first on its line");
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
    let [on_thread, in_task] = ["std", "tokio"].map(|world| format!("impl Acceptor<'_, {world}::net::TcpListener>"));
    assert_twins(item(source, &on_thread), item(source, &in_task));
}
