//! The command on a terminal: keys, signals and crashes, and that the terminal is as it was after each of them.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use harness::live::{ServerState, read_frames};
use reports::record::Ending;
use reports::record::store::RunFolder;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::common::{LONGEST_WAIT, within};
use crate::watch::screen::Screen;

const SMALL: [&str; 7] = ["watch", "--models", "threaded,async-single", "--connections", "4", "--rate", "50"];

fn start(home: &TempDir, more: &[&str]) -> Screen {
    let screen = Screen::start(home, &[SMALL.as_slice(), more].concat());
    screen.shows(0, "switches/s");
    screen
}

/// The servers that a process has started: its number is in their arguments.
fn servers_of(parent: u32) -> Vec<i32> {
    let parent = parent.to_string();
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_server = |pid: &i32| {
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = arguments.split(|byte| *byte == 0).collect();
        words.windows(2).any(|pair| pair == [b"--parent", parent.as_bytes()])
    };
    pids.filter(is_server).collect()
}

#[test]
fn ctrl_c_gives_the_terminal_back() {
    let home = TempDir::new().unwrap();
    let mut screen = start(&home, &[]);
    let pid = screen.pid();
    screen.types("\u{3}");
    let (status, said) = screen.ends();
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.contains("watched until 0:0"), "{said}");
    assert_eq!(servers_of(pid), Vec::<i32>::new());
}

#[test]
fn so_does_a_signal() {
    let home = TempDir::new().unwrap();
    let screen = start(&home, &[]);
    screen.signal(Signal::TERM);
    let (status, said) = screen.ends();
    assert_eq!(status.code(), Some(143), "{said}");
}

#[test]
fn a_server_that_dies_is_shown_and_what_was_recorded_is_played_and_rendered() {
    let home = TempDir::new().unwrap();
    let mut screen = start(&home, &["--record", "recorded"]);
    let victim = servers_of(screen.pid()).into_iter().min().unwrap();
    kill_process(Pid::from_raw(victim).unwrap(), Signal::KILL).unwrap();
    let at = screen.shows(0, "DIED");
    // A key still does what it says, and its effect is shown.
    screen.types(" ");
    screen.shows(at, "paused");
    screen.types("q");
    let (status, said) = screen.ends();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("recorded: harness watch --replay recorded"), "{said}");

    let frames = read_frames(&home.path().join("recorded/frames.jsonl")).unwrap();
    let last = frames.last().unwrap();
    assert!(
        last.models
            .iter()
            .any(|model| matches!(&model.state, ServerState::Died { how, .. } if how.contains("SIGKILL")))
    );
    let run = RunFolder::open(home.path().join("recorded")).unwrap().read().unwrap();
    assert_eq!((run.manifest.preset.as_str(), run.manifest.ending), ("watch", Ending::Completed));
    let report = Command::new(env!("CARGO_BIN_EXE_harness"))
        .args(["report", "recorded"])
        .current_dir(home.path())
        .output()
        .unwrap();
    assert!(report.status.success() && home.path().join("recorded/report.html").exists(), "{report:?}");

    let mut played = Screen::start(&home, &["watch", "--replay", "recorded"]);
    let at = played.shows(0, "replay 0:0");
    played.types(" ");
    played.shows(at, "paused");
    played.types("q");
    let (status, said) = played.ends();
    assert_eq!((status.code(), said.contains("watched")), (Some(0), false), "{said}");
}

#[test]
fn what_is_watched_is_counted_for_scrapers_too() {
    let home = TempDir::new().unwrap();
    // Free when it was asked for; whoever takes it in between makes this fail with the reason on the screen.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut screen = start(&home, &["--web", "--web-port", &port.to_string()]);
    let metrics = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    };
    let answered = |text: &str, contender: &str| -> f64 {
        let begins = format!("harness_requests_total{{contender=\"{contender}\"");
        let is_it = |line: &&str| line.starts_with(&begins) && line.contains("outcome=\"ok\"");
        let line = text.lines().find(is_it);
        line.and_then(|line| line.rsplit_once(' ')?.1.parse().ok()).unwrap_or(0.0)
    };
    for contender in ["threaded", "async-single"] {
        assert!(within(LONGEST_WAIT, || answered(&metrics(), contender) > 0.0), "{}", metrics());
        let before = answered(&metrics(), contender);
        assert!(within(LONGEST_WAIT, || answered(&metrics(), contender) > before), "{}", metrics());
    }
    screen.types("q");
    let (status, said) = screen.ends();
    assert_eq!(status.code(), Some(0), "{said}");
}

#[test]
fn where_there_is_no_terminal_it_says_so() {
    let home = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_harness"))
        .args(SMALL)
        .env("TMPDIR", home.path())
        .env("HARNESS_LOCK", home.path().join("lock"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{said}");
    assert!(said.contains("watch draws on a terminal, and this is not a terminal"), "{said}");
}

#[test]
fn what_is_no_recording_is_refused() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("other"), "hello\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_harness"))
        .args(["watch", "--replay", "other"])
        .current_dir(home.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("is this a recording of harness watch?"), "{said}");
}
