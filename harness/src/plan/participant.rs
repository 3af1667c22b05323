//! Who is measured in a run: one of our models with its options, or a program of another hand that serves.
//!
//! Must not know: how either is started. Beside it: `cast.rs`, who plays in which experiment.

use reports::record;
use servers::{Contender, ContenderError, MODELS, Model};

/// Who takes part.
#[derive(Debug, Clone)]
pub enum Participant {
    /// A model of ours.
    Model(Contender),
    /// A program of another hand.
    Command(ServerCommand),
}

/// A program that serves, as it was typed on a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCommand {
    /// What it is called. Unique in a run, but for a twin.
    pub name: String,
    /// What was typed of its version, if anything was.
    pub version: Option<String>,
    /// The command as it was typed.
    pub text: String,
    /// The program and its arguments, in which the address it is to listen on is still left open.
    pub words: Vec<String>,
    label: String,
}

/// How many connections the kernel may hold for a server of which nothing is known: it asked for so many itself.
const UNKNOWN_BACKLOG: u32 = 0;

impl Participant {
    /// What a report calls it. Unique in a run.
    pub fn label(&self) -> &str {
        match self {
            Participant::Model(contender) => contender.label(),
            Participant::Command(command) => &command.label,
        }
    }

    /// The label without what comes behind an `@`: the same for all that are the same server.
    pub fn bare_label(&self) -> &str {
        match self {
            Participant::Model(contender) => contender.bare_label(),
            Participant::Command(command) => &command.name,
        }
    }

    /// What comes behind the `@`, where anything does.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Participant::Model(contender) => contender.name(),
            Participant::Command(command) => command.label.split_once('@').map(|(_, name)| name),
        }
    }

    /// The same server under a name of its own.
    pub(super) fn named(&self, name: &str) -> Result<Participant, ContenderError> {
        Ok(match self {
            Participant::Model(contender) => Participant::Model(contender.named(name)?),
            Participant::Command(command) => {
                Participant::Command(ServerCommand { label: format!("{}@{name}", command.name), ..command.clone() })
            }
        })
    }

    /// The model, where it is one of ours.
    pub fn model(&self) -> Option<&Contender> {
        match self {
            Participant::Model(contender) => Some(contender),
            Participant::Command(_) => None,
        }
    }

    /// The command, where it is a program of another hand.
    pub fn command(&self) -> Option<&ServerCommand> {
        match self {
            Participant::Model(_) => None,
            Participant::Command(command) => Some(command),
        }
    }

    /// How many connections the kernel has to hold for it; 0 where that is not known.
    pub fn backlog(&self) -> u32 {
        self.model().map_or(UNKNOWN_BACKLOG, |contender| contender.options.backlog)
    }

    /// What readers call it: the title of its model with the options that were typed, or the name of a program.
    pub(crate) fn display(&self) -> record::DisplayName {
        match self {
            Participant::Model(contender) => {
                let options = contender.bare_label().split_once(':').map(|(_, options)| format!(", {options}"));
                record::DisplayName {
                    name: format!("{}{}", contender.model.title, options.unwrap_or_default()),
                    short: contender.model.short.to_owned(),
                    colour: colour(contender.model),
                }
            }
            Participant::Command(command) => {
                record::DisplayName { name: command.name.clone(), short: command.name.clone(), colour: None }
            }
        }
    }

    /// As it is saved, but for its twin.
    pub(super) fn to_record(&self) -> record::ContenderRecord {
        let (label, display) = (self.label().to_owned(), Some(self.display()));
        match self {
            Participant::Model(contender) => record::ContenderRecord {
                label,
                model: contender.model.name.to_owned(),
                options: contender.resolved_options(),
                summary: contender.model.summary.to_owned(),
                display,
                ..record::ContenderRecord::default()
            },
            Participant::Command(ServerCommand { name, version, text, .. }) => record::ContenderRecord {
                label,
                model: name.clone(),
                summary: match version {
                    Some(version) => format!("another program, {version}: {text}"),
                    None => format!("another program: {text}"),
                },
                display,
                command: Some(record::CommandRecord { command: text.clone(), version: version.clone() }),
                ..record::ContenderRecord::default()
            },
        }
    }
}

/// The name of a contender that is run a second time. Nobody else may have it.
pub const TWIN: &str = "twin";

/// Whether a contender is another one's second self.
pub fn is_twin(contender: &Participant) -> bool {
    contender.name() == Some(TWIN)
}

/// The name of a contender that another build of the harness serves. Nobody else may have it.
pub const BASE: &str = "base";

/// Whether another build of the harness serves this contender.
pub fn is_base(contender: &Participant) -> bool {
    contender.name() == Some(BASE)
}

/// Those whom the question is about, where nobody else was named.
pub const PROTAGONISTS: [&str; 2] = ["threaded", "async-multi"];

/// Those of the usual two: an orange and a blue that differ for nearly every eye, and in grey.
const COLOURS_OF_PROTAGONISTS: [usize; 2] = [2, 5];
const OTHER_COLOURS: [usize; 4] = [0, 1, 3, 4];

/// The colour of a model in every report; none of those that take part only where they are named.
fn colour(model: &Model) -> Option<usize> {
    let usual = PROTAGONISTS.iter().position(|name| *name == model.name);
    let mut others = MODELS.iter().filter(|it| it.runs_by_default && !PROTAGONISTS.contains(&it.name));
    let other = || Some(*OTHER_COLOURS.get(others.position(|it| it.name == model.name)?)?);
    usual.map(|place| COLOURS_OF_PROTAGONISTS[place]).or_else(other)
}

impl ServerCommand {
    /// A command by its name.
    pub fn new(name: &str, version: Option<&str>, text: &str, words: Vec<String>) -> ServerCommand {
        ServerCommand {
            name: name.to_owned(),
            version: version.map(str::to_owned),
            text: text.to_owned(),
            words,
            label: name.to_owned(),
        }
    }

    /// The same under the label of a saved run, which may be that of its twin.
    #[must_use]
    pub fn labelled(self, label: &str) -> ServerCommand {
        ServerCommand { label: label.to_owned(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_known_by_its_name_and_its_twin_by_another_label() {
        let words = vec!["node".to_owned(), "b.js".to_owned()];
        let node = Participant::Command(ServerCommand::new("node", Some("v20"), "node b.js", words));
        let twin = node.named("twin").unwrap();
        assert_eq!((node.label(), node.name(), twin.label()), ("node", None, "node@twin"));
        assert_eq!((twin.bare_label(), twin.name()), ("node", Some("twin")));
        let record = twin.to_record();
        assert_eq!((record.label.as_str(), record.model.as_str()), ("node@twin", "node"));
        assert_eq!(record.summary, "another program, v20: node b.js");
        assert_eq!(record.command.unwrap().version.as_deref(), Some("v20"));
        assert!(record.options.is_empty(), "nothing is known of its options");
    }
}
