//! A run of everything, looked at from all sides.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::OnceLock;

use harness::experiments::EXPERIMENTS;
use harness::plan::{Contenders, Experiment, PROTAGONISTS};
use reports::metrics::{Bands, TIME_PARTS};
use reports::record::store::Run;
use reports::record::{Cell, Ending, Outcome, Purpose};
use reports::study::{counts, died_as_a_result};
use serde_json::Value;
use servers::default_models;

use crate::common::assert_checks_held;
use crate::common::home::{Ended, Home};

/// The experiments that run by default, once for all the tests in here, with the summary as JSON.
struct Whole {
    home: Home,
    output: Ended,
    run: Run,
}

fn whole() -> &'static Whole {
    static WHOLE: OnceLock<Whole> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let home = Home::shared();
        let output = home.compared(&["--format", "json"]);
        let run = home.run();
        Whole { home, output, run }
    })
}

fn measured(run: &Run) -> impl Iterator<Item = &Cell> {
    run.cells.iter().filter(|cell| cell.purpose == Purpose::Measure)
}

/// What the exit code must be, from the cells alone: on a busy machine the generator may be held up so often that a
/// contender has no valid cell of a workload, and that must then be said.
fn code_of(run: &Run) -> i32 {
    let is_valid = |cell: &&Cell| counts(cell);
    let workload = |cell: &Cell| (cell.contender.clone(), cell.experiment.clone(), cell.workload.clone());
    let proven: BTreeSet<_> = measured(run).filter(is_valid).map(workload).collect();
    if measured(run).all(|cell| proven.contains(&workload(cell))) { 0 } else { 4 }
}

/// Who takes part in what: every model that needs no naming, unless an experiment has contenders of its own.
fn cast() -> BTreeSet<(&'static str, &'static str)> {
    let of = |experiment: &'static Experiment| -> Vec<&'static str> {
        match experiment.recipe.contenders {
            Contenders::Protagonists => PROTAGONISTS.to_vec(),
            Contenders::OfTheRun => default_models().map(|model| model.name).collect(),
            Contenders::Own(labels) => labels.to_vec(),
        }
    };
    let defaults = EXPERIMENTS.iter().filter(|experiment| DEFAULTS.contains(&experiment.name));
    defaults.flat_map(|experiment| of(experiment).into_iter().map(|label| (label, experiment.name))).collect()
}

/// What is run where no experiment is named, as far as it exists.
const DEFAULTS: &[&str] = &["thread-or-task", "latency-curve", "memory", "same-memory", "blocking-sleep"];

#[test]
fn everyone_is_put_to_their_experiments_and_nothing_fails() {
    let Whole { output, run, .. } = whole();
    let code = code_of(run);
    assert_eq!(output.code, Some(code), "{}", output.stderr);
    assert_eq!(output.stderr.contains("invalid:"), code == 4, "{}", output.stderr);
    let seen: BTreeSet<(&str, &str)> =
        measured(run).map(|cell| (cell.contender.as_str(), cell.experiment.as_str())).collect();
    assert_eq!(seen, cast());
    for cell in run.cells.iter().filter(|cell| !died_as_a_result(cell)) {
        assert_eq!(cell.outcome, Outcome::Completed, "{}", cell.id);
        assert_checks_held(cell);
    }
}

#[test]
fn every_request_of_every_cell_has_one_end() {
    for cell in &whole().run.cells {
        let Some(traffic) = &cell.traffic else {
            assert!(!cell.stages.is_empty(), "{} saw nothing", cell.id);
            continue;
        };
        assert_eq!(traffic.ledger.scheduled, traffic.ledger.accounted_for(), "{}", cell.id);
        assert_eq!(traffic.timestamps_out_of_order, 0, "{}", cell.id);
        if let Some(response_time) = &traffic.response_time {
            let with_time = traffic.ledger.ok + traffic.ledger.timeout;
            assert_eq!(response_time.count, with_time, "{}", cell.id);
            assert_eq!(traffic.service_time.count, traffic.ledger.ok, "{}", cell.id);
            let in_intervals: u64 = traffic.intervals.iter().map(|interval| interval.ok).sum();
            // A session that began in the window may go on past its end, where there are no intervals.
            assert!(in_intervals > 0 || traffic.ledger.ok == 0, "{}", cell.id);
            assert!(in_intervals <= traffic.ledger.ok, "{}", cell.id);
        }
    }
}

