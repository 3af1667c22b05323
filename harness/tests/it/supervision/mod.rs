//! Server processes and the observation of them, over real processes, pipes and sockets.

mod inside;
mod launching;
mod observation;
mod orphans;
mod serve;
mod subject;

use std::path::Path;
use std::time::Duration;

use harness::process::{Launch, ProcessError, ServerProcess, launch_program};

use crate::common::LONGEST_WAIT;
use crate::common::home::HARNESS;

/// Launches a contender of this program.
fn launch(contender: &str) -> Result<ServerProcess, ProcessError> {
    launch_as(HARNESS.as_ref(), contender, LONGEST_WAIT)
}

/// Launches another program as if it were a server. No calibration, which would cost each launch its time.
pub(crate) fn launch_as(
    program: &Path,
    contender: &str,
    readiness_deadline: Duration,
) -> Result<ServerProcess, ProcessError> {
    launch_program(program, &Launch { readiness_deadline, spin_rate: Some(100), ..Launch::new(contender) })
}
