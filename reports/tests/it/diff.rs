//! One run held against another: what is found, what is not, and what is refused to be told.

use std::collections::BTreeMap;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use reports::diff::{Diff, DiffOutcome, DiffRow, Gate, Method, NotCompared, between, within};
use reports::machine::{Difference, MachineIdentity, differences};
use reports::record::store::Run;
use reports::record::{Cell, ContenderRecord, Ending, HostRecord, HostRole, OtherBuild, PathKind, Purpose, Warning};
use reports::verdict::{Judged, Verdict};

use crate::fixture::{self, MODELS, Size, find};

/// A run of two contenders whose CPU times deviate from block to block by some 4%, `times` what they are elsewhere.
pub(crate) fn run(blocks: u32, seed: u64, times: f64) -> Run {
    let models = vec![MODELS[1], MODELS[5]];
    let mut run = fixture::run(&Size { models, loads: vec![60.0, 700.0, 8_000.0], blocks, workloads: 1, steps: 40 });
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for cell in run.cells.iter_mut().filter(|cell| cell.purpose == Purpose::Measure) {
        let noise = (0.04 * random.sample::<f64, _>(StandardNormal)).exp();
        cell.server.window_cpu_ns = cell.server.window_cpu_ns.map(|ns| (ns as f64 * times * noise) as u64);
    }
    run.manifest.run = format!("run-{seed}");
    run
}

fn rows<'d>(diff: &'d Diff, name: &str) -> Vec<&'d DiffRow> {
    diff.rows.iter().filter(|row| row.name == name).collect()
}

fn outcome(diff: &Diff, gate: &str) -> DiffOutcome {
    gate.parse::<Gate>().unwrap().hold(diff).outcome
}

#[test]
fn a_fifth_more_cpu_time_is_found_and_a_gate_says_so() {
    let diff = between(&run(10, 1, 1.0), &run(10, 2, 1.2));
    assert_eq!((diff.base.as_str(), diff.new.as_str(), diff.method), ("run-1", "run-2", Method::PairedBySeed));
    let cpu = rows(&diff, "cpu-per-request");
    assert_eq!(cpu.len(), 6);
    for row in &cpu {
        let ratio = row.ratio.unwrap();
        assert!(row.is_different() && (1.1..1.3).contains(&ratio.value), "{row:?}");
    }
    assert_eq!(outcome(&diff, "cpu-per-request>+5%"), DiffOutcome::Regressed);
    assert_eq!(outcome(&diff, "cpu-per-request>+40%"), DiffOutcome::Passed);
    assert_eq!(outcome(&diff, "cpu-per-request>+20%"), DiffOutcome::Inconclusive);
    assert_eq!(outcome(&diff, "cpu-per-request<-10%"), DiffOutcome::Passed);
}

#[test]
fn the_other_way_round_it_is_the_inverse() {
    let (base, new) = (run(10, 1, 1.0), run(10, 2, 1.2));
    let (there, back) = (between(&base, &new), between(&new, &base));
    for (a, b) in rows(&there, "cpu-per-request").into_iter().zip(rows(&back, "cpu-per-request")) {
        assert!((a.ratio.unwrap().value * b.ratio.unwrap().value - 1.0).abs() < 1e-9);
        assert_eq!(a.judged.unwrap().verdict, b.judged.unwrap().verdict);
    }
    assert_eq!(outcome(&back, "cpu-per-request<-5%"), DiffOutcome::Regressed);
}

#[test]
fn the_same_server_twice_is_no_regression() {
    let mut regressed = 0;
    for seed in 0..10 {
        let diff = between(&run(10, 2 * seed, 1.0), &run(10, 2 * seed + 1, 1.0));
        regressed += usize::from(outcome(&diff, "cpu-per-request>+0%") == DiffOutcome::Regressed);
        assert_eq!(outcome(&diff, "cpu-per-request>+20%"), DiffOutcome::Passed);
    }
    // The level allows one in forty.
    assert!(regressed <= 1, "{regressed} of 10");
}

