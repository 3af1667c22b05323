//! The rows of a scorecard on a terminal: how wide each column is, and what is broken or cut where there is no room.
//!
//! Must not know: how a verdict is found, or worded. Beside it: `../card.rs`, which says what stands around the rows.

use reports::scorecard::{Scorecard, ScorecardRow};
use reports::words::scorecard as words;

use crate::cli::output::{COLUMNS, broken};

/// Of a question and of a value where there is room for both.
const QUESTION: usize = 38;
const VALUE: usize = 12;
/// The longest name that is never cut, and the longest ratio behind it: ` ≥ 1,000×`.
const NAME: usize = 16;
const RATIO: usize = 9;
/// What parts a verdict from the values.
const GAP: usize = 2;

/// How wide each column of the rows is. A name is not cut: the values and then the questions give way to it.
pub(super) struct CardColumns {
    question: usize,
    value: usize,
    verdict: usize,
}

impl CardColumns {
    pub(super) fn of(card: &Scorecard) -> CardColumns {
        let shorts = card.shorts();
        let verdicts = card.rows.iter().map(|row| words::verdict(row, shorts));
        let verdict = verdicts.map(|said| said.chars().count()).max().unwrap_or(0).min(NAME + RATIO);
        let values = card.rows.iter().flat_map(|row| row.values.map(|value| words::value(value, row.unit)));
        let needed = 1 + values.map(|value| value.chars().count()).max().unwrap_or(0);
        let room = COLUMNS - GAP - verdict;
        let value = if QUESTION + 2 * VALUE <= room { VALUE } else { needed.min(VALUE) };
        CardColumns { question: QUESTION.min(room - 2 * value), value, verdict }
    }

    /// The names over the values. One that is longer than its column begins to the left of it, or ends to the right.
    pub(super) fn header(&self, [first, second]: [&str; 2]) -> String {
        let ends = self.question + self.value;
        let first = fitted(first, ends - 1);
        let second = right(&fitted(second, COLUMNS - ends - 1), self.value);
        let second = if second.starts_with(' ') { second } else { format!(" {second}") };
        format!("{first:>ends$}{second}")
    }

    /// A question that is too long goes on in a line of its own.
    pub(super) fn lines(&self, row: &ScorecardRow, shorts: [&str; 2]) -> Vec<String> {
        let values = row.values.map(|value| right(&fitted(&words::value(value, row.unit), self.value - 1), self.value));
        let verdict = fitted(&words::verdict(row, shorts), self.verdict);
        let mut asked = wrapped_in(&words::short_question(&row.topic), self.question).into_iter();
        let (asked_first, width) = (asked.next().unwrap_or_default(), self.question);
        let first = format!("{asked_first:width$}{}{:GAP$}{verdict}", values.concat(), "");
        [first].into_iter().chain(asked.map(|rest| format!("  {rest}"))).collect()
    }
}

/// Cut off where it is too long, and said so.
pub(super) fn fitted(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

fn right(text: &str, width: usize) -> String {
    format!("{text:>width$}")
}

/// Broken between words, to the width of the terminal.
pub(super) fn wrapped(text: &str) -> Vec<String> {
    wrapped_in(text, COLUMNS)
}

fn wrapped_in(text: &str, width: usize) -> Vec<String> {
    broken(text, width, width).iter().map(|line| fitted(line, width)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::longest;
    use super::super::text;
    use super::*;

    #[test]
    fn a_row_has_both_values_and_a_word() {
        let card = longest(["threads", "tokio"]);
        let said = CardColumns::of(&card).lines(&card.rows[0], card.shorts());
        assert_eq!(said.len(), 1);
        assert!(
            said[0].starts_with("memory per idle connection") && said[0].ends_with("  tokio ≥\u{a0}120×"),
            "{said:?}"
        );
    }

    #[test]
    fn a_name_of_sixteen_characters_is_never_cut() {
        for names in [["threaded@a", "threaded@b"], ["threaded@the-new", "threaded@the-old"], ["a", "threaded@the-old"]]
        {
            let mut card = longest(names);
            for row in &mut card.rows {
                (row.remedy, row.stand_ins, row.values[1]) = (None, [None, None], row.values[0]);
            }
            let said = text(&card, ("harness compare", "runs/1/report.html"), "");
            let table: Vec<&str> = said.lines().skip_while(|line| !line.starts_with("     ")).collect();
            assert!(table.iter().all(|line| line.chars().count() <= COLUMNS && !line.contains('…')), "{said}");
            let header: Vec<&str> = table[0].split_whitespace().collect();
            assert_eq!(header, names, "{said}");
            let cpu = CardColumns::of(&card).lines(&card.rows[1], names).join(" ");
            assert!(cpu.contains(&format!("  {} ≥\u{a0}120×", names[1])) && cpu.contains("123,000/s"), "{cpu}");
        }
    }
}
