//! Runs that somebody sent to do harm: each is refused by the name of a file, in 96 MiB of address space.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::common::home::{Ended, HARNESS, at_home};
use crate::publish::subject::Place;

/// All that the program may map, itself included.
const MOST_KIB: u32 = 96 << 10;

/// What `harness ARGUMENTS` says where it may take no more memory than that; it must refuse, and neither fall over nor wait.
fn refused(home: &Place, arguments: &[&str]) -> String {
    let mut command = Command::new("sh");
    at_home(&mut command, &home.path(""));
    let script = format!("ulimit -v {MOST_KIB}; exec timeout -k 1 60 \"$@\"");
    let output = Ended::of(command.args(["-c", &script, "sh", HARNESS]).args(arguments));
    let said = output.stderr;
    assert!(matches!(output.code, Some(1 | 2)), "{arguments:?}: {:?} {said}", output.code);
    assert!(said.starts_with("error: ") && !said.contains("panicked"), "{arguments:?}: {said}");
    said
}

/// The saved run with another file in place of a cell of its own.
fn with_cell(content: &[u8]) -> Place {
    let home = Place::new();
    home.run("run", &[]);
    fs::write(home.path("run/cells/memory-threaded.json"), content).unwrap();
    home
}

/// The cell with a part of it replaced.
fn changed(from: &str, to: &str) -> Place {
    let home = Place::new();
    home.run("run", &[]);
    let path = home.path("run/cells/memory-threaded.json");
    let cell = fs::read_to_string(&path).unwrap();
    assert!(cell.contains(from), "{from}");
    fs::write(path, cell.replacen(from, to, 1)).unwrap();
    home
}

fn says(home: &Place, words: &[&str]) {
    let said = refused(home, &["report", "run"]);
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
}

const CELL: &str = "run/cells/memory-threaded.json";

#[test]
fn sizes_are_known_before_anything_is_read() {
    let home = with_cell(b"");
    // Its size is claimed, not written.
    fs::File::options().write(true).open(home.path(CELL)).unwrap().set_len(60 << 20).unwrap();
    says(&home, &[CELL, "62914560 bytes"]);
    // Each may be as large, and all of them together not.
    for place in 0..100 {
        let file = fs::File::create(home.path(&format!("run/cells/many-{place}.json"))).unwrap();
        file.set_len(8 << 20).unwrap();
    }
    says(&home, &["run/cells have", "a run has at most"]);
}

#[test]
fn twenty_thousand_tiny_cells_are_more_than_any_run_has() {
    let home = Place::new();
    home.run("run", &[]);
    for place in 0..20_000 {
        fs::write(home.path(&format!("run/cells/{place}.json")), "{}").unwrap();
    }
    says(&home, &["run/cells holds more than 20000 files"]);
}

#[test]
fn what_is_small_in_the_file_and_large_in_memory_is_refused() {
    let text = |what: &str, times: usize| what.repeat(times);
    let array = |entry: &str, times: usize| format!("[{}{entry}]", text(&format!("{entry},"), times));
    for (from, to, words) in [
        (
            "\"warnings\":[]",
            format!("\"warnings\":{}", array("\"nothing-right\"", 300_000)),
            "warnings: it has more than",
        ),
        ("\"samples\":[]", format!("\"samples\":{}", array("\"\"", 2_000_000)), "samples: it has more than"),
        (
            "\"samples\":[]",
            format!("\"samples\":[],\"unheard\":{}", array(&array("0", 20_000), 30)),
            "more than 400000 values",
        ),
        ("\"samples\":[]", format!("\"samples\":{}{}", text("[", 3 << 20), text("]", 3 << 20)), "more than 32 levels"),
        (
            "\"samples\":[]",
            format!("\"samples\":[],\"unheard\":\"{}\"", text("x", 7 << 20)),
            "unheard: a text of 7340032 bytes",
        ),
        ("\"samples\":[]", format!("\"samples\":[],\"{}\":0", text("x", 7 << 20)), "a longer name than any"),
    ] {
        says(&changed(from, &to), &[CELL, "line 1, column", words]);
    }
}

