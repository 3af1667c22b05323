//! What a page is told of a run, and what a cell is in figures: with its times in fixed buckets, as Prometheus wants a
//! histogram, so that those of all cells, contenders and runs can be added and compared.
//!
//! The bounds of the buckets never change. Must not know: records, plans, how anything is drawn. Beside it: `board.rs`, which
//! keeps the latest of each.

use std::path::PathBuf;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::live::Frame;

/// Something that happened in a run, or in a session in which several servers are watched.
#[derive(Debug)]
pub enum PageEvent {
    /// How many cells there will be and how long they should take is known, or known better than before.
    Planned {
        /// Cells of the whole run.
        cells: usize,
        /// Time from now on.
        time: Duration,
    },
    /// A cell begins.
    Begins {
        /// Its number in the run, from 0.
        order: u32,
        /// What it is to find out, and of whom.
        what: String,
    },
    /// A cell has ended.
    Ended(Box<CellSummary>),
    /// Some of the pictures have been drawn anew.
    Drawn(DrawnPieces),
    /// Something of a workshop has changed.
    Desk {
        /// What of it; a later one of the same name takes its place.
        what: &'static str,
        /// How it is now.
        now: serde_json::Value,
    },
    /// What was seen of the servers of a session at one moment.
    Frame(Box<Frame>),
    /// The run is over, and its report is there.
    Finished {
        /// How it ended, in a word or two.
        ending: String,
        /// The file.
        report: PathBuf,
    },
}

/// Pieces of a page that are to replace those of the same name.
#[derive(Debug, Default)]
pub struct DrawnPieces {
    /// The anchors of all pictures there are, in their order; a picture that is not among them is no more.
    pub pictures: Vec<String>,
    /// Anchor and HTML of those that were drawn anew.
    pub anew: Vec<(String, String)>,
    /// What can be said so far, as HTML, where that was said anew.
    pub sentences: Option<String>,
    /// How long the drawing took.
    pub took: Duration,
}

/// A cell in figures. What was not measured is absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CellSummary {
    /// What every figure of it is labelled with.
    pub labels: CellLabels,
    /// `completed` or `failed`.
    pub outcome: &'static str,
    /// How many requests came to each end.
    pub requests: Vec<(&'static str, u64)>,
    /// Intended start to last byte, where there was a schedule.
    pub response_times: Option<Buckets>,
    /// What the server used.
    pub server: ServerFigures,
}

/// What tells the figures of one cell from those of another.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellLabels {
    /// The contender's label.
    pub contender: String,
    /// Name of the experiment.
    pub experiment: String,
    /// Key of the workload.
    pub workload: String,
}

/// What a server used in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ServerFigures {
    /// Bytes in memory when it was last looked at.
    pub resident_bytes: Option<u64>,
    /// Threads when it was last looked at.
    pub threads: Option<u64>,
    /// CPU time spent in its own code.
    pub user_cpu: Option<Duration>,
    /// CPU time spent in the kernel.
    pub system_cpu: Option<Duration>,
    /// Context switches of a thread that had nothing to do.
    pub voluntary_switches: Option<u64>,
    /// Context switches of a thread that had.
    pub involuntary_switches: Option<u64>,
}

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
