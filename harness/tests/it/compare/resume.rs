//! A run that lacks cells gets them, and only them.

use std::collections::BTreeMap;
use std::fs;

use reports::record::Purpose;
use serde_json::Value;

use crate::common::home::{Ended, Home};

const SMALL: [&str; 4] = ["--models", "threaded", "--experiments", "latency-curve"];

/// The files of the cells, with what they hold.
fn files(home: &Home) -> BTreeMap<String, Vec<u8>> {
    let read = |name: String| (name.clone(), fs::read(home.out().join("cells").join(name)).unwrap());
    home.cell_files().into_iter().map(read).collect()
}

fn resume(home: &Home, arguments: &[&str]) -> Ended {
    home.ended(&[&["compare", "--resume", "the-run"], arguments].concat())
}

#[test]
fn missing_cells_and_more_blocks_are_added_and_the_others_stay() {
    let home = Home::new();
    home.compared(&SMALL);
    let whole = files(&home);
    let lost = whole.keys().find(|name| name.contains(".b0") && !name.contains("capacity")).unwrap();
    fs::remove_file(home.out().join("cells").join(lost)).unwrap();
    // What a crash in the middle of writing leaves behind.
    fs::write(home.out().join("cells/.tmpAb12Cd"), "{\"schema_version\":1,\"id\":\"latency").unwrap();
    resume(&home, &[]).measured();
    let completed = files(&home);
    assert!(completed.keys().eq(whole.keys()));
    assert!(whole.iter().all(|(name, cell)| name == lost || completed[name] == *cell), "a cell was run again");
    assert_eq!(home.run().manifest.planned_cells as usize, whole.len());

    resume(&home, &["--blocks", "2"]).measured();
    let doubled = files(&home);
    assert!(completed.iter().all(|(name, cell)| doubled[name] == *cell), "a cell was run again");
    let run = home.run();
    let block = |number: u32| run.cells.iter().filter(|cell| cell.block == number).count();
    let probes = whole.keys().filter(|name| name.contains("capacity")).count();
    assert_eq!((block(0) - probes, run.manifest.blocks), (block(1), 2));
    assert_eq!(run.manifest.resumed_at.len(), 2);
    assert_eq!(run.manifest.planned_cells as usize, run.cells.len());
    let starts: Vec<u64> = run.cells.iter().map(|cell| cell.started_at_ns).collect();
    assert!(starts.is_sorted(), "{starts:?}");
}

/// As on a machine that was busy while it looked for the capacities: there were no loads.
#[test]
fn probes_that_nobody_answered_are_run_again() {
    let home = Home::new();
    home.compared(&SMALL);
    let whole = files(&home);
    let (probes, loads): (Vec<_>, Vec<_>) = whole.keys().partition(|name| name.contains("capacity"));
    assert!(probes.len() == 2 && !loads.is_empty(), "{whole:?}");
    let cells = home.out().join("cells");
    loads.iter().for_each(|name| fs::remove_file(cells.join(name)).unwrap());
    for name in probes {
        let mut probe: Value = serde_json::from_slice(&whole[name]).unwrap();
        probe["traffic"]["ok_within_window"] = 0.into();
        fs::write(cells.join(name), probe.to_string()).unwrap();
    }
    resume(&home, &[]).measured();
    let run = home.run();
    let of = |purpose: Purpose| run.cells.iter().filter(|cell| cell.purpose == purpose).collect::<Vec<_>>();
    assert!(of(Purpose::CapacityProbe).iter().all(|probe| probe.traffic.as_ref().unwrap().ok_within_window > 0));
    assert!(!of(Purpose::Measure).is_empty());
    assert_eq!(run.manifest.planned_cells as usize, run.cells.len());
}

/// A folder that a killed run had made and no more, then one with half a cell in it; and traced notes that nobody read.
#[test]
fn what_a_killed_run_left_is_removed_and_named_in_one_line() {
    let home = Home::new();
    let half = home.out().join("cells/.tmpAb12Cd");
    // No process can have the highest number there is.
    let notes = home.path().join("tokio-or-threads-4294967295-notes");
    let leave = || {
        fs::create_dir_all(half.parent().unwrap()).unwrap();
        fs::write(&half, "{\"schema_version\":1,\"id\":\"memory").unwrap();
        fs::create_dir(&notes).unwrap();
    };
    let cleared_away = |ended: Ended| {
        let said = ended.measured().stderr;
        let line = "note: removed what a killed run had left behind: 1 half-written file, 1 notes folder";
        assert_eq!(said.lines().filter(|said| said.starts_with(line)).count(), 1, "{said}");
        assert!(!half.exists() && !notes.exists());
    };
    leave();
    cleared_away(home.compared(&["--models", "sequential", "--experiments", "memory"]));
    leave();
    cleared_away(resume(&home, &[]));
    assert_eq!(home.run().cells.len(), 1);
}

#[test]
fn another_machine_build_or_fewer_blocks_are_refused_and_change_nothing() {
    let home = Home::new();
    home.compared(&["--models", "threaded", "--experiments", "memory", "--blocks", "2"]);
    let manifest = home.out().join("manifest.json");
    let written = fs::read_to_string(&manifest).unwrap();
    let refused = |changed: &str, arguments: &[&str], reason: &str| {
        fs::write(&manifest, changed).unwrap();
        let said = resume(&home, arguments).with_code(2).stderr;
        assert!(said.contains(reason) && said.contains("make a new run"), "{said}");
        assert_eq!(fs::read_to_string(&manifest).unwrap(), changed);
    };
    refused(&written, &["--blocks", "1"], "2 repetitions, and 1 are fewer");
    refused(&written.replace("\"kernel\":\"", "\"kernel\":\"0."), &[], "another machine (kernel: 0.");
    refused(&written.replace("\"harness_version\":\"", "\"harness_version\":\"0."), &[], "the build that made it");
    refused(&written.replace("\"preset\":\"smoke\"", "\"preset\":\"map\""), &[], "not a run of harness compare");
    let other_plan = written.replace("\"claim\":\"", "\"claim\":\"No, ");
    refused(&other_plan, &[], "is not what it was then");
}
