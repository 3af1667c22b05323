//! Histograms for the hot path: the bucket layout of HdrHistogram as a bare array, so that recording is an index and an
//! addition (the library's own `record` takes several times as long, for resizing that never happens here). What is
//! saved is the library's histogram, made from the array at the end.

use hdrhistogram::Histogram;

/// Values that are told apart exactly below `2^BITS` ns, and to one part in `2^(BITS - 1)` above.
#[derive(Debug, Clone)]
pub struct Tally<const BITS: u32 = THREE_DIGITS> {
    counts: Box<[u64]>,
    sum_ns: u64,
}

/// Three significant digits, for what is reported.
pub(crate) const THREE_DIGITS: u32 = 11;

/// Two significant digits, for what is only drawn.
pub(crate) const TWO_DIGITS: u32 = 8;

/// An hour; longer values count as this long.
pub(super) const LONGEST_NS: u64 = 3_600_000_000_000;

impl<const BITS: u32> Tally<BITS> {
    /// Empty.
    pub fn new() -> Tally<BITS> {
        Tally { counts: vec![0; buckets::<BITS>()].into_boxed_slice(), sum_ns: 0 }
    }

    /// Counts a value; what is longer than an hour counts as an hour.
    #[inline]
    pub fn record(&mut self, value_ns: u64) {
        self.counts[bucket::<BITS>(value_ns)] += 1;
        self.sum_ns += value_ns;
    }

    /// Number of values.
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Their sum, exact.
    pub(crate) fn sum_ns(&self) -> u64 {
        self.sum_ns
    }

    /// Adds what another worker recorded.
    pub(crate) fn add(&mut self, other: &Tally<BITS>) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.sum_ns += other.sum_ns;
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.counts.fill(0);
        self.sum_ns = 0;
    }

    /// As the library has it.
    pub(crate) fn histogram(&self) -> Histogram<u64> {
        let digits = if BITS >= THREE_DIGITS { 3 } else { 2 };
        let mut histogram = Histogram::new_with_bounds(1, LONGEST_NS, digits).expect("constants that it accepts");
        for (index, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            histogram.record_n(least::<BITS>(index), *count).expect("no value is above the bound");
        }
        histogram
    }
}

impl<const BITS: u32> Default for Tally<BITS> {
    fn default() -> Tally<BITS> {
        Tally::new()
    }
}

/// How many buckets there are.
pub(super) fn buckets<const BITS: u32>() -> usize {
    bucket::<BITS>(LONGEST_NS) + 1
}

/// The bucket of a value; what is longer than an hour is in that of an hour.
#[inline]
pub(super) fn bucket<const BITS: u32>(value_ns: u64) -> usize {
    index::<BITS>(value_ns.min(LONGEST_NS))
}

/// The bucket of a value: those below `2^BITS` have one each, and every further power of two has `2^(BITS - 1)`.
#[inline]
fn index<const BITS: u32>(value: u64) -> usize {
    let exact = (1 << BITS) - 1;
    let shift = (64 - BITS) - (value | exact).leading_zeros();
    ((u64::from(shift) << (BITS - 1)) + (value >> shift)) as usize
}

/// The least value of a bucket.
pub(super) fn least<const BITS: u32>(index: usize) -> u64 {
    let half = 1 << (BITS - 1);
    if index < 2 * half {
        return index as u64;
    }
    let shift = index / half - 1;
    ((index % half + half) as u64) << shift
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_tally_is_the_librarys_histogram(values in prop::collection::vec(prop_oneof![0..5_000u64, 0..LONGEST_NS], 1..200)) {
            let mut library = Histogram::<u64>::new_with_bounds(1, LONGEST_NS, 3).unwrap();
            let mut ours = Tally::<THREE_DIGITS>::new();
            let mut halves = [Tally::<THREE_DIGITS>::new(), Tally::new()];
            for (index, value) in values.iter().enumerate() {
                library.record(*value).unwrap();
                ours.record(*value);
                halves[index % 2].record(*value);
            }
            prop_assert_eq!(&ours.histogram(), &library);
            prop_assert_eq!(ours.histogram().max(), library.max());
            prop_assert_eq!((ours.count(), ours.sum_ns()), (library.len(), values.iter().sum()));
            let [mut sum, other] = halves;
            sum.add(&other);
            prop_assert_eq!(sum.histogram(), library);
        }

        #[test]
        fn two_digits_are_coarser_and_lose_nothing(values in prop::collection::vec(0..LONGEST_NS, 1..100)) {
            let mut tally = Tally::<TWO_DIGITS>::new();
            values.iter().for_each(|value| tally.record(*value));
            let histogram = tally.histogram();
            prop_assert_eq!(histogram.len(), values.len() as u64);
            let greatest = *values.iter().max().unwrap() as f64;
            prop_assert!((histogram.max() as f64 - greatest).abs() <= greatest / 100.0 + 1.0);
        }
    }

    #[test]
    fn what_takes_longer_than_an_hour_counts_as_an_hour() {
        let mut tally = Tally::<THREE_DIGITS>::new();
        tally.record(u64::MAX / 2);
        assert!(tally.histogram().max() >= LONGEST_NS);
        assert_eq!(tally.count(), 1);
    }
}
