//! A title, and what it adds to itself a line below: at which load, how often measured, who else.
//!
//! A title says one thing in at most twelve words. A caveat that holds for most of a run is in no title: the page says it
//! once. Must not know: pixels, HTML. Beside it: one file per kind of title.

use crate::format;

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
}
