//! `harness diff` on runs as they lie in folders: what it finds, its exit codes, and what it refuses.

use std::path::Path;

use reports::record::store::{Run, RunFolder};
use reports::record::{Cell, Purpose};
use serde_json::Value;

use crate::common::home::{Ended, Home};

/// Writes a run with twelve blocks made of the cells of one, whose servers took `times` the CPU time, more or less.
fn write(run: &Run, name: &str, times: f64, home: &Home) -> String {
    let mut run = run.clone();
    run.manifest.run = name.to_owned();
    let path = home.path().join(name);
    let folder = RunFolder::create(&path).unwrap();
    let measured = |cell: &&Cell| cell.purpose == Purpose::Measure;
    for (block, cell) in (0..12).flat_map(|block| run.cells.iter().filter(measured).map(move |cell| (block, cell))) {
        let mut cell = Cell { id: format!("{}.{block}", cell.id), block, warnings: Vec::new(), ..cell.clone() };
        let noise = 1.0 + 0.01 * f64::from((block * 7 + name.len() as u32 * 5) % 11);
        cell.server.window_cpu_ns = cell.server.window_cpu_ns.map(|ns| (ns as f64 * times * noise) as u64);
        folder.write_cell(&cell).unwrap();
    }
    folder.write_manifest(&run.manifest).unwrap();
    path.to_str().unwrap().to_owned()
}

fn diff(home: &Home, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Ended { code, stdout, stderr } = home.ended(&[&["diff"], arguments].concat());
    (code, stdout, stderr)
}

#[test]
fn a_run_like_another_has_its_loads_and_gates_have_their_codes() {
    let home = Home::new();
    home.compared(&["--models", "threaded", "--experiments", "latency-curve"]);
    let run = home.run();
    let [out, like] = [home.join("again"), home.out()].map(|run| run.display().to_string());
    home.ended(&["compare", "--like", &like, "--out", &out]);
    let measured = |run: &Run| -> Vec<String> {
        let measured = run.cells.iter().filter(|cell| cell.purpose == Purpose::Measure);
        let mut ids: Vec<String> = measured.map(|cell| cell.id.clone()).collect();
        ids.sort();
        ids
    };
    let second = home.run_in("again");
    assert_eq!(measured(&second), measured(&run));
    assert_eq!(second.manifest.planned_cells as usize, second.cells.len());
    let (code, said, errors) = diff(&home, &[&like, &out]);
    assert!(code == Some(0) && said.contains("same seed") && !said.contains("Only in"), "{said}{errors}");

    let base = write(&run, "base", 1.0, &home);
    let slow = write(&run, "slower", 1.5, &home);
    let gated = |base: &str, new: &str, gate: &str| diff(&home, &[base, new, "--fail-on", gate]);
    let (code, said, _) = gated(&base, &slow, "cpu-per-request>+10%");
    assert!(code == Some(5) && said.contains("\ncpu-per-request>+10% regressed: slower against base, "), "{said}");
    assert!(!said.contains("would decide"), "{said}");
    let (code, said, _) = gated(&slow, &base, "cpu-per-request>+10%");
    assert!(code == Some(0) && said.contains("\ncpu-per-request>+10% passed: base against slower, "), "{said}");
    let (code, said, _) = gated(&base, &slow, "cpu-per-request>+50%");
    let line =
        said.lines().find(|line| line.starts_with("cpu-per-request>+50% inconclusive: slower against base, ")).unwrap();
    assert!(code == Some(4) && line.contains("times the base's (") && line.contains(" would "), "{line}");
    let (code, said, _) = gated(&base, &slow, "p99>+10%");
    let way = format!("harness compare --resume {base} --blocks 20 && harness compare --resume {slow} --blocks 20");
    assert!(code == Some(4) && (said.contains(&way) || said.contains("measure again")), "{said}");
    let (code, said, _) = gated(&base, &slow, "cpu-per-request>+10%@echo");
    assert!(code == Some(5) || said.contains("no experiment or workload is called"), "{said}");
    one_against_the_other(&home, &base);
    let both = ["--fail-on", "probe-p99>+10%", "--fail-on", "cpu-per-request>+10%"];
    assert_eq!(diff(&home, &[&[base.as_str(), slow.as_str()], &both[..]].concat()).0, Some(5));

    let (_, json, _) = diff(&home, &[&base, &slow, "--format", "json", "--fail-on", "cpu-per-request>+10%"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["gates"][0]["outcome"], &json["diff"]["method"]),
        (&"regressed".into(), &"paired-by-seed".into())
    );
    let (_, md, _) = diff(&home, &[&base, &slow, "--format", "md"]);
    let rows = md.lines().filter(|line| line.starts_with("| threaded")).count();
    let all = json["diff"]["rows"].as_array().unwrap().len();
    assert!(rows == all.min(8) && md.contains("more row") == (all > 8), "{md}");
}

