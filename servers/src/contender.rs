//! A contender is a model with options, as a person types it: `thread-pool:workers=8,stack=64KiB`.
//! This file reads that, complains in words that help, and writes it back in one spelling.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::models::{MODELS, Model};
use crate::options::{OptionKey, ServerOptions};

/// A model with options.
#[derive(Debug, Clone)]
pub struct Contender {
    /// The model.
    pub model: &'static Model,
    /// All of its options, defaults filled in.
    pub options: ServerOptions,
    label: String,
}

/// Why a text names no contender.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ContenderError {
    /// There is no such model.
    #[error("no model is called \"{name}\"; models: {models}")]
    UnknownModel {
        /// As it was typed.
        name: String,
        /// The names there are.
        models: String,
    },
    /// What follows the model's name is not written as an option.
    #[error("\"{text}\" is no option; write options as in {model}:name=value,name=value, with the names {options}")]
    NotAnOption {
        /// As it was typed.
        text: String,
        /// The model.
        model: &'static str,
        /// The options it has.
        options: String,
    },
    /// The model does not have this option.
    #[error("{model} has no option \"{option}\"; its options: {options}")]
    UnknownOption {
        /// The model.
        model: &'static str,
        /// As it was typed.
        option: String,
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
    /// The option stands there twice.
    #[error("{option} is given twice; give it once")]
    GivenTwice {
        /// The option.
        option: &'static str,
    },
}

impl Contender {
    /// Reads `name[:key=value,...]`.
    pub fn parse(text: &str) -> Result<Contender, ContenderError> {
        let (name, given) = match text.split_once(':') {
            Some((name, given)) => (name.trim(), Some(given)),
            None => (text.trim(), None),
        };
        let Some(model) = MODELS.iter().find(|model| model.name == name) else {
            return Err(ContenderError::UnknownModel {
                name: name.to_owned(),
                models: names(MODELS, |model| model.name),
            });
        };
        let mut options = ServerOptions::defaults(model.options);
        let mut given_values = BTreeMap::new();
        for text in given.iter().flat_map(|given| given.split(',')) {
            let key = set_option(model, &mut options, text.trim())?;
            if given_values.insert(key.name, key.value(&options)).is_some() {
                return Err(ContenderError::GivenTwice { option: key.name });
            }
        }
        let label = label(model, &given_values);
        Ok(Contender { model, options, label })
    }

    /// The contender as it was typed, in one spelling: options in alphabetical order, no spaces, sizes in the
    /// largest unit that divides them. Two contenders with the same label are the same.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// All options that the model has with their values, those included that nobody typed.
    pub fn resolved_options(&self) -> BTreeMap<String, String> {
        let value = |key: &OptionKey| (key.name.to_owned(), key.value(&self.options));
        self.model.options.iter().map(value).collect()
    }
}

impl FromStr for Contender {
    type Err = ContenderError;

