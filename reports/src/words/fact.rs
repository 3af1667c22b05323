//! A number as a sentence may use it: what it is, in which unit, and how much it says.
//!
//! Sentences take facts and no numbers, so that none says `9 ms` of what is more than 9 ms, or names a winner of an
//! estimate: what may be said of several facts is a [`super::compared::Conclusion`]. Must not know: which metrics there
//! are, words around it. Beside it: `../metrics/reading.rs`.

use std::cmp::Ordering;

use crate::format::Unit;
use crate::metrics::{Certainty, Reading};

/// How much a fact says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surety {
    /// It speaks of servers started anew, or was counted exactly.
    Decided,
    /// It speaks of the requests of these servers.
    Estimate,
    /// It is more than this.
    LowerBound,
    /// There is none.
    NotMeasured,
}

/// A value with its unit, the kind of its interval and how much it says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fact {
    reading: Reading,
    unit: Unit,
}

impl Fact {
    pub(crate) fn new(reading: Reading, unit: Unit) -> Fact {
        Fact { reading, unit }
    }

    pub(crate) fn surety(&self) -> Surety {
        match self.reading {
            Reading::Measured(_, Certainty::OverBlocks { .. } | Certainty::ExactCount) => Surety::Decided,
            Reading::Measured(..) => Surety::Estimate,
            Reading::Beyond(_) => Surety::LowerBound,
            Reading::TooFew(_) | Reading::Absent => Surety::NotMeasured,
        }
    }

    /// The ends of its 95% interval; the upper one may be open.
    pub(crate) fn interval(&self) -> Option<(f64, Option<f64>)> {
        self.reading.certainty().interval()
    }

    /// `9 ms`, `more than 1 s`; a dash where there is none.
    pub(crate) fn say(&self) -> String {
        match self.surety() {
            Surety::NotMeasured => "-".into(),
            Surety::Decided | Surety::Estimate | Surety::LowerBound => self.reading.say(self.unit),
        }
    }

    /// What was done in as much time: `within 9 ms`, `not within 1 s`.
    pub(crate) fn within(&self) -> String {
        match self.reading {
            Reading::Beyond(least) => format!("not within {}", self.unit.show(least as f64)),
            _ => format!("within {}", self.say()),
        }
    }

    /// With its interval or range, or why there is none: `9 ms (8.90 to 9.10 ms)`.
    pub(crate) fn in_full(&self) -> String {
        format!("{}{}", self.say(), crate::format::bracketed(self.reading.remark(self.unit)))
    }

    /// Two ends with the unit said once: `5.33 to 5.49 ms`; one where both say the same.
    pub(crate) fn span(least: &Fact, most: &Fact) -> String {
        let (lo, hi) = (least.say(), most.say());
        match (least.reading.value(), most.reading.value()) {
            _ if lo == hi => lo,
            (Some(lo), Some(hi)) => least.unit.range(lo, hi),
            _ => format!("{lo} to {hi}"),
        }
    }

    /// For an order in which what is too large to be measured is the greatest; absent where there is no number.
    pub(crate) fn order(&self, other: &Fact) -> Option<Ordering> {
        let rank = |fact: &Fact| match fact.reading {
            Reading::Measured(value, _) => Some((false, value)),
            Reading::Beyond(least) => Some((true, least as f64)),
            Reading::TooFew(_) | Reading::Absent => None,
        };
        let (a, b) = (rank(self)?, rank(other)?);
        Some(a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: f64 = 1e6;

    fn fact(reading: Reading) -> Fact {
        Fact::new(reading, Unit::Nanoseconds)
    }

    #[test]
    fn a_fact_says_no_more_than_it_is() {
        let counted = fact(Reading::Measured(9.0 * MS, Certainty::ExactCount));
        let of_requests = fact(Reading::Measured(9.0 * MS, Certainty::WithinRun { lo: 8.0 * MS, hi: None }));
        let beyond = fact(Reading::Beyond(1_000_000_000));
        let none = fact(Reading::TooFew(100));
        let surety = [counted, of_requests, beyond, none].map(|fact| fact.surety());
        assert_eq!(surety, [Surety::Decided, Surety::Estimate, Surety::LowerBound, Surety::NotMeasured]);
        assert_eq!([counted, beyond, none].map(|fact| fact.say()), ["9 ms", "more than 1 s", "-"]);
        assert_eq!([counted, beyond].map(|fact| fact.within()), ["within 9 ms", "not within 1 s"]);
        assert_eq!(Fact::span(&counted, &beyond), "9 ms to more than 1 s");
        assert_eq!(counted.order(&beyond), Some(Ordering::Less));
        assert_eq!(counted.order(&none), None);
    }
}
