//! The task of disturbing a server: a probe asks on schedule from beginning to end, and meanwhile something is done to
//! the server. A server that dies of it is the result, so the probe goes on asking where it was.
//!
//! Beside it: `cell.rs`, which starts the server and stops it; `instruments/src/load/disturb.rs`, what is done over the network.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use instruments::clock::nanoseconds;
use instruments::load::{
    self, DisturbError, Disturbance, DisturbanceKind, Disturbed, Generator, LoadMoments, Order, now_ns,
};
use reports::record::{self, Bound, Warning};

use super::called::CalledBackend;
use super::findings::{CellFailure, TaskFindings};
use super::session::Interrupt;
use crate::plan::{Bounds, DisturbedSpec};
use crate::process::{Cap, ServerProcess};

/// Disturbs a server and returns what the probe saw. `generator` is the probe's.
pub(super) fn disturb(
    spec: &DisturbedSpec,
    server: &mut ServerProcess,
    generator: Generator,
    mut called: Option<&mut CalledBackend>,
    interrupt: &Interrupt,
) -> TaskFindings {
    let mut found = TaskFindings { origin_ns: now_ns(), ..TaskFindings::default() };
    match bound(server, spec.bounds) {
        Ok(bounds) => found.bounds = bounds,
        Err(error) => {
            // Without its bounds it could take the machine with it.
            found.failure = Some(CellFailure::of_the_harness(format!("the server's bounds could not be set: {error}")));
            found.death = server.poll_death();
            return found;
        }
    }
    let (target, stop) = (server.address(), AtomicBool::new(false));
    thread::scope(|scope| {
        let mut attendant = Attendant { spec, server, target, stop: &stop, scope, found: &mut found, disturbing: None };
        let order = Order { keeps_each: true, ..Order::new(&spec.probe, target, generator, &stop) };
        let outcome = order.run(|moments| {
            attendant.attend(moments, interrupt.is_set());
            if let Some(called) = &mut called {
                called.look_at(moments, now_ns());
            }
        });
        // However the probe ended, nothing is left under way.
        stop.store(true, Ordering::Relaxed);
        attendant.server.resume();
        let disturbed = attendant.disturbing.map(ScopedJoinHandle::join);
        found.take_own(outcome);
        if let Some(disturbed) = disturbed {
            let disturbed = disturbed.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            note(&mut found, &spec.disturbance, disturbed);
        }
    });
    found
}

fn bound(server: &mut ServerProcess, bounds: Bounds) -> std::io::Result<Vec<Bound>> {
    let Bounds { threads, open_files, memory_bytes } = bounds;
    let caps = [
        threads.map(|count| Cap::Threads(count.into())),
        open_files.map(|count| Cap::OpenFiles(count.into())),
        memory_bytes.map(Cap::Memory),
    ];
    server.bound(&caps.into_iter().flatten().collect::<Vec<_>>())
}

/// What is done beside the probe, every few milliseconds, on the thread that owns the server.
struct Attendant<'scope, 'env, 'cell> {
    spec: &'env DisturbedSpec,
    server: &'cell mut ServerProcess,
    target: SocketAddr,
    stop: &'env AtomicBool,
    scope: &'scope Scope<'scope, 'env>,
    found: &'cell mut TaskFindings,
    disturbing: Option<ScopedJoinHandle<'scope, Result<Disturbed, DisturbError>>>,
}

impl Attendant<'_, '_, '_> {
    fn attend(&mut self, moments: LoadMoments, is_interrupted: bool) {
        let now = now_ns();
        if self.disturbing.is_none() {
            self.begin(moments.origin_ns);
        }
        match self.spec.disturbance.kind {
            DisturbanceKind::Stall => self.stall(now.saturating_sub(moments.origin_ns)),
            DisturbanceKind::Shutdown { after, .. } => self.shut_down(now.saturating_sub(moments.origin_ns), after),
            _ => {}
        }
        self.found.look_at(self.server, moments, now);
        if is_interrupted {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    fn begin(&mut self, origin_ns: u64) {
        let (disturbance, target, stop) = (&self.spec.disturbance, self.target, self.stop);
        let disturb = move || load::disturb(disturbance, target, origin_ns, stop);
        match thread::Builder::new().name("disturbance".to_owned()).spawn_scoped(self.scope, disturb) {
            Ok(thread) => self.disturbing = Some(thread),
            Err(error) => {
                let reason = format!("a thread for the disturbance could not be started: {error}");
                self.found.failure = Some(CellFailure::of_the_harness(reason));
                self.stop.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Tells the server to stop, once, so long after the disturbance began.
    fn shut_down(&mut self, at_ns: u64, after: Duration) {
        if self.found.stop_asked_ns.is_none() && at_ns >= nanoseconds(self.spec.disturbance.from + after) {
            self.server.ask_to_stop();
            self.found.stop_asked_ns = Some(at_ns);
        }
    }

    /// Stops the server for its time. Said again at every look, which costs a system call and forgets nothing.
    fn stall(&self, at_ns: u64) {
        let from_ns = nanoseconds(self.spec.disturbance.from);
        let until_ns = from_ns + nanoseconds(self.spec.disturbance.lasting);
        if (from_ns..until_ns).contains(&at_ns) {
            // One that has ended needs no stop, and that it did is seen elsewhere.
            let _ = self.server.pause();
        } else if at_ns >= until_ns {
            self.server.resume();
        }
    }
}

/// Puts down how the disturbance went. One that could not be carried out leaves a cell that says nothing of it.
fn note(found: &mut TaskFindings, disturbance: &Disturbance, disturbed: Result<Disturbed, DisturbError>) {
    match disturbed {
        Ok(Disturbed { begun_ns, ended_ns, course, traffic }) => {
            let name = disturbance.name.to_owned();
            let [from_ns, until_ns] = [begun_ns, ended_ns].map(|at_ns| at_ns.saturating_sub(found.origin_ns));
            let stop_asked_ns = found.stop_asked_ns;
            found.disturbance =
                Some(record::DisturbanceRecord { name, from_ns, until_ns, stop_asked_ns, course, traffic });
        }
        Err(error) => found.warnings.push(Warning::CheckFailed {
            check: "the disturbance was carried out".to_owned(),
            detail: error.to_string(),
        }),
    }
}
