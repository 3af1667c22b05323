//! When requests are due: pure functions of a seed, so that every contender gets the same arrivals to the
//! nanosecond, whatever the number of workers that send them.
//!
//! Must not know: sockets, clocks, what a request is.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, Exp1};

/// Times from the start of the load, in nanoseconds, in ascending order, without end.
#[derive(Debug)]
pub struct Arrivals {
    gaps: Gaps,
    next_ns: f64,
}

#[derive(Debug)]
enum Gaps {
    Exponential { mean_ns: f64, random: Box<ChaCha8Rng> },
    Equal { gap_ns: f64 },
}

impl Arrivals {
    /// Exponential gaps with the given mean rate per second, which is positive. ChaCha8 and the exponential
    /// sampler keep their streams across versions, so that a seed in an old record still gives its arrivals.
    pub fn poisson(rate_per_s: f64, seed: u64) -> Arrivals {
        let gaps = Gaps::Exponential { mean_ns: 1e9 / rate_per_s, random: Box::new(ChaCha8Rng::seed_from_u64(seed)) };
        let mut arrivals = Arrivals { gaps, next_ns: 0.0 };
        arrivals.advance();
        arrivals
    }

    /// Equal gaps; the first arrival is half a gap from the start, so that any window holds rate times window.
    pub fn constant(rate_per_s: f64) -> Arrivals {
        let gap_ns = 1e9 / rate_per_s;
        Arrivals { gaps: Gaps::Equal { gap_ns }, next_ns: gap_ns / 2.0 }
    }

    fn advance(&mut self) {
        self.next_ns += match &mut self.gaps {
            Gaps::Exponential { mean_ns, random } => {
                let unit: f64 = Exp1.sample(random.as_mut());
                *mean_ns * unit
            }
            Gaps::Equal { gap_ns } => *gap_ns,
        };
    }
}

impl Iterator for Arrivals {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        let due_ns = self.next_ns as u64;
        self.advance();
        Some(due_ns)
    }
}

/// One worker's part of the arrivals: every `workers`-th, beginning with number `worker`.
#[derive(Debug)]
pub(crate) struct Share {
    arrivals: Arrivals,
    index: u64,
    worker: u64,
    workers: u64,
}

/// One arrival of a [`Share`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Its number in the whole schedule.
    pub(crate) index: u64,
    /// When it is due, from the start of the load.
    pub(crate) due_ns: u64,
}

impl Share {
    /// `worker` counts from 0 and is below `workers`.
    pub(crate) fn new(arrivals: Arrivals, worker: u32, workers: u32) -> Share {
        Share { arrivals, index: 0, worker: worker.into(), workers: workers.into() }
    }
}

impl Iterator for Share {
    type Item = Arrival;

    #[inline]
    fn next(&mut self) -> Option<Arrival> {
        loop {
            let due_ns = self.arrivals.next()?;
            let index = self.index;
            self.index += 1;
            if index % self.workers == self.worker {
                return Some(Arrival { index, due_ns });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_gives_the_same_arrivals() {
        let first: Vec<u64> = Arrivals::poisson(1_000.0, 7).take(4).collect();
        assert_eq!(first, FIRST_OF_SEED_7, "the stream of a seed must not change: old records name it");
        let again: Vec<u64> = Arrivals::poisson(1_000.0, 7).take(4).collect();
        assert_eq!(first, again);
        assert_ne!(first, Arrivals::poisson(1_000.0, 8).take(4).collect::<Vec<_>>());
    }

    const FIRST_OF_SEED_7: [u64; 4] = [158_320, 632_676, 2_781_345, 3_187_667];

    #[test]
    fn poisson_gaps_are_exponential() {
        let times: Vec<u64> = Arrivals::poisson(10_000.0, 1).take(100_000).collect();
        let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        // Kolmogorov-Smirnov against the exponential distribution of mean 100 us.
        let mut sorted = gaps.clone();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len() as f64;
        let distance = sorted
            .iter()
            .enumerate()
            .map(|(i, gap)| {
                let expected = 1.0 - (-gap / 100_000.0).exp();
                (expected - i as f64 / n).abs().max((expected - (i as f64 + 1.0) / n).abs())
            })
            .fold(0.0, f64::max);
        assert!(distance < 1.63 / n.sqrt(), "distance {distance} is beyond the 1% level");
        // And independent of one another: the lag-1 autocorrelation is within four standard errors of none.
        let mean = gaps.iter().sum::<f64>() / n;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>();
        let covariance = gaps.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum::<f64>();
        assert!((covariance / variance).abs() < 4.0 / n.sqrt());
    }

    #[test]
    fn constant_gaps_fill_a_window_exactly() {
        let in_ten_seconds = Arrivals::constant(1_000.0).take_while(|due| *due < 10_000_000_000).count();
        assert_eq!(in_ten_seconds, 10_000);
    }

    #[test]
    fn workers_share_the_schedule_without_loss_or_overlap() {
        let whole: Vec<u64> = Arrivals::poisson(5_000.0, 3).take(300).collect();
        let mut merged: Vec<Arrival> =
            (0..3).flat_map(|worker| Share::new(Arrivals::poisson(5_000.0, 3), worker, 3).take(100)).collect();
        merged.sort_by_key(|arrival| arrival.index);
        assert_eq!(merged.iter().map(|arrival| arrival.due_ns).collect::<Vec<_>>(), whole);
    }
}
