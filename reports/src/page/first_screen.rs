//! What a reader sees first: the answer, whom to choose, the scorecard, and why to believe it.
//!
//! None of the words of the house are here: a reader knows neither blocks nor cells yet. Must not know: tags. Beside it:
//! `card.rs`, which makes the table.

use serde::Serialize;

use super::card;
use super::content::placement;
use crate::charts;
use crate::format::count;
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
    /// The answer and the scorecard; absent where it has no row.
    pub(super) fn of(run: &Run, groups: &[Group<'_>]) -> Option<FirstScreen> {
        let card = Scorecard::of_groups(run, groups).filter(|card| !card.rows.is_empty())?;
        let link = |row: &ScorecardRow| charts::anchor(run, groups, &row.experiment, row.metric);
        Some(FirstScreen {
            answer: answer(&card).join(" "),
            advice: advice(&card),
            table: card::html(&card, link),
            trust: trust(run, &card),
        })
    }
}

/// Why to believe the scorecard, in a line.
fn trust(run: &Run, card: &Scorecard) -> String {
    let most = card.rows.iter().map(|row| row.blocks).max().unwrap_or(0);
    let often = if most == 1 { "once".into() } else { format!("up to {} times", count(most as u64)) };
    let cells = || run.cells.iter().filter(|cell| cell.purpose == Purpose::Measure);
    let quiet = cells().filter(|cell| disturbed_by(cell).is_none()).count() as u64;
    format!(
        "Everything was measured {often}, on fresh servers. Bars are 95% intervals of how many times better, on a \
         logarithmic scale. {} The machine was quiet in {} of {} measurements.",
        placement(run),
        count(quiet),
        count(cells().count() as u64),
    )
}
