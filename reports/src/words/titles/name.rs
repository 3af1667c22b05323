//! What a sentence calls a contender, and of which ones it tells.
//!
//! Must not know: what is said of it. Beside it: `record/manifest.rs`, which has the names.

use std::fmt;

use itertools::Itertools;

use crate::format;
use crate::record::ContenderRecord;

/// A name for the middle of a sentence and for its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DisplayedName {
    text: String,
    /// A code name keeps its small letters wherever it stands.
    is_code: bool,
}

impl DisplayedName {
    pub(crate) fn of(contender: &ContenderRecord) -> DisplayedName {
        let text = contender.name();
        DisplayedName { is_code: text == contender.label, text }
    }

    /// As it begins a sentence.
    pub(crate) fn first(&self) -> String {
        if self.is_code { self.text.clone() } else { format::capitalised(&self.text) }
    }

    /// Names as the start of a sentence: the first of them decides.
    pub(crate) fn list(names: &[&DisplayedName]) -> String {
        let first = names.first().map(|name| name.first());
        format::list(first.into_iter().chain(names.iter().skip(1).map(|name| name.text.clone())))
    }
}

/// Those that a title is about: the two that the run is about where both are there, or else all.
pub(crate) fn told_of<'e, T>(all: impl IntoIterator<Item = &'e T>, leads: impl Fn(&T) -> bool) -> Vec<&'e T> {
    let all = all.into_iter().collect_vec();
    let leading = all.iter().copied().filter(|one| leads(one)).collect_vec();
    if leading.len() == 2 { leading } else { all }
}

impl AsRef<str> for DisplayedName {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
impl DisplayedName {
    /// A name by itself.
    pub(crate) fn plain(text: &str) -> DisplayedName {
        DisplayedName { text: text.to_owned(), is_code: false }
    }
}

impl fmt::Display for DisplayedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::record::DisplayName;

    fn called(label: &str, short: Option<&str>) -> DisplayedName {
        let display = short.map(|short| DisplayName { name: short.into(), short: short.into(), colour: None });
        let (label, model, summary) = (label.to_owned(), String::new(), String::new());
        let options = BTreeMap::new();
        DisplayedName::of(&ContenderRecord { label, model, options, summary, twin_of: None, display, command: None })
    }

    #[test]
    fn what_tells_it_from_others_of_its_model_is_in_brackets() {
        let said = [
            called("threaded", Some("threads")),
            called("async-single", Some("tokio, one thread")),
            called("async-multi:placement=spawn-blocking,workers=4", Some("tokio")),
            called("threaded:spawn=panicking", None),
            called("threaded@base", Some("threads")),
            called("async-multi:workers=4@again", Some("tokio")),
        ];
        assert_eq!(
            said.each_ref().map(DisplayedName::to_string),
            [
                "threads",
                "tokio (one thread)",
                "tokio (spawn-blocking, 4 workers)",
                "threaded:spawn=panicking",
                "threads (base)",
                "tokio (4 workers, again)"
            ]
        );
        assert_eq!(said[0].first(), "Threads");
        assert_eq!(said[3].first(), "threaded:spawn=panicking", "a code name has no large letter");
        assert_eq!(DisplayedName::list(&[&said[1], &said[0]]), "Tokio (one thread) and threads");
    }
}
