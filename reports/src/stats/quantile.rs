//! A percentile with its order-statistics interval, or why there is none.
//!
//! Which recordings bound the percentile follows from the binomial distribution alone, without assuming a shape.
//! The interval speaks of the requests of these runs only: how much runs differ is shown by the blocks.

use statrs::distribution::{Binomial, DiscreteCDF};

use super::Distribution;

const TAIL: f64 = 0.025;

/// A percentile of nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantile {
    /// The sample allows a two-sided 95% interval.
    Measured {
        /// The percentile.
        value: u64,
        /// Lower end of the interval.
        lo: u64,
        /// Upper end; absent where it falls among requests that never got a correct reply.
        hi: Option<u64>,
    },
    /// It falls among requests without a correct reply within this timeout.
    BeyondTimeout(u64),
    /// The sample is too small for an interval, so the percentile is not given either.
    TooFewSamples {
        /// The sample it takes.
        needed: u64,
    },
}

impl Quantile {
    /// The percentile `p` (0 to 1) of `scheduled` requests, of which `ok` got a correct reply in time. The `ok`
    /// smallest recordings of the distribution are theirs; all other requests rank after them, beyond the timeout.
    pub fn of_requests(distribution: &Distribution, ok: u64, scheduled: u64, timeout_ns: u64, p: f64) -> Quantile {
        let answered = ok.min(distribution.len());
        let total = scheduled.max(answered);
        let Some((lower, upper)) = interval_ranks(total, p) else {
            return Quantile::TooFewSamples { needed: samples_needed(p) };
        };
        let value_at = |rank: u64| if rank <= answered { distribution.at_rank(rank) } else { None };
        match (value_at(middle_rank(total, p)), value_at(lower)) {
            (Some(value), Some(lo)) => Quantile::Measured { value, lo, hi: value_at(upper) },
            _ => Quantile::BeyondTimeout(timeout_ns),
        }
    }

    /// The percentile `p` (0 to 1) of everything recorded.
    pub fn of_recordings(distribution: &Distribution, p: f64) -> Quantile {
        let all = distribution.len();
        Quantile::of_requests(distribution, all, all, u64::MAX, p)
    }
}

/// The smallest sample with which the percentile `p` has a two-sided 95% interval: 368 for p99.
pub fn samples_needed(p: f64) -> u64 {
    let upper = TAIL.ln() / p.ln();
    let lower = TAIL.ln() / (1.0 - p).ln();
    upper.max(lower).ceil() as u64
}

fn middle_rank(total: u64, p: f64) -> u64 {
    // A hair less, so that 0.99 of 100 is 99 in floating point too.
    ((p * total as f64 - 1e-9).ceil() as u64).clamp(1, total.max(1))
}

fn interval_ranks(total: u64, p: f64) -> Option<(u64, u64)> {
    if total < samples_needed(p) {
        return None;
    }
    let below = Binomial::new(p, total).ok()?;
    let middle = middle_rank(total, p);
    // P(fewer than rank values lie below the percentile) grows with rank: bisect for both ends.
    let lower = last_true(1, middle, |rank| below.cdf(rank - 1) <= TAIL);
    let upper = last_true(middle, total, |rank| below.cdf(rank - 1) < 1.0 - TAIL) + 1;
    Some((lower, upper.min(total)))
}

fn last_true(mut low: u64, mut high: u64, holds: impl Fn(u64) -> bool) -> u64 {
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if holds(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;

    use super::*;

    fn up_to(n: u64) -> Distribution {
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 60_000_000_000, 3).unwrap();
        (1..=n).for_each(|value| histogram.record(value).unwrap());
        Distribution::of([&histogram])
    }

    #[test]
    fn the_smallest_samples_are_those_of_the_textbook() {
        let needed = [0.5, 0.99, 0.999, 0.9999].map(samples_needed);
        assert_eq!(needed, [6, 368, 3_688, 36_887]);
        let just_short = Quantile::of_recordings(&up_to(367), 0.99);
        assert_eq!(just_short, Quantile::TooFewSamples { needed: 368 });
        assert!(matches!(Quantile::of_recordings(&up_to(368), 0.99), Quantile::Measured { .. }));
    }

    #[test]
    fn the_ranks_are_those_of_the_binomial_table() {
        // Binomial(100, 0.5): P(X <= 39) = 0.0176, P(X <= 40) = 0.0284; P(X <= 60) = 0.9824.
        assert_eq!(interval_ranks(100, 0.5), Some((40, 61)));
        let Quantile::Measured { value, lo, hi } = Quantile::of_recordings(&up_to(100), 0.5) else { panic!() };
        assert_eq!((value, lo, hi), (50, 40, Some(61)));
    }

    #[test]
    fn a_percentile_among_the_unanswered_lies_beyond_the_timeout() {
        let at = |p| Quantile::of_requests(&up_to(990), 990, 1_010, 1_000_000_000, p);
        assert_eq!(at(0.99), Quantile::BeyondTimeout(1_000_000_000));
        assert!(matches!(at(0.5), Quantile::Measured { value: 505, hi: Some(_), .. }));
        let edge = Quantile::of_requests(&up_to(1_000), 1_000, 1_008, 1_000_000_000, 0.99);
        assert!(matches!(edge, Quantile::Measured { hi: None, .. }), "{edge:?}");
    }

    #[test]
    fn percentiles_rise_with_p() {
        let sample = up_to(5_000);
        let mut last = 0;
        for p in [0.5, 0.75, 0.9, 0.99, 0.999] {
            let Quantile::Measured { value, lo, hi } = Quantile::of_recordings(&sample, p) else { panic!() };
            assert!(lo <= value && Some(value) <= hi && last <= value);
            last = value;
        }
    }

    #[test]
    fn the_interval_covers_the_truth_as_often_as_it_says() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut uniform = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let mut covered = 0;
        for _ in 0..1_000 {
            let mut histogram = Histogram::<u64>::new_with_bounds(1, 60_000_000_000, 3).unwrap();
            for _ in 0..400 {
                histogram.record((-(1.0 - uniform()).ln() * 20e6) as u64 + 1).unwrap();
            }
            let Quantile::Measured { lo, hi, .. } = Quantile::of_recordings(&Distribution::of([&histogram]), 0.5)
            else {
                panic!()
            };
            let truth = (2f64.ln() * 20e6) as u64;
            covered += u32::from(lo <= truth && truth <= hi.unwrap());
        }
        assert!((935..=985).contains(&covered), "{covered} of 1000");
    }
}
