//! The verdict on a claim: each of the four, and each reason why there is none.

use reports::record::store::Run;
use reports::record::{BoundValue, Condition, Decision, Fate, Relation, ValueOf, Warning};
use reports::summary::{Claim, ClaimVerdict, summarise};

use crate::fixture_trials::{self, condition, value, with_blocks};

/// Three blocks of all there is.
fn run() -> Run {
    with_blocks(fixture_trials::run(), 3)
}

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
    assert!(claim.sentence.starts_with("Cannot tell here: ") && claim.sentence.contains(reason), "{}", claim.sentence);
}

#[test]
fn a_claim_holds_everywhere_somewhere_or_nowhere() {
    let holds = decided(run(), vec![serves("async-multi")]);
    assert_eq!((holds.verdict, holds.sentence.as_str()), (ClaimVerdict::Holds, "True"));
    assert_eq!(
        holds.values,
        [
            "async-multi: answered 100% of other clients (95% interval 99.68% to 100%, measured 3 times); we call it an outage below 90%"
        ]
    );
    assert_eq!(holds.figure.as_deref(), Some("idle-flood-held"), "the figure that shows the metric");
    assert_eq!(holds.line(), "\u{201c}Tasks are immune to clients that say nothing\u{201d}: True");

    let some = decided(run(), vec![serves("async-multi"), serves("threaded"), serves("thread-pool")]);
    assert_eq!(
        (some.verdict, some.sentence.as_str()),
        (ClaimVerdict::HoldsOnlyFor, "True for async-multi; not for threaded and for thread-pool")
    );
    assert_eq!(some.values.len(), 3);

    let nowhere = decided(run(), vec![serves("threaded"), serves("thread-pool")]);
    assert_eq!((nowhere.verdict, nowhere.sentence.as_str()), (ClaimVerdict::DoesNotHold, "Not true"));
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
    assert_eq!(blocking(20.0, 1.0).verdict, ClaimVerdict::Holds);
    assert_eq!(blocking(20.0, 2.0).verdict, ClaimVerdict::DoesNotHold);
    assert_cannot_tell(&blocking(10.0, 3.0), "async-multi, clients that block: 3 was not run");
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
    assert_cannot_tell(&decided(run(), vec![serves("sequential")]), "no measurement of sequential is valid");
    let mut late = run();
    late.cells.iter_mut().for_each(|cell| cell.warnings.push(Warning::GeneratorFellBehind { kept_pace: 0.3 }));
    assert_cannot_tell(&decided(late, vec![serves("async-multi")]), "no measurement of async-multi is valid");
    assert_eq!(decided(run(), vec![serves("thread-pool")]).verdict, ClaimVerdict::DoesNotHold);
}

#[test]
fn too_few_samples_or_none_cannot_tell() {
    let few = decided(run(), vec![at_least("undisturbed_p99", "async-multi", 1.0)]);
    assert_cannot_tell(
        &few,
        "too few samples for the p99 response time of others when undisturbed of async-multi, 368 needed",
    );
    let absent = decided(run(), vec![at_least("disturbance_rps", "async-multi", 1.0)]);
    assert_cannot_tell(&absent, "throughput of the disturbing requests of async-multi was not measured");
    assert_cannot_tell(&decided(run(), vec![at_least("no_such_metric", "async-multi", 1.0)]), "no metric called");
}

