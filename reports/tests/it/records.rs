//! Folders of saved runs: what is written comes back, and what is damaged, hostile or too new is refused by name.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use reports::record::store::{RecordError, RunFolder};
use reports::record::{BackendUsage, Cell, DisturbanceRecord, HistogramRecord, SCHEMA_VERSION, Traffic};

use crate::{fixture, fixture_cells};

fn saved(folder: &Path) -> RunFolder {
    fixture::save(&fixture::small(), folder)
}

/// The files of a saved run: the manifest and one cell.
fn files(folder: &Path) -> [std::path::PathBuf; 2] {
    [folder.join("manifest.json"), folder.join("cells").join("memory-threaded.json")]
}

#[test]
fn a_run_comes_back_as_it_was_written() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("a").join("b");
    let run = saved(&folder).read().unwrap();
    assert_eq!(run, fixture::small());
    assert!(run.cells.is_sorted_by_key(|cell| cell.order));
    assert_eq!(RunFolder::open(&folder).unwrap().read().unwrap(), run);
}

#[test]
fn a_folder_that_holds_a_run_is_not_taken_again() {
    let home = tempfile::tempdir().unwrap();
    saved(&home.path().join("run"));
    let error = RunFolder::create(home.path().join("run")).unwrap_err();
    assert!(matches!(error, RecordError::Occupied(_)), "{error}");
    assert!(RunFolder::open(home.path().join("none")).is_err());
}

