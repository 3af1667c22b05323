//! What a comparison says: of each row, and what a reader must know before the rows: how blocks were put together, whose
//! machine it was, what is in one of the two only.
//!
//! Must not know: how it is shown. Beside it: `mod.rs`, which has the rows.

use super::{Diff, DiffRow, Method, NotCompared};
use crate::format::{self, counted};

/// As many as are named of what only one run has.
const MOST_NAMED: usize = 6;

impl Diff {
    /// A sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let mut said = vec![self.method.words().to_owned()];
        if !self.machines_differ.is_empty() {
            let list: Vec<String> = self.machines_differ.iter().map(|difference| difference.words()).collect();
            said.push(format!("The machines differ, so a difference says little of the servers: {}.", list.join("; ")));
        }
        said.extend(self.cut_short.iter().map(|run| format!("{run}.")));
        if !self.has_twin && self.rows.iter().any(|row| row.judged.is_some_and(|judged| judged.verdict.is_one())) {
            said.push(
                "No server was run twice in either: how far one is from itself is not known, and 1.05 times counts."
                    .into(),
            );
        }
        let alone = [("base", &self.only_in_base), ("new run", &self.only_in_new)];
        said.extend(
            alone.into_iter().filter(|(_, alone)| !alone.is_empty()).map(|(which, alone)| only_in(which, alone)),
        );
        said
    }
}

fn only_in(which: &str, alone: &[String]) -> String {
    let named: Vec<&str> = alone.iter().take(MOST_NAMED).map(String::as_str).collect();
    let more = alone.len().saturating_sub(MOST_NAMED) as u64;
    let rest = if more > 0 { format!("; and {} more", counted(more, "place")) } else { String::new() };
    format!("Only in the {which}: {}{rest}.", named.join("; "))
}

impl Method {
    /// As a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Method::Alternated => "The two took turns in every repetition, so ratios are of pairs of measurements.",
            Method::PairedBySeed => {
                "Both runs have the same seed, so ratios are of pairs of measurements, which had the same arrivals."
            }
            Method::Unpaired => {
                "The runs have different seeds, so their measurements are no pairs: Welch intervals on the logarithms of their values."
            }
        }
    }
}

impl NotCompared {
    /// As the end of a sentence.
    pub fn words(self) -> String {
        let words = match self {
            NotCompared::Invalid => "invalid in one of the two, so cannot tell",
            NotCompared::NeitherKeptUp => "neither kept up with this load",
            NotCompared::FellBehind => "no longer keeps up with this load",
            NotCompared::CaughtUp => "keeps up with this load, as the base did not",
            NotCompared::NoRatio(why) if why.first_has_more() == Some(true) => {
                "no ratio: more than zero in every measurement, where the base has zero or less in all"
            }
            NotCompared::NoRatio(why) if why.first_has_more() == Some(false) => {
                "no ratio: zero or less in every measurement, where the base has more in all"
            }
            NotCompared::NoRatio(why) => return format!("{}, so cannot tell", why.words(["the new run", "the base"])),
        };
        words.to_owned()
    }
}

impl DiffRow {
    /// The verdict, or why there is none.
    pub fn words(&self) -> String {
        match (self.ratio, self.judged) {
            (Ok(_), Some(judged)) => judged.verdict.words(),
            (Err(doubt), _) => doubt.words(),
            (Ok(_), None) => "not judged".to_owned(),
        }
    }

    /// `0.95 to 1.06`, or a dash where there is none.
    pub fn interval_words(&self) -> String {
        let interval = self.ratio.ok().and_then(|ratio| ratio.interval);
        interval.map_or("-".to_owned(), format::interval)
    }

    /// How many times the base's the other's is, or a dash.
    pub fn ratio_words(&self) -> String {
        self.ratio.map_or("-".to_owned(), |ratio| format::ratio(ratio.value))
    }
}
