//! Runs that were cut off, or that turn out to be too short, are completed.

use std::fs;
use std::process::Output;

use reports::record::store::Run;
use reports::record::{Cell, Ending, Purpose};

use crate::subject::{Home, text};
use crate::turn;

/// Few and short cells, with probes and two loads.
const PLAN: &[&str] = &["--models", "threaded,async-single", "--experiments", "latency-curve"];

fn run_of(home: &Home, arguments: &[&str]) -> (Run, String) {
    let Output { status, stderr, .. } = home.command(arguments).output().unwrap();
    assert!(matches!(status.code(), Some(0 | 4)), "{arguments:?}: {}", text(&stderr));
    (home.run(), text(&stderr).to_owned())
}

fn resume<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["compare", "--quiet", "--resume", out], more].concat()
}

fn measured(run: &Run) -> Vec<&Cell> {
    run.cells.iter().filter(|cell| cell.purpose == Purpose::Measure).collect()
}

#[test]
fn what_is_missing_is_run_and_what_is_there_is_kept() {
    let _turn = turn();
    let home = Home::new();
    assert!(matches!(home.compare(PLAN).output().unwrap().status.code(), Some(0 | 4)));
    let whole = home.run();
    // As if it had been cut off: two cells were not run, and nobody wrote that it had ended.
    let lost: Vec<String> = measured(&whole).iter().rev().take(2).map(|cell| cell.id.clone()).collect();
    for id in &lost {
        fs::remove_file(home.out().join(format!("cells/{id}.json"))).unwrap();
    }
    let manifest = fs::read_to_string(home.out().join("manifest.json")).unwrap();
    fs::write(home.out().join("manifest.json"), manifest.replace("\"completed\"", "\"running\"")).unwrap();
    let out = home.out().display().to_string();
    let (resumed, _) = run_of(&home, &resume(&out, &[]));
    assert_eq!((resumed.manifest.ending, resumed.manifest.resumed_at.len()), (Ending::Completed, 1));
    assert_eq!(resumed.cells.len(), whole.cells.len());
    for cell in &whole.cells {
        let now = resumed.cells.iter().find(|now| now.id == cell.id).unwrap();
        assert_eq!(now == cell, !lost.contains(&cell.id), "{}", cell.id);
        assert_eq!(now.load.seed, cell.load.seed, "{}: the arrivals are those of its place in the plan", cell.id);
    }
    let orders: std::collections::BTreeSet<u32> = resumed.cells.iter().map(|cell| cell.order).collect();
    assert_eq!(orders.len(), resumed.cells.len(), "each has a number of its own");

    // It is complete now, and can only become longer.
    let Output { status, stderr, .. } = home.command(&resume(&out, &[])).output().unwrap();
    assert_eq!(status.code(), Some(2));
    assert!(text(&stderr).contains("--blocks 2"), "{}", text(&stderr));
    let (longer, _) = run_of(&home, &resume(&out, &["--blocks", "2"]));
    assert_eq!((longer.manifest.blocks, measured(&longer).len()), (2, 2 * measured(&whole).len()));
    assert_eq!(longer.manifest.planned_cells as usize, longer.cells.len());
}

#[test]
fn another_machines_run_is_not_continued() {
    let _turn = turn();
    let home = Home::new();
    assert!(matches!(
        home.compare(&["--models", "threaded", "--experiments", "memory"]).output().unwrap().status.code(),
        Some(0 | 4)
    ));
    let path = home.out().join("manifest.json");
    let manifest = fs::read_to_string(&path).unwrap();
    let out = home.out().display().to_string();
    let refused = |manifest: String| {
        fs::write(&path, manifest).unwrap();
        let Output { status, stderr, .. } = home.command(&resume(&out, &["--blocks", "2"])).output().unwrap();
        assert_eq!(status.code(), Some(2), "{}", text(&stderr));
        text(&stderr).to_owned()
    };
    let kernel = home.run().manifest.machine.kernel;
    assert!(refused(manifest.replace(&kernel, "Linux 1.0")).contains("another machine"));
    assert!(refused(manifest.replace("\"harness_version\":\"", "\"harness_version\":\"9")).contains("use that build"));
    assert!(
        refused(manifest.replace("\"backlog\":\"4096\"", "\"backlog\":\"1\"")).contains("another one than this build")
    );
    assert!(refused(manifest.replace("\"smoke\"", "\"map\"")).contains("no run of compare"));
}
