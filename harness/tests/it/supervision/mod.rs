//! Server processes and the observation of them, over real processes, pipes and sockets.

mod fakes;
mod inside;
mod launching;
mod observation;
mod orphans;
mod serve;
mod subject;

use std::path::Path;
use std::time::Duration;

use harness::process::{Launch, ProcessError, ServerProcess, launch_program};

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
    launch_program(program, &Launch { readiness_deadline, spin_rate: Some(100), ..Launch::new(contender) })
}
