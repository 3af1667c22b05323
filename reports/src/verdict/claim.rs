//! Whether a claim holds: its declared conditions held against what was measured.
//!
//! A condition is decided only where the whole interval over blocks lies on one side of the bound, or every block of an
//! exact count; anything else is "cannot tell", with the reason. Since one condition that can't be told leaves the claim
//! undecided, no more conditions make a wrong verdict more likely. Must not know: which claims there are, how a verdict reads.
//! Beside it: `evidence.rs`, `record/experiment.rs`, `../words/claim.rs`.

use itertools::Itertools;

use super::evidence::{Evidence, ObservedValue, OpenInterval};
use crate::record::{BoundValue, Condition, Decision, Relation};
use crate::stats::Ratio;
use crate::study::Group;

/// What the records say to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// Under every condition.
    Holds,
    /// Under some of the conditions.
    HoldsOnlyFor {
        /// These, as completions of "true for".
        cases: Vec<String>,
        /// And not under these.
        not_for: Vec<String>,
    },
    /// Under none.
    DoesNotHold,
    /// A condition could not be decided; why, a phrase each.
    CannotTell(Vec<String>),
}

/// A claim, decided.
#[derive(Debug, Clone)]
pub struct Decided {
    /// What the records say.
    pub ruling: Ruling,
    /// The value of each condition beside its bound, as far as there is one.
    pub values: Vec<BoundedValue>,
    /// Whether all of it was counted exactly, so that no interval is needed.
    pub by_counts: bool,
}

/// A value beside the bound that a claim needs it to keep.
#[derive(Debug, Clone)]
pub struct BoundedValue {
    /// The value.
    pub value: ObservedValue,
    /// What it is a multiple of, where the bound is one, and how many times as much it is.
    pub against: Option<(ObservedValue, Option<Ratio>)>,
    /// The bound; absent where what it is a multiple of is not known.
    pub bound: Option<(Relation, f64)>,
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
        let of = |held: bool| -> Vec<String> {
            let found = found.iter().filter(|(_, finding)| finding.held == Ok(held));
            found.map(|(condition, _)| condition.holds_for.clone()).collect()
        };
        Ruling::HoldsOnlyFor { cases: of(true), not_for: of(false) }
    };
    let is_decided = !matches!(ruling, Ruling::CannotTell(_));
    let by_counts = is_decided && found.iter().all(|(_, finding)| finding.by_counts);
    Decided { ruling, by_counts, values: found.into_iter().filter_map(|(_, finding)| finding.value).collect() }
}

struct ConditionFinding {
    /// Or why it can't be told.
    held: Result<bool, String>,
    value: Option<BoundedValue>,
    /// Whether it rests on exact counts.
    by_counts: bool,
}

fn find(condition: &Condition, groups: &[&Group<'_>], deciding: &[&str]) -> ConditionFinding {
    let value = match Evidence::gather(&condition.value, groups, deciding) {
        Ok(value) => value,
        Err(reason) => return ConditionFinding { held: Err(reason), value: None, by_counts: false },
    };
    let observed = |against, bound: Option<f64>| {
        let bound = bound.map(|bound| (condition.relation, bound));
        Some(BoundedValue { value: value.observed(), against, bound })
    };
    let (bound, of) = match &condition.bound {
        BoundValue::Number(number) => (*number, None),
        BoundValue::Times { factor, of } => (*factor, Some(of)),
    };
    let other = match of.map(|of| Evidence::gather(of, groups, deciding)).transpose() {
        Ok(other) => other,
        Err(reason) => return ConditionFinding { held: Err(reason), value: observed(None, None), by_counts: false },
    };
    let interval = other.as_ref().map_or_else(|| value.interval(), |other| value.times(other));
    let held = interval.and_then(|interval| {
        compare(interval, condition.relation, (bound, Some(bound))).ok_or_else(|| both_sides(&value))
    });
    let against = other.as_ref().map(|other| (other.observed(), value.observed_times(other)));
    let by_counts = value.is_exact() && other.as_ref().is_none_or(Evidence::is_exact);
    ConditionFinding { held, value: observed(against, Some(bound)), by_counts }
}

fn both_sides(value: &Evidence) -> String {
    format!("{} lies on both sides of its bound, with its interval; measuring more often would narrow it", value.name())
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