/// Of all requests that got a right reply: what timed out has no parts, and would be part of the median.
#[test]
fn the_parts_of_the_median_add_up_to_it_in_every_cell() {
    let mut seen = 0;
    for cell in measured(&whole().run) {
        let Some(traffic) = &cell.traffic else { continue };
        let (Some(response_time), Some(split)) = (&traffic.response_time, &traffic.split) else { continue };
        if traffic.ledger.timeout > 0 {
            continue;
        }
        let median = response_time.to_histogram().unwrap().value_at_quantile(0.5) as f64;
        let Bands { median: band, .. } = Bands::of(&[split]).unwrap();
        let named = ["schedule_lag", "connection", "waiting", "service", "returning"];
        let parts = TIME_PARTS.iter().filter(|part| named.contains(&part.name));
        let sum: f64 = parts.map(|part| band.mean_ns(part).unwrap()).sum();
        assert!((sum - median).abs() <= 0.05 * median, "{}: {sum} and {median}", cell.id);
        seen += 1;
    }
    assert!(seen >= 2 * default_models().count(), "{seen} cells");
}

#[test]
fn every_contender_is_probed_once_a_workload_and_before_all_else() {
    let run = &whole().run;
    let mut probes = BTreeSet::new();
    for cell in run.cells.iter().filter(|cell| cell.purpose == Purpose::CapacityProbe) {
        assert!(probes.insert((&cell.contender, &cell.workload)), "{} was probed twice", cell.id);
        assert!(measured(run).all(|measured| measured.order > cell.order), "{}", cell.id);
        assert!(cell.traffic.as_ref().unwrap().response_time.is_none(), "{}: a closed loop has none", cell.id);
    }
    let workloads = EXPERIMENTS.iter().filter(|experiment| experiment.name == "latency-curve");
    let workloads: usize = workloads.map(|experiment| experiment.workloads.len()).sum();
    assert_eq!(probes.len(), default_models().count() * workloads);
}

#[test]
fn contenders_of_a_load_point_get_the_same_arrivals_and_other_points_others() {
    let mut seeds: BTreeMap<(&str, &str, [u64; 2], u32), BTreeSet<u64>> = BTreeMap::new();
    let mut scheduled: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for cell in measured(&whole().run) {
        let Some(rate) = cell.load.offered_load_rps else { continue };
        let swept = [rate, cell.variation.unwrap_or(0.0)].map(f64::to_bits);
        let point = (cell.experiment.as_str(), cell.workload.as_str(), swept, cell.block);
        seeds.entry(point).or_default().insert(cell.load.seed);
        scheduled.entry(cell.load.seed).or_default().insert(cell.traffic.as_ref().unwrap().ledger.scheduled);
    }
    assert!(seeds.len() >= 3, "{seeds:?}");
    assert!(seeds.values().all(|of_point| of_point.len() == 1), "{seeds:?}");
    let distinct: BTreeSet<u64> = seeds.values().flatten().copied().collect();
    assert_eq!(distinct.len(), seeds.len(), "two points share their arrivals");
    assert!(scheduled.values().all(|of_seed| of_seed.len() == 1), "one seed, several schedules: {scheduled:?}");
}

#[test]
fn the_manifest_says_what_was_run() {
    let Whole { home, run, .. } = whole();
    let manifest = &run.manifest;
    assert_eq!(manifest.ending, Ending::Completed);
    assert_eq!(manifest.planned_cells as usize, home.cell_files().len());
    assert_eq!(run.cells.len(), home.cell_files().len());
    let orders: Vec<u32> = run.cells.iter().map(|cell| cell.order).collect();
    assert_eq!(orders, (0..manifest.planned_cells).collect::<Vec<_>>());
    assert_eq!((manifest.run.as_str(), manifest.preset.as_str(), manifest.seed), ("the-run", "smoke", 1));
    assert!(manifest.argv.contains(&"--format".to_owned()), "{:?}", manifest.argv);
    let labels: Vec<&str> = manifest.contenders.iter().map(|contender| contender.label.as_str()).collect();
    let models: Vec<&str> = default_models().map(|model| model.name).collect();
    assert!(labels.starts_with(&models), "the models first, then what experiments bring: {labels:?}");
    assert_eq!(labels.iter().collect::<BTreeSet<_>>().len(), labels.len(), "{labels:?}");
    assert!(run.cells.windows(2).all(|pair| pair[0].started_at_ns + pair[0].elapsed_ns <= pair[1].started_at_ns));
}

