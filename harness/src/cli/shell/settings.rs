//! Settings: what a file and the environment add to what was typed, as if it had been typed. A flag beats a variable
//! `HARNESS_OPTION`, and that beats the file which `--config` names.
//!
//! An option has the name that its flag has, in the file below the name of its command; so there is no second list of options,
//! and clap decides what a value may be. Must not know: what an option means. Read `settings_file.rs`, how the file is read.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::environment::variable;
use super::settings_file::{self, FileSetting, SettingValue};
use super::{is_own_child, place_of_command};

pub(super) const FLAG: &str = "config";

/// The option that names the file, which every command has.
pub(super) fn arg() -> Arg {
    Arg::new(FLAG)
        .long(FLAG)
        .global(true)
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .help("Read options from a TOML file, as `harness init` writes it; flags and HARNESS_... variables override it")
}

/// An option that was not typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    /// As its flag is called, without dashes.
    pub(super) option: String,
    /// Where it is from: `in ci.toml, line 3`.
    pub(super) origin: String,
    /// What would have been typed.
    words: Vec<OsString>,
}

/// What is wrong with settings.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum SettingsError {
    /// The file is not there, or is none that can be read.
    #[error("the settings file {} can't be read: {why}; `harness init` writes one", path.display())]
    Unreadable {
        /// As it was named.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// Something in the file is wrong.
    #[error("{}, line {line}: {why}", path.display())]
    InFile {
        /// As it was named.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, and what could be there.
        why: String,
    },
    /// A variable of the environment is.
    #[error("{variable}: {why}")]
    InEnvironment {
        /// Its name.
        variable: String,
        /// What is wrong with it, and what could be there.
        why: String,
    },
}

/// A command line with what was added to it.
#[derive(Debug)]
pub(super) struct Completed {
    /// All words, those that were added right behind the command's name.
    pub(super) words: Vec<OsString>,
    /// What was added.
    pub(super) set: Vec<Setting>,
}

impl Completed {
    /// The words without the file, whose settings are among them.
    pub(super) fn without_file(&self) -> Vec<OsString> {
        let mut kept = Vec::new();
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            match word.to_str() {
                Some("--") => {
                    kept.push(word.clone());
                    kept.extend(words.by_ref().cloned());
                }
                Some(text) if text.strip_prefix("--") == Some(FLAG) => _ = words.next(),
                Some(text) if text.strip_prefix("--").and_then(|it| it.strip_prefix(FLAG)).is_some_and(is_value) => {}
                _ => kept.push(word.clone()),
            }
        }
        kept
    }
}

fn is_value(rest: &str) -> bool {
    rest.starts_with('=')
}

/// Adds to the words what they leave open and the settings say. `definition` is built; `environment` has the variables.
///
/// # Errors
/// Where the file can't be read, names what there is not, or a value has the wrong type. What a value may be is clap's
/// to say.
pub(super) fn completed(
    definition: &Command,
    words: Vec<OsString>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Completed, SettingsError> {
    let command = place_of_command(definition, &words)
        .and_then(|place| Some((place, definition.find_subcommand(words[place].to_str()?)?)));
    let Some((place, command)) = command.filter(|_| !is_own_child(definition, &words)) else {
        return Ok(Completed { words, set: Vec::new() });
    };
    let Some(typed) = typed(definition, &words) else {
        // What is wrong with it, or help, comes first.
        return Ok(Completed { words, set: Vec::new() });
    };
    let is_typed = |id: &&str| typed.value_source(id) == Some(ValueSource::CommandLine);
    let mut given: BTreeSet<String> = typed.ids().map(|id| id.as_str()).filter(is_typed).map(str::to_owned).collect();
    let in_environment = || environment(&variable(FLAG)).filter(|it| !it.is_empty()).map(PathBuf::from);
    let file = typed.get_one::<PathBuf>(FLAG).cloned().or_else(in_environment);
    let in_file = file.map(|path| settings_file::read(&path, definition)).transpose()?.unwrap_or_default();
    let in_file = in_file.into_iter().filter(|setting| setting.command == command.get_name());
    let set =
        [from_environment(command, environment)?, in_file.map(|it| from_file(command, it)).collect::<Result<_, _>>()?];
    let mut added: Vec<Setting> = Vec::new();
    for settings in set {
        let open: Vec<Setting> = settings.into_iter().filter(|it| is_open(command, &it.option, &given)).collect();
        given.extend(open.iter().filter_map(|it| Some(option(command, &it.option)?.get_id().to_string())));
        added.extend(open);
    }
    let (before, after) = words.split_at(place + 1);
    let between = added.iter().flat_map(|setting| setting.words.iter().cloned());
    let words = before.iter().cloned().chain(between).chain(after.iter().cloned()).collect();
    Ok(Completed { words, set: added })
}

/// The options of a command that may be set, by their long names.
pub(super) fn options(command: &Command) -> impl Iterator<Item = (&str, &Arg)> {
    let is_settable = |name: &str| ![FLAG, "help", "version"].contains(&name);
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    shown.filter_map(|arg| Some((arg.get_long()?, arg))).filter(move |(name, _)| is_settable(name))
}

fn option<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    options(command).find(|(known, _)| *known == name).map(|(_, arg)| arg)
}

