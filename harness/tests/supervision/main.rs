//! Server processes and the observation of them, over real processes, pipes and sockets.

#![allow(clippy::unwrap_used, reason = "a panic in a test's helper is the test's failure")]

mod fakes;
mod inside;
mod launching;
mod observation;
mod orphans;
mod serve;
mod subject;

use std::path::Path;
use std::time::{Duration, Instant};

use harness::process::{Launch, ProcessError, ServerProcess, launch_program};
use rustix::process::{Pid, Signal, kill_process};

/// The program under test.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_harness"))
}

/// Launches a contender of this program.
fn launch(contender: &str) -> Result<ServerProcess, ProcessError> {
    launch_as(program(), contender, Duration::from_secs(20))
}

/// Launches another program as if it were a server. No calibration, which would cost each launch its time.
fn launch_as(program: &Path, contender: &str, readiness_deadline: Duration) -> Result<ServerProcess, ProcessError> {
    launch_program(program, &Launch { contender, cpus: &[], readiness_deadline, spin_rate: Some(100), wire: None })
}

/// Looks again and again until `seen`; false when it was not seen in time.
fn within(deadline: Duration, mut seen: impl FnMut() -> bool) -> bool {
    let give_up = Instant::now() + deadline;
    while !seen() {
        if Instant::now() >= give_up {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

/// Whether a process runs. One that has ended and that its new parent has not reaped yet doesn't.
fn is_alive(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // The state follows the program's name, which may itself hold parentheses.
    !stat.rsplit(") ").next().unwrap_or_default().starts_with(['Z', 'X'])
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}