#[test]
fn servers_of_a_run_are_as_many_processes_as_cells() {
    let run = &whole().run;
    let starts: BTreeSet<(Option<u32>, u64)> =
        run.cells.iter().map(|cell| (cell.server.pid, cell.started_at_ns)).collect();
    assert_eq!(starts.len(), run.cells.len());
    for cell in run.cells.iter().filter(|cell| !died_as_a_result(cell)) {
        let server = &cell.server;
        assert!(server.pid.is_some() && server.counters.is_some(), "{}", cell.id);
        assert!(server.peak_resident_bytes > Some(100 * 1024), "{}", cell.id);
        assert!(server.voluntary_switches.is_some() && server.user_cpu_ns.is_some(), "{}", cell.id);
        assert_eq!(cell.traffic.is_some(), server.window_cpu_ns.is_some(), "{}", cell.id);
    }
}

#[test]
fn stdout_is_data_and_nothing_but_data() {
    let Whole { home, output, .. } = whole();
    let said = output.json();
    let report = home.out().join("report.html");
    assert_eq!(said["report"], report.to_str().unwrap());
    assert!(!said["summary"]["tables"].as_array().unwrap().is_empty());
    let rows = said["scorecard"].as_array().unwrap();
    // On a busy machine, cells under load may all be invalid; connections are held all the same.
    let is_measured = |row: &Value| row["blocks"].as_u64().unwrap() > 0;
    assert!(rows.iter().any(is_measured), "{rows:?}");
    for row in rows {
        for key in ["question", "threads", "tokio", "unit", "ratio", "low", "high", "verdict", "blocks"] {
            assert!(row.get(key).is_some(), "{key}: {row}");
        }
        assert!(!row["question"].as_str().unwrap().is_empty(), "{row}");
        let says_why_not = row["verdict"] == "cannot tell" && row["would_take"].is_string() && row["ratio"].is_null();
        assert!(is_measured(row) || says_why_not, "{row}");
    }
    assert_eq!(said["protagonists"][0]["label"], "threaded");
}

#[test]
fn a_report_rendered_again_is_the_same_to_the_byte() {
    let Whole { home, .. } = whole();
    let page = home.out().join("report.html");
    let before = fs::read(&page).unwrap();
    assert!(before.len() > 10_000);
    for format in ["table", "md", "csv", "json"] {
        let output = home.ended(&["report", "the-run", "--format", format]).with_code(0);
        assert_eq!(output.stderr, "", "{format}");
        assert!(!output.stdout.is_empty());
        assert!(fs::read(&page).unwrap() == before, "{format}: the page has changed");
    }
    let card = home.ended(&["report", "the-run"]);
    let lines: Vec<&str> = card.stdout.lines().collect();
    assert_eq!(lines.last(), Some(&"report: the-run/report.html"));
    assert!(lines.len() <= 20 && lines.iter().all(|line| line.chars().count() <= 80), "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with("memory per idle connection")), "{lines:#?}");
    assert!(
        lines.iter().any(|line| line.starts_with("next: harness compare --resume the-run --blocks ")),
        "{lines:#?}"
    );
    let files: BTreeSet<String> =
        fs::read_dir(home.out()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files, ["cells", "manifest.json", "report.html"].map(str::to_owned).into());
}

#[test]
fn a_folder_that_holds_a_run_is_left_alone() {
    let Whole { home, .. } = whole();
    let bytes = || -> Vec<Vec<u8>> {
        home.cell_files().iter().map(|name| fs::read(home.out().join("cells").join(name)).unwrap()).collect()
    };
    let before = (fs::read(home.out().join("manifest.json")).unwrap(), bytes());
    let output = home
        .compared(&["--models", "threaded", "--experiments", "memory"])
        .refused("already holds a run; name another folder");
    assert_eq!(output.stdout, "");
    assert!((fs::read(home.out().join("manifest.json")).unwrap(), bytes()) == before);
}