#[test]
fn few_blocks_decide_no_gate() {
    let diff = between(&run(2, 1, 1.0), &run(2, 2, 3.0));
    let verdict = rows(&diff, "cpu-per-request")[0].judged.unwrap().verdict;
    assert_eq!(verdict, Verdict::TooFewBlocks { have: 2, needed: 10 });
    assert_eq!(outcome(&diff, "cpu-per-request>+5%"), DiffOutcome::Inconclusive);
    // Ten blocks tell medians and not yet a p99.
    let ten = between(&run(10, 1, 1.0), &run(10, 2, 1.0));
    assert_eq!(
        (outcome(&ten, "p50>+10%"), outcome(&ten, "p99>+10%")),
        (DiffOutcome::Passed, DiffOutcome::Inconclusive)
    );
}

#[test]
fn other_seeds_make_no_pairs() {
    let (base, mut new) = (run(10, 1, 1.0), run(12, 2, 1.2));
    new.manifest.seed += 1;
    let diff = between(&base, &new);
    assert_eq!(diff.method, Method::Unpaired);
    assert!(diff.method.words().contains("Welch"));
    for row in rows(&diff, "cpu-per-request") {
        let ratio = row.ratio.unwrap();
        assert!(ratio.blocks == 10 && row.is_different() && (1.1..1.3).contains(&ratio.value), "{row:?}");
    }
}

#[test]
fn what_only_one_run_has_is_listed() {
    let (base, mut new) = (run(2, 1, 1.0), run(2, 2, 1.0));
    new.cells.retain(|cell| cell.contender != "threaded" || cell.load.offered_load_rps != Some(700.0));
    for cell in new.cells.iter_mut().filter(|cell| cell.load.offered_load_rps == Some(60.0)) {
        cell.load.window_ns *= 2;
    }
    let diff = between(&base, &new);
    let of_700 = "latency-curve of threaded, sleep 5 ms at 700/s".to_owned();
    assert!(diff.only_in_base.contains(&of_700) && !diff.only_in_new.contains(&of_700), "{diff:?}");
    // A window twice as long is another measurement.
    assert_eq!((diff.only_in_base.len(), diff.only_in_new.len()), (3, 2));
}

/// Halves what was answered in time of `threaded` at 60/s, in so many blocks.
fn saturate(run: &mut Run, blocks: u32) {
    for block in 0..blocks {
        let cell = find(run, "sleep-5ms", "threaded", 60.0, block);
        run.cells[cell].traffic.as_mut().unwrap().ok_within_window /= 2;
    }
}

#[test]
fn invalid_points_are_said_and_decide_nothing() {
    let (base, mut new) = (run(10, 1, 1.0), run(10, 2, 1.0));
    for block in 0..10 {
        let cell = find(&new, "sleep-5ms", "threaded", 700.0, block);
        new.cells[cell].warnings.push(Warning::GeneratorSaturated { busiest_worker: 0.99 });
    }
    let diff = between(&base, &new);
    let found =
        rows(&diff, "p50").into_iter().find(|row| row.contender == "threaded" && row.place.at.ends_with(" 700/s"));
    assert_eq!(found.unwrap().ratio.unwrap_err(), NotCompared::Invalid);
    assert_eq!(outcome(&diff, "p50>+10%"), DiffOutcome::Inconclusive);
}

