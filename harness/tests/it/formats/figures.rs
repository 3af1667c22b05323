//! Figures for a spreadsheet and for monitoring.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use nom_openmetrics::parser::openmetrics;
use serde_json::Value;

use crate::common::home::Home;
use crate::common::{copy_run, text};
use crate::formats::{serve, written};
use crate::skipped::missing;

#[test]
fn a_load_is_one_header_and_one_row() {
    let home = Home::new();
    let (_server, address) = serve();
    let load = ["load", &address, "--rate", "400", "--duration", "300ms", "--warm-up", "50ms", "--format", "csv"];
    let csv = written(&home, &load);
    let lines: Vec<&str> = csv.lines().collect();
    let [header, row] = lines[..] else { panic!("{csv}") };
    let row: BTreeMap<&str, &str> = header.split(',').zip(row.split(',')).collect();
    assert_eq!(row["target"], address);
    assert_eq!((row["duration_ns"], row["offered_rps"], row["error"]), ("300000000", "400.0", "0"));
    assert!(row["response_time_p50_ns"].parse::<u64>().unwrap() > 0, "{csv}");
}

/// What is said of a saved run, family by family.
fn exported(run: &str) -> String {
    let home = Home::new();
    copy_run(run, &home.join("run"));
    written(&home, &["report", "run", "--format", "openmetrics"])
}

const SAMPLE: &str = "reports/samples/default-run";

#[test]
fn a_finished_run_is_open_metrics_in_base_units() {
    let exposition = exported(SAMPLE);
    let (left, families) = openmetrics(&exposition).unwrap();
    assert_eq!(left, "");
    assert!(exposition.ends_with("# EOF\n"), "nothing stands behind its end");
    let mut samples = 0;
    for family in &families {
        for sample in &family.samples {
            samples += 1;
            assert!(sample.name().starts_with("harness_run"), "{}", sample.name());
            assert!(sample.number().is_finite(), "{}", sample.name());
            let labels: BTreeSet<&str> = sample.labels().iter().map(|label| label.name).collect();
            assert_eq!(labels.len(), sample.labels().len(), "a label stands twice: {}", sample.name());
        }
    }
    assert!(samples > 100, "{samples}");
    for name in ["response_time_p99_seconds", "peak_memory_bytes", "success_ratio", "achieved_per_second", "kept_up"] {
        assert!(exposition.contains(&format!("# TYPE harness_run_{name} gauge\n")), "no {name}");
    }
    let typed = || exposition.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    assert_eq!(typed().collect::<BTreeSet<_>>().len(), typed().count(), "a family stands twice");
    for name in typed().filter_map(|line| line.strip_suffix(" gauge")) {
        let has = |what: &str| exposition.lines().any(|line| line.starts_with(&format!("# {what} {name} ")));
        assert!(has("HELP"), "{name} has no help");
        let is_in_base_units = ["_seconds", "_bytes", "_ratio", "_per_second"].iter().any(|unit| name.ends_with(unit));
        assert_eq!(has("UNIT"), is_in_base_units, "{name}");
    }
}

#[test]
fn open_metrics_say_what_the_summary_says() {
    let home = Home::new();
    copy_run(SAMPLE, &home.join("run"));
    let exposition = written(&home, &["report", "run", "--format", "openmetrics"]);
    let bencher: Value = serde_json::from_str(&written(&home, &["report", "run", "--format", "bencher"])).unwrap();
    let (_, families) = openmetrics(&exposition).unwrap();
    let mut compared = 0;
    for (name, measures) in bencher.as_object().unwrap() {
        let [experiment, workload, contender] = name.splitn(3, '/').collect::<Vec<_>>().try_into().unwrap();
        let Some(p99) = measures["response-time-p99"]["value"].as_f64() else { continue };
        let load = measures["offered-load"]["value"].as_f64().unwrap().to_string();
        let own = [("experiment", experiment), ("workload", workload), ("contender", contender), ("load", &load)];
        let samples = families.iter().flat_map(|family| &family.samples);
        let found = samples.filter(|sample| sample.name() == "harness_run_response_time_p99_seconds").find(|sample| {
            own.iter().all(|(key, value)| sample.labels().iter().any(|it| it.name == *key && it.value == *value))
        });
        let seconds = found.unwrap_or_else(|| panic!("no p99 of {name} at {load}")).number();
        assert!((seconds - p99 / 1e9).abs() < 1e-12, "{seconds} s, {p99} ns");
        compared += 1;
    }
    assert!(compared > 1, "{compared}");
}

/// The parser of Prometheus' own client, where Python has it.
#[test]
fn the_reference_parser_reads_open_metrics() {
    let import = "import prometheus_client.openmetrics.parser";
    let has_it = |python: &&str| {
        let there = Command::new(python).args(["-c", import]).stderr(Stdio::null()).status();
        there.is_ok_and(|status| status.success())
    };
    // What the system's package manager installs is for the system's python, which need not be the first in PATH.
    let Some(python) = ["python3", "/usr/bin/python3"].into_iter().find(has_it) else {
        return missing("prometheus_client for python3");
    };
    let read = "import sys; from prometheus_client.openmetrics.parser import text_string_to_metric_families as read
print(sum(len(family.samples) for family in read(sys.stdin.read())))";
    let mut python =
        Command::new(python).args(["-c", read]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    python.stdin.take().unwrap().write_all(exported(SAMPLE).as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(text(&output.stdout).trim().parse::<u64>().unwrap() > 100);
}

#[test]
fn names_of_strangers_end_no_label() {
    let home = Home::new();
    copy_run("reports/tests/fixtures/schema-2", &home.join("run"));
    let manifest = home.join("run/manifest.json");
    let changed =
        fs::read_to_string(&manifest).unwrap().replace("\"preset\":\"quick\"", "\"preset\":\"a\\\"} 1 # EOF\"");
    assert!(changed.contains("# EOF"), "the fixture has another preset");
    fs::write(&manifest, changed).unwrap();
    let exposition = written(&home, &["report", "run", "--format", "openmetrics"]);
    let (left, _) = openmetrics(&exposition).unwrap();
    assert_eq!((left, exposition.matches("\n# EOF").count()), ("", 1));
}

#[test]
fn several_runs_are_no_one_exposition() {
    let home = Home::new();
    copy_run("reports/tests/fixtures/schema-2", &home.join("run"));
    let refused = home.ended(&["report", "run", "run", "--format", "openmetrics"]).refused("for one run");
    assert_eq!(refused.stdout, "");
}
