//! Percentiles and shares of requests, with their intervals, or why there is no number.
//!
//! Percentiles of blocks are never averaged: the blocks' histograms are summed, and the percentile is taken of the sum. The
//! intervals speak of the requests of these runs only: how much runs differ is shown by the blocks.

use std::borrow::Borrow;

use hdrhistogram::Histogram;
use statrs::distribution::{Binomial, DiscreteCDF};

use super::Estimate;

/// What a two-sided 95% interval leaves out on either side.
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

/// The smallest sample with which the percentile `p` has a two-sided 95% interval: 368 for p99. All of n recordings lie below
/// the percentile with probability p to the n, and all above it with (1 - p) to the n; both must be 2.5% at most.
pub fn samples_needed(p: f64) -> u64 {
    let upper = TAIL.ln() / p.ln();
    let lower = TAIL.ln() / (1.0 - p).ln();
    upper.max(lower).ceil() as u64
}

fn middle_rank(total: u64, p: f64) -> u64 {
    // A hair less, so that 0.99 of 100 is 99 in floating point too.
    ((p * total as f64 - 1e-9).ceil() as u64).clamp(1, total.max(1))
}

/// Which recordings, counted from the smallest, bound the percentile `p`: the order statistics' interval (Thompson 1936). How
/// many of n recordings lie below it is binomial with n and p, whatever shape the times have.
fn interval_ranks(total: u64, p: f64) -> Option<(u64, u64)> {
    if total < samples_needed(p) {
        return None;
    }
    let below = Binomial::new(p, total).ok()?;
    let middle = middle_rank(total, p);
    // At most one in 1 + 7² of anything lies seven standard deviations below its mean, and as little above it (Cantelli 1928).
    // That is less than a tail, so both ends are nearer. The middle is the mean, rounded up: hence the one more.
    let reach = (7.0 * (total as f64 * p * (1.0 - p)).sqrt()).ceil() as u64 + 1;
    let (least, most) = (middle.saturating_sub(reach).max(1), total.min(middle + reach));
    // P(fewer than rank values lie below the percentile) grows with rank: bisect for both ends.
    let lower = last_true(least, middle, |rank| below.cdf(rank - 1) <= TAIL);
    let upper = last_true(middle, most, |rank| below.cdf(rank - 1) < 1.0 - TAIL) + 1;
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

/// Values in ascending order, each with the number of recordings up to and including it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Distribution {
    steps: Vec<(u64, u64)>,
}

impl Distribution {
    /// The recordings of all the histograms together.
    pub fn of(histograms: impl IntoIterator<Item: Borrow<Histogram<u64>>>) -> Distribution {
        let mut counts = std::collections::BTreeMap::<u64, u64>::new();
        for histogram in histograms {
            for step in histogram.borrow().iter_recorded() {
                let count = counts.entry(step.value_iterated_to()).or_default();
                *count = count.saturating_add(step.count_at_value());
            }
        }
        let mut total = 0_u64;
        let steps = counts.into_iter().map(|(value, count)| {
            total = total.saturating_add(count);
            (value, total)
        });
        Distribution { steps: steps.collect() }
    }

    /// These values, a recording each.
    pub fn of_values(values: impl IntoIterator<Item = u64>) -> Distribution {
        let mut values: Vec<u64> = values.into_iter().collect();
        values.sort_unstable();
        Distribution { steps: values.into_iter().zip(1..).collect() }
    }

