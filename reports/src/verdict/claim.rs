//! Whether a claim holds: its declared conditions held against what was measured.
//!
//! A condition is decided only where the whole interval over blocks lies on one side of the bound, or every block of an
//! exact count; anything else is "cannot tell", with the reason. Since one condition that can't be told leaves the claim
//! undecided, no more conditions make a wrong verdict more likely. Must not know: which claims there are, charts, HTML.
//! Beside it: `evidence.rs`, `record/experiment.rs`.

use itertools::Itertools;

use super::evidence::{Evidence, OpenInterval};
use crate::format;
use crate::record::{BoundValue, Condition, Decision, Relation};
use crate::study::Group;

/// What the records say to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// Under every condition.
    Holds,
    /// Under these conditions, as completions of "holds only for".
    HoldsOnlyFor(Vec<String>),
    /// Under none.
    DoesNotHold,
    /// A condition could not be decided; why, a phrase each.
    CannotTell(Vec<String>),
}

impl Ruling {
    /// `holds only for a deadline on the whole frame`.
    pub fn words(&self) -> String {
        match self {
            Ruling::Holds => "holds".into(),
            Ruling::HoldsOnlyFor(cases) => format!("holds only for {}", format::list(cases)),
            Ruling::DoesNotHold => "does not hold".into(),
            Ruling::CannotTell(reasons) => format!("cannot tell here: {}", first_of(reasons)),
        }
    }
}

/// The first of several reasons, and how many there are beside it: a reader who mends that one meets the next.
fn first_of(reasons: &[String]) -> String {
    match reasons {
        [] => "nothing was measured".to_owned(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first}; and {}", format::counted(rest.len() as u64, "more reason")),
    }
}

/// A claim, decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What the records say.
    pub ruling: Ruling,
    /// The value of each condition beside its bound, in words.
    pub values: Vec<String>,
    /// Whether all of it was counted exactly, so that no interval is needed.
    pub by_counts: bool,
}

impl Decided {
    /// The ruling, and whether it rests on exact counts: `holds (exact counts)`.
    pub fn words(&self) -> String {
        let counts = if self.by_counts { " (exact counts)" } else { "" };
        format!("{}{counts}", self.ruling.words())
    }
}

/// Holds a decision against the groups of its experiment.
pub fn decide(decision: &Decision, groups: &[&Group<'_>]) -> Decided {
    let deciding: Vec<&str> = decision.contenders().unique().collect();
    let found: Vec<(&Condition, ConditionFinding)> =
        decision.conditions.iter().map(|condition| (condition, find(condition, groups, &deciding))).collect();
    let reasons = found.iter().filter_map(|(_, finding)| finding.held.clone().err()).unique().collect_vec();
    let held = || found.iter().filter(|(_, finding)| finding.held == Ok(true));
    let ruling = if found.is_empty() {
        Ruling::CannotTell(vec!["the experiment declares no condition".into()])
    } else if !reasons.is_empty() {
        Ruling::CannotTell(reasons)
    } else if held().count() == found.len() {
        Ruling::Holds
    } else if held().count() == 0 {
        Ruling::DoesNotHold
    } else {
        Ruling::HoldsOnlyFor(held().map(|(condition, _)| condition.holds_for.clone()).collect())
    };
    let is_decided = !matches!(ruling, Ruling::CannotTell(_));
    let by_counts = is_decided && found.iter().all(|(_, finding)| finding.by_counts);
    Decided { ruling, by_counts, values: found.into_iter().filter_map(|(_, finding)| finding.words).collect() }
}

struct ConditionFinding {
    /// Or why it can't be told.
    held: Result<bool, String>,
    words: Option<String>,
    /// Whether it rests on exact counts.
    by_counts: bool,
}

fn find(condition: &Condition, groups: &[&Group<'_>], deciding: &[&str]) -> ConditionFinding {
    let value = match Evidence::gather(&condition.value, groups, deciding) {
        Ok(value) => value,
        Err(reason) => return ConditionFinding { held: Err(reason), words: None, by_counts: false },
    };
    let asked = match condition.relation {
        Relation::AtLeast => "at least",
        Relation::AtMost => "at most",
    };
    match &condition.bound {
        BoundValue::Number(number) => {
            let words = format!("{}; asked for: {asked} {}", value.words(), value.metric.unit.show(*number));
            let held = value.interval().and_then(|interval| {
                compare(interval, condition.relation, (*number, Some(*number))).ok_or_else(|| both_sides(&value))
            });
            ConditionFinding { held, words: Some(words), by_counts: value.is_exact() }
        }
        BoundValue::Times { factor, of } => match Evidence::gather(of, groups, deciding) {
            Err(reason) => ConditionFinding { held: Err(reason), words: Some(value.words()), by_counts: false },
            Ok(other) => {
                let bound = format!("asked for: {asked} {} times", format::number(*factor));
                let words = format!("{}; {}; {bound}", value.words(), value.words_against(&other));
                let held = value.times(&other).and_then(|interval| {
                    compare(interval, condition.relation, (*factor, Some(*factor))).ok_or_else(|| both_sides(&value))
                });
                ConditionFinding { held, words: Some(words), by_counts: value.is_exact() && other.is_exact() }
            }
        },
    }
}

fn both_sides(value: &Evidence) -> String {
    format!("{} lies on both sides of its bound, with its interval; more blocks would narrow it", value.name())
}

/// Absent where the two overlap, so that either could be the case.
fn compare(value: OpenInterval, relation: Relation, bound: OpenInterval) -> Option<bool> {
    let end = |interval: OpenInterval| interval.1.unwrap_or(f64::INFINITY);
    let (clearly, clearly_not) = match relation {
        Relation::AtLeast => (value.0 >= end(bound), end(value) < bound.0),
        Relation::AtMost => (end(value) <= bound.0, value.0 > end(bound)),
    };
    (clearly || clearly_not).then_some(clearly)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_interval_on_one_side_decides() {
        use Relation::{AtLeast, AtMost};
        let nine = (9.0, Some(9.0));
        assert_eq!(compare((9.0, Some(12.0)), AtLeast, nine), Some(true));
        assert_eq!(compare((7.0, Some(8.9)), AtLeast, nine), Some(false));
        assert_eq!(compare((7.0, Some(9.0)), AtLeast, nine), None);
        assert_eq!(compare((7.0, Some(9.0)), AtMost, nine), Some(true));
        assert_eq!(compare((9.1, None), AtMost, nine), Some(false));
        assert_eq!(compare((8.0, None), AtMost, nine), None);
    }

    #[test]
    fn a_bound_that_was_measured_has_an_interval_too() {
        let bound = (8.0, Some(10.0));
        assert_eq!(compare((9.0, Some(9.0)), Relation::AtMost, bound), None);
        assert_eq!(compare((7.0, Some(8.0)), Relation::AtMost, bound), Some(true));
        assert_eq!(compare((50.0, Some(60.0)), Relation::AtLeast, (8.0, None)), None);
    }
}
