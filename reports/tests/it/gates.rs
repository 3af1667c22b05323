//! Gates on hard data: nothing instead of something, contenders and loads that only one run has, numbers of blocks that
//! differ, scopes, and what would decide. Nothing is ever passed for want of data.

use reports::diff::{DecidedBy, Diff, DiffOutcome, Gate, GateResult, between, of_contenders};
use reports::record::store::Run;

use crate::diff::run;

fn held(diff: &Diff, gate: &str) -> GateResult {
    gate.parse::<Gate>().unwrap().hold(diff)
}

fn outcome(diff: &Diff, gate: &str) -> DiffOutcome {
    held(diff, gate).outcome
}

/// Takes the CPU time of `threaded` away in so many blocks.
fn idle(mut run: Run, blocks: u32) -> Run {
    let of_it = run.cells.iter_mut().filter(|cell| cell.contender == "threaded" && cell.block < blocks);
    of_it.for_each(|cell| cell.server.window_cpu_ns = Some(0));
    run
}

#[test]
fn something_instead_of_nothing_is_beyond_any_bound_and_the_reverse_is_not() {
    let (base, new) = (idle(run(10, 1, 1.0), 10), run(10, 2, 1.0));
    let diff = between(&base, &new);
    let gated = held(&diff, "cpu-per-request>+900%");
    assert_eq!(gated.outcome, DiffOutcome::Regressed);
    let reason = "server CPU time per request of threaded, sleep 5 ms at 60/s: no ratio: more than zero in every measurement, where the \
                  base has zero or less in all";
    assert!(gated.reasons.len() == 3 && gated.reasons.contains(&reason.to_owned()), "{:?}", gated.reasons);
    assert_eq!(outcome(&diff, "cpu-per-request<-10%"), DiffOutcome::Passed);
    let back = between(&new, &base);
    assert_eq!(outcome(&back, "cpu-per-request<-90%"), DiffOutcome::Regressed);
    assert_eq!(outcome(&back, "cpu-per-request>+10%"), DiffOutcome::Passed);
}

#[test]
fn nothing_in_some_blocks_or_in_both_runs_decides_nothing_and_is_no_number() {
    for (of_base, of_new) in [(3, 0), (0, 3), (3, 10), (10, 10)] {
        let diff = between(&idle(run(10, 1, 1.0), of_base), &idle(run(10, 2, 1.0), of_new));
        for gate in ["cpu-per-request>+900%", "cpu-per-request<-90%"] {
            let gated = held(&diff, gate);
            assert_eq!((gated.outcome, gated.decided_by), (DiffOutcome::Inconclusive, Some(DecidedBy::MeasuringAgain)));
            assert!(gated.reasons.iter().all(|reason| reason.contains("zero or less in")), "{:?}", gated.reasons);
        }
        let json = serde_json::to_value(&diff).unwrap();
        let rows = json["rows"].as_array().unwrap().iter().filter(|row| row["contender"] == "threaded");
        let cpu: Vec<_> = rows.filter(|row| row["name"] == "cpu-per-request").collect();
        assert!(cpu.iter().all(|row| row["ratio"]["no_ratio"]["no-ratio"]["why"] == "not-positive"), "{cpu:?}");
        assert!(!json.to_string().contains("NaN") && !json.to_string().contains("inf"));
    }
    // Two blocks are too few to say that it is always so.
    let few = between(&idle(run(2, 1, 1.0), 2), &run(2, 2, 1.0));
    assert_eq!(outcome(&few, "cpu-per-request>+10%"), DiffOutcome::Inconclusive);
}

#[test]
fn a_contender_that_only_the_base_has_leaves_every_gate_of_it_inconclusive() {
    let (base, mut new) = (run(10, 1, 1.0), run(10, 2, 1.0));
    new.manifest.contenders.retain(|contender| contender.label != "threaded");
    new.cells.retain(|cell| cell.contender != "threaded");
    let gated = held(&between(&base, &new), "cpu-per-request>+50%");
    let reason = "only the base has server CPU time per request of threaded, sleep 5 ms at 60/s and 2 more places";
    assert_eq!((gated.outcome, gated.reasons), (DiffOutcome::Inconclusive, vec![reason.to_owned()]));
    assert_eq!(outcome(&between(&new, &base), "cpu-per-request>+50%"), DiffOutcome::Passed);
    // A regression of another is one all the same, and then it is what is said.
    let mut slow = run(10, 2, 2.0);
    slow.cells.retain(|cell| cell.contender != "threaded");
    let gated = held(&between(&base, &slow), "cpu-per-request>+50%");
    assert!(
        gated.outcome == DiffOutcome::Regressed && gated.reasons.iter().all(|reason| reason.contains("async-multi"))
    );
    let nothing = Run { cells: Vec::new(), ..new };
    assert_eq!(outcome(&between(&nothing, &nothing), "cpu-per-request>+50%"), DiffOutcome::Inconclusive);
}

