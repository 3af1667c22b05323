//! `harness init`: writes a settings file to begin with, every option of a command in it with what it means.
//!
//! The options come from the definitions. Must not know: what they mean. Beside it: `settings.rs`, which reads such a file.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Arg, ArgAction, Command, ValueEnum};

use super::environment::variable;
use super::settings::options;
use crate::cli::output::{print, usage, wrapped};

/// Write a settings file for `--config`, with every option explained
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct InitArgs {
    /// What the file is for
    #[arg(value_enum, default_value_t = InitKind::Compare)]
    kind: InitKind,

    /// File to write, which must not exist yet
    #[arg(long, value_name = "FILE.toml", default_value = "harness.toml")]
    out: PathBuf,
}

/// What a file of settings is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InitKind {
    /// A comparison of our models.
    Compare,
    /// A server of your own, checked and compared.
    Server,
    /// Gates for CI, on a load and between two runs.
    Gate,
}

/// A command with the options that are set from the beginning, and their values in TOML.
type InitTable = (&'static str, &'static [(&'static str, &'static str)]);

impl InitKind {
    fn tables(self) -> &'static [InitTable] {
        match self {
            InitKind::Compare => &[("compare", &[("preset", "\"quick\"")])],
            InitKind::Server => &[
                ("check", &[("server", "\"./my-server --port {port}\"")]),
                (
                    "compare",
                    &[("models", "\"threaded,async-multi\""), ("server", "[\"mine=./my-server --port {port}\"]")],
                ),
            ],
            InitKind::Gate => {
                &[("load", &[("fail-on", "[\"p99>20ms\", \"errors>1%\"]")]), ("diff", &[("fail-on", "[\"p99>+10%\"]")])]
            }
        }
    }
}

pub(in crate::cli) fn run(args: &InitArgs, definition: Command) -> anyhow::Result<ExitCode> {
    let shown = args.out.display();
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&args.out) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return usage(format!("{shown} exists already and stays as it is; name another file with --out"));
        }
        opened => opened.with_context(|| format!("{shown} can't be written"))?,
    };
    file.write_all(text(args.kind, definition).as_bytes()).with_context(|| format!("{shown} can't be written"))?;
    let (command, _) = args.kind.tables()[0];
    let path = shlex::try_quote(&shown.to_string()).map(|path| path.into_owned()).unwrap_or_default();
    print(&format!("settings: {shown}\nnext: harness {command} --config {path}\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn text(kind: InitKind, mut definition: Command) -> String {
    definition.build();
    let mut text = comment(&format!(
        "Settings of the harness; use them with --config. A flag overrides a variable such as {}, and that overrides this \
         file. What stands behind a # is not set: remove the # to set it.",
        variable("preset")
    ));
    for (name, set) in kind.tables() {
        let command = definition.find_subcommand(name).expect("a test writes every kind of file");
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        text += &format!("\n{}[{name}]\n", comment(&about));
        for (option, arg) in options(command) {
            text += &format!("\n{}", comment(&meaning(arg)));
            text += &match set.iter().find(|(known, _)| *known == option) {
                Some((_, value)) => format!("{option} = {value}\n"),
                None => format!("# {option} = {}\n", usual(arg)),
            };
        }
    }
    text
}

fn comment(text: &str) -> String {
    wrapped("", 0, text).lines().map(|line| format!("# {line}\n")).collect()
}

/// What the option does, and what it takes where that is one of a few words.
fn meaning(arg: &Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let taken: Vec<String> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    if taken.is_empty() || is_switch { help } else { format!("{help}. One of: {}", taken.join(", ")) }
}

/// The default, in TOML; where there is none, what is to be put in its place.
fn usual(arg: &Arg) -> String {
    let quoted = |text: &str| match text.parse::<u64>() {
        Ok(number) => number.to_string(),
        // A text of JSON is one of TOML, as long as no character is beyond the basic plane.
        Err(_) => serde_json::Value::from(text).to_string(),
    };
    let placeholder =
        || arg.get_value_names().and_then(|names| names.first()).map_or("...".to_owned(), ToString::to_string);
    let default: Vec<String> = arg.get_default_values().iter().map(|it| it.to_string_lossy().into_owned()).collect();
    match (arg.get_action(), default.as_slice()) {
        (ArgAction::SetTrue, _) => "false".to_owned(),
        (ArgAction::Append, []) => format!("[{}]", quoted(&placeholder())),
        (_, []) => quoted(&placeholder()),
        (_, values) => quoted(&values.join(",")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cli::shell::settings_file::parsed;
    use crate::cli::{built_definition, definition};

    fn settings(text: &str) -> Vec<String> {
        let settings = parsed(text, Path::new("harness.toml"), &built_definition()).unwrap();
        settings.into_iter().map(|setting| format!("{}.{}", setting.command, setting.option)).collect()
    }

    #[test]
    fn every_kind_of_file_is_a_settings_file_as_it_is_and_with_everything_set() {
        for kind in InitKind::value_variants() {
            let text = text(*kind, definition());
            let given: usize = kind.tables().iter().map(|(_, set)| set.len()).sum();
            assert_eq!(settings(&text).len(), given, "{text}");
            let is_option =
                |line: &str| line.strip_prefix("# ").is_some_and(|rest| rest.split(' ').nth(1) == Some("="));
            let all: Vec<&str> = text.lines().map(|line| if is_option(line) { &line[2..] } else { line }).collect();
            assert!(settings(&all.join("\n")).len() > 10, "{text}");
        }
    }

    #[test]
    fn what_is_set_in_a_file_is_what_clap_takes() {
        for (name, set) in InitKind::value_variants().iter().flat_map(|kind| kind.tables()) {
            let command = definition();
            let command = command.find_subcommand(name).unwrap();
            for (option, _) in *set {
                assert!(options(command).any(|(known, _)| known == *option), "{name} {option}");
            }
        }
    }
}
