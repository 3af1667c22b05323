//! What a reader sees first: the answer, whom to choose, the scorecard, and why to believe it.
//!
//! None of the words of the house are here: a reader knows neither blocks nor cells yet. Must not know: tags. Beside it:
//! `card.rs`, which makes the table.

use serde::Serialize;

use super::card;
use super::why::WhyArticle;
use crate::charts;
use crate::charts::ratios::RatioAxis;
use crate::format::{count, often};
use crate::placement::placement_of_run;
use crate::record::Purpose;
use crate::record::store::Run;
use crate::scorecard::{RowVerdict, Scorecard, ScorecardRow};
use crate::study::{Group, disturbed_by};
use crate::words::advice::advice;
use crate::words::answer::answer;

/// Plain text but for the table, which is HTML.
#[derive(Debug, Serialize)]
pub(super) struct FirstScreen {
    answer: String,
    /// For which of the two, a line each.
    advice: Vec<String>,
    table: String,
    trust: String,
}

impl FirstScreen {
    /// The answer and the scorecard, whose rows lead to what explains them or, where nothing does, to their figures.
    pub(super) fn of(run: &Run, groups: &[Group<'_>], card: &Scorecard, why: &[WhyArticle]) -> FirstScreen {
        let link = |row: &ScorecardRow| match why.iter().find(|article| article.is_of(row)) {
            Some(article) => Some(article.figure().id.clone()),
            None => charts::anchor(run, groups, &row.experiment, row.metric),
        };
        FirstScreen {
            answer: answer(card).join(" "),
            advice: advice(card),
            table: card::html(card, link),
            trust: trust(run, card),
        }
    }
}

/// Why to believe the scorecard, in a line.
fn trust(run: &Run, card: &Scorecard) -> String {
    let cells = || run.cells.iter().filter(|cell| cell.purpose == Purpose::Measure);
    let quiet = cells().filter(|cell| disturbed_by(cell).is_none()).count() as u64;
    let placement = placement_of_run(run);
    trusted(&measured(card), &key(card), &placement, (quiet, cells().count() as u64))
}

/// How often the rows were measured: `once`, `3 to 10 times`.
fn measured(card: &Scorecard) -> String {
    let blocks = || card.rows.iter().map(|row| row.blocks).filter(|blocks| *blocks > 0);
    let (least, most) = (blocks().min().unwrap_or(0), blocks().max().unwrap_or(0));
    if least == most { often(most) } else { format!("{} to {}", count(least as u64), often(most)) }
}

/// What the drawings mean that this card has.
fn key(card: &Scorecard) -> String {
    let any = |is_there: &dyn Fn(&ScorecardRow) -> bool| card.rows.iter().any(is_there);
    let axis = RatioAxis::of(card);
    let has_arrow = |row: &ScorecardRow| axis.ends(row).is_some_and(|ends| ends.iter().any(|(_, is_arrow)| *is_arrow));
    let marks = [
        (true, "Dots: how many times better"),
        (any(&|row| row.low.is_some() || row.high.is_some()), "bars: 95% intervals"),
        (any(&has_arrow), "arrow: or more"),
        (any(&|row| row.open_ends().contains(&true)), "≥: at least, since more could not be measured"),
        (any(&|row| matches!(row.verdict, RowVerdict::CannotTell(_))), "hollow: not decided"),
    ];
    let said: Vec<&str> = marks.iter().filter(|(is_there, _)| *is_there).map(|(_, says)| *says).collect();
    format!("{}.", said.join("; "))
}

/// Measured so often, on these CPUs; quiet in so many of all measurements.
fn trusted(often: &str, key: &str, placement: &str, (quiet, all): (u64, u64)) -> String {
    let quiet = if quiet == all { "all".to_owned() } else { format!("{} of", count(quiet)) };
    format!(
        "{key} Each row was measured {often}, on fresh servers. {placement} The machine was quiet in {quiet} {} \
         measurements.",
        count(all),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorecard::Undecided;
    use crate::words::scorecard::tests::{CPU, better, card, row};

    #[test]
    fn the_key_explains_the_marks_that_are_there() {
        let closed = |verdict| {
            let mut row = row(CPU, verdict);
            row.values.iter_mut().flatten().for_each(|value| value.at_least = false);
            row
        };
        let once = ScorecardRow { low: None, blocks: 1, ..closed(better(1, 2.0)) };
        assert_eq!(key(&card(vec![once.clone()])), "Dots: how many times better.");
        let open = ScorecardRow { blocks: 3, ..row(CPU, RowVerdict::CannotTell(Undecided::NoLimit)) };
        assert_eq!(
            key(&card(vec![once.clone(), open.clone()])),
            "Dots: how many times better; bars: 95% intervals; arrow: or more; ≥: at least, since more could not be \
             measured; hollow: not decided."
        );
        let often = |rows| measured(&card(rows));
        let nowhere = ScorecardRow { blocks: 0, ..open.clone() };
        assert_eq!(often(vec![once.clone(), nowhere]), "once");
        assert_eq!([often(vec![once.clone()]), often(vec![once, open])], ["once", "1 to 3 times"]);
    }

    #[test]
    fn a_machine_that_was_not_quiet_is_counted() {
        let said = |quiet| trusted("once", "K.", "The server had 1 CPU to itself.", (quiet, 144));
        assert_eq!(
            said(144),
            "K. Each row was measured once, on fresh servers. The server had 1 CPU to itself. The machine was quiet in \
             all 144 measurements."
        );
        assert!(said(140).ends_with("quiet in 140 of 144 measurements."), "{}", said(140));
    }
}
