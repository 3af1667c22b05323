//! Recorded values as an ordered list with counts, from the sum of the histograms of all blocks.
//!
//! Percentiles of blocks are never averaged: the blocks' histograms are summed, and the percentile is taken of the
//! sum. Must not know: which values were failures (see `quantile.rs`).

use hdrhistogram::Histogram;

/// Values in ascending order, each with the number of recordings up to and including it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Distribution {
    steps: Vec<(u64, u64)>,
}

impl Distribution {
    /// The recordings of all the histograms together.
    pub fn of<'a>(histograms: impl IntoIterator<Item = &'a Histogram<u64>>) -> Distribution {
        let mut counts = std::collections::BTreeMap::<u64, u64>::new();
        for histogram in histograms {
            for step in histogram.iter_recorded() {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
}
