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

/// By how many hundredths the slowest may be above the quickest.
const APART_POINTS: f64 = 3.0;

/// How often somebody is woken for a request, one after another: the generator to send it, the server, the backend, the backend
/// at the end of the wait, the server, and the generator again.
const WAKE_UPS: f64 = 6.0;

/// The same wait in each of these models.
pub(super) fn waits(bench: &Bench) -> Result<Attempt, Obstacle> {
    let backend = Backend::start(Promptness::Sleeps)?;
    let _awake = bench.keep_awake()?;
    let (mut figures, mut medians) = (Vec::new(), Vec::new());
    let (mut all_seen, mut most_explained_ns) = (Lateness::default(), 0.0_f64);
    for (model, rounds) in in_turns(bench, &backend)? {
        let (median_ns, seen) = least(rounds);
        let (lowest, highest) = MEDIAN_NS;
        let middle = (lowest + highest) / 2.0;
        let figure =
            SelftestFigure::within(model.name, Nanoseconds, middle, median_ns, (highest - lowest) / 2.0 / middle);
        figures.push(figure.or_higher_by(explained_ns(seen)));
        medians.push(median_ns);
        most_explained_ns = most_explained_ns.max(explained_ns(seen));
        all_seen = all_seen.and(seen);
    }
    figures.push(apart(&medians, most_explained_ns));
    Ok(Attempt { figures, seen: all_seen.words() })
}

/// By how much the slowest is above the quickest, which nobody knows where one of them has no median.
fn apart(medians: &[Option<f64>], explained_ns: f64) -> SelftestFigure {
    let medians = medians.iter().copied().collect::<Option<Vec<f64>>>().unwrap_or_default();
    let (quickest, slowest) = (medians.iter().copied().reduce(f64::min), medians.iter().copied().reduce(f64::max));
    let apart = quickest.zip(slowest).map(|(quickest, slowest)| slowest / quickest - 1.0);
    let figure = SelftestFigure::share("apart", 0.0, apart, APART_POINTS);
    figure.or_higher_by(quickest.map_or(0.0, |quickest| explained_ns / quickest))
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

/// By how much that lateness may have moved a median, in nanoseconds: each wake-up comes late; and where a good part of the window
/// was taken, requests waited for those before them too.
fn explained_ns(seen: Lateness) -> f64 {
    (WAKE_UPS * seen.mean_ns()).max(seen.may_move_a_median_by(WINDOW))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selftest::Fit;

    /// Late by so much beyond the usual, once in so many wake-ups.
    fn late(beyond_ns: u64, wake_ups: u32) -> Lateness {
        let mut seen = Lateness::default();
        seen.note(300_000 + beyond_ns);
        (1..wake_ups).for_each(|_| seen.note(0));
        seen
    }

    #[test]
    fn of_rounds_the_least_median_counts_and_one_without_a_median_is_the_last() {
        let rounds = vec![(None, late(1, 1)), (Some(5.4e6), late(2, 1)), (Some(5.3e6), late(3, 1))];
        assert_eq!(least(rounds), (Some(5.3e6), late(3, 1)));
        assert_eq!(least(vec![(None, late(7, 1))]), (None, late(7, 1)));
    }

    #[test]
    fn models_are_not_alike_where_one_has_no_median() {
        let judged = [&[Some(5.0e6), Some(5.1e6)][..], &[Some(5.0e6), Some(5.2e6)], &[Some(5.0e6), None], &[None]]
            .map(|medians| apart(medians, 0.0).fit);
        assert_eq!(judged, [Fit::Right, Fit::Wrong, Fit::Wrong, Fit::Wrong]);
        let missing = apart(&[Some(5.0e6), None], 1e9);
        assert_eq!((missing.measured.text.as_str(), missing.fit), ("none", Fit::Wrong));
        assert_eq!(missing.or_anything_if(true).fit, Fit::Disturbed);
    }

    #[test]
    fn late_wake_ups_explain_as_much_as_all_of_a_request_took_and_no_more() {
        // A fiftieth of a millisecond at each.
        assert_eq!(explained_ns(late(20_000_000, 1_000)), 6.0 * 20_000.0);
        assert_eq!(explained_ns(late(200_000_000, 1_000_000)), 200e6, "much of the window at once");
        let medians = [Some(5.0e6), Some(5.25e6)];
        assert_eq!([90_000.0, 110_000.0].map(|ns| apart(&medians, ns).fit), [Fit::Wrong, Fit::Disturbed]);
    }
}
