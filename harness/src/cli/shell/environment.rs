//! Variables of the environment: those of options, the others that are read, and a name that looks like one of them and is none.
//!
//! Must not know: what an option means. Beside it: `settings.rs`, which reads those of options; `man.rs`, which lists the others.

use std::collections::BTreeSet;

use clap::Command;
use servers::nearest;

use super::settings::{FLAG, options};
use crate::run::LOCK_VARIABLE;

/// What variables begin with that nobody but the harness reads.
const PREFIX: &str = "HARNESS_";

/// What follows in those of tests, which run the harness beside a person's.
const OF_TESTS: &str = "TEST_";

/// Set by cargo, for whom it runs too, while it builds the harness.
const OF_THE_BUILD: &str = "HARNESS_COMMIT";

/// Variables that are read beside those of options, with what they do.
pub(super) const OTHERS: &[(&str, &str)] = &[
    ("NO_COLOR", "If it is set and not empty, nothing has colours unless --color always asks for them."),
    (LOCK_VARIABLE, "The file of the lock that keeps two benchmarks apart; /tmp/tokio-or-threads.lock without it."),
    ("TMPDIR", "Folder for files that a command needs only while it runs."),
];

/// `HARNESS_FAIL_ON` for `fail-on`.
pub(super) fn variable(option: &str) -> String {
    format!("{PREFIX}{}", option.to_uppercase().replace('-', "_"))
}

/// A warning for each of these names that begins as ours do and that no command reads, with the one that may have been meant.
/// `definition` is built.
pub(super) fn unknown_variables(definition: &Command, names: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    let shown = definition.get_subcommands().filter(|command| !command.is_hide_set());
    let options: BTreeSet<&str> = shown.flat_map(options).map(|(name, _)| name).chain([FLAG]).collect();
    let known: BTreeSet<String> = options.iter().map(|name| variable(name)).collect();
    let is_read =
        |name: &str| known.contains(name) || OTHERS.iter().any(|(other, _)| *other == name) || name == OF_THE_BUILD;
    let warning = |name: String| {
        let typed = name.strip_prefix(PREFIX)?.replace('_', "-");
        if is_read(&name) || name[PREFIX.len()..].starts_with(OF_TESTS) {
            return None;
        }
        let lock = LOCK_VARIABLE.trim_start_matches(PREFIX).to_lowercase();
        let near = nearest(&typed, options.iter().copied().chain([lock.as_str()])).first().map(|near| variable(near));
        let meant = match near {
            Some(near) => format!("did you mean {near}?"),
            None => format!("that of --fail-on is {}, and so on", variable("fail-on")),
        };
        Some(format!("warning: {name} is ignored: no option has this variable; {meant}"))
    };
    names.into_iter().filter_map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{built_definition, definition};

    fn warnings(names: &[&str]) -> Vec<String> {
        unknown_variables(&built_definition(), names.iter().map(|name| (*name).to_owned())).into_iter().collect()
    }

    #[test]
    fn a_misspelt_variable_is_named_with_the_nearest() {
        for (name, meant) in [
            ("HARNESS_PRESETT", "HARNESS_PRESET"),
            ("HARNESS_FAIL_IN", "HARNESS_FAIL_ON"),
            ("HARNESS_LOKC", "HARNESS_LOCK"),
            ("HARNESS_CONFG", "HARNESS_CONFIG"),
        ] {
            let said = format!("warning: {name} is ignored: no option has this variable; did you mean {meant}?");
            assert_eq!(warnings(&[name]), [said]);
        }
        let said = warnings(&["HARNESS_XYZZY"]);
        assert!(said.len() == 1 && said[0].ends_with("; that of --fail-on is HARNESS_FAIL_ON, and so on"), "{said:?}");
    }

    #[test]
    fn whatever_something_reads_is_no_mistake() {
        let definition = built_definition();
        let all = definition.get_subcommands().filter(|command| !command.is_hide_set()).flat_map(options);
        let all: Vec<String> = all.map(|(name, _)| variable(name)).collect();
        assert!(all.len() > 50 && unknown_variables(&definition, all).is_empty());
        let read = ["HARNESS_CONFIG", "HARNESS_LOCK", "HARNESS_COMMIT", "HARNESS_TEST_PARENT", "HARNESS", "PATH"];
        assert_eq!(warnings(&read), [""; 0]);
    }

    #[test]
    fn every_option_has_a_variable_of_its_own_name() {
        assert_eq!([variable("fail-on"), variable("preset")], ["HARNESS_FAIL_ON", "HARNESS_PRESET"]);
        let definition = definition();
        let lock = |command: &Command| options(command).any(|(name, _)| variable(name) == LOCK_VARIABLE);
        assert!(!definition.get_subcommands().any(lock), "{LOCK_VARIABLE} is the machine's lock");
    }
}
