//! The serving thread from outside: what it does when there is nothing to do.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use super::*;

const PATIENT: Duration = Duration::from_secs(20);

/// The folder of the serving thread under `/proc`.
fn serving_thread() -> PathBuf {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let is_it = |task: &PathBuf| fs::read_to_string(task.join("comm")).is_ok_and(|name| name == "live-page\n");
    tasks.into_iter().find(is_it).unwrap()
}

/// How often a thread has gone to sleep or lost its CPU, both of which take that it was awake.
fn switches(thread: &Path) -> u64 {
    let status = fs::read_to_string(thread.join("status")).unwrap();
    let counts = status.lines().filter_map(|line| line.split_once("ctxt_switches:")?.1.trim().parse::<u64>().ok());
    counts.sum()
}

/// The count after it has been the same for a while.
fn at_rest(thread: &Path) -> u64 {
    let until = Instant::now() + PATIENT;
    let mut last = switches(thread);
    loop {
        thread::sleep(Duration::from_millis(100));
        let now = switches(thread);
        if now == last {
            return now;
        }
        assert!(Instant::now() < until, "it does not come to rest");
        last = now;
    }
}

/// A page that has got its first event.
fn looking(web: &Web) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(web.address()).unwrap();
    stream.set_read_timeout(Some(PATIENT)).unwrap();
    stream.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut page = BufReader::new(stream);
    let mut read = String::new();
    while !read.contains("data:") {
        page.read_line(&mut read).unwrap();
    }
    assert!(read.starts_with("HTTP/1.1 200 OK\r\n"), "{read}");
    page
}

#[test]
fn nobody_wakes_the_thread_between_two_events_while_pages_look() {
    let web = Web::start(PageView::Run, 0, &[]).unwrap();
    web.tell(PageEvent::Begins { order: 0, what: "echo".to_owned() });
    let pages = [looking(&web), looking(&web), looking(&web)];
    let serving = serving_thread();
    let before = at_rest(&serving);
    // That nothing happens takes a while to see.
    thread::sleep(Duration::from_millis(500));
    assert_eq!(switches(&serving), before);
    web.tell(PageEvent::Begins { order: 1, what: "echo".to_owned() });
    assert!(at_rest(&serving) > before, "what it is told does wake it");
    drop(pages);
}
