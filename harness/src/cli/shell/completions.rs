//! `harness completions`: what a shell loads to complete commands, options, and names of models, experiments and lessons.
//!
//! Must not know: what completes. Beside it: clap_complete, which writes it from the definitions.

use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command};
use clap_complete::Shell;

use crate::cli::output::print;
use crate::experiments::EXPERIMENTS;
use crate::selftest::ROWS;
use crate::workshop::LESSONS;

/// Print a script with which your shell completes commands, options and names
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct CompletionsArgs {
    /// Your shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

pub(in crate::cli) fn run(args: &CompletionsArgs, definition: Command) -> anyhow::Result<ExitCode> {
    print(&script(args.shell, definition)?)?;
    Ok(ExitCode::SUCCESS)
}

/// Names that the shells can complete, which clap itself does not check: a list may hold several, and a model has options.
fn names(arg: &Arg) -> Vec<&'static str> {
    let models = || servers::MODELS.iter().map(|model| model.name).collect();
    match arg.get_id().as_str() {
        "models" | "protagonists" | "contender" => models(),
        "experiments" => EXPERIMENTS.iter().map(|experiment| experiment.name).chain(["all"]).collect(),
        "lesson" => LESSONS.iter().map(|lesson| lesson.name).collect(),
        "only" => ROWS.iter().map(|row| row.name).collect(),
        _ => Vec::new(),
    }
}

fn script(shell: Shell, definition: Command) -> anyhow::Result<String> {
    let lessons = || PossibleValuesParser::new(LESSONS.iter().map(|lesson| lesson.name));
    let with_names = |arg: Arg| match names(&arg).as_slice() {
        [] => arg,
        names => arg.value_parser(PossibleValuesParser::new(names.iter().copied())),
    };
    let definition = definition
        .mut_subcommands(|command| command.mut_args(with_names))
        .mut_subcommand("lesson", |command| command.mut_arg("name", |arg| arg.value_parser(lessons())));
    // What nobody types is not to be offered.
    let shown = definition.get_subcommands().filter(|command| !command.is_hide_set()).cloned();
    let mut offered = Command::new("harness").version(instruments::allocator::VERSION).subcommands(shown);
    offered = offered.args(definition.get_arguments().cloned());
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut offered, "harness", &mut script);
    Ok(String::from_utf8(script)?)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;
    use crate::cli::definition;

    #[test]
    fn every_shell_is_offered_commands_options_and_names_and_nothing_hidden() {
        for shell in Shell::value_variants() {
            let script = script(*shell, definition()).unwrap();
            for wanted in ["compare", "preset", "smoke"] {
                assert!(script.contains(wanted), "{shell}: {wanted}");
            }
            for hidden in ["become", "guard", "subject"] {
                let as_a_command = [format!("__{hidden}"), format!("-a \"{hidden}\""), format!("'{hidden}:")];
                assert!(!as_a_command.iter().any(|text| script.contains(text)), "{shell}: {hidden}");
            }
        }
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(shell, definition()).unwrap();
            for wanted in ["rayon-pool", "latency-curve", "connection-cost"] {
                assert!(script.contains(wanted), "{shell}: {wanted}");
            }
        }
    }
}
