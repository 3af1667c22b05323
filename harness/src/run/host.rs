//! Servers for a run that is typed on another machine: started, watched and stopped here, by the same code as those of a run
//! that is typed here.
//!
//! Must not know: what is put to a server. Beside it: `served.rs`, that code; `machines/worker.rs`, which is told what is wanted.

use std::net::SocketAddr;

use instruments::backend::Promptness;
use instruments::load::{LoadMoments, now_ns};
use instruments::observe::{machine, restrict_this_thread};
use reports::record::PlacementKind;

use super::called::CalledBackend;
use super::findings::TaskFindings;
use super::served::{CellFindings, ServedCell, WatchSettings};
use crate::machines::{HostedServer, ServeOrder, ServedMessage, ServerStarter};
use crate::process::{Launch, launch};

/// This machine, for as long as somebody's run lasts.
#[derive(Debug, Default)]
pub struct ServingMachine {
    /// What is measured once: spin iterations per microsecond, and the kernel's stack of a thread.
    known: Option<(u64, u64)>,
}

/// A server of that run.
struct HostedCell {
    served: ServedCell,
    found: TaskFindings,
}

impl ServerStarter for ServingMachine {
    fn start(&mut self, order: &ServeOrder) -> Result<Box<dyn HostedServer>, Box<ServedMessage>> {
        self.begin(order).map(|cell| Box::new(cell) as Box<dyn HostedServer>).map_err(|found| Box::new((*found).into()))
    }
}

impl ServingMachine {
    fn begin(&mut self, order: &ServeOrder) -> Result<HostedCell, Box<CellFindings>> {
        let unfit = |reason: String| Box::new(CellFindings::not_run(reason));
        let (spin_rate, kernel_stack_bytes_per_thread) = match self.known {
            Some(known) => known,
            None => {
                let seen = machine().map_err(|error| unfit(format!("this machine can't be looked at: {error}")))?;
                *self.known.insert((servers::calibrate_spin(), seen.kernel_stack_bytes_per_thread))
            }
        };
        restrict_this_thread(&order.placement.generator_cpus)
            .map_err(|error| unfit(format!("the process that watches the server can't have its CPUs: {error}")))?;
        let called = match order.calls_backend.then(|| CalledBackend::begin(promptness(order))).transpose() {
            Ok(called) => called,
            Err(error) => return Err(unfit(format!("the backend that its requests call can't be started: {error}"))),
        };
        let server = launch(&Launch {
            cpus: &order.placement.server_cpus,
            spin_rate: Some(spin_rate),
            wire: order.wire.as_deref(),
            listen: Some(order.listen),
            backend: called.as_ref().map(CalledBackend::address),
            ..Launch::new(&order.contender)
        });
        let server = server.map_err(|error| Box::new(CellFindings::not_started(error.failure.into(), error.stderr)))?;
        let watching = WatchSettings {
            placement: order.placement.clone(),
            kernel_stack_bytes_per_thread,
            beside: order.beside.clone(),
            is_asked: order.is_asked,
        };
        let found = TaskFindings { origin_ns: now_ns(), ..TaskFindings::default() };
        Ok(HostedCell { served: ServedCell::watch(server, called, &watching), found })
    }
}

/// A backend may poll where a CPU is left for who watches.
fn promptness(order: &ServeOrder) -> Promptness {
    let placement = &order.placement;
    match placement.kind {
        PlacementKind::Isolated if placement.generator_cpus.len() > 1 => Promptness::Polls,
        _ => Promptness::Sleeps,
    }
}

impl HostedServer for HostedCell {
    fn address(&self) -> SocketAddr {
        self.served.server.address()
    }

    fn look(&mut self, moments: LoadMoments) -> bool {
        self.served.look_at(&mut self.found, moments, now_ns());
        self.found.death.is_some()
    }

    fn end(self: Box<Self>) -> ServedMessage {
        let HostedCell { served, found } = *self;
        served.end(found).into()
    }
}

impl From<CellFindings> for ServedMessage {
    fn from(found: CellFindings) -> ServedMessage {
        let CellFindings { outcome, task, backend, server, samples, inside, noise } = found;
        ServedMessage { outcome, warnings: task.warnings, backend, server, samples, inside, noise }
    }
}

impl From<ServedMessage> for CellFindings {
    fn from(served: ServedMessage) -> CellFindings {
        let ServedMessage { outcome, warnings, backend, server, samples, inside, noise } = served;
        let task = TaskFindings { warnings, ..TaskFindings::default() };
        CellFindings { outcome, task, backend, server, samples, inside, noise }
    }
}
