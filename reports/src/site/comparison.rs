//! A run held against the one before it on the same machine: `harness diff` as a page.
//!
//! Pages of runs never change, so a comparison has a page of its own, which is made once and stays for as long as both
//! runs do. Must not know: files. Beside it: `comparison.html.jinja` (the layout), `../diff/`, `archive.rs`.

use std::collections::BTreeSet;

use itertools::Itertools;
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::{Deserialize, Serialize};

use super::entry::{Address, Entry, NotAnEntry, SITE_VERSION, checked, lines};
use super::{PAGE, SiteFile, archive};
use crate::charts::ratios::{change, change_axis};
use crate::diff::{Diff, DiffRow, between};
use crate::format::{count, counted, often};
use crate::page::{ICON, STYLE, filled, hash};
use crate::record::store::{RecordError, Run};

pub use archive::ArchiveError;

/// What the index knows of a comparison, and all its rows as data, in the comparison's folder.
pub const COMPARISON: &str = "comparison.json";

const LAYOUT: &str = include_str!("comparison.html.jinja");
const COMPARISON_STYLE: &str = include_str!("comparison.css");

/// As many as are shown before all others are unfolded.
const MOST_SHOWN: usize = 8;

/// What a site knows of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparisonEntry {
    /// See [`SITE_VERSION`].
    pub schema_version: u32,
    /// The run that the other is held against.
    pub base: Address,
    /// The later run.
    pub new: Address,
    /// What came of it, in a sentence.
    pub said: String,
}

impl ComparisonEntry {
    /// Reads `comparison.json`.
    pub fn from_json(json: &[u8]) -> Result<ComparisonEntry, NotAnEntry> {
        checked(json)
    }

    /// The name of its folder under `compared/`.
    pub fn folder(&self) -> String {
        folder(&self.base, &self.new)
    }
}

/// The name of the folder of two runs under `compared/`.
pub fn folder(base: &Address, new: &Address) -> String {
    format!("{base}-to-{new}")
}

/// The two runs that such a folder is of; absent where it is none.
pub fn of_folder(name: &str) -> Option<[Address; 2]> {
    let (base, new) = name.split_once("-to-")?;
    Some([Address::parse(base)?, Address::parse(new)?])
}

/// Each run with the newest one before it that was made like it: on the same machine, with the same preset and the same
/// experiments, and a contender that both have. Smoke tests are compared with nothing.
pub fn pairs(entries: &[Entry]) -> Vec<(&Entry, &Entry)> {
    let time = |entry: &Entry| (entry.started_at.clone(), entry.address.clone());
    let before = |new: &Entry| {
        let earlier = entries.iter().filter(|base| time(base) < time(new) && is_comparable(base, new));
        earlier.max_by_key(|base| time(base))
    };
    let measured = entries.iter().filter(|entry| !entry.is_a_smoke_test());
    measured.filter_map(|new| Some((before(new)?, new))).collect()
}

fn is_comparable(base: &Entry, new: &Entry) -> bool {
    let names = |entry: &Entry| entry.experiments.iter().cloned().collect::<BTreeSet<String>>();
    base.machine.fingerprint == new.machine.fingerprint
        && base.preset == new.preset
        && names(base) == names(new)
        && base.contenders.iter().any(|label| new.contenders.contains(label))
}

/// Why two runs of a site are not compared.
#[derive(Debug, thiserror::Error)]
pub enum NoRecords {
    /// The file with the records is damaged.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// What is in it is no run.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// The run whose records a site offers, from its `records.tar.gz`.
pub fn run_of_records(packed: &[u8]) -> Result<Run, NoRecords> {
    Ok(Run::of_files(&archive::unpack(packed)?)?)
}

/// Everything that is published of a comparison: its folder's files.
pub fn compare((base, base_run): (&Entry, &Run), (new, new_run): (&Entry, &Run)) -> Vec<SiteFile> {
    let diff = between(base_run, new_run);
    let entry = ComparisonEntry {
        schema_version: SITE_VERSION,
        base: base.address.clone(),
        new: new.address.clone(),
        said: said(&diff),
    };
    let record = ComparisonRecord { entry: &entry, diff: &diff };
    vec![(PAGE, page(base, new, &diff, &entry).into_bytes()), (COMPARISON, lines(&record))]
}

#[derive(Serialize)]
struct ComparisonRecord<'a> {
    #[serde(flatten)]
    entry: &'a ComparisonEntry,
    diff: &'a Diff,
}

/// `140 figures compared: 12 changed, 30 alike, 98 undecided.`
fn said(diff: &Diff) -> String {
    let of = |which: fn(&DiffRow) -> bool| diff.rows.iter().filter(|row| which(row)).count() as u64;
    let all = diff.rows.len() as u64;
    let (changed, alike) = (of(DiffRow::has_changed), of(DiffRow::is_alike));
    let open = all.saturating_sub(changed + alike);
    match (all, changed + alike) {
        (0, _) => "Nothing can be compared: no server met the same load in both runs.".into(),
        (_, 0) => format!("{} compared; nobody can tell whether one has changed.", counted(all, "figure")),
        _ => {
            let [changed, alike, open] = [(changed, "changed"), (alike, "alike"), (open, "undecided")]
                .map(|(number, what)| format!("{} {what}", count(number)));
            format!("{} compared: {changed}, {alike}, {open}.", counted(all, "figure"))
        }
    }
}

