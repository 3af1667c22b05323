//! The tables that hold other tools' options beside ours: each command of ours that they name is there, with every option.
//!
//! Beside it: `commands.rs`, which runs what the guide tells a reader to type.

use std::collections::BTreeMap;

use crate::common::home::{Ended, harness};
use crate::common::source;
use crate::readme::markdown::code_spans;

/// What `harness COMMAND --help` says.
fn help(command: &str) -> String {
    Ended::of(&mut harness(&[command, "--help"])).with_code(0).stdout
}

/// Whether a help has this option, which is not the beginning of another's name.
fn has_option(help: &str, option: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
    help.match_indices(option).any(|(at, _)| {
        let is_word = help[..at].ends_with([' ', '\n']);
        is_word && ends(&help[at + option.len()..])
    })
}

/// What a help says of an option, up to the next one.
fn said_of<'a>(help: &'a str, option: &str) -> &'a str {
    let from = help.find(&format!("{option} <")).map_or("", |at| &help[at..]);
    from.split("\n\n  -").next().unwrap().split("\n      --").next().unwrap()
}

#[test]
fn what_stands_beside_others_options_is_there() {
    let page = source("docs/beside-others.md");
    let ours = code_spans(&page).into_iter().filter_map(|span| Some(span.strip_prefix("harness ")?.to_owned()));
    let mut helps: BTreeMap<String, String> = BTreeMap::new();
    let mut options = 0;
    for typed in ours {
        let (command, rest) = typed.split_once(' ').unwrap_or((&typed, ""));
        let help = helps.entry(command.to_owned()).or_insert_with(|| help(command));
        let words = rest.split(' ').collect::<Vec<_>>();
        for (place, option) in words.iter().enumerate().filter(|(_, word)| word.starts_with('-')) {
            assert!(has_option(help, option), "`harness {typed}`: {command} has no {option}");
            options += 1;
            // One of a few words is one of those.
            let said = said_of(help, option);
            if let (true, Some(value)) = (said.contains("Possible values:"), words.get(place + 1)) {
                assert!(said.contains(&format!("- {value}:")), "`harness {typed}`: {option} has no {value}");
            }
        }
    }
    assert!(helps.len() >= 10 && options > 60, "only {options} options of {} commands", helps.len());
}

#[test]
fn an_option_is_found_whole_or_not_at_all() {
    let help = "  -q, --quiet\n      --live-port <PORT>\n\n      --format <FORMAT>\n          Possible values:\n          - md: x\n";
    for (option, is_there) in [("--quiet", true), ("-q", true), ("--live", false), ("--form", false), ("--port", false)]
    {
        assert_eq!(has_option(help, option), is_there, "{option}");
    }
    assert!(said_of(help, "--format").contains("- md:") && !said_of(help, "--live-port").contains("md"));
}