#[test]
fn of_runs_with_other_numbers_of_blocks_those_are_paired_that_both_have() {
    let diff = between(&run(20, 1, 1.0), &run(12, 2, 1.5));
    let cpu = diff.rows.iter().filter(|row| row.name == "cpu-per-request");
    assert!(cpu.clone().count() == 6 && cpu.clone().all(|row| row.ratio.unwrap().blocks == 12));
    assert_eq!(outcome(&diff, "cpu-per-request>+10%"), DiffOutcome::Regressed);
    // Twelve are enough for a median, and not for a p99.
    let p99 = held(&diff, "p99>+10%@sleep 5 ms at 8,000/s");
    assert_eq!((p99.outcome, p99.decided_by), (DiffOutcome::Inconclusive, Some(DecidedBy::Blocks(20))));
}

#[test]
fn what_exceeded_comes_first_and_alone() {
    let mut new = run(10, 2, 1.0);
    for cell in new.cells.iter_mut().filter(|cell| cell.contender == "threaded") {
        let times = if cell.load.offered_load_rps == Some(700.0) { 3 } else { 2 };
        cell.server.window_cpu_ns = cell.server.window_cpu_ns.map(|ns| ns * times);
    }
    let gated = held(&between(&run(10, 1, 1.0), &new), "cpu-per-request>+0%");
    assert_eq!((gated.outcome, gated.rows, gated.reasons.len()), (DiffOutcome::Regressed, 6, 3));
    let first = "server CPU time per request of threaded, sleep 5 ms at 700/s: ";
    assert!(gated.reasons[0].starts_with(first), "{:?}", gated.reasons);
    assert!(gated.reasons.iter().all(|reason| reason.contains("threaded")), "{:?}", gated.reasons);
}

#[test]
fn a_scope_is_an_experiment_a_workload_or_a_load() {
    let mut new = run(10, 2, 1.0);
    for cell in new.cells.iter_mut().filter(|cell| cell.load.offered_load_rps == Some(700.0)) {
        cell.server.window_cpu_ns = cell.server.window_cpu_ns.map(|ns| ns * 2);
    }
    let diff = between(&run(10, 1, 1.0), &new);
    let rows = |scope: &str| held(&diff, &format!("cpu-per-request>+40%@{scope}"));
    for scope in ["latency-curve", "sleep-5ms", "sleep 5 ms", " Sleep 5 ms "] {
        assert_eq!((rows(scope).outcome, rows(scope).rows), (DiffOutcome::Regressed, 6), "{scope}");
    }
    assert_eq!((rows("sleep 5 ms at 700/s").outcome, rows("sleep 5 ms at 700/s").rows), (DiffOutcome::Regressed, 2));
    assert_eq!((rows("sleep 5 ms at 60/s").outcome, rows("sleep 5 ms at 60/s").rows), (DiffOutcome::Passed, 2));
    let unknown = rows("echo");
    let reason = "no experiment or workload is called \"echo\"; there are latency-curve, sleep 5 ms";
    assert!(unknown.outcome == DiffOutcome::Inconclusive && unknown.reasons[0].starts_with(reason), "{unknown:?}");
    let other = held(&diff, "memory>+10%@sleep 5 ms");
    assert_eq!(other.outcome, DiffOutcome::Inconclusive);
    assert!(other.reasons[0].ends_with("what both have is cpu-per-request, p50 and p99"), "{:?}", other.reasons);
}

#[test]
fn what_would_decide_does() {
    let at = |blocks: u32| between(&run(blocks, 1, 1.0), &run(blocks, 2, 1.2));
    assert_eq!(held(&at(2), "cpu-per-request>+5%").outcome, DiffOutcome::Inconclusive);
    let Some(DecidedBy::Blocks(needed)) = held(&at(2), "cpu-per-request>+5%").decided_by else { panic!() };
    assert!(needed >= 10, "{needed}");
    let close = held(&at(10), "cpu-per-request>+21%@sleep 5 ms at 700/s");
    let Some(DecidedBy::Blocks(more)) = close.decided_by else { panic!("{close:?}") };
    assert!((11..=1_000).contains(&more), "{more}");
    assert_eq!(held(&at(10), "cpu-per-request>+5%").decided_by, None, "it regressed");
}

#[test]
fn two_contenders_of_one_run_are_gated_against_each_other() {
    let mut run = run(10, 1, 1.0);
    for cell in run.cells.iter_mut().filter(|cell| cell.contender == "async-multi") {
        cell.server.window_cpu_ns = cell.server.window_cpu_ns.map(|ns| ns / 20);
    }
    let diff = of_contenders(&run, "threaded", "async-multi").unwrap();
    assert_eq!((diff.base.as_str(), diff.new.as_str()), ("threaded of run-1", "async-multi of run-1"));
    assert!(diff.only_in_base.is_empty() && diff.only_in_new.is_empty() && diff.missing.is_empty());
    assert_eq!(outcome(&diff, "cpu-per-request>+10%"), DiffOutcome::Passed);
    let back = of_contenders(&run, "async-multi", "threaded").unwrap();
    assert_eq!(outcome(&back, "cpu-per-request>+10%"), DiffOutcome::Regressed);
    assert_eq!(of_contenders(&run, "threaded", "nobody"), None);
}
