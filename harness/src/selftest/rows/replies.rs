//! Servers that do not answer as they should: each request has one end, and it is the true one.

use std::time::Duration;

use reports::metrics::{Reading, response_quantile};
use reports::record::{Cell, HistogramRecord, Ledger, Traffic};
use reports::study::Pool;

use crate::plan::{LoadSpec, Shape};
use crate::selftest::bench::{Bench, echo};
use crate::selftest::cells::lateness;
use crate::selftest::figure::Figure;
use crate::selftest::row::{Attempt, Obstacle};
use crate::selftest::synthetic::{Asked, Deed};
use crate::selftest::watchman::Disturbance;

const TIMEOUT: Duration = Duration::from_millis(300);

/// A thousand requests.
pub(super) fn replies(bench: &Bench) -> Result<Attempt, Obstacle> {
    let script = |asked: Asked| match asked.number {
        number if number % 100 == 99 => Deed::Silence,
        number if number % 250 == 30 => Deed::Corrupt,
        _ => Deed::Answer(Duration::ZERO),
    };
    let spec = LoadSpec { timeout: TIMEOUT, ..echo(500.0, 200, Duration::from_secs(2)) };
    let (cell, seen) = measure(bench, &spec, script)?;
    let traffic = traffic(&cell)?;
    let truth = Ledger { scheduled: 1_000, ok: 986, timeout: 10, malformed: 4, ..Ledger::default() };
    let at_timeout = traffic.response_time.as_ref().map_or(0, at_or_above_timeout);
    let p999 = response_quantile(&Pool::of(vec![&cell]), 0.995);
    let mut figures = ledger_figures(&truth, &traffic.ledger);
    figures.push(Figure::exact("timeouts in the histogram", 10, at_timeout));
    let is_beyond = p999 == Reading::Beyond(TIMEOUT.as_nanos() as u64);
    figures.push(Figure::holds("p99.5", "> 300 ms", p999.show(reports::format::Unit::Nanoseconds), is_beyond));
    Ok(excused(figures, seen))
}

/// Twenty sessions of ten requests, of which a server answers three and then says nothing.
pub(super) fn ledger(bench: &Bench) -> Result<Attempt, Obstacle> {
    let script = |asked: Asked| match asked.of_connection {
        0..3 => Deed::Answer(Duration::ZERO),
        _ => Deed::Silence,
    };
    let shape = Shape::Sessions { requests: 10, think_time: Duration::ZERO, concurrent: 64 };
    let spec = LoadSpec { shape, timeout: TIMEOUT, ..echo(200.0, 1, Duration::from_secs(1)) };
    let (cell, seen) = measure(bench, &spec, script)?;
    let truth = Ledger { scheduled: 200, ok: 60, timeout: 20, dropped: 120, ..Ledger::default() };
    let ledger = traffic(&cell)?.ledger;
    let mut figures = ledger_figures(&truth, &ledger);
    figures.push(Figure::exact("accounted for", 200, ledger.accounted_for()));
    Ok(excused(figures, seen))
}

fn measure(
    bench: &Bench,
    spec: &LoadSpec,
    script: impl Fn(Asked) -> Deed + Send + 'static,
) -> Result<(Cell, Disturbance), Obstacle> {
    let server = bench.synthetic(Box::new(script))?;
    let watchman = bench.watch()?;
    let cell = bench.load(spec, server.address, |_| {})?;
    let seen = watchman.end().and(server.end()?).and(lateness(&cell));
    Ok((cell, seen))
}

fn traffic(cell: &Cell) -> Result<&Traffic, Obstacle> {
    cell.traffic.as_ref().ok_or_else(|| Obstacle::Other("the load left no record".to_owned()))
}

fn ledger_figures(truth: &Ledger, seen: &Ledger) -> Vec<Figure> {
    let counts = |ledger: &Ledger| {
        let Ledger { scheduled, ok, error, timeout, malformed, refused, reset, dropped, in_flight } = *ledger;
        let others = error + refused + reset + in_flight;
        [scheduled, ok, timeout, malformed, dropped, others]
    };
    let names = ["scheduled", "ok", "timed out", "malformed", "never sent", "other ends"];
    let pairs = counts(truth).into_iter().zip(counts(seen));
    names.into_iter().zip(pairs).map(|(name, (truth, seen))| Figure::exact(name, truth, seen)).collect()
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
fn excused(figures: Vec<Figure>, seen: Disturbance) -> Attempt {
    let is_disturbed = seen.longest_ns > TIMEOUT.as_nanos() as u64 / 3;
    let figures = figures.into_iter().map(|figure| figure.or_anything_if(is_disturbed)).collect();
    Attempt { figures, seen: seen.words() }
}