/// What was typed behind the command's name; nothing where something is wrong with that, but for lacking what settings may
/// add.
fn typed(definition: &Command, words: &[OsString]) -> Option<ArgMatches> {
    let mut matches = match definition.clone().try_get_matches_from(words) {
        Err(error) if error.kind() == ErrorKind::MissingRequiredArgument => {
            definition.clone().ignore_errors(true).try_get_matches_from(words).ok()?
        }
        parsed => parsed.ok()?,
    };
    Some(matches.remove_subcommand()?.1)
}

/// Whether neither the option nor one that excludes it is given already.
fn is_open(command: &Command, name: &str, given: &BTreeSet<String>) -> bool {
    let Some(arg) = option(command, name) else { return false };
    let is_given = |arg: &Arg| given.contains(arg.get_id().as_str());
    let excludes_it = |other: &Arg| {
        !other.is_global_set() && command.get_arg_conflicts_with(other).iter().any(|it| it.get_id() == arg.get_id())
    };
    let is_excluded = || {
        !arg.is_global_set()
            && (command.get_arg_conflicts_with(arg).into_iter().any(is_given)
                || command.get_arguments().filter(|other| is_given(other)).any(excludes_it))
    };
    !is_given(arg) && !is_excluded()
}

fn from_environment(
    command: &Command,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Setting>, SettingsError> {
    let mut settings = Vec::new();
    for (name, arg) in options(command) {
        let variable = variable(name);
        let Some(text) = environment(&variable).filter(|text| !text.is_empty()) else { continue };
        let value = match (is_switch(arg), text.as_str()) {
            (true, "1" | "true" | "yes" | "on") => SettingValue::Switch(true),
            (true, "0" | "false" | "no" | "off") => SettingValue::Switch(false),
            _ => SettingValue::Text(text),
        };
        let words = words(name, arg, value)
            .map_err(|why| SettingsError::InEnvironment { variable: variable.clone(), why: why.to_owned() })?;
        settings.push(Setting { option: name.to_owned(), origin: format!("by {variable}"), words });
    }
    Ok(settings)
}

fn from_file(command: &Command, setting: FileSetting) -> Result<Setting, SettingsError> {
    let FileSetting { path, line, option: name, value, .. } = setting;
    let arg = option(command, &name).expect("a file is held against the definitions as it is read");
    let origin = format!("in {}, line {line}", path.display());
    match words(&name, arg, value) {
        Ok(words) => Ok(Setting { option: name, origin, words }),
        Err(why) => Err(SettingsError::InFile { path, line, why: format!("{name}: {why}") }),
    }
}

fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

/// What would have been typed.
fn words(name: &str, arg: &Arg, value: SettingValue) -> Result<Vec<OsString>, &'static str> {
    let with = |text: String| OsString::from(format!("--{name}={text}"));
    match (is_switch(arg), value) {
        (true, SettingValue::Switch(is_on)) => Ok(if is_on { vec![format!("--{name}").into()] } else { Vec::new() }),
        (true, _) => Err("this is a switch; write true or false"),
        (false, SettingValue::Switch(_)) => Err("this takes a text or a number; write it in quotes"),
        (false, SettingValue::Text(text)) => Ok(vec![with(text)]),
        (false, SettingValue::List(texts)) if matches!(arg.get_action(), ArgAction::Append) => {
            Ok(texts.into_iter().map(with).collect())
        }
        (false, SettingValue::List(texts)) => Ok(vec![with(texts.join(","))]),
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
