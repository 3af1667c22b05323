//! What is done to a server beside the requests that are measured, as far as it is done over the network: clients that
//! say nothing, clients that never come to the end of a request, clients that stay, one that asks without end.
//!
//! It shares the generator's CPU with the probe, and gives way to it: a thread of its own at a low priority, a few
//! connections at a time. Loopback only, and it ends by itself. Must not know: processes; stopping a server is for those
//! who started it. Within: `disturb/crowd.rs` (clients that say little, with `disturb/pace.rs`), `disturb/slow_readers.rs`,
//! `disturb/pipeline.rs`.

mod crowd;
mod kind;
mod pace;
mod pipeline;
mod slow_readers;

use std::net::SocketAddr;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use reports::record::{DisturbanceProgress, Traffic};
use rustix::process::setpriority_process;

use crowd::{Behaviour, Crowd};
pub use kind::{Disturbance, DisturbanceKind};
use pace::CrowdPace;
use pipeline::pipeline;
use slow_readers::SlowReaders;

use super::order::{Generator, Order};
use super::outcome::unscheduled;
use super::{LONGEST_SLEEP_NS, LoadError};
use crate::clock::{nanoseconds, now_ns};
use crate::load::{LoadSpec, Pacing, Shape, Work};

/// Why something could not be done to a server.
#[derive(Debug, thiserror::Error)]
pub enum DisturbError {
    /// The server is not on this machine.
    #[error("{0} is not on this machine, and only servers on loopback are disturbed; give an address in 127.0.0.0/8")]
    NotLoopback(SocketAddr),
    /// The generator could not carry it out.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// How a disturbance went. Moments are on the monotonic clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Disturbed {
    /// When it began.
    pub begun_ns: u64,
    /// When the last of what it held was let go.
    pub ended_ns: u64,
    /// How it went on; empty where it has no course of its own.
    pub course: Vec<DisturbanceProgress>,
    /// Its requests, where it sent any that could be answered.
    pub traffic: Option<Traffic>,
}

/// A niceness at which a thread gets a tenth of what others get who want the CPU for long. At the lowest priority it would get
/// a seventieth, and beside any other program that computes nothing would be done to the server. What it does for short is
/// kept short in `crowd.rs`.
const GIVES_WAY: i32 = 10;

/// Does to the server at `target` what is to be done, at its time after `origin_ns`, and returns when that is over, or
/// soon after `stop`. Leaves the calling thread at a low priority. What a server does about it is data. `at_ns` in the
/// course counts from `origin_ns`.
///
/// Signals are for those who started the server: about [`DisturbanceKind::Stall`] nothing is done here but to wait for it, and
/// of [`DisturbanceKind::Shutdown`] the clients come here and the signal does not.
///
/// # Errors
/// Where `target` is not on loopback, or the generator can't have what it needs of the kernel.
pub fn disturb(
    disturbance: &Disturbance,
    target: SocketAddr,
    origin_ns: u64,
    stop: &AtomicBool,
) -> Result<Disturbed, DisturbError> {
    if !target.ip().to_canonical().is_loopback() {
        return Err(DisturbError::NotLoopback(target));
    }
    // Where the kernel refuses, the probe's schedule lag shows it.
    let _ = setpriority_process(None, GIVES_WAY);
    let span =
        origin_ns + nanoseconds(disturbance.from)..origin_ns + nanoseconds(disturbance.from + disturbance.lasting);
    sleep_until(span.start, stop);
    let begun_ns = now_ns();
    let (course, traffic) = keep_up(disturbance, target, span, origin_ns, stop)?;
    Ok(Disturbed { begun_ns, ended_ns: now_ns(), course, traffic })
}

