//! Whether a claim holds: its declared conditions held against what was measured.
//!
//! A condition is decided only where the whole interval of its value lies on one side of the bound; anything else is
//! "cannot tell", with the reason. Must not know: which claims there are, charts, HTML. Beside it: `record/decision.rs`.

use crate::format;
use crate::metrics::{Metric, Reading, metric};
use crate::record::{BoundValue, Condition, Decision, Relation, ValueOf};
use crate::study::{Group, Standing, Trial};

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
            Ruling::CannotTell(reasons) => format!("cannot tell here: {}", reasons.join("; ")),
        }
    }
}

/// A claim, decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What the records say.
    pub ruling: Ruling,
    /// The value of each condition beside its bound, in words.
    pub values: Vec<String>,
}

/// Holds a decision against the groups of its experiment.
pub fn decide(decision: &Decision, groups: &[&Group<'_>]) -> Decided {
    let found: Vec<(&Condition, Finding)> =
        decision.conditions.iter().map(|condition| (condition, find(condition, groups))).collect();
    let mut reasons: Vec<String> = found.iter().filter_map(|(_, finding)| finding.held.clone().err()).collect();
    reasons.dedup();
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
    Decided { ruling, values: found.into_iter().filter_map(|(_, finding)| finding.words).collect() }
}

struct Finding {
    /// Or why it can't be told.
    held: Result<bool, String>,
    words: Option<String>,
}

fn find(condition: &Condition, groups: &[&Group<'_>]) -> Finding {
    let value = match measured(&condition.value, groups) {
        Ok(value) => value,
        Err(reason) => return Finding { held: Err(reason), words: None },
    };
    let (bound, bound_words) = match &condition.bound {
        BoundValue::Number(number) => ((*number, Some(*number)), value.metric.unit.show(*number)),
        BoundValue::Times { factor, of } => match measured(of, groups) {
            Err(reason) => return Finding { held: Err(reason), words: Some(value.words()) },
            Ok(other) => {
                let (lo, hi) = other.interval;
                let words = format!("{} times {}", format::number(*factor), other.words());
                ((factor * lo, hi.map(|hi| factor * hi)), words)
            }
        },
    };
    let asked = match condition.relation {
        Relation::AtLeast => "at least",
        Relation::AtMost => "at most",
    };
    let held = compare(value.interval, condition.relation, bound)
        .ok_or_else(|| format!("{} lies on both sides of its bound, with its interval", value.name()));
    Finding { held, words: Some(format!("{}; asked for: {asked} {bound_words}", value.words())) }
}

/// From the lower to the upper end; an upper end that is absent is open.
type Interval = (f64, Option<f64>);

/// Absent where the two overlap, so that either could be the case.
fn compare(value: Interval, relation: Relation, bound: Interval) -> Option<bool> {
    let end = |interval: Interval| interval.1.unwrap_or(f64::INFINITY);
    let (clearly, clearly_not) = match relation {
        Relation::AtLeast => (value.0 >= end(bound), end(value) < bound.0),
        Relation::AtMost => (end(value) <= bound.0, value.0 > end(bound)),
    };
    (clearly || clearly_not).then_some(clearly)
}

/// A value that there is.
struct Measured {
    metric: &'static Metric,
    /// Contender and variation.
    who: String,
    reading: Reading,
    interval: Interval,
}

impl Measured {
    fn name(&self) -> String {
        format!("{} of {}", self.metric.label, self.who)
    }

    fn words(&self) -> String {
        let unit = self.metric.unit;
        let remark = self.reading.remark(unit).map_or(String::new(), |remark| format!(" ({remark})"));
        format!("{}: {} {}{remark}", self.who, self.metric.label, self.reading.say(unit))
    }
}

fn measured(wanted: &ValueOf, groups: &[&Group<'_>]) -> Result<Measured, String> {
    let Some(metric) = metric(&wanted.metric) else {
        return Err(format!("this version has no metric called {}", wanted.metric));
    };
    let group = match (&wanted.workload, groups) {
        (None, [only]) => Some(*only),
        (None, _) => None,
        (Some(key), groups) => groups.iter().copied().find(|group| group.workload.key == *key),
    };
    let Some(group) = group else {
        return Err(format!("the experiment has no workload {}", wanted.workload.as_deref().unwrap_or("of its own")));
    };
    let who = group.experiment.name_of(&wanted.contender, wanted.variation);
    let trial = trial(wanted, group).ok_or_else(|| format!("{who} was not run"))?;
    if trial.standing == Standing::Invalid {
        return Err(format!("no cell of {who} is valid"));
    }
    let reading = metric.of_pool(&trial.pool);
    let interval = match reading {
        Reading::Measured(value, None) => (value, Some(value)),
        Reading::Measured(_, Some(interval)) => interval,
        // More than that, so that "at most that" is not met by it.
        Reading::Beyond(least) => ((least as f64).next_up(), None),
        Reading::TooFew(needed) => {
            return Err(format!("too few samples for the {} of {who}, {} needed", metric.label, format::count(needed)));
        }
        Reading::Absent => return Err(format!("{} of {who} was not measured", metric.label)),
    };
    Ok(Measured { metric, who, reading, interval })
}

fn trial<'g, 'a>(wanted: &ValueOf, group: &'g Group<'a>) -> Option<&'g Trial<'a>> {
    let series = group.series.iter().find(|series| series.contender.label == wanted.contender)?;
    series.trials.iter().find(|trial| trial.variation == wanted.variation)
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
