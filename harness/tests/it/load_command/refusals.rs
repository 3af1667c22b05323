//! What can't be, said before anything is sent.

use std::process::Command;

use crate::common::home::{Ended, HARNESS};
use crate::common::nobody;
use crate::load_command::loaded;

/// Nobody listens there, so that whatever gets as far as connecting has another exit code.
const NOWHERE: &str = "127.0.0.1:1";

#[track_caller]
fn refused(arguments: &[&str], code: i32, words: &str) {
    let ended = loaded(arguments).with_code(code).telling(words);
    assert_eq!(ended.stdout, "", "{arguments:?}");
}

#[test]
fn contradictions_name_their_remedy() {
    let table: &[(&[&str], &str)] = &[
        (&["--rate", "100", "--arrivals", "closed"], "leave out --rate"),
        (&["--rate", "max", "--arrivals", "poisson"], "give --rate N"),
        (&["--arrivals", "constant"], "give --rate N"),
        (&["--pacing", "ticking"], "leave out --pacing"),
        (&["--path", "/", "--wire", "json"], "leave out --wire"),
        (&["--path", "/", "--work", "echo hi"], "--work"),
        (&["--path", "index.html"], "begins with /"),
        (&["--path", "/a b"], "spaces"),
        (&["--path", "/ö"], "ASCII"),
        (&["--wire", "tcp"], "json, http"),
        (&["--think-time", "1ms"], "give --arrivals sessions"),
        (&["--requests-per-session", "3"], "give --arrivals sessions"),
        (&["--hlog", "same", "--hgrm", "same"], "same file"),
        (&["--header", "a: b"], "--path"),
        (&["--path", "/", "--method", "HEAD"], "GET"),
        (&["--path", "/", "--header", "Content-Length: 3"], "--body"),
        (&["--path", "/", "--body", "a", "--body-file", "b"], "--body"),
        (&["--fail-on", "p99<20ms"], "takes >"),
        (&["--fail-on", "p98>20ms"], "'p99>20ms'"),
    ];
    for (arguments, words) in table {
        refused(&[&[NOWHERE], *arguments].concat(), 2, words);
    }
}

#[test]
fn numbers_and_times_are_within_bounds() {
    for rate in ["0", "-1", "nan", "inf", "fast", "1e9", ""] {
        refused(&[NOWHERE, &format!("--rate={rate}")], 2, "above 0");
    }
    for (time, words) in [("0s", "a millisecond"), ("2h", "an hour"), ("10", "500ms"), ("soon", "500ms")] {
        refused(&[NOWHERE, "--duration", time], 2, words);
        refused(&[NOWHERE, "--timeout", time], 2, words);
    }
    for flag in ["--connections", "--threads"] {
        refused(&[NOWHERE, flag, "0"], 2, "1..=");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_named_before_the_load() {
    for flag in ["--hlog", "--hgrm"] {
        // A name with several addresses is looked for by connecting.
        for target in [NOWHERE, "localhost:1"] {
            refused(&[target, flag, "no/such/folder/file"], 2, "no/such/folder/file can't be written");
        }
    }
}

#[test]
fn no_load_leaves_this_machine_without_leave() {
    for target in ["192.0.2.1:80", "[2001:db8::1]:80", "0.0.0.0:80"] {
        refused(&[target], 2, "--allow-remote");
    }
    for target in ["127.0.0.1", "http://127.0.0.1:x/", "127.0.0.1:x", "ftp://127.0.0.1/"] {
        refused(&[target, "--allow-remote"], 2, "HOST:PORT");
    }
}

#[test]
fn what_is_asked_of_a_url_is_refused_where_it_cannot_be() {
    for (target, words) in [("https://localhost/", "TLS"), ("localhost:1/a", "http://localhost:1/a")] {
        refused(&[target], 2, words);
    }
    refused(&["http://127.0.0.1:1/a", "--path", "/b"], 2, "leave out --path");
    refused(&["http://127.0.0.1:1/a", "--wire", "json"], 2, "leave out --wire");
}

#[test]
fn a_server_that_is_not_there_has_failed() {
    let address = nobody().to_string();
    refused(&[&address, "--connections", "3", "--rate", "10"], 6, "0 of 3 connections");
}

#[test]
fn more_connections_than_open_files_are_refused_with_the_remedy() {
    let script = format!("ulimit -n 300; exec {HARNESS} load {NOWHERE} --connections 1000");
    Ended::of(Command::new("sh").args(["-c", &script])).with_code(3).telling("at least 1000;").telling("nofile");
}
