//! What is said of one thing, and of all of them: a value, what follows for a run, and what to type.
//!
//! Must not know: where any of it comes from.

use std::fmt::Write;

use serde::Serialize;

use crate::cli::output::wrapped;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct DoctorRow {
    pub(super) kind: RowKind,
    pub(super) name: String,
    /// As found, with its unit.
    pub(super) value: String,
    pub(super) state: RowState,
    /// What follows for a run, in plain words; nothing where nothing does.
    pub(super) effect: Option<String>,
    /// What to type or do about it.
    pub(super) remedy: Option<String>,
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RowKind {
    Leftovers,
    Limits,
    Noise,
    Settings,
}

/// What follows for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RowState {
    /// Nothing.
    Fine,
    /// The run is smaller, or its figures vary more; they can be believed.
    WorthKnowing,
    /// It can't be run, or its figures can't be believed.
    Spoils,
    /// This machine does not say.
    Unknown,
}

impl RowState {
    fn word(self) -> &'static str {
        match self {
            RowState::Fine => "fine",
            RowState::WorthKnowing => "note",
            RowState::Spoils => "SPOILS",
            RowState::Unknown => "unknown",
        }
    }
}

impl DoctorRow {
    /// One from which nothing follows.
    pub(super) fn fine(kind: RowKind, name: impl Into<String>, value: impl Into<String>) -> DoctorRow {
        let (name, value) = (name.into(), value.into());
        DoctorRow { kind, name, value, state: RowState::Fine, effect: None, remedy: None }
    }

    /// One of which this machine says nothing.
    pub(super) fn unknown(kind: RowKind, name: impl Into<String>, why: impl Into<String>) -> DoctorRow {
        DoctorRow { state: RowState::Unknown, ..DoctorRow::fine(kind, name, why) }
    }

    /// The same with what follows from it, and what to do.
    pub(super) fn but(self, state: RowState, effect: impl Into<String>, remedy: impl Into<String>) -> DoctorRow {
        DoctorRow { state, effect: Some(effect.into()), remedy: Some(remedy.into()), ..self }
    }
}

/// Where the value begins, and where what follows does.
const COLUMN: usize = 30;
const EFFECT_COLUMN: usize = 12;

/// All rows for a terminal, in their groups, and the whole in one sentence.
pub(super) fn table(rows: &[DoctorRow]) -> String {
    let mut text = String::new();
    let groups = [
        (RowKind::Leftovers, "left behind"),
        (RowKind::Limits, "limits"),
        (RowKind::Noise, "who else uses it"),
        (RowKind::Settings, "settings"),
    ];
    for (kind, title) in groups {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{title}");
        for row in rows.iter().filter(|row| row.kind == kind) {
            text.push_str(&wrapped(&format!("  {:<9} {}: ", row.state.word(), row.name), COLUMN, &row.value));
            let begin = " ".repeat(EFFECT_COLUMN);
            if let Some(effect) = &row.effect {
                text.push_str(&wrapped(&begin, EFFECT_COLUMN, effect));
            }
            if let Some(remedy) = &row.remedy {
                // In one line, to be copied.
                let _ = writeln!(text, "{begin}do: {remedy}");
            }
        }
        text.push('\n');
    }
    text + &sentence(rows) + "\n"
}

/// Whether these will spoil a run.
pub(super) fn sentence(rows: &[DoctorRow]) -> String {
    let named = |state: RowState| -> Vec<&str> {
        rows.iter().filter(|row| row.state == state).map(|row| row.name.as_str()).collect()
    };
    let (spoils, notes) = (named(RowState::Spoils), named(RowState::WorthKnowing));
    match (spoils.is_empty(), notes.is_empty()) {
        (true, true) => "This machine is fit for a run.".to_owned(),
        (true, false) => format!("This machine is fit for a run; worth knowing: {}.", notes.join(", ")),
        (false, _) => format!("This machine would spoil a run: {}.", spoils.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(state: RowState) -> DoctorRow {
        DoctorRow::fine(RowKind::Noise, "other programs", "98%").but(state, "figures are doubtful", "end them")
    }

    #[test]
    fn the_sentence_names_what_spoils_a_run_and_nothing_less_does() {
        assert_eq!(sentence(&[]), "This machine is fit for a run.");
        assert!(sentence(&[row(RowState::Unknown)]).ends_with("is fit for a run."));
        assert!(sentence(&[row(RowState::WorthKnowing)]).ends_with("fit for a run; worth knowing: other programs."));
        let both = [row(RowState::WorthKnowing), row(RowState::Spoils)];
        assert_eq!(sentence(&both), "This machine would spoil a run: other programs.");
    }

    #[test]
    fn a_row_says_what_follows_and_what_to_do() {
        let text = table(&[row(RowState::Spoils)]);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let at = lines.iter().position(|line| line.starts_with("SPOILS")).unwrap();
        assert_eq!(lines[at..at + 3], ["SPOILS    other programs: 98%", "figures are doubtful", "do: end them"]);
    }
}