#[test]
fn a_histogram_that_inflates_to_a_gigabyte_is_refused() {
    // Zeros, a thousand times smaller than they are: what deflate can do at most.
    let zeros = vec![0; 64 << 20];
    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut deflated, &zeros).unwrap();
    let deflated = deflated.finish().unwrap();
    let mut bytes = 0x1c84_9314_u32.to_be_bytes().to_vec();
    bytes.extend((deflated.len() as u32).to_be_bytes());
    bytes.extend(deflated);
    let histogram = format!("{{\"count\":1,\"sum_ns\":1,\"v2_deflate_base64\":\"{}\"}}", STANDARD.encode(bytes));
    let backend = format!("\"backend\":{{\"calls\":0,\"lag\":{histogram},\"cpu_ns\":0,\"busy\":0.0}},\"samples\":[]");
    says(&changed("\"samples\":[]", &backend), &[CELL, "backend.lag", "inflates to more than"]);
}

#[test]
fn more_contenders_than_can_be_held_against_each_other_are_refused() {
    let home = Place::new();
    let contender =
        |place: usize| format!("{{\"label\":\"c{place}\",\"model\":\"threaded\",\"options\":{{}},\"summary\":\"\"}},");
    let many: String = (0..20_000).map(contender).collect();
    home.run("run", &[("\"contenders\":[{", &format!("\"contenders\":[{many}{{"))]);
    says(&home, &["run/manifest.json", "contenders: 20003 of them, more than 128"]);
}

/// Every command that reads a run, by the words before and after its folder.
const READERS: [&[&str]; 7] = [
    &["report", "run"],
    &["report", "--slides", "run"],
    &["diff", "run", "good"],
    &["diff", "good", "run"],
    &["publish", "site", "run"],
    &["compare", "--resume", "run"],
    &["compare", "--like", "run", "--dry-run"],
];

#[test]
fn every_command_refuses_what_is_no_file_and_waits_for_nobody() {
    let device: fn(&Path) = |at| symlink("/dev/zero", at).unwrap();
    let pipe: fn(&Path) = |at| assert!(Command::new("mkfifo").arg(at).status().unwrap().success());
    let elsewhere: fn(&Path) = |at| symlink("/etc", at).unwrap();
    let put = [
        ("manifest.json", device, "run/manifest.json is not a file"),
        ("manifest.json", pipe, "run/manifest.json is not a file"),
        ("cells/zero.json", device, "run/cells/zero.json is not a file"),
        ("cells/pipe.json", pipe, "run/cells/pipe.json is not a file"),
        ("cells", elsewhere, "run/cells is not a folder"),
    ];
    for (name, put, words) in put {
        let home = Place::new();
        home.run("run", &[]);
        home.run("good", &[]);
        let path = home.path("run").join(name);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap();
        } else {
            let _ = fs::remove_file(&path);
        }
        put(&path);
        for reader in READERS {
            let said = refused(&home, reader);
            assert!(said.contains(words), "{reader:?}: {said}");
        }
    }
}

#[test]
fn a_site_and_a_recording_that_are_no_files_are_refused_too() {
    let home = Place::new();
    home.run_of("one", "2026-01-05");
    home.done(&["publish", "site", "one"]);
    let entry = fs::read_dir(home.path("site/runs")).unwrap().next().unwrap().unwrap().path().join("entry.json");
    fs::remove_file(&entry).unwrap();
    assert!(Command::new("mkfifo").arg(&entry).status().unwrap().success());
    let said = refused(&home, &["publish", "site"]);
    assert!(said.contains("entry.json is not a file"), "{said}");
    fs::create_dir(home.path("recording")).unwrap();
    assert!(Command::new("mkfifo").arg(home.path("recording/frames.jsonl")).status().unwrap().success());
    let said = refused(&home, &["watch", "--replay", "recording"]);
    assert!(said.contains("frames.jsonl is not a file"), "{said}");
    // That one is typed, and may take what the longest body takes.
    let output = home.harness(&["load", "127.0.0.1:1", "--path", "/", "--body-file", "/dev/zero"]);
    output.refused("longer than 16 MiB");
}
