//! One measurement: a fresh server, a closed loop that keeps it busy, and the CPU time it used within the window.

use std::env;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, ensure};
use harness::process::launch_program;
use instruments::clock::now_ns;
use instruments::load::{self, Generator, LoadMoments, Pacing};
use instruments::observe::process_cpu;

use crate::measured::usual;

const WARM_UP: Duration = Duration::from_millis(500);

/// A server under as many connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BenchContender {
    /// A model, or a bare loop of `bare.rs`.
    pub(crate) name: &'static str,
    pub(crate) connections: u32,
}

/// What requests cost the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestCost {
    /// User and system time of all its threads.
    pub(crate) cpu_us_per_request: f64,
    /// Share of the window that it was on its CPU.
    pub(crate) busy: f64,
}

/// The server's CPU clock, and when it was read.
#[derive(Debug, Clone, Copy)]
struct CpuReading {
    at_ns: u64,
    cpu: Duration,
}

impl BenchContender {
    /// Starts it on that CPU, loads it from this one, stops it.
    pub(crate) fn measure(&self, server_cpu: u32, window: Duration) -> anyhow::Result<RequestCost> {
        let server = launch_program(&self.program()?, &usual::server(self.name, &[server_cpu]))?;
        let mut readings = [None; 2];
        let attend = |moments: LoadMoments| {
            for (reading, mark_ns) in readings.iter_mut().zip([moments.window_start_ns, moments.window_end_ns]) {
                if reading.is_none() && now_ns() >= mark_ns {
                    *reading = process_cpu(server.pid()).ok().map(|cpu| CpuReading { at_ns: now_ns(), cpu });
                }
            }
        };
        let generator = Generator { threads: 1, pacing: Pacing::Sleeping };
        let spec = usual::echoes(self.connections, WARM_UP, window);
        let outcome = load::run(&spec, server.address(), generator, &AtomicBool::new(false), attend)?.traffic;
        drop(server.stop());
        let ledger = outcome.ledger;
        ensure!(ledger.ok > 0 && ledger.malformed + ledger.error == 0, "{} gave wrong replies: {ledger:?}", self.name);
        let [Some(start), Some(end)] = readings else { anyhow::bail!("{} ended under load", self.name) };
        // The readings come a moment after the marks, so that shares of time are compared and not sums.
        let busy = (end.cpu - start.cpu).as_secs_f64() / Duration::from_nanos(end.at_ns - start.at_ns).as_secs_f64();
        let requests_per_second = outcome.ok_within_window as f64 / window.as_secs_f64();
        Ok(RequestCost { cpu_us_per_request: 1e6 * busy / requests_per_second, busy })
    }

    /// The harness serves the models, and this bench the bare loops.
    fn program(&self) -> anyhow::Result<PathBuf> {
        if self.name.starts_with("bare-") {
            env::current_exe().context("this program can't tell where it is")
        } else {
            Ok(env!("CARGO_BIN_EXE_harness").into())
        }
    }
}
