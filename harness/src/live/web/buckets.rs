//! Times counted in fixed buckets, as Prometheus wants a histogram.
//!
//! The bounds never change, so that the histograms of all cells, contenders and runs can be added and compared.

use hdrhistogram::Histogram;

/// Upper bounds in seconds; what is above the last is counted without one.
const BOUNDS: [f64; 17] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// A histogram with fixed bounds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Buckets {
    /// Values per bucket, and at the end those above all bounds.
    counts: [u64; BOUNDS.len() + 1],
    sum_seconds: f64,
}

impl Buckets {
    /// Sorts a histogram of nanoseconds in. A value counts as the largest that its own bucket of three digits stands
    /// for, so one within a thousandth below a bound may be counted above it. `sum_ns` is the sum before any rounding.
    pub fn of(histogram: &Histogram<u64>, sum_ns: u64) -> Buckets {
        let mut buckets = Buckets { sum_seconds: sum_ns as f64 / 1e9, ..Buckets::default() };
        for step in histogram.iter_recorded() {
            let seconds = step.value_iterated_to() as f64 / 1e9;
            let place = BOUNDS.partition_point(|bound| *bound < seconds);
            buckets.counts[place] += step.count_since_last_iteration();
        }
        buckets
    }

    /// Adds another histogram to this one.
    pub fn add(&mut self, other: &Buckets) {
        self.counts.iter_mut().zip(other.counts).for_each(|(count, more)| *count += more);
        self.sum_seconds += other.sum_seconds;
    }

    pub(super) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(super) fn sum_seconds(&self) -> f64 {
        self.sum_seconds
    }

    /// Each bound with the values up to it and above the one before; the last is infinite.
    pub(super) fn by_bound(&self) -> Vec<(f64, u64)> {
        BOUNDS.into_iter().chain([f64::INFINITY]).zip(self.counts).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_into_the_first_bucket_that_holds_them() {
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 60_000_000_000, 3).unwrap();
        for value_ns in [40_000, 90_000, 95_000, 3_000_000, 20_000_000_000] {
            histogram.record(value_ns).unwrap();
        }
        let mut buckets = Buckets::of(&histogram, 20_003_225_000);
        let filled = |buckets: &Buckets| -> Vec<(f64, u64)> {
            buckets.by_bound().into_iter().filter(|(_, count)| *count > 0).collect()
        };
        assert_eq!(filled(&buckets), [(0.000_05, 1), (0.000_1, 2), (0.005, 1), (f64::INFINITY, 1)]);
        buckets.add(&buckets.clone());
        assert_eq!((buckets.count(), buckets.sum_seconds()), (10, 40.006_45));
        assert_eq!(filled(&buckets)[1], (0.000_1, 4));
    }
}
