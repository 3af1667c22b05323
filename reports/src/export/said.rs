//! What a run says, as the one JSON object of `--format json`.
//!
//! These types are what is written and nothing else: a field that is added here changes the published schema. Must not know:
//! files, where the report lies. Beside it: `../summary/mod.rs` and `../scorecard/mod.rs`, which it is made of.

use std::collections::BTreeMap;

use serde::Serialize;

use super::unit;
use crate::record::store::Run;
use crate::scorecard::{Protagonist, RowVerdict, Scorecard, ScorecardRow};
use crate::summary::{Summary, summarise};
use crate::words::scorecard as words;

/// What a run says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunSummary {
    /// Path of the report; absent where none was written.
    pub report: Option<String>,
    /// The two that the scorecard is about; absent where fewer than two contenders took part.
    pub protagonists: Option<[ProtagonistEntry; 2]>,
    /// A row per question. Empty where nobody was held against anybody.
    pub scorecard: Vec<ScorecardEntry>,
    /// Sentences, tables and verdicts.
    pub summary: Summary,
}

/// What one of several runs says, in a format that is JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunBeside<'a, T> {
    /// The run's name.
    pub run: &'a str,
    /// The machine that it was made on.
    pub machine: &'a str,
    /// What it says.
    pub of: T,
}

/// One of the two that a scorecard is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProtagonistEntry {
    /// Its label: the model with its options.
    pub label: String,
    /// What readers call it.
    pub name: String,
    /// The same in a word; a value of a row stands under it.
    pub short: String,
}

/// A row of a scorecard. The values of the two stand under their short names; one that is not known is null.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScorecardEntry {
    /// What is asked.
    pub question: String,
    /// What the values count: `ns`, `bytes`, `1/s`, `1` or `share`.
    pub unit: &'static str,
    /// Short names of those whose value is a lower bound.
    pub at_least: Vec<String>,
    /// How many times better the second is, less than 1 where the first is; absent where there is no such number.
    pub ratio: Option<f64>,
    /// Lower end of its 95% interval; absent where it is open, and with one block.
    pub low: Option<f64>,
    /// Upper end, likewise.
    pub high: Option<f64>,
    /// The short name of the better, `alike` or `cannot tell`.
    pub verdict: String,
    /// The verdict in words.
    pub words: String,
    /// What it would take to tell; absent where it is told.
    pub would_take: Option<String>,
    /// What helps the worse of the two, where the run has measured that.
    pub remedy: Option<String>,
    /// Who stood for a protagonist that was not measured here itself; absent where nobody did.
    pub measured: Option<String>,
    /// Blocks that have both.
    pub blocks: usize,
    /// In so many of them something disturbed the machine, or nobody could see whether.
    pub disturbed: usize,
    /// Name of the experiment that it is from.
    pub experiment: String,
    /// The value of each protagonist under its short name, in the row's unit.
    #[serde(flatten)]
    pub values: BTreeMap<String, Option<f64>>,
}

impl RunSummary {
    /// What a run says, with the path of its report.
    pub fn of(run: &Run, report: Option<&str>) -> RunSummary {
        let card = Scorecard::of(run);
        let rows = |card: &Scorecard| card.rows.iter().map(|row| entry(row, card.shorts())).collect();
        RunSummary {
            report: report.map(str::to_owned),
            protagonists: card.as_ref().map(|card| card.protagonists.each_ref().map(ProtagonistEntry::of)),
            scorecard: card.as_ref().map_or_else(Vec::new, rows),
            summary: summarise(run),
        }
    }
}

impl ProtagonistEntry {
    fn of(it: &Protagonist) -> ProtagonistEntry {
        ProtagonistEntry { label: it.label.clone(), name: it.name.clone(), short: it.short.clone() }
    }
}

fn entry(row: &ScorecardRow, shorts: [&str; 2]) -> ScorecardEntry {
    let sides = || shorts.iter().zip(row.values);
    let bounds = sides().filter(|(_, value)| value.is_some_and(|value| value.at_least));
    ScorecardEntry {
        question: words::question(&row.topic),
        unit: unit(row.unit),
        at_least: bounds.map(|(short, _)| (*short).to_owned()).collect(),
        ratio: row.ratio,
        low: row.low,
        high: row.high,
        verdict: match row.verdict {
            RowVerdict::Better { who, .. } => shorts[who].to_owned(),
            RowVerdict::Alike { .. } => "alike".to_owned(),
            RowVerdict::CannotTell(_) => "cannot tell".to_owned(),
        },
        words: words::verdict(row, shorts),
        would_take: words::would_take(row),
        remedy: words::remedy(row, shorts),
        measured: words::stand_ins(row, shorts),
        blocks: row.blocks,
        disturbed: row.disturbed,
        experiment: row.experiment.clone(),
        values: sides().map(|(short, value)| ((*short).to_owned(), value.map(|value| value.value))).collect(),
    }
}
