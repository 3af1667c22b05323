//! Calls that work, of every command: at the end of its help and of its manual page, and the first of them in the answer to a
//! mistake.
//!
//! Must not know: how they are carried out. A test parses every one of them, and wants some of every command.

use clap::Command;

/// What somebody wants, and what they type for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Example {
    /// Ends in a question mark or a colon.
    pub(super) wish: &'static str,
    /// For a shell; what does not fit into a line goes on in the next.
    pub(super) line: String,
}

/// The examples of a command, the simplest first; none where there is no such command.
pub(super) fn of(command: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    for text in text_of(command).unwrap_or_default().lines() {
        match (examples.last_mut(), text.strip_prefix(TYPED)) {
            (Some(example), Some(typed)) if example.line.is_empty() => typed.clone_into(&mut example.line),
            (Some(example), Some(_)) => example.line += &format!("\n{text}"),
            _ => examples.push(Example { wish: text.trim_start(), line: String::new() }),
        }
    }
    examples
}

/// The definitions with the examples at the end of each command's help, before what is there already.
pub(super) fn added_to(definition: Command) -> Command {
    definition.mut_subcommands(|command| {
        let Some(text) = text_of(command.get_name()) else { return command };
        match command.get_after_help().map(ToString::to_string) {
            Some(rest) => command.after_help(format!("Examples:\n{text}\n\n{rest}")),
            None => command.after_help(format!("Examples:\n{text}")),
        }
    })
}

fn text_of(command: &str) -> Option<&'static str> {
    ALL.split("\n\n").find_map(|block| block.strip_prefix(command)?.strip_prefix('\n'))
}

/// How far what is typed stands to the right.
const TYPED: &str = "    ";

/// As help shows them below the name of each command, in its order.
const ALL: &str = r#"compare
  Which of the two is better, in about 90 seconds?
    harness compare
  Does everything work here? In about 20 seconds:
    harness compare --preset smoke
  One question, about two models:
    harness compare --models threaded,async-multi --experiments memory
  My own server beside them:
    harness compare --models threaded --server 'mine=./my-server --port {port}'

capacity
  How much do all of them carry with a p99 below 20 ms?
    harness capacity
  How much do these two carry within a stricter limit?
    harness capacity --slo 'p99<5ms' --models threaded,async-multi

map
  Where do threads and tasks change places?
    harness map
  The same for work and connections of my own choice:
    harness map --work 'echo,sleep 10ms' --connections 1,64,512

publish
  Put a run on a site:
    harness publish site runs/mine

report
  Write the report of a run again:
    harness report runs/mine
  All figures as JSON:
    harness report runs/mine --format json
  Slides for a talk:
    harness report runs/mine --slides

diff
  What has changed between two runs?
    harness diff runs/before runs/after
  Fail where it has become slower, as in CI:
    harness diff runs/before runs/after --fail-on 'p99>+10%'

lesson
  Which lessons are there?
    harness lesson
  Begin with the first:
    harness lesson connection-cost

load
  How much does it take? 64 connections, each asking again when it is answered:
    harness load http://localhost:8080/
  How fast is it at 500 requests a second? Fail where it is too slow, as in CI:
    harness load http://localhost:8080/ --rate 500 --fail-on 'p99>20ms' --fail-on 'errors>1%'
  A POST with a header and a body, at equal gaps, the result as JSON:
    harness load http://localhost:8080/items -H 'Content-Type: application/json' \
      --body '{"name":"a"}' --rate 50 --arrivals constant --format json

check
  Does the server that runs there keep to the protocol?
    harness check 127.0.0.1:7878
  The same, and the harness starts and ends the server:
    harness check --server './my-server --port {port}'

list
  What is there to choose from?
    harness list

worker
  Is harness found on that machine? It says hello, and ends when its input does:
    harness worker

microcosts
  What do a thread and a task cost here?
    harness microcosts

serve
  One model, on a port of my choice:
    harness serve threaded --listen 127.0.0.1:7878
  For a browser or curl:
    harness serve async-multi:workers=2 --wire http --listen 127.0.0.1:7878

trace
  Who runs what, as a picture?
    harness trace threaded --out trace.json

watch
  Watch two models side by side:
    harness watch --models threaded,async-multi
  The same on a page in a browser:
    harness watch --web

doctor
  Is this machine fit for a run?
    harness doctor

workshop
  Teach in a browser:
    harness workshop

selftest
  Does the harness measure right here?
    harness selftest
  Which known answers are there?
    harness selftest --list

completions
  For bash:
    harness completions bash > ~/.local/share/bash-completion/completions/harness
  For zsh, in a folder of $fpath:
    harness completions zsh > ~/.zfunc/_harness
  For fish:
    harness completions fish > ~/.config/fish/completions/harness.fish

init
  Keep the settings of a comparison in a file:
    harness init compare
  The same under another name, to compare a server of my own:
    harness init server --out mine.toml"#;

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
        for name in ALL.split("\n\n").filter_map(|block| block.lines().next()) {
            assert!(definition().find_subcommand(name).is_some(), "{name}");
        }
    }
}
