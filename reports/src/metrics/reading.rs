//! What there is to say of a metric: a number with its interval, or why there is none.
//!
//! Must not know: which metrics there are.

use super::Certainty;
use crate::format::{self, Unit};
use crate::stats::{BlockValue, Quantile};

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

/// A share with its interval; absent where there was nothing to take a share of.
impl From<Option<(f64, (f64, f64))>> for Reading {
    fn from(share: Option<(f64, (f64, f64))>) -> Reading {
        share.map_or(Reading::Absent, |(share, (lo, hi))| {
            Reading::Measured(share, Certainty::WithinRun { lo, hi: Some(hi) })
        })
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
