//! What there is to say of a metric: a number and how sure it is, or why there is none.
//!
//! An interval over blocks speaks of servers started anew; one within a run of the requests of these servers only; a range
//! of nothing but what was seen. A heading must not take one for another, so it asks here. Must not know: which metrics
//! there are.

use serde::{Deserialize, Serialize};

use crate::format::{self, Unit};
use crate::stats::{BlockValue, Estimate, Quantile};

/// A value, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// A number, and how sure it is.
    Measured(f64, Certainty),
    /// More than this: no correct reply within so many nanoseconds, or not with as much as was tried.
    Beyond(u64),
    /// The sample would have to have this size.
    TooFew(u64),
    /// Not measured.
    Absent,
}

impl Reading {
    /// The number, where there is one.
    pub fn value(&self) -> Option<f64> {
        match self {
            Reading::Measured(value, _) => Some(*value),
            _ => None,
        }
    }

    /// How sure the number is; nothing is known where there is none.
    pub fn certainty(&self) -> Certainty {
        match self {
            Reading::Measured(_, certainty) => *certainty,
            Reading::Beyond(_) | Reading::TooFew(_) | Reading::Absent => Certainty::Unknown,
        }
    }

    /// As text, without the interval.
    pub fn show(&self, unit: Unit) -> String {
        match self {
            Reading::Measured(value, _) => unit.show(*value),
            Reading::Beyond(timeout) => format!("> {}", unit.show(*timeout as f64)),
            Reading::TooFew(_) => "too few samples".into(),
            Reading::Absent => "-".into(),
        }
    }

    /// As a sentence says it, without the interval.
    pub fn say(&self, unit: Unit) -> String {
        match self {
            Reading::Beyond(least) => format!("more than {}", unit.show(*least as f64)),
            _ => self.show(unit),
        }
    }

    /// The interval or the range, and which it is where it is no interval, or why there is no number.
    pub fn remark(&self, unit: Unit) -> Option<String> {
        match self {
            Reading::Measured(_, Certainty::Range { .. }) => {
                self.ends(unit).map(|ends| format!("{ends}, least to greatest"))
            }
            Reading::Measured(_, Certainty::ExactCount) => Some("exact count".into()),
            _ => self.ends(unit),
        }
    }

    /// As [`Reading::remark`], under a heading that says what it is: [`Certainty::heading`].
    pub fn ends(&self, unit: Unit) -> Option<String> {
        match self {
            Reading::Measured(_, certainty) => {
                let beyond = if unit == Unit::Nanoseconds { "the timeout" } else { "what was tried" };
                match certainty.ends() {
                    Some((lo, Some(hi))) => Some(unit.range(lo, hi)),
                    Some((lo, None)) => Some(format!("{} to beyond {beyond}", unit.show(lo))),
                    None if *certainty == Certainty::ExactCount => Some("exact count".into()),
                    None => None,
                }
            }
            Reading::Beyond(ns) if unit == Unit::Nanoseconds => {
                Some(format!("no correct reply within {}", unit.show(*ns as f64)))
            }
            Reading::Beyond(most) => Some(format!("not with up to {}", unit.show(*most as f64))),
            Reading::TooFew(needed) => Some(format!("needs {} samples", format::count(*needed))),
            Reading::Absent => Some("not measured".into()),
        }
    }
}

impl From<Quantile> for Reading {
    fn from(quantile: Quantile) -> Reading {
        match quantile {
            Quantile::Measured { value, lo, hi } => {
                Reading::Measured(value as f64, Certainty::WithinRun { lo: lo as f64, hi: hi.map(|hi| hi as f64) })
            }
            Quantile::BeyondTimeout(ns) => Reading::Beyond(ns),
            Quantile::TooFewSamples { needed } => Reading::TooFew(needed),
        }
    }
}

/// A share or a slope within a run; absent where there was nothing to take one of.
impl From<Option<Estimate>> for Reading {
    fn from(estimate: Option<Estimate>) -> Reading {
        let Some(Estimate { value, interval }) = estimate else { return Reading::Absent };
        let within = interval.map(|(lo, hi)| Certainty::WithinRun { lo, hi: Some(hi) });
        Reading::Measured(value, within.unwrap_or(Certainty::Unknown))
    }
}

/// What a block says where it is one of several.
impl From<Reading> for BlockValue {
    fn from(reading: Reading) -> BlockValue {
        match reading {
            Reading::Measured(value, _) => value.into(),
            Reading::Beyond(least) => BlockValue::Beyond(least as f64),
            Reading::TooFew(_) | Reading::Absent => BlockValue::Missing,
        }
    }
}

/// So much for each of so many; absent where there was none to take it for.
pub(super) fn per(total: Option<u64>, of: Option<u64>) -> Option<f64> {
    let of = of.filter(|&of| of > 0)?;
    Some(total? as f64 / of as f64)
}

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