#[test]
fn what_was_begun_and_never_became_whole_is_swept_out_of_every_folder() {
    let home = tempfile::tempdir().unwrap();
    let folder = saved(home.path());
    for inside in [".", "cells", "timelines", "workshop"] {
        let inside = home.path().join(inside);
        fs::create_dir_all(&inside).unwrap();
        fs::write(inside.join(".tmpAb12Cd"), "{\"schema_ver").unwrap();
    }
    assert_eq!((folder.sweep(), folder.sweep()), (4, 0));
    assert_eq!(folder.read().unwrap(), fixture::small());
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let home = tempfile::tempdir().unwrap();
    let folder = saved(&home.path().join("run"));
    let long = "x".repeat(200);
    for id in ["../evil", "a/b", "/etc/evil", "..", ".hidden", "", "a b", "a\0b", "é", long.as_str()] {
        let error = folder.write_cell(&fixture_cells::blank(id, "e", "w", "c")).unwrap_err();
        assert!(matches!(error, RecordError::Name(_)), "{id}: {error}");
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn a_cell_under_a_name_that_is_not_its_own_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let folder = saved(home.path().join("run").as_path());
    let [_, cell] = files(folder.path());
    fs::copy(&cell, cell.with_file_name("copy.json")).unwrap();
    assert!(folder.read().unwrap_err().to_string().contains("copy.json"));
}

#[test]
fn every_cut_is_refused_with_file_and_line() {
    let home = tempfile::tempdir().unwrap();
    let folder = saved(home.path().join("run").as_path());
    for path in files(folder.path()) {
        let whole = fs::read(&path).unwrap();
        for part in [0, 1, whole.len() / 3, whole.len() / 2, whole.len() - 3] {
            fs::write(&path, &whole[..part]).unwrap();
            let error = folder.read().unwrap_err().to_string();
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(error.contains(name) && error.contains("line"), "{error}");
        }
        fs::write(&path, &whole).unwrap();
    }
    assert!(folder.read().is_ok());
}

#[test]
fn a_histogram_that_claims_gigabytes_is_refused_with_its_file() {
    let home = tempfile::tempdir().unwrap();
    let folder = saved(home.path().join("run").as_path());
    let mut cell = fixture::small().cells.swap_remove(0);
    cell.traffic.as_mut().unwrap().service_time.v2_deflate_base64 = "HISTFP////8AAAAA".into();
    folder.write_cell(&cell).unwrap();
    let error = folder.read().unwrap_err().to_string();
    assert!(error.contains(&cell.id) && error.contains("service_time"), "{error}");
}

#[test]
fn numbers_beyond_reason_are_refused_or_rendered_but_never_overflow() {
    let home = tempfile::tempdir().unwrap();
    let folder = saved(home.path().join("run").as_path());
    let mut run = fixture::small();
    let ledger = &mut run.cells[3].traffic.as_mut().unwrap().ledger;
    (ledger.timeout, ledger.scheduled) = (1 << 53, 1 << 53);
    folder.write_cell(&run.cells[3]).unwrap();
    let error = folder.read().unwrap_err().to_string();
    assert!(error.contains("its ledger counts more requests"), "{error}");

    let mut run = fixture::small();
    for cell in &mut run.cells {
        cell.load.window_ns = u64::MAX;
        cell.elapsed_ns = u64::MAX;
        cell.server.window_cpu_ns = Some(u64::MAX);
        (cell.server.voluntary_switches, cell.server.involuntary_switches) = (Some(u64::MAX), Some(u64::MAX));
        for stage in &mut cell.stages {
            stage.connections = u64::MAX;
            stage.sample.resident_bytes = u64::MAX;
            stage.sample.page_table_bytes = u64::MAX;
        }
        let Some(traffic) = &mut cell.traffic else { continue };
        (traffic.ok_within_window, traffic.ok_in_all) = (u64::MAX, u64::MAX);
        traffic.connections.never_answered = u64::MAX;
        traffic.service_time.sum_ns = u64::MAX;
    }
    assert!(reports::page::render(&run).contains("</html>"));
}

#[test]
fn a_newer_schema_is_refused_politely_whatever_else_it_holds() {
    let home = tempfile::tempdir().unwrap();
    let folder = saved(home.path().join("run").as_path());
    for path in files(folder.path()) {
        let whole = fs::read(&path).unwrap();
        let newer = format!("{{\"schema_version\": {}, \"unheard\": [of]}}", SCHEMA_VERSION + 1).replace("[of]", "[1]");
        fs::write(&path, newer).unwrap();
        let error = folder.read().unwrap_err();
        assert!(matches!(error, RecordError::Newer { .. }), "{error}");
        assert!(error.to_string().contains("render it with the version that made it"), "{error}");
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn a_file_beyond_any_record_is_not_read() {
    let home = tempfile::tempdir().unwrap();
    let folder = saved(home.path().join("run").as_path());
    let [_, cell] = files(folder.path());
    // A sparse file: its size is claimed, not written.
    fs::File::options().write(true).open(&cell).unwrap().set_len((64 << 20) + 1).unwrap();
    assert!(matches!(folder.read().unwrap_err(), RecordError::TooLarge { .. }));
}

#[test]
fn what_is_no_file_is_refused_by_name_and_never_waited_for() {
    let home = tempfile::tempdir().unwrap();
    let folder = saved(home.path().join("run").as_path());
    let [manifest, cell] = files(folder.path());
    let (pipe, link) = (cell.with_file_name("pipe.json"), cell.with_file_name("link.json"));
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    assert!(refused(&folder).contains("pipe.json is not a file"));
    fs::remove_file(&pipe).unwrap();
    std::os::unix::fs::symlink(&manifest, &link).unwrap();
    assert!(refused(&folder).contains("link.json is not a file"));
    fs::remove_file(&link).unwrap();
    fs::create_dir(cell.with_file_name("folder.json")).unwrap();
    assert!(refused(&folder).contains("folder.json is not a file"));
}

#[test]
fn a_run_of_the_first_schema_becomes_one_of_this() {
    let home = tempfile::tempdir().unwrap();
    let folder = saved(home.path().join("run").as_path());
    let [manifest, cell] = files(folder.path());
    let as_first = |path: &Path, from: &str, to: &str| {
        let text = fs::read_to_string(path).unwrap();
        let text = text.replace("\"schema_version\":2", "\"schema_version\":1");
        assert!(text.contains(from), "{from}");
        fs::write(path, text.replace(from, to)).unwrap();
    };
    as_first(&cell, "\"id\"", "\"id\"");
    as_first(&manifest, "\"elapsed_ns\":91400000000", "\"elapsed_s\":91.4");
    assert_eq!(folder.read().unwrap(), fixture::small(), "seconds have become nanoseconds");
    // A run that was going on had no length.
    as_first(&manifest, "\"elapsed_s\":91.4", "\"elapsed_s\":null");
    assert_eq!(folder.read().unwrap().manifest.elapsed_ns, None);
    as_first(&manifest, "\"elapsed_s\":null", "\"elapsed_s\":9e15");
    assert!(refused(&folder).contains("manifest.json: elapsed_s: it is longer than any run takes"));
    as_first(&manifest, "\"elapsed_s\":9e15", "\"elapsed_s\":\"long\"");
    let (said, line) = (refused(&folder), "manifest.json, line 1, column ");
    assert!(said.contains(line) && said.contains(": elapsed_s: invalid type: string \"long\""), "{said}");
    // What is resumed is written as this version has it.
    as_first(&manifest, "\"elapsed_s\":\"long\"", "\"elapsed_s\":3.5");
    let old = folder.read().unwrap().manifest;
    folder.write_manifest(&old).unwrap();
    let text = fs::read_to_string(&manifest).unwrap();
    assert!(text.contains("\"schema_version\":2") && text.contains("\"elapsed_ns\":3500000000"), "{text}");
    assert!(!text.contains("elapsed_s\""), "{text}");
}

#[test]
fn every_histogram_of_a_cell_is_read_before_any_is_used() {
    let home = tempfile::tempdir().unwrap();
    let folder = saved(home.path().join("run").as_path());
    let cell = fixture::small().cells.into_iter().find(|cell| cell.traffic.is_some()).unwrap();
    let damaged = HistogramRecord { count: 1, sum_ns: 1, v2_deflate_base64: "HISTFAAAAAA=".into() };
    let usage = BackendUsage { calls: 1, lag: damaged.clone(), cpu_ns: 0, busy: 0.0 };
    folder.write_cell(&Cell { backend: Some(usage), ..cell.clone() }).unwrap();
    assert!(refused(&folder).contains("backend.lag: a histogram cannot be read"));
    let disturbance = DisturbanceRecord {
        name: "idle connections".into(),
        until_ns: 1,
        traffic: Some(Traffic::new(damaged)),
        ..DisturbanceRecord::default()
    };
    folder.write_cell(&Cell { disturbance: Some(disturbance), ..cell }).unwrap();
    assert!(refused(&folder).contains("disturbance.traffic.service_time: a histogram cannot be read"));
}

#[test]
fn what_would_not_be_read_is_not_written() {
    let home = tempfile::tempdir().unwrap();
    let folder = saved(home.path().join("run").as_path());
    let mut manifest = fixture::small().manifest;
    let contender = manifest.contenders[0].clone();
    manifest.contenders = vec![contender; 129];
    let error = folder.write_manifest(&manifest).unwrap_err().to_string();
    assert!(error.contains("contenders: 129 of them, more than 128; plan a smaller one"), "{error}");
    assert!(folder.read().is_ok(), "the one before is still there");
}

#[test]
fn what_is_wrong_is_said_with_file_line_and_field() {
    let home = tempfile::tempdir().unwrap();
    let folder = saved(home.path().join("run").as_path());
    let [_, cell] = files(folder.path());
    let whole = fs::read_to_string(&cell).unwrap();
    for (from, to, says) in [
        ("\"elapsed_ns\":", "\"elapsed_ns\":-", "elapsed_ns: -6000000000 is negative"),
        ("\"elapsed_ns\":", "\"elapsed_ns\":1e300, \"x\":", "elapsed_ns: 1e300 is more than anything"),
        ("\"other_cpu_share\":0.", "\"other_cpu_share\":-0.", "noise.other_cpu_share: -0.004 is negative"),
        (
            "\"resident_bytes\":2",
            "\"resident_bytes\":null, \"x\":2",
            "stages[0].sample.resident_bytes: invalid type: null",
        ),
        ("\"block\":0", "\"block\":\"0\"", "block: invalid type: string"),
        ("\"schema_version\":2", "\"schema_version\":\"2\"", "schema_version: invalid type: string"),
        ("\"schema_version\":2", "\"schema_version\":0", "schema_version: there was no version 0"),
        ("\"id\":\"", "\"id\":\"/", "id: \"/memory-threaded\" cannot name a record"),
    ] {
        assert!(whole.contains(from), "{from}");
        fs::write(&cell, whole.replacen(from, to, 1)).unwrap();
        let said = refused(&folder);
        assert!(said.contains("memory-threaded.json") && said.contains(says), "{says}: {said}");
        assert_eq!(said.matches("line 1").count(), usize::from(!said.contains("json: ")), "once at most: {said}");
    }
}

/// Why a run can't be read; a reader that waits for somebody to write into a pipe would wait for ever.
fn refused(folder: &RunFolder) -> String {
    let (tells, told) = mpsc::channel();
    let folder = folder.clone();
    thread::spawn(move || tells.send(folder.read().map(|_| ()).unwrap_err().to_string()));
    told.recv_timeout(Duration::from_secs(60)).unwrap()
}