#[test]
fn an_interval_across_the_bound_cannot_tell() {
    // 170 of 400 is 42.5% in each of three blocks; 510 of 1,200 have an interval from 39.7% to 45.3%.
    for (bound, verdict) in [
        (0.39, ClaimVerdict::Holds),
        (0.42, ClaimVerdict::CannotTell),
        (0.45, ClaimVerdict::CannotTell),
        (0.46, ClaimVerdict::DoesNotHold),
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

#[test]
fn fewer_than_three_blocks_decide_nothing_that_is_no_count() {
    for blocks in [1, 2] {
        let few = decided(with_blocks(fixture_trials::run(), blocks), vec![serves("async-multi")]);
        assert_cannot_tell(&few, ", and a claim takes 3");
        // What there is stands beside it all the same.
        assert!(few.values[0].starts_with("async-multi: answered 100% of other clients ("), "{:?}", few.values);
        assert!(!few.values[0].contains("95% interval"), "{:?}", few.values);
    }
    let twice = decided(with_blocks(fixture_trials::run(), 1), vec![serves("async-multi"), serves("threaded")]);
    assert_eq!(twice.sentence, "Cannot tell here: measured once, and a claim takes 3 times", "said once");
}

#[test]
fn an_exact_count_decides_with_one_block_and_says_that_it_is_one() {
    let threads = |bound| {
        let few = condition("it", value("peak_threads", "async-multi"), Relation::AtMost, BoundValue::Number(bound));
        decided(with_blocks(fixture_trials::run(), 1), vec![few])
    };
    assert_eq!((threads(12.0).verdict, threads(11.0).verdict), (ClaimVerdict::Holds, ClaimVerdict::DoesNotHold));
    assert_eq!(threads(12.0).values, ["async-multi: ran up to 12 threads (exact count); the claim needs 12 or less"]);
    assert_eq!(threads(12.0).sentence, "True (counted exactly)");
    let quarter = |factor| {
        let bound = BoundValue::Times { factor, of: value("peak_threads", "threaded") };
        let few = condition("it", value("peak_threads", "async-multi"), Relation::AtMost, bound);
        decided(with_blocks(fixture_trials::run(), 1), vec![few])
    };
    assert_eq!((quarter(0.25).verdict, quarter(0.01).verdict), (ClaimVerdict::Holds, ClaimVerdict::DoesNotHold));
    let counts = "async-multi: ran up to 12 threads (exact count); 0.0120 times that of threaded, 1,000 (exact \
                  count); the claim needs 0.25 times or less";
    assert_eq!(quarter(0.25).values, [counts]);
    // Blocks that do not agree leave it open.
    let mut apart = run();
    apart.cells.iter_mut().filter(|cell| cell.block == 2).for_each(|cell| cell.server.peak_threads = Some(40));
    let few = condition("it", value("peak_threads", "async-multi"), Relation::AtMost, BoundValue::Number(12.0));
    assert_cannot_tell(&decided(apart, vec![few]), "both sides of its bound");
}

#[test]
fn blocks_that_scatter_decide_only_what_is_far_away() {
    // One of three blocks answers half as much: mean 83%, half width t(2) * 29% / sqrt 3 = 72 points.
    let mut scattered = run();
    for cell in scattered.cells.iter_mut().filter(|cell| cell.contender == "async-multi" && cell.block == 1) {
        let events = cell.traffic.as_mut().unwrap().events.iter_mut();
        events.step_by(2).for_each(|event| event.fate = Fate::Timeout);
    }
    let at = |bound| decided(scattered.clone(), vec![at_least("probe_success", "async-multi", bound)]).verdict;
    assert_eq!((at(0.5), at(0.1)), (ClaimVerdict::CannotTell, ClaimVerdict::Holds));
}

#[test]
fn a_disturbed_block_is_no_ground_for_a_claim() {
    let noise = || Warning::NoisyMachine { what: "other processes used 60% of all CPUs".into() };
    let disturb = |blocks: u32| {
        let mut run = run();
        let of_tasks = run.cells.iter_mut().filter(|cell| cell.contender == "async-multi" && cell.block < blocks);
        of_tasks.for_each(|cell| cell.warnings.push(noise()));
        decided(run, vec![serves("async-multi")])
    };
    let reason = "measured twice, and a claim takes 3 times (1 of 3 measurements of async-multi was disturbed: others used the machine: other \
                  processes used 60% of all CPUs)";
    assert_cannot_tell(&disturb(1), reason);
    assert_cannot_tell(&disturb(3), "every measurement of async-multi was disturbed: others used the machine");
    // Three that are quiet are enough, whatever became of a fourth.
    let mut four = with_blocks(fixture_trials::run(), 4);
    four.cells.iter_mut().filter(|cell| cell.block == 3).for_each(|cell| cell.warnings.push(noise()));
    assert_eq!(decided(four, vec![serves("async-multi")]).verdict, ClaimVerdict::Holds);
}

#[test]
fn a_count_rests_on_three_blocks_where_another_was_disturbed_or_invalid() {
    let noise = || Warning::NoisyMachine { what: "other processes used 60% of all CPUs".into() };
    let with = |all: u32, hit: u32, contender: &str, warning: fn() -> Warning| {
        let mut run = with_blocks(fixture_trials::run(), all);
        let of_one = run.cells.iter_mut().filter(|cell| cell.contender == contender && cell.block < hit);
        of_one.for_each(|cell| cell.warnings.push(warning()));
        let alone = condition("it", value("peak_threads", "async-multi"), Relation::AtMost, BoundValue::Number(12.0));
        let bound = BoundValue::Times { factor: 0.25, of: value("peak_threads", "threaded") };
        let against = condition("it", value("peak_threads", "async-multi"), Relation::AtMost, bound);
        [alone, against].map(|condition| decided(run.clone(), vec![condition]))
    };
    let [alone, against] = with(3, 2, "async-multi", noise);
    let reason = "measured once, and a claim takes 3 times (2 of 3 measurements of async-multi were disturbed: others used the machine";
    assert_cannot_tell(&alone, reason);
    assert_cannot_tell(&against, reason);
    let [alone, against] = with(3, 2, "threaded", noise);
    assert_eq!(alone.verdict, ClaimVerdict::Holds, "the other plays no part in it");
    assert_cannot_tell(&against, "2 of 3 measurements of threaded were disturbed");
    let late = || Warning::GeneratorFellBehind { kept_pace: 0.3 };
    assert_cannot_tell(&with(2, 1, "async-multi", late)[0], "1 of 2 measurements of async-multi was invalid");
    assert!(with(4, 1, "async-multi", noise).iter().all(|claim| claim.verdict == ClaimVerdict::Holds));
}

#[test]
fn a_block_without_a_value_is_not_passed_over() {
    let mut run = with_blocks(fixture_trials::run(), 4);
    for cell in run.cells.iter_mut().filter(|cell| cell.contender == "async-multi" && cell.block == 2) {
        cell.traffic.as_mut().unwrap().events.clear();
    }
    let reason = "share of others answered of async-multi was not measured in 1 of 4 measurements";
    assert_cannot_tell(&decided(run, vec![serves("async-multi")]), reason);
}

#[test]
fn a_ratio_to_nothing_is_said_and_decides_nothing() {
    let run = || {
        let mut run = run();
        let churn = run.manifest.experiments.iter_mut().find(|experiment| experiment.name == "churn").unwrap();
        let bound = BoundValue::Times { factor: 2.0, of: value("cpu_per_connection", "async-multi") };
        let dear = condition("it", value("cpu_per_connection", "threaded"), Relation::AtLeast, bound);
        churn.decision = Some(Decision { conditions: vec![dear] });
        run
    };
    let claim = |run: &Run| summarise(run).claims.into_iter().find(|claim| claim.experiment == "churn").unwrap();
    assert_eq!(claim(&run()).verdict, ClaimVerdict::DoesNotHold, "{:?}", claim(&run()));
    let mut idle = run();
    let of_tasks = idle.cells.iter_mut().filter(|cell| cell.contender == "async-multi" && cell.block == 0);
    of_tasks.for_each(|cell| cell.server.window_cpu_ns = Some(0));
    assert_cannot_tell(&claim(&idle), "no ratio, zero or less in 1 of 3 measurements of async-multi");
}
