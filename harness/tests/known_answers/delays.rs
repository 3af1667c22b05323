//! A server whose delays are known to the microsecond.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use harness::load::now_ns;

use crate::subject::{MS, Verdict, decide, off, quantile, run, sleep_until, spec};

/// A server that answers each request after a delay of its own, on an absolute deadline, and notes how long it really
/// took from the moment it had read the request. The delays are those of an exponential distribution of mean 20 ms, one
/// from each of as many equal parts of it as there are requests, in a mixed order: the distribution is met exactly.
struct Delaying {
    address: SocketAddr,
    applied_ns: Arc<Mutex<Vec<u64>>>,
}

impl Delaying {
    fn start(requests: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let applied_ns = Arc::new(Mutex::new(Vec::new()));
        let served = Arc::new(AtomicUsize::new(0));
        let applied = Arc::clone(&applied_ns);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (applied, served) = (Arc::clone(&applied), Arc::clone(&served));
                thread::spawn(move || {
                    let noted = answer_late(stream.unwrap(), requests, &served);
                    applied.lock().unwrap().extend(noted);
                });
            }
        });
        Self { address, applied_ns }
    }

    /// The delays in ascending order, once every connection has ended.
    fn applied(&self, requests: usize) -> Vec<u64> {
        let give_up = now_ns() + 20_000 * MS;
        loop {
            let mut applied = self.applied_ns.lock().unwrap().clone();
            if applied.len() == requests {
                applied.sort_unstable();
                return applied;
            }
            assert!(now_ns() < give_up, "{} of {requests} requests", applied.len());
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// The delay of the `number`-th of `count` requests, in nanoseconds.
fn exponential_delay(number: usize, count: usize) -> u64 {
    // Odd and without a common factor, so that every part of the distribution comes up once.
    let part = (number * 7_919) % count;
    let share = (part as f64 + 0.5) / count as f64;
    (-(1.0 - share).ln() * 20.0 * MS as f64) as u64
}

fn answer_late(mut stream: TcpStream, count: usize, served: &AtomicUsize) -> Vec<u64> {
    stream.set_nodelay(true).unwrap();
    let mut noted = Vec::new();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    while let Some(Ok(line)) = lines.next() {
        let read_ns = now_ns();
        let delay_ns = exponential_delay(served.fetch_add(1, Ordering::Relaxed), count);
        let reply = right(&line);
        sleep_until(read_ns + delay_ns);
        noted.push(now_ns() - read_ns);
        if stream.write_all(reply.as_bytes()).is_err() {
            break;
        }
    }
    noted
}

pub(crate) fn right(line: &str) -> String {
    let request: serde_json::Value = serde_json::from_str(line).unwrap();
    let asked = &request["RequestWork"];
    let done = serde_json::json!({"WorkDone": {
        "result": asked["parameter"],
        "sender_timestamp": asked["sender_timestamp"],
        "server_received_ns": 0,
        "server_sent_ns": 0,
    }});
    format!("{done}\n")
}

#[test]
fn exponential_delays_come_out_as_exponential_response_times() {
    const REQUESTS: usize = 2_000;
    decide(|| {
        let server = Delaying::start(REQUESTS);
        // Each connection is used every 640 ms, four times the longest delay: no request waits behind another.
        let outcome = run(&spec(400.0, 256, Duration::from_secs(5)), server.address, |_| {});
        assert_eq!(outcome.traffic.ledger.ok, REQUESTS as u64);
        let response_time = outcome.traffic.response_time.unwrap();
        let applied = server.applied(REQUESTS);
        let mut found = Vec::new();
        let mut is_disturbed = false;
        for (share, name, truth_ms) in [(0.5, "p50", 13.863), (0.9, "p90", 46.052), (0.99, "p99", 92.103)] {
            let truth = truth_ms * MS as f64;
            found.extend(off(name, quantile(&response_time, share), truth, 0.05));
            let of_server = applied[(share * REQUESTS as f64) as usize - 1] as f64;
            is_disturbed |= off(name, of_server, truth, 0.03).is_some();
            // Whatever the server did, that is what must have been measured.
            if let Some(what) = off(name, quantile(&response_time, share), of_server, 0.15) {
                return Verdict::Wrong(format!("{what}, by the server's own clock"));
            }
        }
        match (found.is_empty(), is_disturbed) {
            (true, _) => Verdict::Right,
            (false, false) => Verdict::Wrong(found.join("; ")),
            (false, true) => Verdict::Disturbed(found.join("; ")),
        }
    });
}
