//! The live pages in a real browser: that of a run grows with it and holds the report at the end, that of servers which
//! are watched draws their frames. Both fit and are quiet.
//!
//! Beside it: `live.rs`, without a browser.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use harness::live::web::{PageEvent, PageView, Web};
use harness::live::{Limits, LiveLoad, Session, SessionEvent};
use rustix::process::Signal;
use serde_json::json;

use crate::common::LONGEST_WAIT;
use crate::common::home::Home;
use crate::compare::live::followed;
use crate::devtools::Browser;
use crate::watch::session::session;
use crate::workshop::page::wait_for;

const FITS: &str = "document.documentElement.scrollWidth <= innerWidth";

#[test]
fn the_page_grows_with_the_run_and_holds_the_report_when_the_run_is_gone() {
    let Some(mut browser) = Browser::start() else { return };
    for (width, theme) in [(360, "dark"), (1280, "light")] {
        let home = Home::new();
        // Longer than the browser takes to look twice.
        let (mut subject, address) = followed(&home, "thread-or-task,latency-curve", &["--blocks", "9"]);
        let mut tab = browser.visit(format!("http://{address}/"), width, theme);
        wait_for(&mut tab, "document.querySelectorAll('#pictures figure').length > 0");
        let ended = "document.getElementById('progress').value";
        let first = tab.evaluate(ended);
        wait_for(&mut tab, &format!("{ended} > {first}"));
        assert_eq!(tab.evaluate(FITS), json!(true), "at {width} px");
        subject.signal(Signal::INT);
        wait_for(&mut tab, "document.querySelector('#end a') !== null");
        subject.status_within(LONGEST_WAIT).expect("Ctrl-C ends it");
        assert_eq!(tab.evaluate(FITS), json!(true), "at {width} px");
        tab.assert_quiet();
        // What the link leads to is in the page already, and no server is there any more.
        tab.follow("document.querySelector('#end a')");
        wait_for(&mut tab, "document.querySelectorAll('.get a').length > 0");
        // Its style is let in.
        wait_for(&mut tab, "getComputedStyle(document.body).maxWidth === '1216px'");
        assert_eq!(tab.evaluate(FITS), json!(true), "the report at {width} px");
    }
}

/// Two servers under a small load.
fn small_session() -> Session {
    let asked =
        LiveLoad { connections: 4, rate_rps: Some(100.0), work: "sleep 1ms".to_owned(), flood: 0, is_paused: false };
    let limits = Limits { connections: 4, rate_rps: 100.0, flood: 0 };
    Session { asked, limits, longest: 2 * LONGEST_WAIT, ..session(&["threaded", "async-single"]) }
}

#[test]
fn servers_that_are_watched_are_drawn_frame_by_frame() {
    let Some(mut browser) = Browser::start() else { return };
    let web = Web::start(PageView::Session, 0, &[]).unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let (tells, told) = channel();
        let (commands, commanded) = channel();
        let (session, stop, web) = (small_session(), &stop, &web);
        scope.spawn(move || session.run(&commanded, &tells, stop));
        scope.spawn(move || {
            for seen in told {
                let SessionEvent::Frame(frame) = seen else { continue };
                web.tell(PageEvent::Frame(Box::new(frame)));
            }
        });
        let mut tab = browser.visit(format!("http://{}/", web.address()), 360, "dark");
        // Two servers, eight lines each, of two frames at least.
        let drawn = "[...document.querySelectorAll('#models path')].filter((line) => /L/.test(line.getAttribute('d')))";
        wait_for(&mut tab, &format!("{drawn}.length >= 10"));
        wait_for(&mut tab, "/^[1-9]/.test(document.querySelector('#models td').textContent)");
        let names = tab.evaluate("[...document.querySelectorAll('#models h3')].map((name) => name.textContent)");
        assert_eq!(names, json!(["threaded", "async-single"]));
        assert_eq!(tab.evaluate(FITS), json!(true));
        let metrics = tab.evaluate("fetch('metrics').then((page) => page.text())");
        let threads = "harness_server_threads{contender=\"threaded\",experiment=\"watch\",workload=\"sleep 1ms\"} ";
        assert!(metrics.as_str().unwrap().contains(threads), "{metrics}");
        tab.assert_quiet();
        stop.store(true, Ordering::Relaxed);
        drop(commands);
    });
}
