//! Two clocks held against each other: by how much a worker's monotonic clock is ahead of this machine's, how well that is
//! known, and how it changes.
//!
//! A question goes out and a reading comes back. The reading was taken somewhere between: in the middle, give or take half
//! the time in between. Of some hundred, the fastest tells most. A way there that always takes longer than the way back
//! shifts the result within that bound and never beyond it. Must not know: how questions are asked.

use instruments::clock::now_ns;

/// A reading of a worker's clock, and when on this side it was asked for and came, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClockReading {
    pub(super) asked_ns: u64,
    pub(super) came_ns: u64,
    pub(super) told_ns: i64,
}

/// By how much a clock is ahead of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockOffset {
    /// In nanoseconds.
    pub offset_ns: i64,
    /// The truth is no further away than this.
    pub bound_ns: u64,
    /// When it was found, on this machine's clock.
    pub at_ns: u64,
}

impl ClockOffset {
    /// From the fastest of some readings; none where there are none.
    pub(super) fn fastest(readings: &[ClockReading]) -> Option<ClockOffset> {
        let took = |reading: &ClockReading| reading.came_ns.saturating_sub(reading.asked_ns);
        let fastest = readings.iter().min_by_key(|reading| took(reading))?;
        let middle_ns = fastest.asked_ns + took(fastest) / 2;
        Some(ClockOffset {
            offset_ns: fastest.told_ns.saturating_sub(middle_ns.cast_signed()),
            // Halves are rounded down, and the bound up.
            bound_ns: took(fastest).div_ceil(2),
            at_ns: middle_ns,
        })
    }

    /// A moment of this machine's clock on the other.
    pub(super) fn there(&self, here_ns: u64) -> i64 {
        here_ns.cast_signed().saturating_add(self.offset_ns)
    }

    /// A moment of the other clock on this machine's.
    pub(super) fn here(&self, there_ns: i64) -> i64 {
        there_ns.saturating_sub(self.offset_ns)
    }
}

/// How much faster than ours a clock runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// In parts per million of the time; slower is negative.
    pub ppm: f64,
    /// The truth is no further away than this.
    pub bound_ppm: f64,
}

impl Drift {
    /// From two offsets that were found one after the other.
    pub(super) fn between(before: ClockOffset, after: ClockOffset) -> Option<Drift> {
        let span_ns = after.at_ns.checked_sub(before.at_ns).filter(|span_ns| *span_ns > 0)? as f64;
        let gained_ns = after.offset_ns.saturating_sub(before.offset_ns) as f64;
        let bound_ns = before.bound_ns.saturating_add(after.bound_ns) as f64;
        Some(Drift { ppm: gained_ns / span_ns * 1e6, bound_ppm: bound_ns / span_ns * 1e6 })
    }

    /// Whether it is certain that the clocks differ by more than any that is kept in time.
    pub fn is_too_much(&self) -> bool {
        self.ppm.abs() - self.bound_ppm > MOST_PPM
    }
}

/// What a kernel corrects a clock by at most while it brings it back to the time: a load that is spread over clocks that differ
/// by no more has its rate to 0.05%.
pub const MOST_PPM: f64 = 500.0;

/// The clock of a worker, as it tells it: this machine's, or in a test one that is set wrong and runs wrong.
#[derive(Debug, Clone, Copy)]
pub struct ToldClock {
    since_ns: u64,
    ahead_ns: i64,
    drift_ppm: f64,
}

impl ToldClock {
    /// One that is ahead by so much from now on, and gains so many parts per million. With zeros it is this machine's.
    pub fn new(ahead_ns: i64, drift_ppm: f64) -> ToldClock {
        ToldClock { since_ns: now_ns(), ahead_ns, drift_ppm }
    }

    /// What it tells at a moment of this machine's clock.
    pub(super) fn told(&self, real_ns: u64) -> i64 {
        let gained = real_ns.cast_signed().saturating_sub(self.since_ns.cast_signed()) as f64 * self.drift_ppm / 1e6;
        real_ns.cast_signed().saturating_add(self.ahead_ns).saturating_add(gained as i64)
    }

    /// The moment of this machine's clock at which it tells this.
    pub(super) fn real(&self, told_ns: i64) -> u64 {
        let since_ns = self.since_ns.cast_signed();
        let passed_ns = told_ns.saturating_sub(self.ahead_ns).saturating_sub(since_ns);
        let real_ns = since_ns.saturating_add((passed_ns as f64 / (1.0 + self.drift_ppm / 1e6)) as i64);
        u64::try_from(real_ns).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR_NS: i64 = 3_600_000_000_000;

    proptest! {
        /// Whatever the ways there and back take, the truth is within the bound.
        #[test]
        fn the_truth_is_within_the_bound(
            ahead_ns in -100 * HOUR_NS..100 * HOUR_NS,
            ways in proptest::collection::vec((0..50_000_000_u64, 0..50_000_000_u64), 1..100),
        ) {
            let readings: Vec<ClockReading> = ways.iter().enumerate().map(|(number, (there_ns, back_ns))| {
                let asked_ns = 1_000_000_000 + number as u64 * 100_000_000;
                let told_ns = (asked_ns + there_ns).cast_signed() + ahead_ns;
                ClockReading { asked_ns, came_ns: asked_ns + there_ns + back_ns, told_ns }
            }).collect();
            let found = ClockOffset::fastest(&readings).unwrap();
            prop_assert!(found.offset_ns.abs_diff(ahead_ns) <= found.bound_ns, "{found:?}");
            let fastest = ways.iter().map(|(there_ns, back_ns)| there_ns + back_ns).min().unwrap();
            prop_assert_eq!(found.bound_ns, fastest.div_ceil(2));
            prop_assert_eq!(found.here(found.there(123_456)), 123_456);
        }

        #[test]
        fn a_clock_that_lies_does_so_both_ways(
            ahead_ns in -100 * HOUR_NS..100 * HOUR_NS, drift_ppm in -10_000.0..10_000.0, later_ns in 0..HOUR_NS as u64,
        ) {
            let clock = ToldClock::new(ahead_ns, drift_ppm);
            let moment_ns = clock.since_ns + later_ns;
            prop_assert!(clock.real(clock.told(moment_ns)).abs_diff(moment_ns) <= 2, "{clock:?}");
        }
    }

    #[test]
    fn drift_is_what_an_offset_gains_and_is_only_too_much_where_that_is_certain() {
        let at = |at_ns, offset_ns, bound_ns| ClockOffset { offset_ns, bound_ns, at_ns };
        let drift = Drift::between(at(0, 5_000, 100), at(1_000_000_000, 1_005_000, 100)).unwrap();
        assert!((drift.ppm - 1_000.0).abs() < 1e-9 && (drift.bound_ppm - 0.2).abs() < 1e-9 && drift.is_too_much());
        let unsure = Drift::between(at(0, 0, 300_000), at(1_000_000_000, 1_000_000, 300_000)).unwrap();
        assert!(!unsure.is_too_much(), "{unsure:?}");
        let kept_in_time = Drift::between(at(0, 0, 0), at(1_000_000_000, -400_000, 0)).unwrap();
        assert!(!kept_in_time.is_too_much());
        assert_eq!(Drift::between(at(5, 0, 0), at(5, 1, 0)), None);
        assert_eq!(ClockOffset::fastest(&[]), None);
    }
}
