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

// That they fit their process, and that workers share them without loss, is a known answer: `selftest/rows/schedule.rs`.
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
}
