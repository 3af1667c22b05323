//! What the known answers share: turns, attempts, a load, a server process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use harness::load::{self, Generator, LoadOutcome, Moments, now_ns};
use harness::plan::{ArrivalProcess, LoadSpec, Pacing, Shape, Work};
use harness::process::message::Ready;
use reports::record::HistogramRecord;
use rustix::process::{Pid, Signal, kill_process};

pub(crate) const MS: u64 = 1_000_000;

pub(crate) const GENERATOR: Generator = Generator { threads: 1, pacing: Pacing::Precise };

/// One load at a time: they would disturb each other.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What came of an attempt.
pub(crate) enum Verdict {
    Right,
    /// The figures are off, and nothing else explains it.
    Wrong(String),
    /// The figures are off, and so was the truth.
    Disturbed(String),
}

/// Tries three times, as long as the machine is to blame.
pub(crate) fn decide(mut attempt: impl FnMut() -> Verdict) {
    let _turn = turn();
    for _ in 0..3 {
        match attempt() {
            Verdict::Right => return,
            Verdict::Wrong(what) => panic!("{what}"),
            Verdict::Disturbed(what) => eprintln!("disturbed: {what}"),
        }
    }
    eprintln!("undecided: this machine was too busy to tell");
}

pub(crate) fn spec(rate_rps: f64, connections: u32, window: Duration) -> LoadSpec {
    LoadSpec {
        arrivals: ArrivalProcess::Constant { rate_rps },
        shape: Shape::Connections { connections },
        work: Work::new("echo", "hi"),
        seed: 1,
        warm_up: Duration::ZERO,
        window,
        timeout: Duration::from_secs(2),
    }
}

pub(crate) fn run(spec: &LoadSpec, target: SocketAddr, attend: impl FnMut(Moments)) -> LoadOutcome {
    let outcome = load::run(spec, target, GENERATOR, &AtomicBool::new(false), attend).unwrap();
    let ledger = outcome.traffic.ledger;
    assert_eq!(ledger.scheduled, ledger.accounted_for(), "{ledger:?}");
    outcome
}

pub(crate) fn quantile(histogram: &HistogramRecord, quantile: f64) -> f64 {
    histogram.to_histogram().unwrap().value_at_quantile(quantile) as f64
}

/// Whether `seen` is within `tolerance` of `truth`; else how far off it is.
pub(crate) fn off(name: &str, seen: f64, truth: f64, tolerance: f64) -> Option<String> {
    let is_off = (seen - truth).abs() > tolerance * truth;
    is_off.then(|| format!("{name} is {:.2} ms where {:.2} ms is true", seen / MS as f64, truth / MS as f64))
}

/// How long a thread that wanted to wake every millisecond did not get to, in all, beyond the first two milliseconds
/// each time.
pub(crate) struct Watchman {
    stop: Arc<AtomicBool>,
    overslept_ns: Arc<AtomicU64>,
    thread: thread::JoinHandle<()>,
}

impl Watchman {
    pub(crate) fn start() -> Self {
        let (stop, overslept_ns) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let thread = thread::spawn({
            let (stop, overslept_ns) = (Arc::clone(&stop), Arc::clone(&overslept_ns));
            move || {
                while !stop.load(Ordering::Relaxed) {
                    let due_ns = now_ns() + MS;
                    thread::sleep(Duration::from_millis(1));
                    overslept_ns.fetch_add(now_ns().saturating_sub(due_ns + 2 * MS), Ordering::Relaxed);
                }
            }
        });
        Self { stop, overslept_ns, thread }
    }

    pub(crate) fn overslept_ns(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.overslept_ns.load(Ordering::Relaxed)
    }
}

/// A server process of this program; killed when dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Served {
    pub(crate) fn start(model: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_harness"))
            .args(["serve", model, "--spin-rate", "1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: Ready = serde_json::from_str(&line).unwrap();
        Self { child, address: ready.address }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn sleep_until(at_ns: u64) {
    while let left @ 1.. = at_ns.saturating_sub(now_ns()) {
        thread::sleep(Duration::from_nanos(left));
    }
}
