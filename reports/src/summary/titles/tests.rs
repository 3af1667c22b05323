//! What titles say of two, three, one and no contender, whatever the verdicts.

use super::*;
use crate::metrics::{Certainty, metric};
use crate::stats::paired_ratio;
use crate::verdict::Judged;

const MS: f64 = 1e6;

fn entry(index: usize, label: &str, ms: f64) -> Entry<'_> {
    Entry { index, label, reading: Reading::Measured(ms * MS, Certainty::Unknown) }
}

fn pair(a: usize, b: usize, times: f64, verdict: Verdict) -> Pair {
    let ratio = paired_ratio(&[(times, 1.0); 20]);
    Pair { a, b, ratio, judged: Some(Judged { verdict, p_value: None }) }
}

fn said(entries: &[Entry<'_>], pairs: &[Pair]) -> String {
    compared("At 8,000/s", metric("response_time_p99").unwrap(), entries, pairs)
}

const DOUBTFUL: Verdict = Verdict::Indistinguishable { decided_by: None, is_hidden: true };
const FEW: Verdict = Verdict::TooFewBlocks { have: 2, needed: 20 };

#[test]
fn a_difference_is_said_in_either_direction() {
    let expected = said(&[entry(0, "threaded", 9.0), entry(5, "tasks", 5.0)], &[pair(0, 5, 1.8, Verdict::Different)]);
    assert_eq!(expected, "At 8,000/s, threaded takes 9 ms to answer 99 of 100 requests, tasks 5 ms");
    let opposite = said(&[entry(0, "threaded", 5.0), entry(5, "tasks", 9.0)], &[pair(0, 5, 0.55, Verdict::Different)]);
    assert_eq!(opposite, "At 8,000/s, tasks takes 9 ms to answer 99 of 100 requests, threaded 5 ms");
}

#[test]
fn a_raw_difference_without_a_verdict_is_none() {
    let entries = [entry(0, "threaded", 9.0), entry(5, "tasks", 5.0)];
    assert_eq!(
        said(&entries, &[pair(0, 5, 1.8, DOUBTFUL)]),
        "At 8,000/s, 20 blocks cannot tell threaded and tasks apart in p99 response time: 5 to 9 ms"
    );
    assert_eq!(
        said(&entries, &[pair(0, 5, 1.8, FEW)]),
        "At 8,000/s, threaded takes 9 ms to answer 99 of 100 requests, tasks 5 ms (20 blocks, no verdict)"
    );
    assert!(said(&entries, &[]).ends_with("tasks 5 ms (no verdict)"));
}

#[test]
fn the_same_is_said_to_be_the_same() {
    let alike = Verdict::Equivalent { within: 1.05 };
    let entries = [entry(0, "threaded", 5.0), entry(5, "tasks", 5.1)];
    assert_eq!(
        said(&entries, &[pair(0, 5, 0.98, alike)]),
        "At 8,000/s, threaded and tasks are the same within 5% in p99 response time: 5 to 5.10 ms"
    );
    // Of three, two pairs that are equivalent do not make the third one so.
    let three = [entry(0, "a", 5.0), entry(1, "b", 5.1), entry(2, "c", 5.2)];
    let pairs = [pair(0, 1, 0.98, alike), pair(1, 2, 0.98, alike), pair(0, 2, 0.96, DOUBTFUL)];
    assert!(said(&three, &pairs).contains("cannot tell a, b and c apart"));
    assert!(said(&three, &pairs[..2]).ends_with("1 other between (20 blocks, no verdict)"));
}

#[test]
fn of_many_the_most_distant_that_differ_are_named() {
    let three = [entry(0, "a", 5.0), entry(1, "b", 6.0), entry(2, "c", 9.0)];
    let pairs =
        [pair(0, 1, 0.83, Verdict::Different), pair(1, 2, 0.67, Verdict::Different), pair(0, 2, 0.55, DOUBTFUL)];
    assert_eq!(said(&three, &pairs), "At 8,000/s, c takes 9 ms to answer 99 of 100 requests, b 6 ms");
    let all = [pair(0, 1, 0.83, DOUBTFUL), pair(1, 2, 0.67, DOUBTFUL), pair(0, 2, 0.55, Verdict::Different)];
    assert!(said(&three, &all).ends_with("a 5 ms, 1 other between"));
}

#[test]
fn blocks_that_contradict_their_sum_name_nobody() {
    let entries = [entry(0, "threaded", 5.0), entry(5, "tasks", 9.0)];
    assert!(said(&entries, &[pair(0, 5, 1.8, Verdict::Different)]).contains("cannot tell"));
}

#[test]
fn one_alone_or_nobody_is_not_compared() {
    let alone = said(&[entry(0, "threaded", 9.0)], &[]);
    assert_eq!(alone, "At 8,000/s, threaded takes 9 ms to answer 99 of 100 requests");
    let few = Entry { reading: Reading::TooFew(100), ..entry(0, "threaded", 9.0) };
    assert_eq!(said(&[few], &[]), "At 8,000/s, no contender has a valid number for the p99 response time");
    assert_eq!(
        compared("", metric("response_time_p99").unwrap(), &[], &[]),
        "No contender has a valid number for the p99 response time"
    );
}

#[test]
fn beyond_the_timeout_is_more_than_any_number() {
    let beyond = Entry { reading: Reading::Beyond(1_000_000_000), ..entry(5, "tasks", 0.0) };
    let one = Pair { a: 0, b: 5, ratio: paired_ratio::<f64>(&[]), judged: None };
    assert_eq!(
        said(&[beyond, entry(0, "threaded", 9.0)], &[one]),
        "At 8,000/s, tasks takes more than 1 s to answer 99 of 100 requests, threaded 9 ms (no verdict)"
    );
}