#[derive(Debug, Serialize)]
struct ComparisonContent<'a> {
    base: ComparedRun<'a>,
    new: ComparedRun<'a>,
    said: &'a str,
    /// Something that is known of both runs, and what it is of the base and of the new one.
    facts: Vec<[String; 3]>,
    remarks: Vec<String>,
    axis: String,
    changed: Vec<ComparedRow<'a>>,
    /// How many more have changed than are shown.
    more_changed: usize,
    experiments: Vec<ComparedExperiment<'a>>,
}

#[derive(Debug, Serialize)]
struct ComparedRun<'a> {
    when: String,
    entry: &'a Entry,
}

#[derive(Debug, Serialize)]
struct ComparedExperiment<'a> {
    name: &'a str,
    said: String,
    rows: Vec<ComparedRow<'a>>,
}

#[derive(Debug, Serialize)]
struct ComparedRow<'a> {
    row: &'a DiffRow,
    has_changed: bool,
    drawing: Option<String>,
    ratio: String,
    interval: String,
    verdict: String,
}

fn page(base: &Entry, new: &Entry, diff: &Diff, entry: &ComparisonEntry) -> String {
    let ranked = diff.ranked();
    let changed: Vec<&DiffRow> = ranked.into_iter().filter(|row| row.has_changed()).collect();
    let content = ComparisonContent {
        base: ComparedRun { when: base.when(), entry: base },
        new: ComparedRun { when: new.when(), entry: new },
        said: &entry.said,
        facts: facts(base, new),
        remarks: diff.remarks(),
        axis: change_axis(),
        more_changed: changed.len().saturating_sub(MOST_SHOWN),
        changed: changed.into_iter().take(MOST_SHOWN).map(ComparedRow::of).collect(),
        experiments: experiments(diff),
    };
    let style = format!("{STYLE}{COMPARISON_STYLE}");
    filled(LAYOUT, context! { page => Value::from(Serde(content)), style_hash => hash(&style), icon => ICON, style })
}

/// What both are, then what ran on the machine and is not the same in both.
fn facts(base: &Entry, new: &Entry) -> Vec<[String; 3]> {
    let commit = |entry: &Entry| entry.commit.clone().unwrap_or_else(|| "not known".into());
    let planned = |entry: &Entry| format!("{}, measured {}", entry.preset, often(entry.blocks as usize));
    let fact = |name: &str, of: &dyn Fn(&Entry) -> String| [name.to_owned(), of(base), of(new)];
    let mut facts = vec![
        fact("Run", &|entry| entry.run.clone()),
        fact("Commit", &commit),
        fact("Preset", &planned),
        fact("What it said", &|entry| entry.headline.clone()),
    ];
    let both = new.software.iter().filter_map(|(what, now)| Some([what, base.software.get(what)?, now]));
    facts.extend(both.filter(|[_, then, now]| then != now).map(|of_both| of_both.map(String::clone)));
    facts
}

/// All rows, by experiment, in the order of the base.
fn experiments(diff: &Diff) -> Vec<ComparedExperiment<'_>> {
    let names = diff.rows.iter().map(|row| row.place.experiment.as_str()).unique();
    let experiment = |name| {
        let rows: Vec<ComparedRow<'_>> =
            diff.rows.iter().filter(|row| row.place.experiment == name).map(ComparedRow::of).collect();
        let changed = rows.iter().filter(|row| row.has_changed).count() as u64;
        let said = format!("{}, {} changed", counted(rows.len() as u64, "figure"), count(changed));
        ComparedExperiment { name, said, rows }
    };
    names.map(experiment).collect()
}

impl<'a> ComparedRow<'a> {
    fn of(row: &'a DiffRow) -> ComparedRow<'a> {
        ComparedRow {
            row,
            has_changed: row.has_changed(),
            drawing: row.ratio.ok().map(|ratio| change(ratio, row.is_different())),
            ratio: row.ratio_words(),
            interval: row.interval_words(),
            verdict: row.words(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_of_two_runs_or_of_none() {
        let [base, new] = ["2026-01-02-0123abcd", "2026-01-03-0123abcd"].map(|text| Address::parse(text).unwrap());
        assert_eq!(of_folder(&folder(&base, &new)), Some([base, new]));
        for wrong in ["", "2026-01-02-0123abcd", "2026-01-02-0123abcd-to-..", "a-to-b", ".new-1234"] {
            assert_eq!(of_folder(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn own_style_stays_small() {
        assert!(COMPARISON_STYLE.len() <= 2_000 && !COMPARISON_STYLE.contains("</style"));
    }
}
