//! Servers that do not answer as they should, and such as nobody here wrote and that lie: each request has one end, and it is
//! the true one; what comes too much, too little or not at all is never right.

use std::time::Duration;

use instruments::load::{ArrivalProcess, LoadSpec, PageRequest, Shape, Work};
use reports::metrics::{Reading, response_quantile};
use reports::record::{Cell, HistogramRecord, Ledger, MalformedReason, Traffic, Warning};
use reports::study::Pool;

use super::{Attempt, Bench, Lateness, Obstacle, SelftestFigure, calculated, echo};
use crate::selftest::cells::lateness;
use crate::selftest::pages::{PageReply, PageScript, Pages};
use crate::selftest::synthetic::{RequestNumber, ScriptedReply};

const TIMEOUT: Duration = Duration::from_millis(300);

/// A thousand requests.
pub(super) fn replies(bench: &Bench) -> Result<Attempt, Obstacle> {
    let script = |asked: RequestNumber| match asked.number {
        number if number % 100 == 99 => ScriptedReply::Silence,
        number if number % 250 == 30 => ScriptedReply::Corrupt,
        _ => ScriptedReply::Answer(Duration::ZERO),
    };
    let spec = LoadSpec { timeout: TIMEOUT, ..echo(500.0, 200, Duration::from_secs(2)) };
    let (cell, seen) = measure(bench, &spec, script)?;
    let traffic = traffic(&cell)?;
    let truth = Ledger { scheduled: 1_000, ok: 986, timeout: 10, malformed: 4, ..Ledger::default() };
    let at_timeout = traffic.response_time.as_ref().map_or(0, at_or_above_timeout);
    let p999 = response_quantile(&Pool::of(vec![&cell]), 0.995);
    let mut figures = ledger_figures(&truth, &traffic.ledger);
    figures.push(SelftestFigure::exact("timeouts in the histogram", 10, at_timeout));
    let is_beyond = p999 == Reading::Beyond(TIMEOUT.as_nanos() as u64);
    figures.push(SelftestFigure::holds("p99.5", "> 300 ms", p999.show(reports::format::Unit::Nanoseconds), is_beyond));
    Ok(excused(figures, seen))
}

/// Twenty sessions of ten requests, of which a server answers three and then says nothing.
pub(super) fn ledger(bench: &Bench) -> Result<Attempt, Obstacle> {
    let script = |asked: RequestNumber| match asked.of_connection {
        0..3 => ScriptedReply::Answer(Duration::ZERO),
        _ => ScriptedReply::Silence,
    };
    let shape = Shape::Sessions { requests: 10, think_time: Duration::ZERO, concurrent: 64 };
    let spec = LoadSpec { shape, timeout: TIMEOUT, ..echo(200.0, 1, Duration::from_secs(1)) };
    let (cell, seen) = measure(bench, &spec, script)?;
    let truth = Ledger { scheduled: 200, ok: 60, timeout: 20, dropped: 120, ..Ledger::default() };
    let ledger = traffic(&cell)?.ledger;
    let mut figures = ledger_figures(&truth, &ledger);
    figures.push(SelftestFigure::exact("accounted for", 200, ledger.accounted_for()));
    Ok(excused(figures, seen))
}

fn measure(
    bench: &Bench,
    spec: &LoadSpec,
    script: impl Fn(RequestNumber) -> ScriptedReply + Send + 'static,
) -> Result<(Cell, Lateness), Obstacle> {
    let server = bench.synthetic(Box::new(script))?;
    let watch = bench.watch()?;
    let cell = bench.load(spec, server.address, |_| {})?;
    let seen = watch.end().and(server.end()?).and(lateness(&cell));
    Ok((cell, seen))
}

fn traffic(cell: &Cell) -> Result<&Traffic, Obstacle> {
    cell.traffic.as_ref().ok_or_else(nothing_recorded)
}

fn ledger_figures(truth: &Ledger, seen: &Ledger) -> Vec<SelftestFigure> {
    let counts = |ledger: &Ledger| {
        let Ledger { scheduled, ok, error, timeout, malformed, refused, reset, dropped, in_flight } = *ledger;
        let others = error + refused + reset + in_flight;
        [scheduled, ok, timeout, malformed, dropped, others]
    };
    let names = ["scheduled", "ok", "timed out", "malformed", "never sent", "other ends"];
    let pairs = counts(truth).into_iter().zip(counts(seen));
    names.into_iter().zip(pairs).map(|(name, (truth, seen))| SelftestFigure::exact(name, truth, seen)).collect()
}

