//! What a site knows of a run, without reading its records again: `entry.json` in the run's folder, and all of them
//! together in `data/index.json`.
//!
//! Must not know: files, pages. Beside it: `index.rs` and `trends.rs`, which are made of nothing else.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::machine::{MachineIdentity, software};
use crate::record::Ending;
use crate::record::schema_version;
use crate::record::store::Run;
use crate::scorecard::{RowVerdict, Scorecard, ScorecardRow};
use crate::study::Group;
use crate::summary::{self, ContenderFigure, Summary};
use crate::words::answer::answer;
use crate::words::scorecard as words;

/// The version of what is in `entry.json` and `data/index.json`. It is read before the rest.
pub const SITE_VERSION: u32 = 1;

/// The name of a run's folder on a site: `2026-01-02-0123abcd`, the day in UTC and eight digits of a hash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(String);

impl Address {
    /// Takes a text of exactly that shape, so that an address can stand in a path and in a link as it is.
    pub fn parse(text: &str) -> Option<Address> {
        let fits = |(place, c): (usize, char)| match place {
            4 | 7 | 10 => c == '-',
            0..10 => c.is_ascii_digit(),
            _ => matches!(c, '0'..='9' | 'a'..='f'),
        };
        (text.len() == 19 && text.chars().enumerate().all(fits)).then(|| Address(text.to_owned()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Address, String> {
        Address::parse(&text)
            .ok_or_else(|| format!("{text:?} is not the address of a run, such as 2026-01-02-0123abcd"))
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.0
    }
}

/// What a site knows of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// See [`SITE_VERSION`].
    pub schema_version: u32,
    /// Its folder under `runs/`.
    pub address: Address,
    /// The run's own name.
    pub run: String,
    /// When it began, RFC 3339 in UTC.
    pub started_at: String,
    /// `smoke`, `quick` or `full`.
    pub preset: String,
    /// Times that each cell of a sweep was planned.
    pub blocks: u32,
    /// Commit of the harness; absent outside a checkout.
    #[serde(default)]
    pub commit: Option<String>,
    /// Whether every planned cell was run.
    pub complete: bool,
    /// Cells of the measurement.
    pub cells: usize,
    /// Those of them that are in no ranking.
    pub invalid_cells: usize,
    /// Where it was made.
    pub machine: MachineIdentity,
    /// What ran there and bears on the numbers, by name. Empty in an entry that was made before this was kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub software: BTreeMap<String, String>,
    /// Names of its experiments.
    pub experiments: Vec<String>,
    /// Labels of its contenders, in its order.
    pub contenders: Vec<String>,
    /// What it says, in a sentence or three.
    pub headline: String,
    /// What it says of its two protagonists; absent where nobody was held against anybody, and in entries of earlier
    /// versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scorecard: Option<EntryCard>,
    /// Its figures for trends.
    pub figures: Vec<ContenderFigure>,
}

/// A scorecard in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryCard {
    /// What verdicts call the two.
    pub protagonists: [String; 2],
    /// In the order in which they are shown.
    pub rows: Vec<EntryRow>,
}

/// A row of a scorecard in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRow {
    /// What is asked.
    pub question: String,
    /// The value of either, with its unit.
    pub values: [String; 2],
    /// `tokio 16×`, `alike`, `cannot tell`.
    pub verdict: String,
    /// Whether it says who is better, or that the two are alike.
    pub is_decided: bool,
}

impl EntryCard {
    fn of(card: &Scorecard) -> EntryCard {
        let shorts = card.shorts();
        let row = |row: &ScorecardRow| EntryRow {
            question: words::question(&row.topic),
            values: row.values.map(|value| words::value(value, row.unit)),
            verdict: words::verdict(row, shorts),
            is_decided: !matches!(row.verdict, RowVerdict::CannotTell(_)),
        };
        EntryCard { protagonists: shorts.map(str::to_owned), rows: card.rows.iter().map(row).collect() }
    }
}

