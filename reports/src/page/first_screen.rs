//! What a reader sees first: the answer, whom to choose, the scorecard, and why to believe it.
//!
//! None of the words of the house are here: a reader knows neither blocks nor cells yet. Must not know: tags. Beside it:
//! `card.rs`, which makes the table.

use serde::Serialize;

use super::card;
use super::why::WhyArticle;
use crate::charts;
use crate::format::count;
use crate::placement::placement_of_run;
use crate::record::Purpose;
use crate::record::store::Run;
use crate::scorecard::{Scorecard, ScorecardRow};
use crate::study::{Group, disturbed_by};
use crate::words::advice::advice;
use crate::words::answer::answer;

/// Plain text but for the table, which is HTML.
#[derive(Debug, Serialize)]
pub(super) struct FirstScreen {
    answer: String,
    advice: Option<String>,
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
    let most = card.rows.iter().map(|row| row.blocks).max().unwrap_or(0);
    let cells = || run.cells.iter().filter(|cell| cell.purpose == Purpose::Measure);
    let quiet = cells().filter(|cell| disturbed_by(cell).is_none()).count() as u64;
    trusted(most as u64, &placement_of_run(run), (quiet, cells().count() as u64))
}

/// Measured so often at the most, on these CPUs; quiet in so many of all measurements.
fn trusted(most: u64, placement: &str, (quiet, all): (u64, u64)) -> String {
    let (often, drawn) = match most {
        0 | 1 => ("once".to_owned(), "Dots are estimates of how many times better"),
        _ => (format!("up to {} times", count(most)), "Bars are 95% intervals of how many times better"),
    };
    let quiet = if quiet == all { "all".to_owned() } else { format!("{} of", count(quiet)) };
    format!(
        "Everything was measured {often}, on fresh servers. {drawn}, on a logarithmic scale. {placement} The machine was \
         quiet in {quiet} {} measurements.",
        count(all),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_once_has_no_interval() {
        let once = trusted(1, "The server had 1 CPU to itself.", (29, 29));
        assert_eq!(
            once,
            "Everything was measured once, on fresh servers. Dots are estimates of how many times better, on a \
             logarithmic scale. The server had 1 CPU to itself. The machine was quiet in all 29 measurements."
        );
        let often = trusted(10, "P.", (140, 144));
        assert!(often.contains("up to 10 times") && often.contains("95% intervals"), "{often}");
        assert!(often.ends_with("quiet in 140 of 144 measurements."), "{often}");
    }
}
