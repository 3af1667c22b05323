//! Servers that nobody here wrote do strange things. Each test is one of them: what is counted must be what happened, and
//! nothing is valid that is not.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::common::started::Started;
use crate::common::{LONGEST_WAIT, listen, within};
use crate::load_command::{Findings, load, loaded};
use crate::skipped::skipped;

const PLAIN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// What a server does about one request; false where it closes the connection then.
type Habit = fn(&mut TcpStream, request: &str) -> std::io::Result<bool>;

/// A server and how many requests it has read whole.
struct Strange {
    address: SocketAddr,
    read: Arc<AtomicU64>,
}

/// Requests end with an empty line, or with each line where they are messages of our protocol.
fn start(habit: Habit) -> Strange {
    let read = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&read);
    Strange { address: listen(move |stream| converse(stream, habit, &counted)), read }
}

fn converse(mut stream: TcpStream, habit: Habit, counted: &AtomicU64) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut request = String::new();
        while !(request.ends_with("\r\n\r\n") || request.starts_with('{') && request.ends_with('\n')) {
            if !matches!(reader.read_line(&mut request), Ok(1..)) {
                return;
            }
        }
        counted.fetch_add(1, Ordering::SeqCst);
        if !matches!(habit(&mut stream, &request), Ok(true)) {
            return;
        }
    }
}

/// With time for a busy machine: no reply fails to come.
const PAGE: &[&str] = &["--path", "/", "--connections", "4", "--timeout", "30s"];

/// Sixty requests.
fn sixty(server: &Strange, more: &[&str]) -> Findings {
    let found = Findings::of(server.address, &[PAGE, &["--requests", "60"], more].concat());
    assert_eq!(found.ledger("scheduled"), 60, "{}", found.json["ledger"]);
    found
}

/// Sixty requests, all of them right and valid. A busy machine may make one load invalid, and not each of several.
fn all_ok(habit: Habit) -> Findings {
    let once = |_| {
        let server = start(habit);
        let found = sixty(&server, &[]);
        found.assert_all_ok();
        assert_eq!(server.read.load(Ordering::SeqCst), 60, "the server has read as many");
        found
    };
    (0..3).map(once).find(|found| found.json["valid"] == true).expect("one of three loads is valid")
}

/// Nothing is right, for this reason alone.
fn none_right(found: &Findings, reason: &str) {
    assert_eq!((found.code, found.json["valid"].as_bool()), (6, Some(false)), "{}", found.json);
    let malformed = &found.json["malformed"];
    assert_eq!(
        (malformed[0]["reason"].as_str(), malformed.as_array().unwrap().len()),
        (Some(reason), 1),
        "{malformed}"
    );
    assert_eq!(found.ledger("malformed"), malformed[0]["count"].as_u64().unwrap());
}

#[test]
fn a_reply_that_is_written_twice_is_never_right_in_either_loop_and_wire() {
    fn page(stream: &mut TcpStream, _: &str) -> std::io::Result<bool> {
        stream.write_all((PLAIN.to_owned() + PLAIN).as_bytes()).map(|()| true)
    }
    fn message(stream: &mut TcpStream, request: &str) -> std::io::Result<bool> {
        let timestamp = request.split('"').rev().nth(1).unwrap();
        let line = format!("{{\"WorkDone\":{{\"sender_timestamp\":\"{timestamp}\",\"result\":\"hi\"}}}}\n");
        stream.write_all(line.repeat(2).as_bytes()).map(|()| true)
    }
    for rate in [&[][..], &["--rate", "300"]] {
        none_right(&sixty(&start(page), rate), "surplus");
        let json = ["--connections", "4", "--requests", "60"];
        none_right(&Findings::of(start(message).address, &[&json, rate].concat()), "surplus");
    }
}

#[test]
fn what_follows_a_reply_later_is_seen_too() {
    let server = start(|stream, _| {
        stream.write_all(PLAIN.as_bytes())?;
        thread::sleep(Duration::from_millis(2));
        stream.write_all(PLAIN.as_bytes()).map(|()| true)
    });
    let found = sixty(&server, &["--rate", "100", "--arrivals", "constant"]);
    assert_eq!((found.code, &found.json["valid"]), (4, &false.into()), "{}", found.json);
    assert_eq!(found.json["malformed"][0]["reason"], "surplus");
    assert!(found.ledger("ok") <= server.read.load(Ordering::SeqCst));
}

