//! What is concluded from samples whose distribution is known.

use std::time::Duration;

use hdrhistogram::Histogram;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};
use reports::format::Unit::Nanoseconds;
use reports::metrics::response_quantile;
use reports::record::{Cell, HistogramRecord, Ledger, Traffic};
use reports::stats::{Distribution, Quantile};
use reports::study::Pool;

use super::calculated;
use crate::selftest::bench::{Bench, echo};
use crate::selftest::cells;
use crate::selftest::figure::Figure;
use crate::selftest::row::{Attempt, Obstacle};

/// Two blocks of a thousand requests: 10 ms each in one; in the other every twentieth takes 500 ms. Of both together
/// 2.5% are slow, so p99 is 500 ms. The mean of the two p99s would be 255 ms, which no request took.
pub(super) fn merging(_: &Bench) -> Result<Attempt, Obstacle> {
    let (fast, slow) = (block(&[(10, 1_000)]), block(&[(10, 950), (500, 50)]));
    let pool = Pool::of(vec![&fast, &slow]);
    let figure = |name, p, truth_ms: f64| {
        let measured = response_quantile(&pool, p).value().unwrap_or(f64::NAN);
        Figure::within(name, Nanoseconds, truth_ms * 1e6, measured, 0.002)
    };
    let pooled = Figure::exact("requests", 2_000, pool.response.len());
    calculated(vec![pooled, figure("p50", 0.5, 10.0), figure("p97", 0.97, 10.0), figure("p99", 0.99, 500.0)])
}

/// A cell whose requests took so many milliseconds, so many of each.
pub(super) fn block(times: &[(u64, u64)]) -> Cell {
    let mut histogram = histogram();
    for (ms, count) in times {
        histogram.record_n(ms * 1_000_000, *count).expect("an hour is enough");
    }
    let record =
        HistogramRecord::from_histogram(&histogram, times.iter().map(|(ms, count)| ms * 1_000_000 * count).sum());
    let ok = histogram.len();
    let traffic = Traffic {
        ledger: Ledger { scheduled: ok, ok, ..Ledger::default() },
        ok_within_window: ok,
        ok_in_all: ok,
        response_time: Some(record.clone()),
        ..Traffic::new(record)
    };
    Cell { traffic: Some(traffic), ..cells::empty(&echo(100.0, 1, Duration::from_secs(1))) }
}

const SAMPLES: u32 = 1_000;

/// Samples of 500 from an exponential distribution of mean 20 ms. Order statistics come in steps, so an interval holds
/// the truth a little more often than it says, and never much less often.
pub(super) fn intervals(_: &Bench) -> Result<Attempt, Obstacle> {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let figure = |(p, name): (f64, &str)| {
        let truth = (-(1.0 - p).ln() * 20e6) as u64;
        let held = (0..SAMPLES).filter(|_| holds(&mut random, p, truth)).count();
        // 95% of a thousand samples, give or take four standard errors of its own, and what the steps add.
        Figure::share(name, 0.96, held as f64 / f64::from(SAMPLES), 3.5)
    };
    calculated([(0.5, "p50"), (0.9, "p90"), (0.99, "p99")].map(figure).into())
}

fn holds(random: &mut impl Rng, p: f64, truth: u64) -> bool {
    let mut sample = histogram();
    for _ in 0..500 {
        let share: f64 = random.random();
        sample.record((-(1.0 - share).ln() * 20e6) as u64 + 1).expect("an hour is enough");
    }
    match Quantile::of_recordings(&Distribution::of([&sample]), p) {
        Quantile::Measured { lo, hi, .. } => lo <= truth && hi.is_none_or(|hi| truth <= hi),
        Quantile::BeyondTimeout(_) | Quantile::TooFewSamples { .. } => false,
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 3_600_000_000_000, 3).expect("constants that it accepts")
}