    fn from_str(text: &str) -> Result<Contender, ContenderError> {
        Contender::parse(text)
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}

fn set_option(
    model: &'static Model,
    options: &mut ServerOptions,
    text: &str,
) -> Result<&'static OptionKey, ContenderError> {
    let known = || names(model.options, |key| key.name);
    let Some((name, value)) = text.split_once('=') else {
        return Err(ContenderError::NotAnOption { text: text.to_owned(), model: model.name, options: known() });
    };
    let (name, value) = (name.trim(), value.trim());
    let Some(key) = model.options.iter().find(|key| key.name == name) else {
        return Err(ContenderError::UnknownOption { model: model.name, option: name.to_owned(), options: known() });
    };
    match key.set(options, value) {
        Some(()) => Ok(key),
        None => Err(ContenderError::BadValue { option: key.name, value: value.to_owned(), expected: key.expected }),
    }
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

fn names<T>(things: &[T], name: fn(&T) -> &'static str) -> String {
    things.iter().map(name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(text: &str) -> String {
        Contender::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn options_are_read_and_labels_have_one_spelling() {
        let contender = Contender::parse(" thread-pool : workers = 8, stack=65536 ").unwrap();
        assert_eq!(contender.label(), "thread-pool:stack=64KiB,workers=8");
        assert_eq!((contender.options.workers, contender.options.stack_bytes), (8, 65_536));
        assert_eq!(Contender::parse(contender.label()).unwrap().label(), contender.label());
        assert_eq!("sequential".parse::<Contender>().unwrap().to_string(), "sequential");
    }

    #[test]
    fn resolved_options_are_all_and_only_those_of_the_model() {
        let resolved = |text: &str| Contender::parse(text).unwrap().resolved_options().into_iter().collect::<Vec<_>>();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            resolved("sequential:idle-timeout=2m"),
            [pair("backlog", "4096"), pair("frame-deadline", "off"), pair("idle-timeout", "120s")],
        );
        assert_eq!(
            resolved("rayon-pool:backlog=1"),
            [
                pair("backlog", "1"),
                pair("frame-deadline", "off"),
                pair("idle-timeout", "off"),
                pair("max-connections", "off"),
                pair("stack", "2MiB"),
                pair("workers", "4"),
            ],
        );
    }

    #[test]
    fn every_model_has_defaults_it_would_accept() {
        for model in MODELS {
            let contender = Contender::parse(model.name).unwrap();
            for (name, value) in contender.resolved_options() {
                let typed = Contender::parse(&format!("{}:{name}={value}", model.name)).unwrap();
                assert_eq!(typed.options, contender.options);
            }
        }
    }

    #[test]
    fn complaints_name_the_remedy() {
        assert_eq!(
            complaint("pool"),
            "no model is called \"pool\"; models: sequential, threaded, thread-pool, rayon-pool, async-single, async-multi",
        );
        assert_eq!(
            complaint("sequential:workers=2"),
            "sequential has no option \"workers\"; its options: backlog, frame-deadline, idle-timeout"
        );
        assert_eq!(
            complaint("rayon-pool:64KiB"),
            "\"64KiB\" is no option; write options as in rayon-pool:name=value,name=value, with the names \
             backlog, frame-deadline, idle-timeout, max-connections, stack, workers",
        );
        assert_eq!(
            complaint("async-multi:workers=0"),
            "workers cannot be \"0\"; it takes a whole number from 1 to 4096",
        );
        assert_eq!(
            complaint("threaded:stack=1KiB"),
            "stack cannot be \"1KiB\"; it takes a size from 32KiB to 1024MiB, such as 64KiB",
        );
        assert_eq!(complaint("threaded:backlog=1,backlog=2"), "backlog is given twice; give it once");
        assert!(complaint("threaded:").contains("\"\" is no option"));
    }

    #[test]
    fn options_that_a_model_cannot_have_are_refused_with_those_it_has() {
        let refused = [
            ("sequential", &["max-connections=1", "mutex=std", "placement=inline", "spawn=builder", "stack=1MiB"][..]),
            ("threaded", &["mutex=std", "blocking-threads=1", "workers=1"]),
            ("thread-pool", &["mutex=std", "blocking-threads=1", "spawn=panicking"]),
            ("rayon-pool", &["mutex=std", "placement=rayon", "spawn=panicking"]),
            ("async-single", &["workers=2", "stack=1MiB", "spawn=panicking"]),
            ("async-multi", &["stack=1MiB", "spawn=panicking"]),
        ];
        for (model, options) in refused {
            let keys = MODELS.iter().find(|known| known.name == model).unwrap().options;
            let known = names(keys, |key| key.name);
            for option in options {
                let complaint = complaint(&format!("{model}:{option}"));
                assert!(complaint.ends_with(&format!("its options: {known}")), "{complaint}");
            }
        }
    }

    #[test]
    fn values_that_a_model_cannot_have_are_refused_with_those_it_takes() {
        assert_eq!(
            complaint("async-single:placement=block-in-place"),
            "placement cannot be \"block-in-place\"; it takes inline, yielding, spawn-blocking or rayon \
             (block-in-place would panic: it needs a runtime with workers, such as async-multi)",
        );
        let expected = [
            ("threaded:placement=yielding", "inline or rayon"),
            ("async-multi:placement=threads", "inline, yielding, spawn-blocking, block-in-place or rayon"),
            ("async-multi:mutex=parking-lot", "tokio, std or std-across-await"),
            ("sequential:idle-timeout=5", "a time from 1ms to 3600s, such as 5s or 250ms, or off"),
            ("sequential:frame-deadline=0s", "a time from 1ms to 3600s, such as 5s or 250ms, or off"),
            ("thread-pool:max-connections=0", "a whole number from 1 to 1000000, or off"),
            ("async-single:blocking-threads=0", "a whole number from 1 to 16384"),
            ("threaded:spawn=unwrap", "builder or panicking"),
        ];
        for (contender, expected) in expected {
            assert!(complaint(contender).ends_with(&format!("; it takes {expected}")), "{}", complaint(contender));
        }
    }
}
