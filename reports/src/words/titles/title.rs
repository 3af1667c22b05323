//! A title, and what it adds to itself a line below: at which load, how often measured, who else.
//!
//! A title says one thing in at most twelve words. A caveat that holds for most of a run is in no title: the page says it
//! once, as the end of this file has it. Must not know: pixels, HTML. Beside it: one file per kind of title.

use crate::format::{self, often};
use crate::record::Manifest;
use crate::verdict::BLOCKS_FOR_A_CLAIM;

/// More than this, nobody reads at a glance.
pub(crate) const MOST_WORDS: usize = 12;

/// What is said over a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Title {
    /// Without a stop.
    pub(crate) said: String,
    /// Phrases that belong to it and are not part of it.
    pub(crate) beside: Vec<String>,
}

impl Title {
    pub(crate) fn of(said: impl Into<String>) -> Title {
        Title { said: said.into(), beside: Vec::new() }
    }

    /// The first that is short enough or, where none is, the shortest.
    pub(crate) fn fitting(wordings: impl IntoIterator<Item = String>) -> Title {
        let wordings: Vec<String> = wordings.into_iter().collect();
        let fits = wordings.iter().find(|said| words(said) <= MOST_WORDS);
        let shortest = || wordings.iter().min_by_key(|said| words(said));
        Title::of(fits.or_else(shortest).cloned().unwrap_or_default())
    }

    /// With a phrase more beside it; an empty one is none.
    pub(crate) fn and(mut self, phrase: impl Into<String>) -> Title {
        let phrase = phrase.into();
        self.beside.extend((!phrase.is_empty()).then_some(phrase));
        self
    }

    /// The line under the title: what belongs to it, then what is on the axes.
    pub(crate) fn subtitle(&self, axes: &str) -> String {
        match self.beside.as_slice() {
            [] => axes.to_owned(),
            phrases => format!("{}. {axes}", format::capitalised(&phrases.join(", "))),
        }
    }

    /// All of it as a sentence without its stop.
    pub(crate) fn sentence(&self) -> String {
        format!("{}{}", self.said, format::bracketed((!self.beside.is_empty()).then(|| self.beside.join(", "))))
    }
}

/// How many words a text has, numbers and their units each one.
pub(crate) fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// `Measured once, so the figures are estimates: Response time under load.` Absent where everything was measured often
/// enough for a claim at least.
pub(crate) fn estimates(manifest: &Manifest) -> Option<String> {
    let all =
        manifest.experiments.iter().map(|one| (one.title.as_str(), one.blocks.unwrap_or(manifest.blocks) as usize));
    measured_seldom(&all.collect::<Vec<_>>())
}

/// Experiments with how often each of their cells was planned.
fn measured_seldom(experiments: &[(&str, usize)]) -> Option<String> {
    let seldom: Vec<&(&str, usize)> = experiments.iter().filter(|(_, times)| *times < BLOCKS_FOR_A_CLAIM).collect();
    let most = seldom.iter().map(|(_, times)| *times).max()?;
    if seldom.len() == experiments.len() {
        return Some(format!("Everything was measured {}, so all figures are estimates.", often(most)));
    }
    let titles = format::list(seldom.iter().map(|(title, _)| title));
    Some(format!("Measured {}, so the figures are estimates: {titles}.", often(most)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wording_that_is_short_enough_is_taken() {
        let long = "a b c d e f g h i j k l m".to_owned();
        assert_eq!(Title::fitting([long.clone(), "a b".into(), "a".into()]).said, "a b");
        assert_eq!(Title::fitting([format!("{long} n"), long.clone()]).said, long);
    }

    #[test]
    fn what_belongs_to_a_title_stands_under_it() {
        let title = Title::of("Threads served more").and("at 8,000/s").and("").and("measured once");
        assert_eq!(title.subtitle("Throughput: echo"), "At 8,000/s, measured once. Throughput: echo");
        assert_eq!(title.sentence(), "Threads served more (at 8,000/s, measured once)");
        assert_eq!(Title::of("a").subtitle("b"), "b");
    }

    #[test]
    fn what_was_measured_seldom_is_named_once() {
        assert_eq!(measured_seldom(&[("Load", 10), ("Memory", 3)]), None);
        assert_eq!(
            measured_seldom(&[("Load", 1), ("Memory", 3)]).unwrap(),
            "Measured once, so the figures are estimates: Load."
        );
        assert_eq!(
            measured_seldom(&[("Load", 2), ("Memory", 2)]).unwrap(),
            "Everything was measured twice, so all figures are estimates."
        );
        assert_eq!(measured_seldom(&[]), None);
    }
}
