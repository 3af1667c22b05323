//! Calls that work, of every command: at the end of its help and of its manual page, and the first of them in the answer to a
//! mistake.
//!
//! Must not know: how they are carried out. A test parses every one of them, and wants some of every command.

use clap::Command;

/// What somebody wants, and what they type for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Example {
    /// Ends in a question mark or a colon.
    pub(super) wish: &'static str,
    /// A line for a shell.
    pub(super) line: &'static str,
}

const fn example(wish: &'static str, line: &'static str) -> Example {
    Example { wish, line }
}

/// The examples of a command, the simplest first; none where there is no such command.
pub(super) fn of(command: &str) -> &'static [Example] {
    ALL.iter().find(|(name, _)| *name == command).map_or(&[], |(_, examples)| examples)
}

/// The definitions with the examples at the end of each command's help, before what is there already.
pub(super) fn added_to(definition: Command) -> Command {
    definition.mut_subcommands(|command| {
        let examples = of(command.get_name());
        if examples.is_empty() {
            return command;
        }
        let lines = examples.iter().map(|Example { wish, line }| format!("  {wish}\n    {line}\n"));
        let text = format!("Examples:\n{}", lines.collect::<String>());
        match command.get_after_help().map(ToString::to_string) {
            Some(rest) => command.after_help(format!("{text}\n{rest}")),
            None => command.after_help(text.trim_end().to_owned()),
        }
    })
}

/// In the order of the help.
const ALL: &[(&str, &[Example])] = &[
    (
        "compare",
        &[
            example("Which of the two is better, in about 90 seconds?", "harness compare"),
            example("Does everything work here? In under 20 seconds:", "harness compare --preset smoke"),
            example(
                "One question, about two models:",
                "harness compare --models threaded,async-multi --experiments memory",
            ),
            example(
                "My own server beside them:",
                "harness compare --models threaded --server 'mine=./my-server --port {port}'",
            ),
        ],
    ),
    (
        "capacity",
        &[
            example("How much do all of them carry with a p99 below 20 ms?", "harness capacity"),
            example(
                "How much do these two carry within a stricter limit?",
                "harness capacity --slo 'p99<5ms' --models threaded,async-multi",
            ),
        ],
    ),
    (
        "map",
        &[
            example("Where do threads and tasks change places?", "harness map"),
            example(
                "The same for work and connections of my own choice:",
                "harness map --work 'echo,sleep 10ms' --connections 1,64,512",
            ),
        ],
    ),
    ("publish", &[example("Put a run on a site:", "harness publish site runs/mine")]),
    (
        "report",
        &[
            example("Write the report of a run again:", "harness report runs/mine"),
            example("All figures as JSON:", "harness report runs/mine --format json"),
            example("Slides for a talk:", "harness report runs/mine --slides"),
        ],
    ),
    (
        "diff",
        &[
            example("What has changed between two runs?", "harness diff runs/before runs/after"),
            example(
                "Fail where it has become slower, as in CI:",
                "harness diff runs/before runs/after --fail-on 'p99>+10%'",
            ),
        ],
    ),
    (
        "lesson",
        &[
            example("Which lessons are there?", "harness lesson"),
            example("Begin with the first:", "harness lesson connection-cost"),
        ],
    ),
    (
        "load",
        &[
            example(
                "How much does it take? 64 connections, each asking again when it is answered:",
                "harness load http://localhost:8080/",
            ),
            example(
                "How fast is it at 500 requests a second? Fail where it is too slow, as in CI:",
                "harness load http://localhost:8080/ --rate 500 --fail-on 'p99>20ms' --fail-on 'errors>1%'",
            ),
            example(
                "A POST with a header and a body, at equal gaps, the result as JSON:",
                "harness load http://localhost:8080/items -H 'Content-Type: application/json' \\\n      \
                 --body '{\"name\":\"a\"}' --rate 50 --arrivals constant --format json",
            ),
        ],
    ),
    (
        "check",
        &[
            example("Does the server that runs there keep to the protocol?", "harness check 127.0.0.1:7878"),
            example(
                "The same, and the harness starts and ends the server:",
                "harness check --server './my-server --port {port}'",
            ),
        ],
    ),
    ("list", &[example("What is there to choose from?", "harness list")]),
    (
        "worker",
        &[example("Is harness found on that machine? It says hello, and ends when its input does:", "harness worker")],
    ),
    ("microcosts", &[example("What do a thread and a task cost here?", "harness microcosts")]),
    (
        "serve",
        &[
            example("One model, on a port of my choice:", "harness serve threaded --listen 127.0.0.1:7878"),
            example(
                "For a browser or curl:",
                "harness serve async-multi:workers=2 --wire http --listen 127.0.0.1:7878",
            ),
        ],
    ),
    ("trace", &[example("Who runs what, as a picture?", "harness trace threaded --out trace.json")]),
    (
        "watch",
        &[
            example("Watch two models side by side:", "harness watch --models threaded,async-multi"),
            example("The same on a page in a browser:", "harness watch --web"),
        ],
    ),
    ("doctor", &[example("Is this machine fit for a run?", "harness doctor")]),
    ("workshop", &[example("Teach in a browser:", "harness workshop")]),
    (
        "selftest",
        &[
            example("Does the harness measure right here?", "harness selftest"),
            example("Which known answers are there?", "harness selftest --list"),
        ],
    ),
    (
        "completions",
        &[
            example("For bash:", "harness completions bash > ~/.local/share/bash-completion/completions/harness"),
            example("For zsh, in a folder of $fpath:", "harness completions zsh > ~/.zfunc/_harness"),
            example("For fish:", "harness completions fish > ~/.config/fish/completions/harness.fish"),
        ],
    ),
    (
        "init",
        &[
            example("Keep the settings of a comparison in a file:", "harness init compare"),
            example(
                "The same under another name, to compare a server of my own:",
                "harness init server --out mine.toml",
            ),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::definition;

    #[test]
    fn every_command_has_examples_and_each_is_understood() {
        for command in definition().get_subcommands().filter(|command| !command.is_hide_set()) {
            let name = command.get_name();
            assert!(!of(name).is_empty(), "{name} has no example");
            for Example { wish, line } in of(name) {
                assert!(wish.ends_with(['?', ':']), "{wish}");
                let typed = line.split(" > ").next().unwrap();
                let words = shlex::split(&typed.replace("\\\n", "")).unwrap();
                assert_eq!(words[..2], ["harness", name], "{line}");
                definition().try_get_matches_from(words).unwrap_or_else(|error| panic!("{line}: {error}"));
            }
        }
    }

    #[test]
    fn there_are_no_examples_of_what_there_is_not() {
        for (name, _) in ALL {
            assert!(definition().find_subcommand(name).is_some(), "{name}");
        }
    }
}
