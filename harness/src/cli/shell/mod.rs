//! At home on the shell: what the definitions of the commands give beyond parsing. Examples, mistakes that are answered with
//! the right call, settings from a file and from the environment, completions, manual pages, colours.
//!
//! All of it is read off clap's definitions, so that there is no second list of options anywhere. Read `examples.rs`,
//! `mistakes.rs`, `settings.rs` (with `settings_file.rs` and `environment.rs`), `init.rs`, `completions.rs`, `man.rs`, `colour.rs`. Must not know:
//! what a command does.

pub(super) mod colour;
pub(super) mod completions;
mod environment;
pub(super) mod examples;
pub(super) mod init;
pub(super) mod man;
pub(super) mod mistakes;
pub(super) mod settings;
pub(super) mod settings_file;

use std::ffi::OsString;
use std::sync::OnceLock;

use clap::{ArgMatches, Command};

use self::environment::unknown_variables;
use self::settings::{Completed, SettingsError};
use super::output::tell;

/// The definitions as people meet them: with examples, and with the options that every command has.
pub(super) fn whole(definition: Command) -> Command {
    examples::added_to(definition).args([colour::arg(), settings::arg()])
}

/// What was typed, completed from a settings file and from the environment.
static COMPLETED: OnceLock<Vec<String>> = OnceLock::new();

/// The command line of this process, with what a settings file and the environment added to it, so that it does the same
/// without them.
pub(super) fn command_line() -> Vec<String> {
    COMPLETED.get().cloned().unwrap_or_else(|| in_words(std::env::args_os()))
}

fn in_words(words: impl IntoIterator<Item = OsString>) -> Vec<String> {
    words.into_iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// Why there is nothing to do.
pub(super) enum NotParsed {
    /// What was typed is wrong, or asks for help.
    Typed(Box<mistakes::Mistake>),
    /// The settings file, or a setting in the environment, is.
    Settings(SettingsError),
}

/// Reads the words of a command line with what the settings add to them. The definitions come bare: a server that is
/// measured is started with them as they are, and has nothing in its memory that is only for people.
///
/// # Errors
/// Where the words or the settings are wrong, or help is asked for.
pub(super) fn parsed(mut bare: Command, words: Vec<OsString>) -> Result<ArgMatches, NotParsed> {
    if is_own_child(&bare, &words) {
        let parsed = bare.try_get_matches_from_mut(&words);
        return parsed.map_err(|error| NotParsed::Typed(Box::new(mistakes::Mistake::of(error, &bare, &words, &[]))));
    }
    let mut definition = whole(bare).color(colour::among(&words));
    definition.build();
    let environment = |name: &str| std::env::var(name).ok();
    let completed = settings::completed(&definition, words, &environment).map_err(NotParsed::Settings)?;
    let Completed { words, set, .. } = &completed;
    let matches = definition.clone().try_get_matches_from(words);
    // Who asks for help wants nothing else.
    if matches.as_ref().map_or_else(clap::Error::use_stderr, |_| true) && takes_variables(&definition, words) {
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        unknown_variables(&definition, names).iter().for_each(|warning| tell(warning));
    }
    match matches {
        Ok(matches) => {
            COMPLETED.get_or_init(|| in_words(completed.without_file()));
            Ok(matches)
        }
        Err(error) => Err(NotParsed::Typed(Box::new(mistakes::Mistake::of(error, &definition, words, set)))),
    }
}

/// Whether nobody typed this: commands that are hidden, and what the harness starts its servers with. They are told
/// everything, and no settings change them.
fn is_own_child(definition: &Command, words: &[OsString]) -> bool {
    command_of(definition, words)
        .is_some_and(|command| command.is_hide_set() || words.iter().any(|word| word == "--supervised"))
}

/// Whether the command has options of its own, so that a variable may be meant for it. A worker, which a command starts, has
/// none.
fn takes_variables(definition: &Command, words: &[OsString]) -> bool {
    command_of(definition, words).is_some_and(|command| settings::options(command).any(|(_, arg)| !arg.is_global_set()))
}

fn command_of<'a>(definition: &'a Command, words: &[OsString]) -> Option<&'a Command> {
    place_of_command(definition, words).and_then(|place| definition.find_subcommand(words[place].to_str()?))
}

/// The place of the command's name among the words, where there is one.
fn place_of_command(definition: &Command, words: &[OsString]) -> Option<usize> {
    let mut place = 1;
    while let Some(word) = words.get(place).and_then(|word| word.to_str()) {
        let takes_the_next = |arg: &clap::Arg| {
            let is_it = arg.get_long().is_some_and(|long| word.strip_prefix("--") == Some(long));
            is_it && arg.get_action().takes_values()
        };
        match word {
            _ if !word.starts_with('-') => return definition.find_subcommand(word).map(|_| place),
            _ if definition.get_arguments().any(takes_the_next) => place += 2,
            _ => place += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::definition;

    fn place(line: &str) -> Option<usize> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        place_of_command(&definition(), &words)
    }

    #[test]
    fn the_command_is_found_behind_options_of_all_commands() {
        assert_eq!(place("harness compare --models a"), Some(1));
        assert_eq!(place("harness --color never --config=x.toml compare"), Some(4));
        assert_eq!(place("harness --config compare list"), Some(3), "what an option takes is no command");
        assert_eq!((place("harness --help"), place("harness nope")), (None, None));
    }

    #[test]
    fn the_definitions_are_sound() {
        definition().debug_assert();
    }
}