/// Does it until `span` is over, or for as long as it takes: how that went on, and what became of its requests.
fn keep_up(
    disturbance: &Disturbance,
    target: SocketAddr,
    span: Range<u64>,
    origin_ns: u64,
    stop: &AtomicBool,
) -> Result<(Vec<DisturbanceProgress>, Option<Traffic>), DisturbError> {
    let crowd = |pace, behaviour| Crowd::new(target, span.clone(), pace, behaviour)?.gather(origin_ns, stop);
    Ok(match &disturbance.kind {
        DisturbanceKind::IdleFlood { per_second, at_most } => {
            crowd(CrowdPace::growing(*per_second, *at_most), Behaviour::Silent)?
        }
        DisturbanceKind::HalfRequests { connections, every } => crowd(
            CrowdPace::at_once_and_again(*connections),
            Behaviour::Trickle { every_ns: nanoseconds(*every).max(1_000_000) },
        )?,
        DisturbanceKind::KeepAlive { connections } => {
            // As little as can be.
            let work = Work::new("echo", "hi");
            crowd(CrowdPace::at_once(*connections), Behaviour::AskOnce(&work))?
        }
        DisturbanceKind::Shutdown { idle, half_sent, running, work, .. } => {
            // Of the idle and the halves there is nothing to tell.
            (Vec::new(), before_the_signal([*idle, *half_sent, *running], work, crowd)?)
        }
        DisturbanceKind::Burst { connections, work } => {
            (Vec::new(), burst(*connections, work, disturbance.lasting, target, stop)?)
        }
        DisturbanceKind::SlowReaders { connections, requests, work, bytes_per_second } => {
            let [connections, requests, bytes_per_second] = [*connections, *requests, *bytes_per_second];
            let readers = SlowReaders { connections, requests, work, bytes_per_second };
            readers.gather(target, span, origin_ns, stop)
        }
        DisturbanceKind::Pipelining { outstanding, work } => {
            (Vec::new(), pipeline(target, &span, (*outstanding, work), stop))
        }
        DisturbanceKind::Load(spec) => (Vec::new(), load(spec, disturbance.lasting, target, stop)?),
        DisturbanceKind::Nothing | DisturbanceKind::Stall => {
            sleep_until(span.end, stop);
            (Vec::new(), None)
        }
    })
}

/// A load whose warm-up and window are cut to `lasting`, the warm-up last. Nothing where its connections could not be
/// opened: a server that takes none is a result.
fn load(
    spec: &LoadSpec,
    lasting: Duration,
    target: SocketAddr,
    stop: &AtomicBool,
) -> Result<Option<Traffic>, DisturbError> {
    let window = spec.window.min(lasting);
    let spec = LoadSpec { window, warm_up: spec.warm_up.min(lasting - window), ..spec.clone() };
    carried_out(Order::new(&spec, target, GENERATOR, stop))
}

/// Those who say nothing, those who send half a request, and those who ask once, side by side; what became of the last.
fn before_the_signal<'a>(
    [idle, half_sent, running]: [u32; 3],
    work: &'a Work,
    crowd: impl Fn(CrowdPace, Behaviour<'a>) -> Result<(Vec<DisturbanceProgress>, Option<Traffic>), LoadError> + Sync,
) -> Result<Option<Traffic>, LoadError> {
    // Too slowly for the request ever to be whole.
    let half = Behaviour::Trickle { every_ns: 5_000_000 };
    let sorts = [(idle, Behaviour::Silent), (half_sent, half), (running, Behaviour::AskOnce(work))];
    thread::scope(|scope| {
        let crowd = &crowd;
        let gathering = sorts.map(|(count, behaviour)| {
            thread::Builder::new().spawn_scoped(scope, move || crowd(CrowdPace::at_once(count), behaviour))
        });
        let mut told = None;
        for gathered in gathering {
            let (_, traffic) =
                gathered.map_err(LoadError::Thread)?.join().unwrap_or_else(|panic| resume_unwind(panic))?;
            told = told.or(traffic);
        }
        Ok(told)
    })
}

/// As many sessions as there are places for, begun together, and no other in place of one that has ended.
fn burst(
    connections: u32,
    work: &Work,
    lasting: Duration,
    target: SocketAddr,
    stop: &AtomicBool,
) -> Result<Option<Traffic>, DisturbError> {
    let shape = Shape::Sessions { requests: 1, think_time: Duration::ZERO, concurrent: connections };
    let spec = LoadSpec { shape, ..unscheduled(work, lasting) };
    let most_requests = Some(connections.into());
    carried_out(Order { most_requests, ..Order::new(&spec, target, GENERATOR, stop) })
}

/// The probe's thread polls; this one must not, or it would take the CPU that they share.
const GENERATOR: Generator = Generator { threads: 1, pacing: Pacing::Sleeping };

fn carried_out(order: Order<'_>) -> Result<Option<Traffic>, DisturbError> {
    match order.run(|_| {}) {
        Ok(outcome) => Ok(Some(outcome.traffic)),
        Err(LoadError::NotConnected { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn sleep_until(at_ns: u64, stop: &AtomicBool) {
    while let left @ 1.. = at_ns.saturating_sub(now_ns()) {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        thread::sleep(Duration::from_nanos(left.min(LONGEST_SLEEP_NS)));
    }
}
