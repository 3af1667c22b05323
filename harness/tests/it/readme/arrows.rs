//! Who may know whom, read from manifests and sources. Comments and tests may say anything. What holds within `servers`
//! is in `servers/tests/it/architecture.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use servers::MODELS;

use crate::common::{PACKAGES, root, source};

const MACHINE: &[&str] = &["std::fs", "std::net", "std::process", "std::env", "std::thread", "rustix", "nix::"];
const CLOCKS: &[&str] = &["Instant", "SystemTime", "now_ns", "monotonic_ns"];
/// How a load is carried out, and what comes of it. What a load is, as data, may be known.
const LOADING: &[&str] = &["load::run", "load::disturb", "load::hold", "LoadOutcome", "Generator::"];
const EXECUTION: &[&str] = &["crate::run", "crate::process", "instruments::observe", "crate::cli"];
const RUNTIME: &[&str] = &["tokio::", "axum::", "futures_util::"];
/// What measures a runtime, and what is served beside a run by a thread of its own. The generator knows neither.
const KNOW_A_RUNTIME: [&str; 2] = ["instruments/src/microcosts", "harness/src/live/web"];
const MODEL: &[&str] = &["MODELS", "Contender", "servers::Model", "servers::Server"];

/// The Rust sources at or under a path.
fn sources(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let inner = entries.flat_map(|entry| sources(&entry.unwrap().path()));
    inner.filter(|path| path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs")).collect()
}

/// The lines of code under `place` that mention one of `words`.
fn mentions(place: &str, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for path in sources(&root().join(place)) {
        let source = fs::read_to_string(&path).unwrap();
        let code = source.split("#[cfg(test)]\nmod tests").next().unwrap();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let lines = lines.filter(|line| words.iter().any(|word| line.contains(word)));
        found.extend(lines.map(|line| format!("{}: {line}", path.display())));
    }
    found
}

fn assert_unknown(place: &str, words: &[&str]) {
    assert_eq!(mentions(place, words), Vec::<String>::new());
}

#[test]
fn arrows_between_packages_lead_down() {
    let names = |manifest: &str| {
        let text = source(manifest);
        // Of a bench, `harness` is a switch of cargo's.
        let lines = text.lines().filter(|line| *line != "harness = false");
        let lines = lines.filter_map(|line| line.split(['.', ' ', '=']).next());
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let known = |package: &str| {
        let named = names(&format!("{package}/Cargo.toml"));
        PACKAGES
            .into_iter()
            .filter(|other| *other != package && named.contains(&(*other).to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(known("servers"), [""; 0]);
    assert_eq!(known("reports"), [""; 0]);
    assert_eq!(known("instruments"), ["servers", "reports"]);
    assert_eq!(known("harness"), ["servers", "reports", "instruments"]);
}

#[test]
fn the_generator_knows_no_models_and_no_runtime() {
    assert_unknown("instruments/src/load", MODEL);
    assert_unknown("instruments/src/load", &["crate::observe", "crate::microcosts", "crate::backend"]);
    for source in ["instruments/src", "harness/src"].iter().flat_map(|package| sources(&root().join(package))) {
        let place = source.strip_prefix(root()).unwrap();
        if !KNOW_A_RUNTIME.iter().any(|known| place.starts_with(known)) {
            assert_unknown(place.to_str().unwrap(), RUNTIME);
        }
    }
    for place in KNOW_A_RUNTIME {
        assert!(!mentions(place, RUNTIME).is_empty(), "{place} knows no runtime and need not be named");
    }
}

#[test]
fn the_live_page_knows_no_runs() {
    for place in ["harness/src/live/web", "harness/src/live/followed.rs"] {
        assert_unknown(place, MODEL);
        assert_unknown(place, &["crate::run", "instruments::load", "crate::process", "crate::plan", "crate::cli"]);
    }
    assert_unknown("harness/src/live/web", &["reports::record"]);
}

#[test]
fn microcosts_know_neither_models_nor_load() {
    assert_unknown("instruments/src/microcosts", MODEL);
    assert_unknown("instruments/src/microcosts", &["crate::load"]);
}

#[test]
fn traced_windows_know_no_models_and_no_runs() {
    assert_unknown("harness/src/trace", MODEL);
    assert_unknown("harness/src/trace", &["crate::run", "crate::cli"]);
}

#[test]
fn live_views_know_no_models_and_no_runs() {
    assert_unknown("harness/src/live", MODEL);
    assert_unknown("harness/src/live", &["crate::run", "crate::cli", "ratatui", "crossterm"]);
}

#[test]
fn several_machines_know_no_models_and_no_runs() {
    assert_unknown("harness/src/machines", MODEL);
    assert_unknown("harness/src/machines", &["crate::run", "crate::cli", "println!"]);
}

#[test]
fn the_backend_answers_whoever_calls() {
    assert_unknown("instruments/src/backend", MODEL);
    assert_unknown("instruments/src/backend", &["crate::observe"]);
}

#[test]
fn what_checks_a_server_has_an_address_and_no_process() {
    assert_unknown("harness/src/check", MODEL);
    assert_unknown("harness/src/check", &["crate::process", "crate::run", "crate::cli", "println!"]);
    assert_unknown("harness/src/check", LOADING);
}

#[test]
fn supervision_knows_neither_models_nor_load() {
    assert_unknown("harness/src/process", MODEL);
    assert_unknown(
        "harness/src/process",
        &["servers::", "instruments::load", "crate::plan", "crate::run", "crate::cli"],
    );
}

#[test]
fn observation_knows_a_process_and_no_server() {
    assert_unknown("instruments/src/observe", &["servers::", "crate::load"]);
}

#[test]
fn known_answers_do_not_know_how_they_are_shown() {
    assert_unknown("harness/src/selftest", &["crate::cli", "indicatif", "comfy_table", "println!"]);
}

#[test]
fn plans_experiments_searches_and_lessons_are_data() {
    for place in ["harness/src/plan", "harness/src/experiments", "harness/src/search", "harness/src/workshop"] {
        assert_unknown(place, &[MACHINE, CLOCKS, EXECUTION, LOADING].concat());
    }
}

#[test]
fn reports_follow_from_records_alone() {
    for path in sources(&root().join("reports/src")) {
        if !path.ends_with("record/store.rs") {
            let place = path.strip_prefix(root()).unwrap().to_str().unwrap();
            assert_unknown(place, &[MACHINE, CLOCKS].concat());
        }
    }
    let names: Vec<String> = MODELS.iter().map(|model| format!("\"{}", model.name)).collect();
    assert_unknown("reports/src", &names.iter().map(String::as_str).collect::<Vec<_>>());
}

/// The time of day can be set while something is measured. It stands in records for people, and nothing is subtracted from
/// it but by who writes a log in which each second has its date.
const SAY_THE_TIME_OF_DAY: [&str; 4] = [
    "harness/src/cli/load/findings.rs",
    "harness/src/cli/load/run.rs",
    "harness/src/cli/load/written/histogram_files.rs",
    "harness/src/run/session.rs",
];

#[test]
fn what_is_measured_does_not_know_the_time_of_day() {
    const TIME_OF_DAY: &[&str] = &["SystemTime", "UNIX_EPOCH", "ClockId::Realtime", "CLOCK_REALTIME"];
    for path in
        ["harness/src", "instruments/src", "servers/src"].into_iter().flat_map(|place| sources(&root().join(place)))
    {
        let place = path.strip_prefix(root()).unwrap().to_str().unwrap();
        if !SAY_THE_TIME_OF_DAY.contains(&place) {
            assert_unknown(place, TIME_OF_DAY);
        }
    }
    for place in SAY_THE_TIME_OF_DAY {
        assert!(!mentions(place, TIME_OF_DAY).is_empty(), "{place} knows no time of day and need not be named");
    }
}

#[test]
fn the_check_finds_what_it_looks_for() {
    assert!(!mentions("instruments/src/load", CLOCKS).is_empty());
    assert!(!mentions("instruments/src/observe", MACHINE).is_empty());
    assert!(!mentions("harness/src/plan", MODEL).is_empty());
    assert!(!mentions("harness/src/run", EXECUTION).is_empty());
    assert!(!mentions("harness/src/run", LOADING).is_empty());
    assert!(!mentions("reports/src/record/store.rs", MACHINE).is_empty());
}