fn at_or_above_timeout(response_time: &HistogramRecord) -> u64 {
    let Ok(histogram) = response_time.to_histogram() else { return 0 };
    // Three digits of it: what is a thousandth below may be it.
    let almost_ns = TIMEOUT.as_nanos() as u64 / 1_000 * 998;
    histogram
        .iter_recorded()
        .filter(|step| step.value_iterated_to() >= almost_ns)
        .map(|step| step.count_at_value())
        .sum()
}

/// A pause of a good part of the timeout may turn any reply into a timeout, and shorter ones none.
fn excused(figures: Vec<SelftestFigure>, seen: Lateness) -> Attempt {
    let is_disturbed = seen.longest_ns > TIMEOUT.as_nanos() as u64 / 3;
    let figures = figures.into_iter().map(|figure| figure.or_anything_if(is_disturbed)).collect();
    Attempt { figures, seen: seen.words() }
}

const REQUESTS: u64 = 1_000;

/// Every tenth page is written twice.
pub(super) fn surplus(bench: &Bench) -> Result<Attempt, Obstacle> {
    let script: PageScript = |number| if number % 10 == 3 { PageReply::Twice } else { PageReply::Right };
    let seen = asked(bench, script)?;
    let truth = Ledger { scheduled: REQUESTS, ok: 900, malformed: 100, ..Ledger::default() };
    let mut figures = seen.ledger_figures(&truth);
    figures.push(SelftestFigure::exact("pages too many", 100, seen.malformed(MalformedReason::Surplus)));
    let doubts = |warning: &Warning| matches!(warning, Warning::SurplusReplies { .. });
    figures.push(SelftestFigure::said("believed", !seen.warnings.iter().any(doubts), false));
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
    figures.push(SelftestFigure::exact("cut off", 100, seen.malformed(MalformedReason::CutShort)));
    figures.push(SelftestFigure::exact("beyond numbers", 100, seen.malformed(MalformedReason::BadLength)));
    calculated(figures)
}

/// Nobody is answered, and all that was asked was asked in the warm-up.
pub(super) fn silence(bench: &Bench) -> Result<Attempt, Obstacle> {
    let server = Pages::start(&bench.placement.server_cpus, |_| PageReply::Nothing)?;
    let spec = LoadSpec { warm_up: Duration::from_millis(200), ..closed(Duration::from_millis(300)) };
    let cell = bench.load(&spec, server.address, |_| {})?;
    let read = server.end();
    let traffic = traffic(&cell)?;
    calculated(vec![
        SelftestFigure::exact("right replies", 0, traffic.ledger.ok),
        SelftestFigure::exact("hung since the warm-up", read, traffic.hung_since_warm_up),
        SelftestFigure::said("believed", !cell.warnings.iter().any(Warning::invalidates), false),
    ])
}

/// What was seen of a server that was asked a thousand times, and what it saw itself.
struct PagesSeen {
    traffic: Traffic,
    warnings: Vec<Warning>,
    read: u64,
}

fn asked(bench: &Bench, script: PageScript) -> Result<PagesSeen, Obstacle> {
    let server = Pages::start(&bench.placement.server_cpus, script)?;
    let cell = bench.load_counted(REQUESTS, &closed(Duration::from_secs(20)), server.address)?;
    let read = server.end();
    Ok(PagesSeen { traffic: cell.traffic.ok_or_else(nothing_recorded)?, warnings: cell.warnings, read })
}

fn closed(window: Duration) -> LoadSpec {
    let work = Work::Page(PageRequest::get("/"));
    LoadSpec { arrivals: ArrivalProcess::Closed, work, ..echo(1.0, 8, window) }
}

impl PagesSeen {
    fn ledger_figures(&self, truth: &Ledger) -> Vec<SelftestFigure> {
        let Ledger { scheduled, ok, malformed, .. } = self.traffic.ledger;
        vec![
            SelftestFigure::exact("requests that the server read", truth.scheduled, self.read),
            SelftestFigure::exact("scheduled", truth.scheduled, scheduled),
            SelftestFigure::exact("right", truth.ok, ok),
            SelftestFigure::exact("malformed", truth.malformed, malformed),
        ]
    }

    fn malformed(&self, reason: MalformedReason) -> u64 {
        self.traffic.malformed.iter().filter(|malformed| malformed.reason == reason).map(|found| found.count).sum()
    }
}

fn nothing_recorded() -> Obstacle {
    Obstacle::Other("the load left no record".to_owned())
}
