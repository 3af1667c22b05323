//! What a run says to what people say: the verdict with the cases on either side, and the values that decided.
//!
//! Must not know: which claims there are. Beside it: `../verdict/claim.rs`, which decides.

use super::Fact;
use super::titles::alone;
use crate::format::{self, often};
use crate::record::Relation;
use crate::verdict::{BoundedValue, Decided, ObservedValue, Ruling};

/// `True for one thread; not for spawn_blocking`, without a stop.
pub(crate) fn ruled(decided: &Decided) -> String {
    let counted = if decided.by_counts { " (counted exactly)" } else { "" };
    let said = match &decided.ruling {
        Ruling::Holds => "True".into(),
        Ruling::HoldsOnlyFor { cases, not_for } => format!("True {}; not {}", each_for(cases), each_for(not_for)),
        Ruling::DoesNotHold => "Not true".into(),
        Ruling::CannotTell(reasons) => format!("Cannot tell here: {}", first_of(reasons)),
    };
    format!("{said}{counted}")
}

/// `for a`, `for a, for b and for c`: a case may have an "and" of its own.
fn each_for(cases: &[String]) -> String {
    format::list(cases.iter().map(|case| format!("for {case}")))
}

/// The first of several reasons, and how many there are beside it: a reader who mends that one meets the next.
fn first_of(reasons: &[String]) -> String {
    match reasons {
        [] => "nothing was measured".to_owned(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first}; and {}", format::counted(rest.len() as u64, "more reason")),
    }
}

/// A value beside what the claim needs it to be.
pub(crate) fn value(bounded: &BoundedValue) -> String {
    let observed = observed(&bounded.value);
    let Some((other, ratio)) = &bounded.against else {
        let needed = bounded.bound.map_or(String::new(), |bound| format!("; {}", needed(&bounded.value, bound)));
        return format!("{observed}{needed}");
    };
    let times = ratio.map(|ratio| {
        let ends = ratio.interval.map(format::interval);
        format!("{} times{} ", format::ratio(ratio.value), format::bracketed(ends))
    });
    let needed =
        bounded.bound.map(|(relation, factor)| format!("; the claim needs {factor} times {}", or_more(relation)));
    let other = format!(
        "{}, {}{}",
        other.who,
        Fact::new(other.reading, other.metric.unit).say(),
        format::bracketed(sure(other))
    );
    format!("{observed}; {}that of {other}{}", times.unwrap_or_default(), needed.unwrap_or_default())
}

/// `threads: answered 34% of other clients (95% interval 31% to 38%, measured 3 times)`.
fn observed(one: &ObservedValue) -> String {
    let fact = Fact::new(one.reading, one.metric.unit);
    // A value of what is swept has a colon of its own.
    let mark = if one.has_variation { " –" } else { ":" };
    format!("{}{mark} {}{}", one.who, alone(one.metric, &fact), format::bracketed(sure(one)))
}

/// The interval over blocks, or what else is known of how sure it is.
fn sure(one: &ObservedValue) -> Option<String> {
    let Some(blocks) = one.blocks else { return one.reading.remark(one.metric.unit) };
    one.reading.ends(one.metric.unit).map(|ends| format!("95% interval {ends}, measured {}", often(blocks)))
}

/// What a bound means.
fn needed(value: &ObservedValue, (relation, bound): (Relation, f64)) -> String {
    let shown = value.metric.unit.show(bound);
    match value.metric.name {
        "probe_success" => format!("we call it an outage below {shown}"),
        _ => format!("the claim needs {shown} {}", or_more(relation)),
    }
}

fn or_more(relation: Relation) -> &'static str {
    match relation {
        Relation::AtLeast => "or more",
        Relation::AtMost => "or less",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Certainty, Reading, metric};
    use crate::stats::Ratio;

    fn of(name: &str, value: f64, blocks: Option<usize>) -> ObservedValue {
        let metric = metric(name).unwrap();
        let certainty = match blocks {
            Some(_) => Certainty::OverBlocks { lo: value * 0.9, hi: Some(value * 1.1) },
            None => Certainty::Unknown,
        };
        let reading = Reading::Measured(value, certainty);
        ObservedValue { who: "threads".into(), has_variation: false, metric, reading, blocks }
    }

    fn decided(ruling: Ruling, by_counts: bool) -> Decided {
        Decided { ruling, values: Vec::new(), by_counts }
    }

    #[test]
    fn a_verdict_says_what_is_so_on_either_side() {
        let [cases, not_for] = [vec!["one and one more".to_owned(), "two".into()], vec!["spawn_blocking".into()]];
        assert_eq!(
            ruled(&decided(Ruling::HoldsOnlyFor { cases, not_for }, false)),
            "True for one and one more and for two; not for spawn_blocking"
        );
        assert_eq!(ruled(&decided(Ruling::Holds, true)), "True (counted exactly)");
        assert_eq!(ruled(&decided(Ruling::DoesNotHold, false)), "Not true");
        let open = Ruling::CannotTell(vec!["measured once".into(), "b".into()]);
        assert_eq!(ruled(&decided(open, false)), "Cannot tell here: measured once; and 1 more reason");
    }

    #[test]
    fn a_value_says_what_its_bound_means() {
        let bound = |value, relation, bound| BoundedValue { value, against: None, bound: Some((relation, bound)) };
        assert_eq!(
            value(&bound(of("probe_success", 0.43, Some(3)), Relation::AtMost, 0.95)),
            "threads: answered 43% of other clients (95% interval 39% to 47%, measured 3 times); we call it an outage \
             below 95%"
        );
        let waits =
            ObservedValue { who: "tokio, clients: 1".into(), has_variation: true, ..of("probe_p99", 5e7, None) };
        assert_eq!(
            value(&bound(waits, Relation::AtLeast, 2.5e7)),
            "tokio, clients: 1 – others waited up to 50 ms; the claim needs 25 ms or more"
        );
    }

    #[test]
    fn a_multiple_is_said_with_what_it_is_of() {
        let ratio = Ratio { value: 15.4, interval: Some((15.2, 15.6)), blocks: 3, spread: None };
        let other = ObservedValue { who: "tokio".into(), ..of("memory_per_connection", 2_048.0, None) };
        let bounded = BoundedValue {
            value: of("memory_per_connection", 30_720.0, None),
            against: Some((other, Some(ratio))),
            bound: Some((Relation::AtLeast, 5.0)),
        };
        assert_eq!(
            value(&bounded),
            "threads: memory of one more idle connection 30 KiB; 15 times (15 to 16) that of tokio, 2 KiB; the claim \
             needs 5 times or more"
        );
    }
}