#[test]
fn lengths_that_lie_are_malformed_or_hang_and_never_valid() {
    let short =
        start(|stream, _| stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello").map(|()| true));
    none_right(&sixty(&short, &[]), "surplus");
    let huge = start(|stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nhello").map(|()| true)
    });
    none_right(&sixty(&huge, &[]), "bad-length");
    let cut = start(|stream, _| stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello").map(|()| false));
    none_right(&sixty(&cut, &[]), "cut-short");
    let chunk = start(|stream, _| {
        let reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n";
        stream.write_all(reply).map(|()| true)
    });
    none_right(&sixty(&chunk, &[]), "bad-chunk");
}

#[test]
fn who_hangs_since_the_warm_up_is_told_of_at_once_and_is_not_valid() {
    let habits: [Habit; 2] = [
        |stream, _| stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello").map(|()| true),
        |_, _| Ok(true),
    ];
    for habit in habits {
        let brief = ["--warm-up", "100ms", "--duration", "600ms", "--connections", "4", "--path", "/"];
        let found = Findings::of(start(habit).address, &[&brief[..], &["--timeout", "300ms"]].concat());
        assert_eq!((found.code, &found.json["valid"]), (6, &false.into()), "{}", found.json);
        assert_eq!(found.json["hung_since_warm_up"], 4, "{}", found.json);
        assert!(found.stderr.contains("no request has got a right reply yet"), "{}", found.stderr);
    }
    // As long as each waits for its first reply, nothing is asked in the window.
    let patient = ["--rate", "max", "--warm-up", "1s", "--duration", "200ms", "--path", "/", "--timeout", "3s"];
    let found = Findings::of(start(habits[1]).address, &patient);
    assert_eq!((found.code, found.ledger("scheduled")), (4, 0), "{}", found.json);
    assert!(found.stderr.contains("nobody was answered, so nobody asked again"), "{}", found.stderr);
}

#[test]
fn sessions_longer_than_the_window_were_answered_and_have_no_times() {
    let server =
        start(|stream, _| stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").map(|()| true));
    let long = ["--rate", "max", "--arrivals", "sessions", "--requests-per-session", "1000000", "--path", "/"];
    let brief = ["--connections", "4", "--warm-up", "1s", "--duration", "500ms"];
    let found = Findings::of(server.address, &[&long[..], &brief].concat());
    assert_eq!(found.ledger("scheduled"), 0, "{}", found.json);
    assert!(found.json["achieved_rps"].as_f64().unwrap() > 0.0, "{}", found.json);
    assert!(found.stderr.contains("no times: no session began in the window"), "{}", found.stderr);
    assert!(!found.stderr.contains("error: "), "{}", found.stderr);
}

#[test]
fn the_end_of_the_connection_ends_a_page_that_has_no_length() {
    let found =
        all_ok(|stream, _| stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello").map(|()| false));
    assert_eq!(found.connections("closed_by_server"), 60);
    all_ok(|stream, _| stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nhello").map(|()| false));
}

#[test]
fn heads_may_be_spelled_as_http_allows_and_have_any_number_of_lines() {
    all_ok(|stream, _| {
        let many = "X-Many: a\r\n".repeat(5_000);
        stream.write_all(format!("HTTP/1.1 200 OK\r\n{many}Content-Length: 5\r\n\r\nhello").as_bytes()).map(|()| true)
    });
    all_ok(|stream, _| stream.write_all(b"HTTP/1.1 200 OK\ncontent-length:5\n\nhello").map(|()| true));
    all_ok(|stream, _| stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").map(|()| true));
    let long = start(|stream, _| {
        let head = "X-Many: a\r\n".repeat(10_000);
        stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}Content-Length: 0\r\n\r\n").as_bytes()).map(|()| true)
    });
    none_right(&sixty(&long, &[]), "head-too-long");
}

#[test]
fn what_comes_before_a_reply_is_passed_over_and_has_an_end() {
    all_ok(|stream, _| {
        let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
        stream.write_all(format!("HTTP/1.1 100 Continue\r\n\r\n{hints}{PLAIN}").as_bytes()).map(|()| true)
    });
    let endless = start(|stream, _| {
        loop {
            stream.write_all("HTTP/1.1 100 Continue\r\n\r\n".repeat(200).as_bytes())?;
        }
    });
    none_right(&sixty(&endless, &[]), "endless-interim");
}

#[test]
fn a_reply_may_come_byte_by_byte_or_in_tiny_chunks() {
    let server = start(|stream, _| {
        for byte in PLAIN.as_bytes() {
            stream.write_all(&[*byte])?;
            thread::sleep(Duration::from_micros(200));
        }
        Ok(true)
    });
    sixty(&server, &[]).assert_all_ok();
    let found = all_ok(|stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
        let chunks = "8\r\n12345678\r\n".repeat(1 << 17);
        stream.write_all(chunks.as_bytes())?;
        stream.write_all(b"0\r\n\r\n").map(|()| true)
    });
    assert!(found.json["reply_bytes"]["least"].as_u64() > Some(1 << 20), "{}", found.json["reply_bytes"]);
}

/// Twenty MiB on each of many connections at once: a body that is kept would show in the peak of the memory. What differs
/// between two runs anyhow (which pages of the histograms are touched, how much of the end is seen) is 2 MiB, little beside
/// 64 KiB for each of so many.
#[test]
fn a_body_of_any_size_costs_no_memory() {
    let server = start(|stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 20971520\r\n\r\n")?;
        let piece = vec![b'x'; 1 << 20];
        (0..20).try_for_each(|_| stream.write_all(&piece)).map(|()| true)
    });
    let peak = |connections: &str, requests: &str| {
        let target = server.address.to_string();
        let asked = [target.as_str(), "--path", "/", "--requests", requests, "--connections", connections];
        let mut load = Started::of(&mut load(&[&asked[..], &["--format", "json", "--timeout", "60s"]].concat()));
        let status = format!("/proc/{}/status", load.pid());
        let mut peak_kib = 0;
        assert!(within(LONGEST_WAIT, || {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            // For a moment after it was spawned, the memory is that of this program, and so is the name.
            let is_it = text.starts_with("Name:\tharness");
            let line = text.lines().find(|line| is_it && line.starts_with("VmHWM:"));
            let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
            peak_kib = peak_kib.max(kib.unwrap_or(0));
            load.has_ended()
        }));
        let json = load.ended().json();
        assert_eq!(json["ledger"]["ok"].to_string(), requests, "{json}");
        assert!(peak_kib > 0, "it ended before its memory was read");
        peak_kib
    };
    let (one, many) = (peak("1", "2"), peak("120", "120"));
    assert!(many < one + 119 * 64, "{one} KiB with one connection, {many} KiB with 120");
}

#[test]
fn a_server_that_takes_a_connection_for_idle_causes_no_error() {
    let server = start(|stream, _| {
        stream.write_all(PLAIN.as_bytes())?;
        thread::sleep(Duration::from_millis(5));
        stream
            .write_all(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            .map(|()| false)
    });
    let found = sixty(&server, &["--rate", "200"]);
    found.assert_all_ok();
    assert!(found.connections("closed_by_server") > 0, "{}", found.json);
}

#[test]
fn what_a_server_says_when_it_closes_an_idle_connection_may_be_read_with_the_reply() {
    let server = start(|stream, _| {
        let close = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        stream.write_all((PLAIN.to_owned() + close).as_bytes()).map(|()| false)
    });
    for rate in [&[][..], &["--rate", "300"]] {
        let found = sixty(&server, rate);
        found.assert_all_ok();
        assert_eq!(found.connections("closed_by_server"), 60, "{}", found.json);
    }
}

#[test]
fn other_statuses_are_errors_and_counted_by_status() {
    let server = start(|stream, _| {
        stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n").map(|()| true)
    });
    let found = sixty(&server, &[]);
    assert_eq!((found.code, found.ledger("error"), &found.json["statuses"]["302"]), (6, 60, &60.into()));
}

#[test]
fn a_server_that_waits_for_acknowledgements_is_named() {
    let server = start(|stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")?;
        // As long as Linux keeps an acknowledgement back, for which Nagle's algorithm waits.
        thread::sleep(Duration::from_millis(44));
        stream.write_all(b"hello").map(|()| true)
    });
    let found = sixty(&server, &[]);
    let notices = found.json["notices"].to_string();
    assert!(notices.contains("TCP_NODELAY"), "{notices}");
}

/// Its predecessor came in two pieces, and nothing of it is that.
#[test]
fn a_reply_that_comes_whole_is_not_delayed_in_the_middle() {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let server = start(|stream, _| {
        let number = ASKED.fetch_add(1, Ordering::SeqCst);
        let head = format!("HTTP/1.1 200 OK\r\nX-Number: {number}\r\nContent-Length: 5\r\n\r\n");
        if number.is_multiple_of(2) {
            stream.write_all(head.as_bytes())?;
            thread::sleep(Duration::from_millis(2));
            return stream.write_all(b"hello").map(|()| true);
        }
        thread::sleep(Duration::from_millis(44));
        stream.write_all((head + "hello").as_bytes()).map(|()| true)
    });
    let asked = ["--path", "/", "--connections", "1", "--requests", "60", "--timeout", "30s"];
    let found = Findings::of(server.address, &asked);
    found.assert_all_ok();
    // A busy machine may hold up one of the thirty that come in pieces, but never most of them.
    let delayed = found.json["delayed_in_the_middle"].as_u64().unwrap();
    assert!(delayed < 20, "{delayed}");
}

#[test]
fn a_name_is_tried_at_every_address() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        return skipped("no IPv6 on this machine's loopback");
    };
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answer: Habit = |stream, _| stream.write_all(PLAIN.as_bytes()).map(|()| true);
            thread::spawn(move || converse(stream.unwrap(), answer, &AtomicU64::new(0)));
        }
    });
    let url = format!("http://localhost:{port}/");
    let found = Findings::read(loaded(&[&url, "-n", "60", "-c", "4", "--format", "json"]));
    found.assert_all_ok();
    assert_eq!(found.json["address"], format!("[::1]:{port}"));
    assert!(found.stderr.contains("[::1]") && found.stderr.contains("first that accepts"), "{}", found.stderr);
}
