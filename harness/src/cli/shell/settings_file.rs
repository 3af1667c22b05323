//! A settings file: TOML with a table for each command, whose keys are the command's options.
//!
//! What is not an option of a command is refused, with its line and with what may have been meant, whichever command is to be
//! run. Beside it: `settings.rs`, which says what beats what.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Command;
use servers::{did_you_mean, no_such};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::settings::{SettingsError, options};

/// What a file says of an option of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct FileSetting {
    pub(super) command: String,
    pub(super) option: String,
    pub(super) value: SettingValue,
    /// As it was named.
    pub(super) path: PathBuf,
    /// From 1.
    pub(super) line: usize,
}

/// A value, apart from what it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum SettingValue {
    /// A text, or a number as it is written.
    Text(String),
    /// On or off.
    Switch(bool),
    /// Several texts or numbers.
    List(Vec<String>),
}

/// Reads a file, and holds its names against the definitions.
///
/// # Errors
/// Where it can't be read, is not TOML, or names what there is not.
pub(super) fn read(path: &Path, definition: &Command) -> Result<Vec<FileSetting>, SettingsError> {
    let text = fs::read_to_string(path).map_err(|why| SettingsError::Unreadable { path: path.to_owned(), why })?;
    parsed(&text, path, definition)
}

pub(in crate::cli) fn parsed(text: &str, path: &Path, definition: &Command) -> Result<Vec<FileSetting>, SettingsError> {
    let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
    let refuse = |at: usize, why: String| SettingsError::InFile { path: path.to_owned(), line: line(at), why };
    let tables = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        refuse(at, format!("this is not TOML: {}", error.message()))
    })?;
    let mut settings = Vec::new();
    for (name, table) in tables.get_ref() {
        let at = name.span().start;
        let DeValue::Table(table) = table.get_ref() else {
            let why = format!("{} stands above every table; put it below its command, as in [compare]", name.get_ref());
            return Err(refuse(at, why));
        };
        let command = command(definition, name.get_ref()).map_err(|why| refuse(at, why))?;
        for (key, value) in table {
            let at = key.span().start;
            let known: Vec<&str> = options(command).map(|(name, _)| name).collect();
            let key = key.get_ref();
            if !known.contains(&key.as_ref()) {
                let meant = did_you_mean(key, known.iter().copied());
                let (name, known) = (command.get_name(), known.join(", "));
                return Err(refuse(at, format!("{name} has no option \"{key}\"{meant} its options: {known}")));
            }
            let value = self::value(value).map_err(|why| refuse(at, format!("{key}: {why}")))?;
            settings.push(FileSetting {
                command: command.get_name().to_owned(),
                option: key.to_string(),
                value,
                path: path.to_owned(),
                line: line(at),
            });
        }
    }
    Ok(settings)
}

fn command<'a>(definition: &'a Command, name: &str) -> Result<&'a Command, String> {
    let shown =
        || definition.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help");
    shown().find(|command| command.get_name() == name).ok_or_else(|| {
        let names: Vec<&str> = shown().map(Command::get_name).collect();
        no_such("command", name, &names)
    })
}

fn value(value: &Spanned<DeValue<'_>>) -> Result<SettingValue, &'static str> {
    match value.get_ref() {
        DeValue::Boolean(is_on) => Ok(SettingValue::Switch(*is_on)),
        DeValue::Array(values) => Ok(SettingValue::List(values.iter().map(text).collect::<Result<_, _>>()?)),
        _ => text(value).map(SettingValue::Text),
    }
}

fn text(value: &Spanned<DeValue<'_>>) -> Result<String, &'static str> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        DeValue::Float(number) => Ok(number.to_string()),
        _ => Err("write a text in quotes, a number, true or false, or a list of texts or numbers"),
    }
}
