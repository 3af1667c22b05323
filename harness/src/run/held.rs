//! The task of holding connections: open them in stages, let the server come to rest, read its memory; then ask each
//! once, then close all.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use instruments::load::{HeldConnections, LoadError};
use instruments::observe::{Extent, ProcessReader, settled_sample, socket_buffer_bytes};
use reports::record::{Phase, Stage, Warning};

use super::findings::{CellFailure, TaskFindings};
use crate::plan::HoldSpec;

/// The longest that a server is given to come to rest.
const SETTLING: Duration = Duration::from_secs(4);

/// A server to hold connections to.
pub(crate) struct HeldServer<'a> {
    pub(crate) pid: u32,
    pub(crate) extent: Extent,
    pub(crate) address: SocketAddr,
    pub(crate) origin_ns: u64,
    pub(crate) kernel_stack_bytes_per_thread: u64,
    pub(crate) stop: &'a AtomicBool,
}

/// Why the stages could not be gone through.
#[derive(Debug, thiserror::Error)]
enum HoldError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("the server could not be observed: {0}")]
    Observe(#[from] io::Error),
}

/// Goes through the stages. What was read before something failed is kept.
pub(crate) fn hold(spec: &HoldSpec, server: &HeldServer<'_>) -> TaskFindings {
    let mut found = TaskFindings::default();
    if let Err(error) = stages(spec, server, &mut found) {
        found.failure = Some(match error {
            HoldError::Load(error) => error.into(),
            HoldError::Observe(_) => CellFailure::of_the_harness(error),
        });
    }
    found
}

fn stages(spec: &HoldSpec, server: &HeldServer<'_>, found: &mut TaskFindings) -> Result<(), HoldError> {
    let mut reader = ProcessReader::open(server.pid, server.extent)?;
    let mut held = HeldConnections::new(server.address, &spec.work, server.stop)?;
    found.stages.push(stage(server, &mut reader, Phase::Idle, HoldSpec::quiet_with(0), 0, None)?);
    for wanted in &spec.counts {
        held.grow_to(*wanted as usize, spec.give_up_after)?;
        let connections = held.len() as u64;
        let quiet = HoldSpec::quiet_with(connections);
        found.stages.push(stage(server, &mut reader, Phase::Idle, quiet, connections, None)?);
        if held.len() < *wanted as usize {
            found.warnings.push(fell_short(&held, *wanted));
            break;
        }
    }
    if server.stop.load(Ordering::Relaxed) {
        // Nobody reads what more there is to see.
        return Ok(());
    }
    let connections = held.len() as u64;
    let answered = held.ask_each(spec.give_up_after)? as u64;
    let quiet = HoldSpec::quiet_with(connections);
    found.stages.push(stage(server, &mut reader, Phase::AfterRequest, quiet, connections, Some(answered))?);
    held.close_all();
    found.stages.push(stage(server, &mut reader, Phase::Closed, HoldSpec::quiet_after_closing(connections), 0, None)?);
    let restless = found.stages.iter().filter(|stage| !stage.settled);
    found.warnings.extend(restless.map(|stage| Warning::NotSettled { connections: stage.connections }));
    Ok(())
}

fn stage(
    server: &HeldServer<'_>,
    reader: &mut ProcessReader,
    phase: Phase,
    quiet: Duration,
    connections: u64,
    answered: Option<u64>,
) -> Result<Stage, HoldError> {
    let stack_bytes = server.kernel_stack_bytes_per_thread;
    let (sample, settled) = settled_sample(reader, server.origin_ns, stack_bytes, quiet, SETTLING, server.stop)?;
    // Where the kernel offers no socket diagnostics, the part is missing rather than nothing.
    let socket_buffer_bytes = socket_buffer_bytes(server.address).ok();
    Ok(Stage { phase, connections, answered, sample, socket_buffer_bytes, settled })
}

/// Why fewer connections were held than wanted: this side could not make them, or the server accepted no more.
fn fell_short(held: &HeldConnections<'_>, wanted: u32) -> Warning {
    let consequence = format!("{} connections were held instead of {wanted}", held.len());
    match held.failure() {
        Some(error) => Warning::MachineLimit {
            limit: format!("connections of the generator ({error})"),
            consequence,
            remedy: "raise the limit of open files (ulimit -n) or of local ports (net.ipv4.ip_local_port_range)".into(),
        },
        None => Warning::MachineLimit {
            limit: "the accept queue (net.core.somaxconn) of a server that accepts no more".to_owned(),
            consequence,
            remedy: "none is needed where the model serves few connections; else run again on a quiet machine".into(),
        },
    }
}
