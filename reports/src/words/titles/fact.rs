//! A number as a sentence may use it: what it is, in which unit, and how much it says; and why there is no ratio of two.
//!
//! Sentences take facts and no numbers, so that none says `9 ms` of what is more than 9 ms, or names a winner of an
//! estimate: what may be said of several facts is a [`super::compared::Conclusion`]. Must not know: which metrics there
//! are, words around it. Beside it: `../../metrics/reading.rs`.

use std::cmp::Ordering;

use itertools::Itertools;

use crate::format::Unit;
use crate::metrics::Reading;
use crate::stats::{NoRatio, WhyNoRatio};

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

    /// Whether there is a number, or a bound that it is above.
    pub(crate) fn is_known(&self) -> bool {
        matches!(self.reading, Reading::Measured(..) | Reading::Beyond(_))
    }

    /// Whether it is more than could be measured.
    pub(crate) fn is_a_bound(&self) -> bool {
        matches!(self.reading, Reading::Beyond(_))
    }

    /// The ends of its 95% interval; the upper one may be open.
    pub(crate) fn interval(&self) -> Option<(f64, Option<f64>)> {
        self.reading.certainty().interval()
    }

    /// `9 ms`, `more than 1 s`; a dash where there is none.
    pub(crate) fn say(&self) -> String {
        if self.is_known() { self.reading.say(self.unit) } else { "-".into() }
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

impl NoRatio {
    /// Why there is none and what was there instead, the two called so: `no ratio, zero or less in 3 of 10 measurements of
    /// base`.
    pub fn words(&self, names: [&str; 2]) -> String {
        let what = match self.why {
            WhyNoRatio::NoBlocks => return "no ratio, no repetition has a valid measurement of both".to_owned(),
            WhyNoRatio::Missing => "no value",
            WhyNoRatio::Beyond => "more than could be measured",
            WhyNoRatio::NotPositive => "zero or less",
        };
        let sides = [0, 1].into_iter().filter(|side| self.blocks[*side] > 0);
        let mut sides = sides.map(|side| match (self.blocks[side], self.of[side]) {
            (1, 1) => format!("in the one measurement of {}", names[side]),
            (some, all) if some == all => format!("in all {all} measurements of {}", names[side]),
            (some, all) => format!("in {some} of {all} measurements of {}", names[side]),
        });
        format!("no ratio, {what} {}", sides.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Certainty;

    const MS: f64 = 1e6;

    fn fact(reading: Reading) -> Fact {
        Fact::new(reading, Unit::Nanoseconds)
    }

    #[test]
    fn a_fact_says_no_more_than_it_is() {
        let counted = fact(Reading::Measured(9.0 * MS, Certainty::ExactCount));
        let beyond = fact(Reading::Beyond(1_000_000_000));
        let none = fact(Reading::TooFew(100));
        assert_eq!(
            [counted, beyond, none].map(|fact| (fact.is_known(), fact.is_a_bound())),
            [(true, false), (true, true), (false, false)]
        );
        assert_eq!([counted, beyond, none].map(|fact| fact.say()), ["9 ms", "more than 1 s", "-"]);
        assert_eq!([counted, beyond].map(|fact| fact.within()), ["within 9 ms", "not within 1 s"]);
        assert_eq!(Fact::span(&counted, &beyond), "9 ms to more than 1 s");
        assert_eq!(counted.order(&beyond), Some(Ordering::Less));
        assert_eq!(counted.order(&none), None);
    }

    #[test]
    fn no_ratio_is_told_with_the_measurements_that_stand_against_it() {
        let said = |why, blocks, of| NoRatio { why, blocks, of }.words(["new", "base"]);
        assert_eq!(
            said(WhyNoRatio::NotPositive, [0, 2], [3, 3]),
            "no ratio, zero or less in 2 of 3 measurements of base"
        );
        assert_eq!(
            said(WhyNoRatio::Missing, [1, 2], [2, 2]),
            "no ratio, no value in 1 of 2 measurements of new and in all 2 measurements of base"
        );
        assert_eq!(
            said(WhyNoRatio::Beyond, [1, 0], [1, 1]),
            "no ratio, more than could be measured in the one measurement of new"
        );
    }
}