#[test]
fn who_no_longer_keeps_up_has_regressed_and_who_now_does_has_not() {
    let (base, mut new) = (run(10, 1, 1.0), run(10, 2, 1.0));
    saturate(&mut new, 10);
    let diff = between(&base, &new);
    let at = |name: &str, load: &str| {
        let found =
            rows(&diff, name).into_iter().find(|row| row.contender == "threaded" && row.place.at.ends_with(load));
        found.unwrap().ratio
    };
    assert_eq!(at("p50", " 60/s").unwrap_err(), NotCompared::FellBehind);
    assert!(at("p50", " 8,000/s").is_ok() && at("cpu-per-request", " 60/s").is_ok());
    assert_eq!(outcome(&diff, "p50>+10%"), DiffOutcome::Regressed);
    assert_eq!(outcome(&diff, "p99>+10%"), DiffOutcome::Inconclusive, "a p99 takes twenty blocks");
    let words = serde_json::to_string(&diff).unwrap();
    assert!(words.contains(r#"{"no_ratio":"fell-behind"}"#), "{words}");
    let back = between(&new, &base);
    assert_eq!((outcome(&back, "p50>+10%"), outcome(&back, "p50<-10%")), (DiffOutcome::Passed, DiffOutcome::Regressed));
    // Where blocks do not agree, another run might come out otherwise.
    let (base, mut new) = (run(10, 1, 1.0), run(10, 2, 1.0));
    saturate(&mut new, 9);
    assert_eq!(outcome(&between(&base, &new), "p50>+10%"), DiffOutcome::Inconclusive);
}

#[test]
fn no_gate_passes_over_what_is_missing() {
    let (base, mut new) = (run(10, 1, 1.0), run(10, 2, 1.0));
    assert_eq!(outcome(&between(&base, &new), "cpu-per-request>+50%"), DiffOutcome::Passed);
    new.cells.retain(|cell| cell.contender != "threaded" || cell.load.offered_load_rps != Some(700.0));
    new.manifest.ending = Ending::Interrupted;
    let diff = between(&base, &new);
    let held = "cpu-per-request>+50%".parse::<Gate>().unwrap().hold(&diff);
    let reason = "only the base has server CPU time per request of threaded, sleep 5 ms at 700/s".to_owned();
    assert_eq!((held.outcome, held.reasons), (DiffOutcome::Inconclusive, vec![reason]));
    assert!(diff.cut_short[0].starts_with("run-2 did not come to its end, and has "), "{:?}", diff.cut_short);
    // What is only in the new run is no part of the question.
    assert_eq!(outcome(&between(&new, &base), "cpu-per-request>+50%"), DiffOutcome::Passed);
}

#[test]
fn what_a_contender_differs_from_itself_is_no_regression() {
    let mut diff = between(&run(10, 1, 1.0), &run(10, 2, 1.5));
    assert_eq!(outcome(&diff, "cpu-per-request>+10%"), DiffOutcome::Regressed);
    for row in &mut diff.rows {
        let hidden = Verdict::Indistinguishable { decided_by: None, is_hidden: true };
        row.judged = row.judged.map(|judged| Judged { verdict: hidden, ..judged });
    }
    let held = "cpu-per-request>+10%".parse::<Gate>().unwrap().hold(&diff);
    assert_eq!(held.outcome, DiffOutcome::Inconclusive);
    assert!(held.reasons[0].contains("), but cannot tell them apart"), "{:?}", held.reasons);
}

#[test]
fn what_a_connection_costs_is_compared_of_servers_that_serve_it() {
    let (base, new) = (fixture::small(), fixture::small());
    let diff = between(&base, &new);
    let of: Vec<&str> = rows(&diff, "memory").into_iter().map(|row| row.contender.as_str()).collect();
    assert_eq!(of, ["threaded", "async-multi"], "sequential answers one of them");
}

#[test]
fn the_most_different_come_first() {
    let mut new = run(10, 2, 1.0);
    for cell in new.cells.iter_mut().filter(|cell| cell.contender == "async-multi") {
        cell.server.window_cpu_ns = cell.server.window_cpu_ns.map(|ns| ns * 3);
    }
    let diff = between(&run(10, 1, 1.0), &new);
    let ranked = diff.ranked();
    assert_eq!(ranked.len(), diff.rows.len());
    assert!(ranked[..3].iter().all(|row| row.contender == "async-multi" && row.name == "cpu-per-request"));
}

#[test]
fn another_machine_is_named() {
    let (base, mut new) = (run(2, 1, 1.0), run(2, 2, 1.0));
    assert!(differences(&base.manifest, &new.manifest).is_empty());
    // The same machine after a reboot.
    new.manifest.machine.memory_bytes += 4_096;
    assert!(differences(&base.manifest, &new.manifest).is_empty());
    new.manifest.machine.kernel = "6.5.0".into();
    new.manifest.placement.server_cpus = vec![0, 1];
    let differ: Vec<&str> = between(&base, &new).machines_differ.iter().map(|difference| difference.what).collect();
    assert_eq!(differ, ["CPU placement", "kernel"]);
}

#[test]
fn cpus_that_are_kept_awake_are_another_machine() {
    let (base, mut new) = (run(2, 1, 1.0), run(2, 2, 1.0));
    new.manifest.machine.cpu_latency_limit_us = Some(0);
    let words: Vec<String> = differences(&base.manifest, &new.manifest).iter().map(Difference::words).collect();
    assert_eq!(words, ["CPUs sleep: whenever idle (as far as is known) and never (a program keeps them awake)"]);
    let [asleep, awake] = [&base, &new].map(|run| MachineIdentity::of(&run.manifest));
    assert_ne!(asleep.fingerprint, awake.fingerprint);
    assert!(awake.label.contains("1 apart; kept awake") && !asleep.label.contains("awake"), "{}", awake.label);
}

#[test]
fn the_same_server_under_loads_from_other_machines_is_another_measurement() {
    let (mut base, mut new) = (run(2, 1, 1.0), run(2, 2, 1.0));
    let alone = MachineIdentity::of(&base.manifest);
    let host = |name: &str, cpus, kernel: &str| HostRecord {
        role: HostRole::Load,
        command: "srun".to_owned(),
        host: name.to_owned(),
        cpus,
        kernel: Some(kernel.to_owned()),
        version: "0.1.0".to_owned(),
        build: None,
        path: Some(PathKind::Network),
    };
    let [a, b] = ["gen-a", "gen-b"].map(|name| host(name, 2, "6.1"));
    base.manifest.hosts = vec![a.clone(), b.clone()];
    let mut differs = |hosts: [HostRecord; 2]| {
        new.manifest.hosts = hosts.to_vec();
        let is_one = MachineIdentity::of(&base.manifest).fingerprint == MachineIdentity::of(&new.manifest).fingerprint;
        let differences = differences(&base.manifest, &new.manifest);
        assert_eq!(is_one, differences.is_empty(), "{differences:?}");
        differences.first().map(Difference::words).unwrap_or_default()
    };
    assert_eq!(differs([b.clone(), a.clone()]), "", "the order in which they were typed does not matter");
    let words = "other machines that send: gen-a (2 CPUs, Linux 6.1), gen-b (2 CPUs, Linux 6.1) and ";
    for (other, now) in [
        (host("gen-c", 2, "6.1"), "gen-a (2 CPUs, Linux 6.1), gen-c (2 CPUs, Linux 6.1)"),
        (host("gen-b", 8, "6.1"), "gen-a (2 CPUs, Linux 6.1), gen-b (8 CPUs, Linux 6.1)"),
        (host("gen-b", 2, "6.5"), "gen-a (2 CPUs, Linux 6.1), gen-b (2 CPUs, Linux 6.5)"),
    ] {
        assert_eq!(differs([a.clone(), other]), format!("{words}{now}"));
    }
    assert_ne!(alone, MachineIdentity::of(&base.manifest));
}

#[test]
fn two_builds_in_one_run_are_base_and_new() {
    let mut both = run(10, 1, 1.0);
    assert_eq!(within(&both), None);
    let other = OtherBuild {
        path: "/old/harness".into(),
        version: "harness 0.0.9".into(),
        sha256: "ab".into(),
        built_with: BTreeMap::new(),
    };
    both.manifest.against = Some(other);
    let named = |label: &str| format!("{label}@base");
    let base_of = |contender: &ContenderRecord| ContenderRecord { label: named(&contender.label), ..contender.clone() };
    let bases: Vec<ContenderRecord> = both.manifest.contenders.iter().map(base_of).collect();
    let slower = |cell: Cell| {
        let mut cell = Cell { id: format!("{}-base", cell.id), contender: named(&cell.contender), ..cell };
        cell.server.window_cpu_ns = cell.server.window_cpu_ns.map(|ns| ns * 2);
        cell
    };
    let cells: Vec<Cell> = both.cells.iter().cloned().map(slower).collect();
    both.cells.extend(cells);
    both.manifest.contenders.extend(bases);
    let diff = within(&both).unwrap();
    assert_eq!((diff.method, diff.only_in_base.len(), diff.only_in_new.len()), (Method::Alternated, 0, 0));
    assert!(diff.base.contains("/old/harness") && diff.new.contains("0123abc"), "{} {}", diff.base, diff.new);
    let cpu = rows(&diff, "cpu-per-request");
    assert!(cpu.len() == 6 && cpu.iter().all(|row| (row.ratio.unwrap().value - 0.5).abs() < 1e-6), "{cpu:?}");
    assert!(!rows(&diff, "memory").is_empty());
}
