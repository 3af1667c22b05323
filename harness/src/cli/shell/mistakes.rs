//! What was typed wrong, answered: what may have been meant, where a setting came from, and one example of the right call.
//!
//! Must not know: what a command does. Beside it: clap, which finds mistakes and words them; `examples.rs`.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use servers::nearest;

use super::settings::Setting;
use super::{examples, place_of_command};
use crate::cli::output::tell;

/// A mistake of whoever typed, or a wish for help, which clap treats alike.
#[derive(Debug)]
pub(in crate::cli) struct Mistake {
    error: clap::Error,
    /// What stands under clap's words, a line each.
    notes: Vec<String>,
}

impl Mistake {
    /// `words` were held against the definitions; `set` are those of them that a settings file or the environment added.
    pub(super) fn of(mut error: clap::Error, definition: &Command, words: &[OsString], set: &[Setting]) -> Mistake {
        if !error.use_stderr() {
            return Mistake { error, notes: Vec::new() };
        }
        let command = place_of_command(definition, words).and_then(|place| words[place].to_str());
        suggest(&mut error, definition, command);
        let wrong = text_of(&error, ContextKind::InvalidArg).unwrap_or_default();
        let named = |setting: &&Setting| wrong.split(' ').next() == Some(&format!("--{}", setting.option));
        let origin = set.iter().find(named).map(|setting| format!("--{} is set {}", setting.option, setting.origin));
        let example = command.and_then(|name| examples::of(name).into_iter().next());
        let example = example.map(|example| format!("example: {}", example.line));
        Mistake { error, notes: origin.into_iter().chain(example).collect() }
    }

    /// Says it, and how that ends the program: asking for help is no mistake.
    pub(in crate::cli) fn answer(&self) -> ExitCode {
        // Nobody is left to be told.
        let _ = self.error.print();
        self.notes.iter().for_each(|note| tell(note));
        ExitCode::from(u8::try_from(self.error.exit_code()).unwrap_or(u8::MAX))
    }
}

/// Names what may have been meant, where clap has found nothing that is spelt alike: a part of a name is enough.
fn suggest(error: &mut clap::Error, definition: &Command, command: Option<&str>) {
    let (wrong, suggested) = match error.kind() {
        ErrorKind::InvalidValue => (ContextKind::InvalidValue, ContextKind::SuggestedValue),
        ErrorKind::InvalidSubcommand => (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand),
        ErrorKind::UnknownArgument => (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        _ => return,
    };
    let Some(typed) = text_of(error, wrong).filter(|_| error.get(suggested).is_none()) else { return };
    let names: Vec<String> = match (error.kind(), error.get(ContextKind::ValidValue)) {
        (ErrorKind::InvalidValue, Some(ContextValue::Strings(values))) => values.clone(),
        (ErrorKind::InvalidSubcommand, _) => {
            let commands = definition.get_subcommands().filter(|command| !command.is_hide_set());
            commands.map(|command| command.get_name().to_owned()).collect()
        }
        (ErrorKind::UnknownArgument, _) => options(definition, command),
        _ => return,
    };
    let typed = typed.trim_start_matches('-').to_owned();
    let dashes = if error.kind() == ErrorKind::UnknownArgument { "--" } else { "" };
    let Some(meant) = nearest(&typed, names.iter().map(String::as_str)).first().map(|name| format!("{dashes}{name}"))
    else {
        return;
    };
    let meant = if suggested == ContextKind::SuggestedSubcommand {
        ContextValue::Strings(vec![meant])
    } else {
        ContextValue::String(meant)
    };
    error.insert(suggested, meant);
}

/// The long options of a command that may be typed.
fn options(definition: &Command, command: Option<&str>) -> Vec<String> {
    let command = command.and_then(|name| definition.find_subcommand(name)).unwrap_or(definition);
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    shown.filter_map(|arg| arg.get_long().map(str::to_owned)).collect()
}

fn text_of(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{built_definition, definition};

    /// What is said of a line that is wrong.
    fn said(line: &str) -> String {
        let words: Vec<OsString> = shlex::split(line).unwrap().into_iter().map(OsString::from).collect();
        let definition = built_definition();
        let error = definition.clone().try_get_matches_from(&words).unwrap_err();
        let Mistake { error, notes } = Mistake::of(error, &definition, &words, &[]);
        format!("{error}{}", notes.join("\n"))
    }

    #[test]
    fn every_command_that_requires_something_answers_its_lack_with_an_example() {
        let whole = definition();
        let requiring = |command: &&Command| {
            !command.is_hide_set() && whole.clone().try_get_matches_from(["harness", command.get_name()]).is_err()
        };
        let names: Vec<&str> = whole.get_subcommands().filter(requiring).map(Command::get_name).collect();
        assert!(names.len() >= 6 && names.contains(&"trace"), "{names:?}");
        for name in names {
            let said = said(&format!("harness {name}"));
            let example = &examples::of(name)[0].line;
            assert!(said.contains("required") && said.ends_with(&format!("example: {example}")), "{said}");
        }
    }

    #[test]
    fn a_part_of_a_name_is_answered_with_the_name() {
        assert!(said("harness compare --preset smo").contains("'smoke'"), "{}", said("harness compare --preset smo"));
        assert!(said("harness compare --preset quicker").contains("'quick'"));
        assert!(said("harness micro").contains("'microcosts'"), "{}", said("harness micro"));
        // What clap itself does not find.
        assert!(said("harness costs").contains("'microcosts'"), "{}", said("harness costs"));
        assert!(said("harness lod").contains("'load'"), "{}", said("harness lod"));
        assert!(said("harness load x --fail 'p99>1ms'").contains("'--fail-on'"));
        assert!(said("harness compare --modles x").contains("'--models'"));
        assert!(!said("harness xyzzy").contains("tip: "), "{}", said("harness xyzzy"));
    }

    #[test]
    fn what_asks_for_help_gets_no_example_below_it() {
        let words = ["harness", "trace", "--help"].map(OsString::from);
        let error = definition().try_get_matches_from(&words).unwrap_err();
        assert_eq!(Mistake::of(error, &definition(), &words, &[]).notes, [] as [String; 0]);
    }
}
