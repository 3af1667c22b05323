//! Servers whose delays are known to the microsecond.

use std::time::Duration;

use reports::format::Unit::Nanoseconds;

use crate::selftest::bench::{Bench, echo};
use crate::selftest::cells::{lateness, response_percentile};
use crate::selftest::figure::Figure;
use crate::selftest::row::{Attempt, Obstacle};
use crate::selftest::synthetic::{Asked, Deed};

const MEAN_NS: f64 = 20e6;

/// One delay from each of as many equal parts of the distribution as there are requests: it is met exactly.
pub(super) fn exponential(bench: &Bench) -> Result<Attempt, Obstacle> {
    let delay = |share: f64| Duration::from_nanos((-(1.0 - share).ln() * MEAN_NS) as u64);
    // -20 ms ln(1 - q).
    let truths = [(0.5, "p50", 13.863e6), (0.9, "p90", 46.052e6), (0.99, "p99", 92.103e6)];
    percentiles(bench, 1, Delays { requests: 2_000, rate_rps: 500.0, of: delay, tolerance: 0.05 }, &truths)
}

/// By two workers, of which one has the fast requests alone: what both saw together is true, and not the mean of what
/// each saw.
pub(super) fn trimodal(bench: &Bench) -> Result<Attempt, Obstacle> {
    let delay = |share: f64| match share {
        share if share < 0.9 => Duration::from_millis(5),
        share if share < 0.985 => Duration::from_millis(20),
        _ => Duration::from_millis(100),
    };
    let truths = [(0.5, "p50", 5e6), (0.8, "p80", 5e6), (0.95, "p95", 20e6), (0.99, "p99", 100e6)];
    // Two workers share a CPU and do not poll, which at 5 ms is some hundredths.
    percentiles(bench, 2, Delays { requests: 1_000, rate_rps: 400.0, of: delay, tolerance: 0.1 }, &truths)
}

/// The quantile function of the delays; each of so many requests takes another part of it.
struct Delays {
    requests: u64,
    rate_rps: f64,
    of: fn(f64) -> Duration,
    /// By how much a percentile may be off, as a share of it.
    tolerance: f64,
}

fn percentiles(bench: &Bench, workers: u32, delays: Delays, truths: &[(f64, &str, f64)]) -> Result<Attempt, Obstacle> {
    let Delays { requests, rate_rps, of, tolerance } = delays;
    let script = move |asked: Asked| Deed::Answer(of(part(asked.number, requests, workers.into())));
    let server = bench.synthetic(Box::new(script))?;
    let watchman = bench.watch()?;
    let window = Duration::from_secs_f64(requests as f64 / rate_rps);
    // Each connection rests for half a second, several times the longest delay: no request waits behind another.
    let cell = bench.load_with(workers, &echo(rate_rps, 256, window), server.address, |_| {})?;
    let seen = watchman.end().and(server.end()?).and(lateness(&cell));
    let figure = |(q, name, truth_ns): &(f64, &str, f64)| {
        let measured_ns = response_percentile(&cell, *q);
        // It may have been hit on the way there and on the way back.
        Figure::within(name, Nanoseconds, *truth_ns, measured_ns, tolerance).or_higher_by(2.0 * seen.longest_ns as f64)
    };
    Ok(Attempt { figures: truths.iter().map(figure).collect(), seen: seen.words() })
}

/// Which part of the distribution, 0 to 1, a request takes. The workers take turns, and the first have the lower parts.
fn part(number: u64, requests: u64, workers: u64) -> f64 {
    let each = requests / workers;
    let (worker, turn) = (number % workers, number / workers);
    // A prime that does not divide the number of requests, so that every part comes up once, in a mixed order.
    let mixed = (turn * 7_919) % each;
    ((worker * each + mixed) as f64 + 0.5) / requests as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_distribution_comes_up_once() {
        for (requests, workers) in [(2_000, 1), (1_000, 2)] {
            let mut parts: Vec<f64> = (0..requests).map(|number| part(number, requests, workers)).collect();
            parts.sort_by(f64::total_cmp);
            let expected: Vec<f64> = (0..requests).map(|index| (index as f64 + 0.5) / requests as f64).collect();
            assert_eq!(parts, expected);
        }
    }

    #[test]
    fn the_second_worker_has_all_the_slow_requests() {
        assert!((0..1_000).step_by(2).all(|number| part(number, 1_000, 2) < 0.5));
    }
}
