//! What there is to say of a metric: a number with its interval, or why there is none.
//!
//! Must not know: which metrics there are.

use crate::format::{self, Unit};
use crate::stats::Quantile;

/// A value, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// A number, with its interval where there is one; an upper end that is absent lies beyond what was waited for or
    /// tried.
    Measured(f64, Option<(f64, Option<f64>)>),
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

    /// The interval, or why there is no number.
    pub fn remark(&self, unit: Unit) -> Option<String> {
        match self {
            Reading::Measured(_, Some((lo, Some(hi)))) => Some(unit.range(*lo, *hi)),
            Reading::Measured(_, Some((lo, None))) => {
                let beyond = if unit == Unit::Nanoseconds { "the timeout" } else { "what was tried" };
                Some(format!("{} to beyond {beyond}", unit.show(*lo)))
            }
            Reading::Measured(_, None) => None,
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
                Reading::Measured(value as f64, Some((lo as f64, hi.map(|hi| hi as f64))))
            }
            Quantile::BeyondTimeout(ns) => Reading::Beyond(ns),
            Quantile::TooFewSamples { needed } => Reading::TooFew(needed),
        }
    }
}

/// A share with its interval; absent where there was nothing to take a share of.
impl From<Option<(f64, (f64, f64))>> for Reading {
    fn from(share: Option<(f64, (f64, f64))>) -> Reading {
        share.map_or(Reading::Absent, |(share, (lo, hi))| Reading::Measured(share, Some((lo, Some(hi)))))
    }
}
