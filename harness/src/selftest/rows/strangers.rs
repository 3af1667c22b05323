//! Servers that nobody here wrote and that lie: what they send too much, too little or not at all is never right.

use std::time::Duration;

use reports::record::{Ledger, MalformedReason, Traffic, Warning};

use crate::plan::{ArrivalProcess, LoadSpec, PageRequest, Work};
use crate::selftest::bench::{Bench, echo};
use crate::selftest::figure::Figure;
use crate::selftest::pages::{PageReply, PageScript, Pages};
use crate::selftest::row::{Attempt, Obstacle};
use crate::selftest::rows::calculated;

const REQUESTS: u64 = 1_000;

/// Every tenth page is written twice.
pub(super) fn surplus(bench: &Bench) -> Result<Attempt, Obstacle> {
    let script: PageScript = |number| if number % 10 == 3 { PageReply::Twice } else { PageReply::Right };
    let seen = asked(bench, script)?;
    let truth = Ledger { scheduled: REQUESTS, ok: 900, malformed: 100, ..Ledger::default() };
    let mut figures = seen.ledger_figures(&truth);
    figures.push(Figure::exact("pages too many", 100, seen.malformed(MalformedReason::Surplus)));
    let doubts = |warning: &Warning| matches!(warning, Warning::SurplusReplies { .. });
    figures.push(Figure::said("believed", !seen.warnings.iter().any(doubts), false));
    calculated(figures)
}

/// Of ten pages one is cut off and one has a length beyond all numbers.
pub(super) fn lengths(bench: &Bench) -> Result<Attempt, Obstacle> {
    let script: PageScript = |number| match number % 10 {
        3 => PageReply::CutOff,
        6 => PageReply::Endless,
        _ => PageReply::Right,
    };
    let seen = asked(bench, script)?;
    let truth = Ledger { scheduled: REQUESTS, ok: 800, malformed: 200, ..Ledger::default() };
    let mut figures = seen.ledger_figures(&truth);
    figures.push(Figure::exact("cut off", 100, seen.malformed(MalformedReason::CutShort)));
    figures.push(Figure::exact("beyond numbers", 100, seen.malformed(MalformedReason::BadLength)));
    calculated(figures)
}

/// Nobody is answered, and all that was asked was asked in the warm-up.
pub(super) fn silence(bench: &Bench) -> Result<Attempt, Obstacle> {
    let server = Pages::start(&bench.placement.server_cpus, |_| PageReply::Nothing)?;
    let spec = LoadSpec { warm_up: Duration::from_millis(200), ..closed(Duration::from_millis(300)) };
    let cell = bench.load(&spec, server.address, |_| {})?;
    let read = server.end();
    let traffic = cell.traffic.as_ref().ok_or_else(nothing_recorded)?;
    calculated(vec![
        Figure::exact("right replies", 0, traffic.ledger.ok),
        Figure::exact("hung since the warm-up", read, traffic.hung_since_warm_up),
        Figure::said("believed", !cell.warnings.iter().any(Warning::invalidates), false),
    ])
}

/// What was seen of a server that was asked a thousand times, and what it saw itself.
struct Seen {
    traffic: Traffic,
    warnings: Vec<Warning>,
    read: u64,
}

fn asked(bench: &Bench, script: PageScript) -> Result<Seen, Obstacle> {
    let server = Pages::start(&bench.placement.server_cpus, script)?;
    let cell = bench.load_counted(REQUESTS, &closed(Duration::from_secs(20)), server.address)?;
    let read = server.end();
    Ok(Seen { traffic: cell.traffic.ok_or_else(nothing_recorded)?, warnings: cell.warnings, read })
}

fn closed(window: Duration) -> LoadSpec {
    let work = Work::Page(PageRequest::get("/"));
    LoadSpec { arrivals: ArrivalProcess::Closed, work, ..echo(1.0, 8, window) }
}

impl Seen {
    fn ledger_figures(&self, truth: &Ledger) -> Vec<Figure> {
        let Ledger { scheduled, ok, malformed, .. } = self.traffic.ledger;
        vec![
            Figure::exact("requests that the server read", truth.scheduled, self.read),
            Figure::exact("scheduled", truth.scheduled, scheduled),
            Figure::exact("right", truth.ok, ok),
            Figure::exact("malformed", truth.malformed, malformed),
        ]
    }

    fn malformed(&self, reason: MalformedReason) -> u64 {
        self.traffic.malformed.iter().filter(|malformed| malformed.reason == reason).map(|found| found.count).sum()
    }
}

fn nothing_recorded() -> Obstacle {
    Obstacle::Other("the load left no record".to_owned())
}