/// Two contenders of one run, of which it has only one.
fn one_against_the_other(home: &Home, run: &str) {
    let (code, said, _) =
        diff(home, &[run, "--base", "threaded", "--new", "threaded", "--fail-on", "cpu-per-request>+5%"]);
    assert!(code == Some(0) && said.contains("passed: threaded of base against threaded of base"), "{said}");
    let (code, _, errors) = diff(home, &[run, "--base", "threaded", "--new", "async-multi"]);
    assert!(code == Some(2) && errors.contains("no server \"async-multi\"; it has threaded"), "{errors}");
    assert_eq!(diff(home, &[run, "--base", "threaded"]).0, Some(2));
}

#[test]
fn a_part_of_the_contenders_meets_the_loads_of_all() {
    let home = Home::new();
    home.compared(&["--models", "sequential,threaded", "--experiments", "latency-curve"]);
    home.ended(&["compare", "--like", "the-run", "--models", "threaded,async-single", "--out", "part"]);
    let (whole, part) = (home.run(), home.run_in("part"));
    let loads = |run: &Run, contender: &str| -> Vec<f64> {
        let own = run.cells.iter().filter(|cell| cell.contender == contender && cell.purpose == Purpose::Measure);
        let mut loads: Vec<f64> = own.filter_map(|cell| cell.load.offered_load_rps).collect();
        loads.sort_by(f64::total_cmp);
        loads
    };
    assert_eq!(loads(&part, "threaded"), loads(&whole, "threaded"));
    let offered = loads(&whole, "threaded");
    let all: Vec<f64> = [offered, loads(&whole, "sequential")].concat();
    assert!(!loads(&part, "async-single").is_empty());
    assert!(loads(&part, "async-single").iter().filter(|load| all.contains(load)).count() > 0);
    assert!(part.cells.iter().all(|cell| cell.contender != "sequential" && cell.purpose == Purpose::Measure));
}

#[test]
fn what_cannot_be_compared_is_refused_with_the_remedy() {
    let home = Home::new();
    home.compared(&["--models", "threaded", "--experiments", "memory"]);
    let mut run = home.run();
    let base = write(&run, "base", 1.0, &home);
    run.manifest.machine.kernel = "0.0.1".to_owned();
    let other = write(&run, "other", 1.0, &home);
    let (code, _, errors) = diff(&home, &[&base, &other]);
    assert!(code == Some(2) && errors.contains("0.0.1") && errors.contains("--force"), "{errors}");
    let (code, said, _) = diff(&home, &[&base, &other, "--force"]);
    assert!(code == Some(0) && said.contains("The machines differ") && said.contains("memory"), "{said}");
    reports_stay_apart(&home, &base, &other);
    let (code, _, errors) = diff(&home, &[&base, &base, "--fail-on", "p99+10%"]);
    assert!(code == Some(2) && errors.contains("'p99>+10%'"), "{errors}");
    let (code, _, errors) = diff(&home, &[&base]);
    assert!(code == Some(2) && errors.contains("--against"), "{errors}");
    let nowhere = home.path().join("nowhere");
    assert!(!Path::exists(&nowhere));
    assert_eq!(diff(&home, &[&base, nowhere.to_str().unwrap()]).0, Some(2));
}

/// Two runs of different machines, reported together.
fn reports_stay_apart(home: &Home, base: &str, other: &str) {
    let said = |runs: &[&str], format: &str| {
        let Ended { stdout, stderr, .. } = home.ended(&[&["report", "--format", format], runs].concat()).with_code(0);
        (stdout, stderr)
    };
    let (both, note) = said(&[base, other], "json");
    assert!(note.contains("different machines"), "{note}");
    let both: Value = serde_json::from_str(&both).unwrap();
    for (place, run) in [base, other].into_iter().enumerate() {
        let alone: Value = serde_json::from_str(&said(&[run], "json").0).unwrap();
        assert_eq!(both[place]["of"], alone);
    }
    assert!(both[1]["machine"].as_str().unwrap().contains("Linux 0.0.1"), "{}", both[1]["machine"]);
    let (words, _) = said(&[base, other], "table");
    assert!(words.starts_with("base: ") && words.contains("\nother: "), "{words}");
    assert!(said(&[base, base], "table").1.is_empty());
}