    /// Number of recordings.
    pub fn len(&self) -> u64 {
        self.steps.last().map_or(0, |&(_, total)| total)
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The value of the recording with this rank in ascending order, the smallest having rank 1. Absent beyond the
    /// last.
    pub fn at_rank(&self, rank: u64) -> Option<u64> {
        let at = self.steps.partition_point(|&(_, total)| total < rank.max(1));
        self.steps.get(at).map(|&(value, _)| value)
    }
}

/// The value at a share, 0 to 1, of some that ascend: between the two nearest ranks in proportion. Absent where there are none.
pub fn interpolated(ascending: &[f64], share: f64) -> Option<f64> {
    let rank = share * (ascending.len().checked_sub(1)?) as f64;
    let (below, above) = (ascending[rank.floor() as usize], ascending[rank.ceil() as usize]);
    Some(below + (above - below) * rank.fract())
}

/// Two-sided 95% of the normal distribution.
const Z: f64 = 1.959_964;

/// The share of `hits` among `total` with Wilson's interval (1927), which holds near 0 and 1 too: the shares p from which
/// the one that was seen is no more than z standard errors, the root of p(1 - p)/n, away. Absent where there is nothing to
/// take a share of.
pub fn proportion(hits: u64, total: u64) -> Option<Estimate> {
    if total == 0 {
        return None;
    }
    let n = total as f64;
    let share = hits.min(total) as f64 / n;
    let scale = 1.0 + Z * Z / n;
    let middle = (share + Z * Z / (2.0 * n)) / scale;
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt() / scale;
    // At the ends the interval reaches the share itself; rounding must not leave it a hair outside.
    let interval = ((middle - half).clamp(0.0, share), (middle + half).clamp(share, 1.0));
    Some(Estimate { value: share, interval: Some(interval) })
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;
    use proptest::prelude::*;

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
    fn the_ranks_are_the_innermost_that_the_tails_allow() {
        for total in [6, 20, 368, 369, 1_000, 40_000, 1_000_000] {
            for p in [0.5, 0.9, 0.99, 0.999, 0.9999] {
                let Some((lower, upper)) = interval_ranks(total, p) else { continue };
                let below = Binomial::new(p, total).unwrap();
                let fewer = |rank: u64| below.cdf(rank - 1);
                assert!(fewer(lower) <= TAIL && fewer(lower + 1) > TAIL, "{lower} of {total} at {p}");
                assert!(fewer(upper) >= 1.0 - TAIL && fewer(upper - 1) < 1.0 - TAIL, "{upper} of {total} at {p}");
            }
        }
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

    fn histogram(values: &[u64]) -> Histogram<u64> {
        let mut histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).unwrap();
        values.iter().for_each(|&value| histogram.record(value).unwrap());
        histogram
    }

    proptest! {
        #[test]
        fn merging_is_the_histogram_of_the_union(
            a in prop::collection::vec(1u64..50_000_000_000, 0..60),
            b in prop::collection::vec(1u64..50_000_000_000, 0..60),
        ) {
            let both: Vec<u64> = a.iter().chain(&b).copied().collect();
            let merged = Distribution::of([&histogram(&a), &histogram(&b)]);
            prop_assert_eq!(&merged, &Distribution::of([&histogram(&both)]));
            prop_assert_eq!(merged.len(), both.len() as u64);
        }

        #[test]
        fn ranks_agree_with_sorted_values_to_three_digits(mut values in prop::collection::vec(1u64..50_000_000_000, 1..80)) {
            let distribution = Distribution::of([&histogram(&values)]);
            values.sort_unstable();
            for (index, &value) in values.iter().enumerate() {
                let found = distribution.at_rank(index as u64 + 1).unwrap();
                prop_assert!(found >= value && found as f64 <= value as f64 * 1.002 + 1.0, "{found} {value}");
            }
            prop_assert_eq!(distribution.at_rank(values.len() as u64 + 1), None);
        }
    }

    #[test]
    fn the_interval_is_that_of_the_textbook() {
        // 81 of 263: 0.2553 to 0.3662 (Newcombe 1998, method 3).
        let Some(Estimate { value: share, interval: Some((lo, hi)) }) = proportion(81, 263) else { panic!() };
        assert!((share - 0.307_98).abs() < 1e-5 && (lo - 0.2553).abs() < 1e-4 && (hi - 0.3662).abs() < 1e-4);
    }

    #[test]
    fn all_and_none_are_not_certain() {
        for (hits, share, ends) in [(0, 0.0, (0.0, 0.1611)), (20, 1.0, (0.8389, 1.0))] {
            let Some(Estimate { value, interval: Some((lo, hi)) }) = proportion(hits, 20) else { panic!() };
            assert!(value == share && (lo - ends.0).abs() < 1e-4 && (hi - ends.1).abs() < 1e-4, "{lo} {hi}");
            assert!(lo <= share && share <= hi, "the interval has the share in it: {lo} {hi}");
        }
        assert_eq!(proportion(0, 0), None);
    }
}