/// All runs of a site: `data/index.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// See [`SITE_VERSION`].
    pub schema_version: u32,
    /// Where the site is on the web, without a slash at the end; absent where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The newest first.
    pub runs: Vec<Entry>,
}

/// Why a file of a site cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NotAnEntry {
    /// Not the JSON of a site.
    #[error("it is not of a site that this program made: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Written by a later version.
    #[error("it has version {0}, and this program knows up to {SITE_VERSION}; publish with the newer program")]
    Newer(u64),
}

impl Entry {
    pub(super) fn of(
        run: &Run,
        (groups, card): (&[Group<'_>], Option<&Scorecard>),
        summary: &Summary,
        address: Address,
    ) -> Entry {
        let manifest = &run.manifest;
        let said = card.filter(|card| card.decided() > 0).map(|card| answer(card).join(" "));
        let contenders = manifest.contenders.iter().filter(|contender| contender.twin_of.is_none());
        Entry {
            schema_version: SITE_VERSION,
            address,
            run: manifest.run.clone(),
            started_at: manifest.started_at.clone(),
            preset: manifest.preset.clone(),
            blocks: manifest.blocks,
            commit: manifest.commit.clone(),
            complete: manifest.ending == Ending::Completed,
            cells: summary.validity.cells,
            invalid_cells: summary.validity.invalid_cells,
            machine: MachineIdentity::of(manifest),
            software: software(run),
            experiments: manifest.experiments.iter().map(|experiment| experiment.name.clone()).collect(),
            contenders: contenders.map(|contender| contender.label.clone()).collect(),
            headline: said.unwrap_or_else(|| summary::headline(summary)),
            scorecard: card.map(EntryCard::of),
            figures: summary::headlines(groups),
        }
    }

    /// When it began, for a reader: `2026-01-02, 03:04 UTC`.
    pub(super) fn when(&self) -> String {
        let day = self.started_at.get(..10).unwrap_or(&self.started_at);
        let time = self.started_at.get(11..16).map_or(String::new(), |time| format!(", {time} UTC"));
        format!("{day}{time}")
    }

    /// Whether the run was only to show that everything works, so that its figures are in no trend.
    pub(super) fn is_a_smoke_test(&self) -> bool {
        self.preset == "smoke"
    }

    /// Reads `entry.json`.
    pub fn from_json(json: &[u8]) -> Result<Entry, NotAnEntry> {
        checked(json)
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        lines(self)
    }
}

impl Index {
    /// Reads `data/index.json`.
    pub fn from_json(json: &[u8]) -> Result<Index, NotAnEntry> {
        checked(json)
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        lines(self)
    }
}

pub(super) fn checked<T: serde::de::DeserializeOwned>(json: &[u8]) -> Result<T, NotAnEntry> {
    match schema_version(json)? {
        newer if newer > u64::from(SITE_VERSION) => Err(NotAnEntry::Newer(newer)),
        _ => Ok(serde_json::from_slice(json)?),
    }
}

pub(super) fn lines(value: &impl Serialize) -> Vec<u8> {
    let mut json = serde_json::to_vec_pretty(value).expect("an entry is plain data with string keys");
    json.push(b'\n');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_safe_in_a_path() {
        assert!(Address::parse("2026-01-02-0123abcd").is_some());
        for wrong in [
            "",
            "2026-01-02",
            "2026-01-02-0123ABCD",
            "../../../etc/passwd",
            "2026-01-02-0123abcde",
            "é026-01-02-0123abc",
        ] {
            assert_eq!(Address::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_newer_file_is_refused_whatever_it_holds() {
        let error = Index::from_json(b"{\"schema_version\": 2, \"unheard\": 1}").unwrap_err();
        assert!(error.to_string().contains("version 2"), "{error}");
        assert!(matches!(Index::from_json(b"[]"), Err(NotAnEntry::Malformed(_))));
    }
}
