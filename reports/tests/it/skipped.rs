//! Checks that this machine does not allow: each is said and counted, so that nobody takes it for one that passed.
//!
//! cargo hides what a test says that ends well. So each is noted in a file too, which `scripts/test` empties before the
//! tests and shows after them. The tests of the harness include this file.

use std::fmt::Display;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::{env, thread};

/// Says that the test that calls this does not check something here, and why.
pub(crate) fn skipped(why: impl Display) {
    let test = thread::current().name().map(|name| format!("{name}: ")).unwrap_or_default();
    // The reason may be what a program said, in several lines.
    let line = format!("{test}{why}").split_whitespace().collect::<Vec<_>>().join(" ");
    eprintln!("skipped: {line}");
    let list = Path::new(env!("CARGO_TARGET_TMPDIR")).join("skipped-checks");
    // Written at once, so that lines of tests beside each other stay whole.
    let note = |mut list: File| list.write_all(format!("{line}\n").as_bytes());
    File::options().create(true).append(true).open(list).and_then(note).expect("target/tmp can be written to");
}

/// As [`skipped`] for want of what can be installed, which in CI is a failure.
pub(crate) fn missing(what: impl Display) {
    assert!(env::var_os("CI").is_none(), "no {what} here: install it, in CI nothing is skipped");
    skipped(format_args!("no {what}"));
}
