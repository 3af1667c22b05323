//! The command on a terminal: keys, signals and crashes, and that the terminal is as it was after each of them.

use std::fs;
use std::net::TcpListener;

use harness::live::{ServerState, read_frames};
use reports::record::Ending;
use rustix::process::Signal;

use crate::common::clients::http;
use crate::common::home::Home;
use crate::common::started::servers_of;
use crate::common::{LONGEST_WAIT, send, within};
use crate::watch::screen::Screen;

const SMALL: [&str; 7] = ["watch", "--models", "threaded,async-single", "--connections", "4", "--rate", "50"];

fn start(home: &Home, more: &[&str]) -> Screen {
    let screen = Screen::start(home, &[SMALL.as_slice(), more].concat());
    screen.shows(0, "switches/s");
    screen
}

#[test]
fn ctrl_c_gives_the_terminal_back() {
    let home = Home::new();
    let mut screen = start(&home, &[]);
    let pid = screen.pid();
    screen.types("\u{3}");
    let (status, said) = screen.ends();
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.contains("watched until 0:0"), "{said}");
    assert_eq!(servers_of(pid), Vec::<u32>::new());
}

#[test]
fn so_does_a_signal() {
    let home = Home::new();
    let screen = start(&home, &[]);
    screen.signal(Signal::TERM);
    let (status, said) = screen.ends();
    assert_eq!(status.code(), Some(143), "{said}");
}

#[test]
fn a_server_that_dies_is_shown_and_what_was_recorded_is_played_and_rendered() {
    let home = Home::new();
    let mut screen = start(&home, &["--record", "recorded"]);
    let victim = servers_of(screen.pid()).into_iter().min().unwrap();
    send(victim, Signal::KILL);
    let at = screen.shows(0, "DIED");
    // A key still does what it says, and its effect is shown.
    screen.types(" ");
    screen.shows(at, "paused");
    screen.types("q");
    let (status, said) = screen.ends();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("recorded: harness watch --replay recorded"), "{said}");

    let frames = read_frames(&home.join("recorded/frames.jsonl")).unwrap();
    let last = frames.last().unwrap();
    assert!(
        last.models
            .iter()
            .any(|model| matches!(&model.state, ServerState::Died { how, .. } if how.contains("SIGKILL")))
    );
    let run = home.run_in("recorded");
    assert_eq!((run.manifest.preset.as_str(), run.manifest.ending), ("watch", Ending::Completed));
    home.ended(&["report", "recorded"]).with_code(0);
    assert!(home.join("recorded/report.html").exists());

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
    let home = Home::new();
    // Free when it was asked for; whoever takes it in between makes this fail with the reason on the screen.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut screen = start(&home, &["--web", "--web-port", &port.to_string()]);
    let metrics = || http(("127.0.0.1", port), "GET /metrics", "Host: localhost\r\n", "").2;
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
    let refused = Home::new().ended(&SMALL).refused("watch draws on a terminal, and this is not a terminal");
    assert_eq!(refused.stdout, "");
}

#[test]
fn what_is_no_recording_is_refused() {
    let home = Home::new();
    fs::write(home.join("other"), "hello\n").unwrap();
    let ended = home.ended(&["watch", "--replay", "other"]).telling("is this a recording of harness watch?");
    assert_ne!(ended.code, Some(0));
}
