//! The verdict on a claim: each of the four, and each reason why there is none.

use reports::record::store::Run;
use reports::record::{BoundValue, Condition, Decision, Relation, ValueOf, Warning};
use reports::summary::{Claim, ClaimVerdict, summarise};

use crate::fixture_trials::{condition, run, value};

/// The claim of the flood under these conditions.
fn decided(mut run: Run, conditions: Vec<Condition>) -> Claim {
    run.manifest.experiments[0].decision = Some(Decision { conditions });
    summarise(&run).claims.remove(0)
}

fn at_least(metric: &str, contender: &str, bound: f64) -> Condition {
    condition(contender, value(metric, contender), Relation::AtLeast, BoundValue::Number(bound))
}

/// Served from the first request of the flood to the last.
fn serves(contender: &str) -> Condition {
    at_least("probe_success", contender, 0.9)
}

fn assert_cannot_tell(claim: &Claim, reason: &str) {
    assert_eq!(claim.verdict, ClaimVerdict::CannotTell, "{claim:?}");
    assert!(claim.sentence.starts_with("cannot tell here: ") && claim.sentence.contains(reason), "{}", claim.sentence);
}

#[test]
fn a_claim_holds_everywhere_somewhere_or_nowhere() {
    let holds = decided(run(), vec![serves("async-multi")]);
    assert_eq!((holds.verdict, holds.sentence.as_str()), (ClaimVerdict::Holds, "holds"));
    assert_eq!(holds.values, ["async-multi: share of the probe answered 100% (99% to 100%); asked for: at least 90%"]);
    assert_eq!(holds.figure.as_deref(), Some("idle-flood-held"), "the figure that shows the metric");
    assert_eq!(holds.line(), "\u{201c}Tasks are immune to clients that say nothing\u{201d} holds");

    let some = decided(run(), vec![serves("async-multi"), serves("threaded"), serves("thread-pool")]);
    assert_eq!((some.verdict, some.sentence.as_str()), (ClaimVerdict::HoldsOnlyFor, "holds only for async-multi"));
    assert_eq!(some.values.len(), 3);

    let nowhere = decided(run(), vec![serves("threaded"), serves("thread-pool")]);
    assert_eq!((nowhere.verdict, nowhere.sentence.as_str()), (ClaimVerdict::DoesNotHold, "does not hold"));
}

#[test]
fn what_never_failed_is_more_than_was_tried_and_no_more_is_known() {
    assert_eq!(
        decided(run(), vec![at_least("held_at_first_failure", "async-multi", 2_400.0)]).verdict,
        ClaimVerdict::Holds
    );
    let beyond = decided(run(), vec![at_least("held_at_first_failure", "async-multi", 5_000.0)]);
    assert_cannot_tell(&beyond, "both sides of its bound");
    let at_most = |bound| condition("it", value("probe_p99", "threaded"), Relation::AtMost, BoundValue::Number(bound));
    assert_eq!(decided(run(), vec![at_most(1e9)]).verdict, ClaimVerdict::DoesNotHold, "the timeout is not within 1 s");
}

#[test]
fn a_measured_value_can_be_the_bound() {
    let blocking = |factor: f64, blockers: f64| {
        let mut run = run();
        let at = |blockers| ValueOf { variation: Some(blockers), ..value("probe_p99", "async-multi") };
        let bound = BoundValue::Times { factor, of: at(0.0) };
        let conditions = vec![condition("it", at(blockers), Relation::AtMost, bound)];
        run.manifest.experiments[1].decision = Some(Decision { conditions });
        summarise(&run).claims.remove(1)
    };
    assert_eq!(blocking(10.0, 1.0).verdict, ClaimVerdict::Holds);
    assert_eq!(blocking(10.0, 2.0).verdict, ClaimVerdict::DoesNotHold);
    assert_cannot_tell(&blocking(10.0, 3.0), "async-multi (clients that block: 3) was not run");
    // The bound's own interval, about 2.37 to 2.42 ms, reaches over the value.
    assert_cannot_tell(&blocking(9.35, 1.0), "both sides of its bound");
}

#[test]
fn who_was_not_run_cannot_be_told() {
    assert_cannot_tell(&decided(run(), vec![serves("async-multi"), serves("nobody")]), "nobody was not run");
    let mut without = run();
    without.cells.retain(|cell| cell.contender != "async-multi");
    assert_cannot_tell(&decided(without, vec![serves("async-multi")]), "async-multi was not run");
}

#[test]
fn an_invalid_cell_cannot_tell_and_a_dead_server_can() {
    assert_cannot_tell(&decided(run(), vec![serves("sequential")]), "no cell of sequential is valid");
    let mut late = run();
    late.cells.iter_mut().for_each(|cell| cell.warnings.push(Warning::GeneratorFellBehind { kept_pace: 0.3 }));
    assert_cannot_tell(&decided(late, vec![serves("async-multi")]), "no cell of async-multi is valid");
    assert_eq!(decided(run(), vec![serves("thread-pool")]).verdict, ClaimVerdict::DoesNotHold);
}

#[test]
fn too_few_samples_or_none_cannot_tell() {
    let few = decided(run(), vec![at_least("undisturbed_p99", "async-multi", 1.0)]);
    assert_cannot_tell(
        &few,
        "too few samples for the p99 response time of the probe undisturbed of async-multi, 368 needed",
    );
    let absent = decided(run(), vec![at_least("disturbance_rps", "async-multi", 1.0)]);
    assert_cannot_tell(&absent, "throughput of the disturbance of async-multi was not measured");
    assert_cannot_tell(&decided(run(), vec![at_least("no_such_metric", "async-multi", 1.0)]), "no metric called");
}

#[test]
fn an_interval_across_the_bound_cannot_tell() {
    // 170 of 400 is 42.5%, with an interval from 37.7% to 47.4%.
    for (bound, verdict) in [
        (0.37, ClaimVerdict::Holds),
        (0.42, ClaimVerdict::CannotTell),
        (0.46, ClaimVerdict::CannotTell),
        (0.48, ClaimVerdict::DoesNotHold),
    ] {
        assert_eq!(decided(run(), vec![at_least("probe_success", "threaded", bound)]).verdict, verdict, "{bound}");
    }
}

#[test]
fn nothing_declared_is_nothing_decided() {
    assert_cannot_tell(&decided(run(), Vec::new()), "declares no condition");
    let mut silent = run();
    silent.manifest.experiments.iter_mut().for_each(|experiment| experiment.decision = None);
    assert!(summarise(&silent).claims.is_empty());
    let unknown = ValueOf { workload: Some("elsewhere".into()), ..value("probe_success", "threaded") };
    let elsewhere = condition("it", unknown, Relation::AtLeast, BoundValue::Number(0.5));
    assert_cannot_tell(&decided(run(), vec![elsewhere]), "no workload elsewhere");
}
