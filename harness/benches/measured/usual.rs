//! The server that is started and the load that is put on it, where a bench has no reason for others.

use std::time::Duration;

use harness::process::Launch;
use instruments::load::{ArrivalProcess, LoadSpec, Shape, Work};

/// A server on these CPUs, with time to get ready on a machine that is busy measuring.
pub(crate) fn server<'a>(contender: &'a str, cpus: &'a [u32]) -> Launch<'a> {
    Launch { cpus, readiness_deadline: Duration::from_secs(5), spin_rate: Some(1), ..Launch::new(contender) }
}

/// Echoes in closed loop.
pub(crate) fn echoes(connections: u32, warm_up: Duration, window: Duration) -> LoadSpec {
    let shape = Shape::Connections { connections };
    let load = LoadSpec::new(ArrivalProcess::Closed, shape, Work::new("echo", "hi"));
    LoadSpec { seed: 1, warm_up, window, timeout: Duration::from_secs(5), ..load }
}
