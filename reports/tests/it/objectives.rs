//! Loads held against an objective: which cells keep it, and what is said of a contender over its blocks.

use reports::export::{bencher, github_action_benchmark};
use reports::objective::{BlockResult, Kept, carries, kept};
use reports::page::render;
use reports::record::store::Run;
use reports::record::{Objective, Warning};
use reports::study::groups;
use reports::summary::{headlines, summarise};

use crate::fixture::{self, find};

/// The loads of the fixture, 60, 700 and 8,000 per second, as the steps of a search.
pub(crate) fn searched(below_ms: u64) -> Run {
    let mut run = fixture::small();
    let step = 700.0 / 60.0;
    run.manifest.experiments[0].objective =
        Some(Objective { percentile: 0.9, below_ns: below_ms * 1_000_000, step, lowest_rps: None });
    run
}

/// What each block of a contender found.
fn found(run: &Run, contender: &str) -> Vec<BlockResult> {
    let groups = groups(run);
    let series = groups[0].series.iter().find(|series| series.contender.label == contender).unwrap();
    carries(&groups[0].experiment.objective.unwrap(), series).blocks
}

#[test]
fn the_highest_load_before_the_first_that_broke_the_promise_is_carried() {
    let run = searched(50);
    assert_eq!(found(&run, "sequential"), [BlockResult::Carried(60.0); 2]);
    assert_eq!(found(&searched(1), "sequential"), [BlockResult::LessThan(60.0); 2]);
    let unfinished = found(&run, "async-multi");
    assert!(unfinished.iter().all(|found| *found == BlockResult::Unfinished), "no load was too much: {unfinished:?}");
}

#[test]
fn what_is_carried_can_be_exported_with_its_interval() {
    let run = searched(50);
    let figures = headlines(&groups(&run));
    let of = |contender: &str| {
        figures.iter().find(|figure| figure.contender == contender && figure.metric == "load_carried")
    };
    let carried = of("sequential").unwrap();
    assert_eq!(
        (carried.value.round(), carried.lo.map(f64::round), carried.hi.map(f64::round)),
        (60.0, Some(60.0), Some(700.0))
    );
    assert_eq!(carried.label, "load carried with p90 below 50 ms");
    assert!(of("async-multi").is_none(), "its search did not come to an end");
    let exported = github_action_benchmark(&figures, "run x");
    assert!(exported.contains("\"unit\": \"1/s\"") && exported.contains("\"range\": \"60 to 700\""), "{exported}");
    assert!(bencher(&figures).contains("\"load-carried\""));
}

#[test]
fn a_single_failure_breaks_a_promise() {
    let mut run = searched(50);
    let objective = run.manifest.experiments[0].objective.unwrap();
    let at = find(&run, "sleep-5ms", "async-multi", 60.0, 0);
    assert_eq!(kept(&objective, &run.cells[at]), Kept::Yes);
    let ledger = &mut run.cells[at].traffic.as_mut().unwrap().ledger;
    (ledger.ok, ledger.reset) = (ledger.ok - 1, ledger.reset + 1);
    assert_eq!(kept(&objective, &run.cells[at]), Kept::No);
}

#[test]
fn where_no_valid_cell_tells_the_load_is_at_least_what_was_carried() {
    let mut run = searched(50);
    for load in [700.0, 8_000.0] {
        let at = find(&run, "sleep-5ms", "async-multi", load, 1);
        run.cells[at].warnings.push(Warning::GeneratorSaturated { busiest_worker: 0.95 });
    }
    assert_eq!(found(&run, "async-multi")[1], BlockResult::AtLeast(60.0));
    let summary = summarise(&run);
    let lead = summary.answers.iter().find(|answer| answer.experiment == "latency-curve").unwrap();
    assert!(lead.sentence.starts_with("With p90 below 50 ms and no request failed: "), "{}", lead.sentence);
    assert!(lead.sentence.contains("async-multi at least 60.0/s (searched once)"), "{}", lead.sentence);
    assert!(lead.sentence.contains("sequential 60.0/s (60.0/s to 700/s, searched twice)"), "{}", lead.sentence);
}

#[test]
fn the_page_says_what_is_carried_and_compares_at_no_common_load() {
    let run = searched(50);
    let page = render(&run);
    assert!(page.contains("Carried with p90 below 50 ms: "));
    assert!(!page.contains("Response times at "));
}
