//! A contender is a model with options, as a person types it: `thread-pool:workers=8,stack=64KiB`.
//! This file reads that, says what is wrong with it and how to write it, and writes it back in one spelling. Beside it:
//! `options/`, which knows what each value may be, and `tests/it/contenders.rs`.

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

use crate::models::{LEFT_OUT, MODELS, Model};
use crate::nearest::{did_you_mean, no_such};
use crate::options::{Accepting, MAX_CONNECTIONS, OptionKey, ServerOptions};

/// A model with options.
#[derive(Debug, Clone)]
pub struct Contender {
    /// The model.
    pub model: &'static Model,
    /// All of its options, defaults filled in.
    pub options: ServerOptions,
    name: Option<String>,
    label: String,
}

/// The longest name that tells contenders apart.
const LONGEST_NAME: usize = 24;

/// Why a text names no contender.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ContenderError {
    /// There is no such model.
    #[error("{}", no_such("model", name, &model_names()))]
    UnknownModel {
        /// As it was typed.
        name: String,
    },
    /// There is such a model, and this build is without it.
    #[error("{model} is not part of this build; build with `--features {model}`")]
    NotBuilt {
        /// The model, and the feature that brings it in.
        model: &'static str,
    },
    /// What follows the model's name is not written as an option.
    #[error("\"{text}\" is not an option; write options as in {model}:name=value,name=value, with the names {options}")]
    NotAnOption {
        /// As it was typed.
        text: String,
        /// The model.
        model: &'static str,
        /// The options it has.
        options: String,
    },
    /// The model does not have this option.
    #[error("{model} has no option \"{option}\"{meant} its options: {options}")]
    UnknownOption {
        /// The model.
        model: &'static str,
        /// As it was typed.
        option: String,
        /// What may have been meant: `; did you mean workers?`, or a mere `;`.
        meant: String,
        /// The options it has.
        options: String,
    },
    /// The option does not take this value.
    #[error("{option} cannot be \"{value}\"; it takes {expected}")]
    BadValue {
        /// The option.
        option: &'static str,
        /// As it was typed.
        value: String,
        /// The values it takes.
        expected: &'static str,
    },
    /// What is to tell this contender from others is no name.
    #[error("\"@{name}\" is not a name; write up to {LONGEST_NAME} letters, digits and hyphens after the @")]
    BadName {
        /// As it was typed.
        name: String,
    },
    /// A limit on what no single accept loop can count.
    #[error(
        "max-connections needs one accept loop that counts them, and accept=reuseport has several; leave one of them out"
    )]
    LimitOfManyLoops,
    /// The option stands there twice.
    #[error("{option} is given twice; give it once")]
    GivenTwice {
        /// The option.
        option: &'static str,
    },
}

impl Contender {
    /// Reads `model[:key=value,...][@name]`. The name changes nothing but the label: with it the same server can take
    /// part in a comparison twice.
    pub fn parse(text: &str) -> Result<Contender, ContenderError> {
        Contender::parse_over(text, &[])
    }

    /// As [`Contender::parse`], with other values for what nobody typed, where the model has these options. They are not part
    /// of the label.
    pub fn parse_over(text: &str, defaults: &[(&str, &str)]) -> Result<Contender, ContenderError> {
        let (text, own_name) = match text.split_once('@') {
            Some((text, name)) => (text, Some(checked_name(name.trim())?)),
            None => (text, None),
        };
        let (name, given) = match text.split_once(':') {
            Some((name, given)) => (name.trim(), Some(given)),
            None => (text.trim(), None),
        };
        let Some(model) = MODELS.iter().find(|model| model.name == name) else {
            if let Some(model) = LEFT_OUT.iter().find(|model| **model == name) {
                return Err(ContenderError::NotBuilt { model });
            }
            return Err(ContenderError::UnknownModel { name: name.to_owned() });
        };
        let mut options = ServerOptions::defaults(model.options());
        for (name, value) in defaults {
            if let Some(key) = model.option(name) {
                set_value(key, &mut options, value)?;
            }
        }
        let mut given_values = BTreeMap::new();
        for text in given.iter().flat_map(|given| given.split(',')) {
            let key = set_option(model, &mut options, text.trim())?;
            if given_values.insert(key.name, key.value(&options)).is_some() {
                return Err(ContenderError::GivenTwice { option: key.name });
            }
        }
        if options.accepting == Accepting::Reuseport && !given_values.contains_key(MAX_CONNECTIONS.name) {
            options.max_connections = None;
        }
        if options.accepting == Accepting::Reuseport && options.max_connections.is_some() {
            return Err(ContenderError::LimitOfManyLoops);
        }
        let mut label = label(model, &given_values);
        if let Some(name) = &own_name {
            label.push_str(&format!("@{name}"));
        }
        Ok(Contender { model, options, name: own_name, label })
    }

    /// The same contender under a name of its own, in place of any that it has.
    ///
    /// # Errors
    /// Where `name` is not one.
    pub fn named(&self, name: &str) -> Result<Contender, ContenderError> {
        let name = checked_name(name)?;
        Ok(Contender { label: format!("{}@{name}", self.bare_label()), name: Some(name), ..self.clone() })
    }

    /// The label without the name: the same for all that are the same server.
    pub fn bare_label(&self) -> &str {
        self.label.split('@').next().unwrap_or_default()
    }

    /// What tells it from others of the same model and options, where it has such a name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The contender as it was typed, in one spelling: options in alphabetical order, no spaces, sizes in the
    /// largest unit that divides them. Two contenders with the same label are the same.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// All options that the model has with their values, those included that nobody typed.
    pub fn resolved_options(&self) -> BTreeMap<String, String> {
        let value = |key: &OptionKey| (key.name.to_owned(), key.value(&self.options));
        self.model.options().into_iter().map(value).collect()
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}

fn checked_name(name: &str) -> Result<String, ContenderError> {
    let is_name =
        (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if is_name { Ok(name.to_owned()) } else { Err(ContenderError::BadName { name: name.to_owned() }) }
}

fn set_option(
    model: &'static Model,
    options: &mut ServerOptions,
    text: &str,
) -> Result<&'static OptionKey, ContenderError> {
    let known: Vec<&str> = model.options().iter().map(|key| key.name).collect();
    let (model_name, known_names) = (model.name, known.join(", "));
    let Some((name, value)) = text.split_once('=') else {
        return Err(ContenderError::NotAnOption { text: text.to_owned(), model: model_name, options: known_names });
    };
    let (option, value) = (name.trim().to_owned(), value.trim());
    let Some(key) = model.option(&option) else {
        let meant = did_you_mean(&option, known);
        return Err(ContenderError::UnknownOption { model: model_name, option, meant, options: known_names });
    };
    set_value(key, options, value)?;
    Ok(key)
}

fn set_value(key: &OptionKey, options: &mut ServerOptions, value: &str) -> Result<(), ContenderError> {
    let bad = || ContenderError::BadValue { option: key.name, value: value.to_owned(), expected: key.expected };
    key.set(options, value).ok_or_else(bad)
}

fn label(model: &Model, given_values: &BTreeMap<&str, String>) -> String {
    let mut label = model.name.to_owned();
    for (index, (name, value)) in given_values.iter().enumerate() {
        label.push(if index == 0 { ':' } else { ',' });
        label.push_str(name);
        label.push('=');
        label.push_str(value);
    }
    label
}

fn model_names() -> Vec<&'static str> {
    MODELS.iter().map(|model| model.name).collect()
}
