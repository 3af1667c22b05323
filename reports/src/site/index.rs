//! The page of all runs.
//!
//! Readable with scripts off; the script only hides what does not match the filter. Must not know: files. Beside it:
//! `index.html.jinja` (the layout), `index.css`, `index.js`, `trends.rs`.

use itertools::Itertools;
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::comparison::ComparisonEntry;
use super::entry::Entry;
use super::feed::{FEED, feed};
use super::trends::{self, MachineTrends};
use crate::charts::backend::escape;
use crate::format;
use crate::machine::MachineIdentity;
use crate::page::{ICON, STYLE, filled, hash, without_comments};

const LAYOUT: &str = include_str!("index.html.jinja");
const INDEX_STYLE: &str = include_str!("index.css");
const SCRIPT: &str = include_str!("index.js");

#[derive(Debug, Serialize)]
struct IndexContent {
    standfirst: String,
    runs: Vec<ListedRun>,
    choices: Vec<Filter>,
    trends: Vec<MachineTrends>,
}

/// Something that runs can be filtered by. Its id is the name of what a run carries in the list, and the key in a link.
#[derive(Debug, Serialize)]
struct Filter {
    id: &'static str,
    label: &'static str,
    /// Value and text of each.
    options: Vec<(String, String)>,
}

/// A run in the list.
#[derive(Debug, Serialize)]
struct ListedRun {
    entry: Entry,
    when: String,
    /// Name and value of each.
    facts: Vec<(&'static str, String)>,
    doubt: Option<String>,
    compared: Option<ListedComparison>,
}

/// What came of holding it against the run before.
#[derive(Debug, Serialize)]
struct ListedComparison {
    folder: String,
    said: String,
}

/// `index.html`, from entries, the newest first, and what came of comparing neighbours.
pub(super) fn page(entries: &[Entry], comparisons: &[&ComparisonEntry], url: Option<&str>) -> String {
    let (style, script) = (format!("{STYLE}{INDEX_STYLE}"), without_comments([SCRIPT]));
    let content = IndexContent::of(entries, comparisons);
    let values = context! {
        page => Value::from(Serde(content)),
        own_url => url.map(|url| escape(&format!("{url}/"))),
        feed => url.and_then(|url| feed(entries, comparisons, url)).map(|_| FEED),
        style_hash => hash(&style),
        script_hash => hash(&script),
        icon => ICON,
        style,
        script,
    };
    filled(LAYOUT, values)
}

impl IndexContent {
    fn of(entries: &[Entry], comparisons: &[&ComparisonEntry]) -> IndexContent {
        let machines = entries.iter().map(|entry| &entry.machine).unique_by(|machine| &machine.fingerprint).cloned();
        let machines: Vec<MachineIdentity> = machines.collect();
        IndexContent {
            standfirst: format!(
                "{} on {}, the newest first. Figures of different machines are not to be compared.",
                format::counted(entries.len() as u64, "run"),
                format::counted(machines.len() as u64, "machine"),
            ),
            runs: entries.iter().map(|entry| ListedRun::of(entry, comparisons)).collect(),
            trends: trends::trends(entries),
            choices: choices(entries, machines),
        }
    }
}

/// What the runs of a site differ in, each with what there is of it.
fn choices(entries: &[Entry], machines: Vec<MachineIdentity>) -> Vec<Filter> {
    let named = |text: &String| (text.clone(), text.clone());
    let sorted = |names: Vec<&String>| names.into_iter().sorted().dedup().map(named).collect();
    let machine = |machine: MachineIdentity| (machine.fingerprint, machine.label);
    let of = |id, label, options| Filter { id, label, options };
    vec![
        of("machine", "Machine", machines.into_iter().map(machine).collect()),
        of("contender", "Server", sorted(entries.iter().flat_map(|entry| &entry.contenders).collect())),
        of("preset", "Preset", sorted(entries.iter().map(|entry| &entry.preset).collect())),
        of("experiment", "Experiment", sorted(entries.iter().flat_map(|entry| &entry.experiments).collect())),
    ]
}

impl ListedRun {
    fn of(entry: &Entry, comparisons: &[&ComparisonEntry]) -> ListedRun {
        let compared = comparisons.iter().find(|comparison| comparison.new == entry.address);
        let compared =
            compared.map(|compared| ListedComparison { folder: compared.folder(), said: compared.said.clone() });
        ListedRun { when: entry.when(), facts: facts(entry), doubt: doubt(entry), compared, entry: entry.clone() }
    }
}

/// Whose run it is, where it was made and of what, a line each.
fn facts(entry: &Entry) -> Vec<(&'static str, String)> {
    let measured = format::often(entry.blocks as usize);
    let run = [
        ("Run", Some(entry.run.clone())),
        ("Machine", Some(entry.machine.label.clone())),
        ("Commit", entry.commit.clone()),
        ("Preset", Some(format!("{}, measured {measured}", entry.preset))),
    ];
    run.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// What a reader of the list should know before believing a run.
pub(super) fn doubt(entry: &Entry) -> Option<String> {
    let mut doubts = Vec::new();
    if entry.is_a_smoke_test() {
        doubts.push("a smoke run only shows that everything works".to_owned());
    }
    if entry.invalid_cells > 0 {
        let cells = format::counted(entry.cells as u64, "measurement");
        doubts.push(format!("{} of {cells} not valid", entry.invalid_cells));
    }
    if !entry.complete {
        doubts.push("not everything planned was measured".to_owned());
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
        assert!(page(&[], &[], None).contains("No run has been published yet"));
    }
}
