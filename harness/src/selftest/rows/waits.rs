//! A wait is a wait: requests that have a server ask a backend take as long as the backend does, whoever runs them. Where
//! models differ here with few clients, what differs is a timer, and not threads and tasks.

use std::time::Duration;

use instruments::backend::{Backend, Promptness};
use instruments::load::{LoadSpec, Work};
use reports::format::Unit::Nanoseconds;
use servers::{Concurrency, MODELS, Model, default_models};

use super::{Attempt, Bench, Lateness, Obstacle, SelftestFigure, echo};
use crate::selftest::cells::{lateness, response_percentile};

/// It does not run by default, but nobody else's library waits for it.
const BY_HAND: &str = "reactor";

/// A median in nanoseconds, where there is one, and how late the machine let anybody run meanwhile.
type WaitedRound = (Option<f64>, Lateness);

/// Few enough that none of them waits for another, or for a worker.
const CLIENTS: u32 = 4;

const RATE: f64 = 200.0;

const WINDOW: Duration = Duration::from_millis(500);

/// The models take turns, and the least median of each counts: a machine makes waits longer, now and then, and never shorter.
const ROUNDS: usize = 3;

/// What a median may be, in nanoseconds: the wait itself, and 0.9 ms for two wake-ups and four ways through the kernel, which a
/// slow machine needs the most of. Another millisecond, which a timer would add, is beyond it.
const MEDIAN_NS: (f64, f64) = (5.0e6, 5.9e6);

/// By how much the slowest may be above the quickest.
const APART: f64 = 0.03;

/// The same wait in each of these models.
pub(super) fn waits(bench: &Bench) -> Result<Attempt, Obstacle> {
    let backend = Backend::start(Promptness::Sleeps)?;
    let (mut figures, mut medians) = (Vec::new(), Vec::new());
    let (mut all_seen, mut is_disturbed) = (Lateness::default(), false);
    for (model, rounds) in in_turns(bench, &backend)? {
        let (median_ns, seen) = least(rounds);
        let (lowest, highest) = MEDIAN_NS;
        let middle = (lowest + highest) / 2.0;
        let figure =
            SelftestFigure::within(model.name, Nanoseconds, middle, median_ns, (highest - lowest) / 2.0 / middle);
        figures.push(figure.or_higher_by(explained_ns(seen)));
        medians.push(median_ns);
        is_disturbed |= explained_ns(seen) > 0.0;
        all_seen = all_seen.and(seen);
    }
    figures.push(apart(&medians).or_anything_if(is_disturbed));
    Ok(Attempt { figures, seen: all_seen.words() })
}

/// By how much the slowest is above the quickest, which nobody knows where one of them has no median.
fn apart(medians: &[Option<f64>]) -> SelftestFigure {
    let medians = medians.iter().copied().collect::<Option<Vec<f64>>>().unwrap_or_default();
    let (quickest, slowest) = (medians.iter().copied().reduce(f64::min), medians.iter().copied().reduce(f64::max));
    let apart = quickest.zip(slowest).map(|(quickest, slowest)| slowest / quickest - 1.0);
    let shown = apart.map_or_else(|| "none".to_owned(), |apart| format!("{:.1}%", apart * 100.0));
    SelftestFigure::holds("apart", "3% at most", shown, apart.is_some_and(|apart| apart <= APART))
}

/// The models that run by default, of those that serve several clients at a time; and the one whose waits are written by
/// hand.
fn waiting() -> impl Iterator<Item = &'static Model> {
    let by_default = default_models().filter(|model| model.concurrency != Concurrency::One);
    by_default.chain(MODELS.iter().filter(|model| model.name == BY_HAND))
}

/// With a worker for each client, where connections hold workers.
fn contender(model: &Model) -> String {
    match model.concurrency {
        Concurrency::Workers => format!("{}:workers={CLIENTS}", model.name),
        Concurrency::One | Concurrency::Unbounded => model.name.to_owned(),
    }
}

/// What each model came to in each round.
fn in_turns(bench: &Bench, backend: &Backend) -> Result<Vec<(&'static Model, Vec<WaitedRound>)>, Obstacle> {
    let mut found: Vec<_> = waiting().map(|model| (model, Vec::new())).collect();
    for _ in 0..ROUNDS {
        for (model, rounds) in &mut found {
            rounds.push(median(bench, backend, &contender(model))?);
        }
    }
    Ok(found)
}

/// The round with the least median; one without a median only where there is no other.
fn least(rounds: Vec<WaitedRound>) -> WaitedRound {
    let ns = |(median_ns, _): &WaitedRound| median_ns.unwrap_or(f64::INFINITY);
    rounds.into_iter().min_by(|one, other| ns(one).total_cmp(&ns(other))).unwrap_or_default()
}

/// The median of the response times in nanoseconds, where there is one, and how late the machine let anybody run meanwhile.
fn median(bench: &Bench, backend: &Backend, contender: &str) -> Result<WaitedRound, Obstacle> {
    let server = bench.server_calling(contender, backend.address())?;
    let spec = LoadSpec { work: Work::new("call", "5ms"), ..echo(RATE, CLIENTS, WINDOW) };
    let (watch, mark) = (bench.watch()?, backend.mark());
    let cell = bench.load_beside_a_backend(&spec, server.address())?;
    let mut seen = watch.end().and(lateness(&cell));
    let usage = backend.since(mark).ok_or_else(|| Obstacle::Other("the backend has ended".to_owned()))?;
    seen.note(usage.lag.to_histogram().map_or(0, |lag| lag.max()));
    Ok((response_percentile(&cell, 0.5), seen))
}

fn explained_ns(seen: Lateness) -> f64 {
    if seen.is_much(WINDOW) { seen.longest_ns as f64 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selftest::Fit;

    #[test]
    fn of_rounds_the_least_median_counts_and_one_without_a_median_is_the_last() {
        let late = |longest_ns| Lateness { longest_ns, total_ns: longest_ns };
        let rounds = vec![(None, late(1)), (Some(5.4e6), late(2)), (Some(5.3e6), late(3))];
        assert_eq!(least(rounds), (Some(5.3e6), late(3)));
        assert_eq!(least(vec![(None, late(7))]), (None, late(7)));
    }

    #[test]
    fn models_are_not_alike_where_one_has_no_median() {
        let judged = [&[Some(5.0e6), Some(5.1e6)][..], &[Some(5.0e6), Some(5.2e6)], &[Some(5.0e6), None], &[None]]
            .map(|medians| apart(medians).fit);
        assert_eq!(judged, [Fit::Right, Fit::Wrong, Fit::Wrong, Fit::Wrong]);
        let missing = apart(&[Some(5.0e6), None]);
        assert_eq!(missing.measured.text, "none");
        assert_eq!(missing.or_anything_if(true).fit, Fit::Disturbed);
    }
}
