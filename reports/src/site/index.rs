//! The page of all runs, and the same as data.
//!
//! Readable with scripts off; the script only hides what does not match the filter. Must not know: files. Beside it:
//! `index.html.jinja` (the layout), `index.css`, `index.js`, `trends.rs`.

use itertools::Itertools;
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::entry::{Entry, Index, SITE_VERSION};
use super::trends::{self, MachineTrends};
use crate::format;
use crate::machine::MachineIdentity;
use crate::page::{STYLE, filled, hash};

const LAYOUT: &str = include_str!("index.html.jinja");
const INDEX_STYLE: &str = include_str!("index.css");
const SCRIPT: &str = include_str!("index.js");

#[derive(Debug, Serialize)]
struct IndexContent {
    standfirst: String,
    runs: Vec<ListedRun>,
    machines: Vec<MachineIdentity>,
    experiments: Vec<String>,
    trends: Vec<MachineTrends>,
}

/// A run in the list.
#[derive(Debug, Serialize)]
struct ListedRun {
    entry: Entry,
    when: String,
    what: String,
    doubt: Option<String>,
}

/// `index.html`, from all entries of a site.
pub fn index_page(entries: &[Entry]) -> String {
    let style = format!("{STYLE}{INDEX_STYLE}");
    let values = context! {
        page => Value::from(Serde(IndexContent::of(&newest_first(entries)))),
        style_hash => hash(&style),
        script_hash => hash(SCRIPT),
        style,
        script => SCRIPT,
    };
    filled(LAYOUT, values)
}

/// `data/index.json`, from all entries of a site.
pub fn index_record(entries: &[Entry]) -> Vec<u8> {
    Index { schema_version: SITE_VERSION, runs: newest_first(entries) }.to_json()
}

/// Times in UTC sort as texts.
fn newest_first(entries: &[Entry]) -> Vec<Entry> {
    let mut entries = entries.to_vec();
    entries.sort_by(|a, b| (&b.started_at, &b.address).cmp(&(&a.started_at, &a.address)));
    entries
}

impl IndexContent {
    fn of(entries: &[Entry]) -> IndexContent {
        let machines = entries.iter().map(|entry| &entry.machine).unique_by(|machine| &machine.fingerprint).cloned();
        let machines: Vec<MachineIdentity> = machines.collect();
        let experiments = entries.iter().flat_map(|entry| &entry.experiments).sorted().dedup().cloned().collect();
        IndexContent {
            standfirst: format!(
                "{} on {}, the newest first. Figures of different machines are not to be compared.",
                format::counted(entries.len() as u64, "run"),
                format::counted(machines.len() as u64, "machine"),
            ),
            runs: entries.iter().map(ListedRun::of).collect(),
            trends: trends::trends(entries),
            machines,
            experiments,
        }
    }
}

impl ListedRun {
    fn of(entry: &Entry) -> ListedRun {
        let day = entry.started_at.get(..10).unwrap_or(&entry.started_at);
        let time = entry.started_at.get(11..16).map_or(String::new(), |time| format!(", {time} UTC"));
        let blocks = format::counted(u64::from(entry.blocks), "block");
        let contenders = format::counted(entry.contenders.len() as u64, "contender");
        let commit = entry.commit.as_deref().map_or(String::new(), |commit| format!(", commit {commit}"));
        ListedRun {
            when: format!("{day}{time}"),
            what: format!("Preset {}, {blocks}, {contenders}{commit}", entry.preset),
            doubt: doubt(entry),
            entry: entry.clone(),
        }
    }
}

/// What a reader of the list should know before believing a run.
fn doubt(entry: &Entry) -> Option<String> {
    let mut doubts = Vec::new();
    if entry.is_a_smoke_test() {
        doubts.push("a smoke run only shows that everything works".to_owned());
    }
    if entry.invalid_cells > 0 {
        let cells = format::counted(entry.cells as u64, "cell");
        doubts.push(format!("{} of {cells} not valid", entry.invalid_cells));
    }
    if !entry.complete {
        doubts.push("not all planned cells were run".to_owned());
    }
    (!doubts.is_empty()).then(|| format!("{}.", format::capitalised(&doubts.join("; "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_script_and_style_stay_small() {
        assert!(SCRIPT.len() <= 3_000 && INDEX_STYLE.len() <= 2_000, "{} {}", SCRIPT.len(), INDEX_STYLE.len());
        assert!(!SCRIPT.contains("</script") && !INDEX_STYLE.contains("</style"));
    }

    #[test]
    fn a_site_without_a_run_says_so() {
        assert!(index_page(&[]).contains("No run has been published yet"));
    }
}
