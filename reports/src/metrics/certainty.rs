//! How sure a value is: which kind of interval stands beside it, or that none does.
//!
//! An interval over blocks speaks of servers started anew; one within a run of the requests of these servers only; a range
//! of nothing but what was seen. A heading must not take one for another, so it asks here. Beside it: `reading.rs`.

use serde::{Deserialize, Serialize};

/// What stands beside a value. An upper end that is absent lies beyond what was waited for or tried.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// Student's 95% interval over blocks.
    OverBlocks {
        /// Lower end.
        lo: f64,
        /// Upper end.
        hi: Option<f64>,
    },
    /// A 95% interval from the requests of these servers, which says nothing of other servers.
    WithinRun {
        /// Lower end.
        lo: f64,
        /// Upper end.
        hi: Option<f64>,
    },
    /// The least and the greatest of the blocks.
    Range {
        /// The least.
        lo: f64,
        /// The greatest.
        hi: Option<f64>,
    },
    /// It was counted, and there is nothing to be unsure of.
    ExactCount,
    /// Nothing is known.
    Unknown,
}

impl Certainty {
    /// Both ends, of whatever kind; absent where there is none.
    pub fn ends(self) -> Option<(f64, Option<f64>)> {
        match self {
            Certainty::OverBlocks { lo, hi } | Certainty::WithinRun { lo, hi } | Certainty::Range { lo, hi } => {
                Some((lo, hi))
            }
            Certainty::ExactCount | Certainty::Unknown => None,
        }
    }

    /// The ends of a 95% interval; absent where there is a range only, or nothing.
    pub fn interval(self) -> Option<(f64, Option<f64>)> {
        match self {
            Certainty::OverBlocks { .. } | Certainty::WithinRun { .. } => self.ends(),
            Certainty::Range { .. } | Certainty::ExactCount | Certainty::Unknown => None,
        }
    }

    /// The heading of a column of these.
    pub fn heading(all: impl IntoIterator<Item = Certainty>) -> &'static str {
        let (mut intervals, mut ranges, mut counts) = (false, false, false);
        for certainty in all {
            match certainty {
                Certainty::OverBlocks { .. } | Certainty::WithinRun { .. } => intervals = true,
                Certainty::Range { .. } => ranges = true,
                Certainty::ExactCount => counts = true,
                Certainty::Unknown => {}
            }
        }
        match (intervals, ranges, counts) {
            (true, false, _) => "95% interval",
            (false, true, _) => "least to greatest",
            (true, true, _) => "interval or range",
            (false, false, true) => "how sure",
            (false, false, false) => "interval",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_headed_by_what_stands_in_it() {
        let interval = Certainty::WithinRun { lo: 1.0, hi: Some(2.0) };
        let range = Certainty::Range { lo: 1.0, hi: None };
        assert_eq!(Certainty::heading([interval, Certainty::Unknown]), "95% interval");
        assert_eq!(Certainty::heading([range, range]), "least to greatest");
        assert_eq!(Certainty::heading([range, interval]), "interval or range");
        assert_eq!(Certainty::heading([Certainty::ExactCount]), "how sure");
        assert_eq!((interval.interval(), range.interval()), (Some((1.0, Some(2.0))), None));
        assert_eq!((range.ends(), Certainty::ExactCount.ends()), (Some((1.0, None)), None));
    }
}
