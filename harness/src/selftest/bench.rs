//! What every row measures with: the CPUs as `compare` divides them, servers and subjects as `compare` starts them, a
//! load as `compare` runs it.

use std::hint::black_box;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use instruments::load::{self, ArrivalProcess, Generator, LoadMoments, LoadSpec, Order, Pacing, Shape, Work};
use instruments::observe::{allowed_cpus, machine, restrict_this_thread};
use reports::record::store::Run;
use reports::record::{Cell, Machine, PlacementKind, PlacementRecord};
use rustix::process::setpriority_process;

use super::cells;
use super::each_cpu::OnEachCpu;
use super::lateness::{LatenessWatch, Obstacle};
use super::subject::SelftestSubject;
use super::synthetic::{Script, Synthetic};
use crate::plan::place;
use crate::process::{Launch, ServerProcess, launch, launch_subject};

/// How long a subject may take until it has done what it was told: some are to work first.
const SUBJECT_READINESS_DEADLINE: Duration = Duration::from_secs(10);

/// The niceness of a thread that runs where nobody else wants to.
const LOWEST_PRIORITY: i32 = 19;

/// The means of measuring.
#[derive(Debug)]
pub struct Bench {
    pub(crate) placement: PlacementRecord,
    pub(crate) machine: Machine,
}

impl Bench {
    /// Looks at the machine.
    ///
    /// # Errors
    /// Where it does not tell what it is.
    pub fn new() -> io::Result<Bench> {
        Ok(Bench { placement: place(PlacementKind::Isolated, &allowed_cpus()?), machine: machine()? })
    }

    /// Keeps this thread, and all it starts, off the servers' CPUs.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn leave_server_cpus(&self) -> io::Result<()> {
        restrict_this_thread(&self.placement.generator_cpus)
    }

    /// Watches every CPU that server or generator may use.
    pub(crate) fn watch(&self) -> io::Result<LatenessWatch> {
        LatenessWatch::start(&self.cpus())
    }

    /// Lets no CPU that server or generator may use sleep, until what is returned is dropped. A hypervisor that is busy may need a
    /// millisecond to wake one that does, and where it rests after each request that would be all that is measured.
    pub(crate) fn keep_awake(&self) -> io::Result<OnEachCpu<()>> {
        OnEachCpu::start("awake", &self.cpus(), stay_awake)
    }

    fn cpus(&self) -> Vec<u32> {
        let mut cpus = [&self.placement.server_cpus[..], &self.placement.generator_cpus[..]].concat();
        cpus.sort_unstable();
        cpus.dedup();
        cpus
    }

    /// A server on a thread that follows a script.
    pub(crate) fn synthetic(&self, script: Script) -> Result<Synthetic, Obstacle> {
        Synthetic::start(&self.placement.server_cpus, script)
    }

    /// One of our servers, in a process of its own.
    pub(crate) fn server(&self, contender: &str) -> Result<ServerProcess, Obstacle> {
        Ok(launch(&Launch { spin_rate: Some(1), ..self.how(contender) })?)
    }

    /// As [`Bench::server`], whose requests can call a backend.
    pub(crate) fn server_calling(&self, contender: &str, backend: SocketAddr) -> Result<ServerProcess, Obstacle> {
        Ok(launch(&Launch { spin_rate: Some(1), backend: Some(backend), ..self.how(contender) })?)
    }

    /// A process of known properties.
    pub(crate) fn subject(&self, subject: SelftestSubject) -> Result<ServerProcess, Obstacle> {
        self.subject_on(&self.placement.server_cpus, subject)
    }

    /// The same on the generator's CPUs.
    pub(crate) fn subject_beside_servers(&self, subject: SelftestSubject) -> Result<ServerProcess, Obstacle> {
        self.subject_on(&self.placement.generator_cpus, subject)
    }

    fn subject_on(&self, cpus: &[u32], subject: SelftestSubject) -> Result<ServerProcess, Obstacle> {
        let subject = serde_json::to_string(&subject).map_err(io::Error::from)?;
        Ok(launch_subject(&Launch { cpus, ..self.how(&subject) })?)
    }

    fn how<'a>(&'a self, contender: &'a str) -> Launch<'a> {
        let cpus = &self.placement.server_cpus;
        Launch { cpus, readiness_deadline: SUBJECT_READINESS_DEADLINE, ..Launch::new(contender) }
    }

    /// The cells as a run of the contenders that they name.
    pub(crate) fn run_of(&self, cells: Vec<Cell>) -> Run {
        cells::run(&self.placement, &self.machine, cells)
    }

    /// Puts a load to a server, and returns what was seen as the cell that would be saved.
    pub(crate) fn load(
        &self,
        spec: &LoadSpec,
        target: SocketAddr,
        attend: impl FnMut(LoadMoments),
    ) -> Result<Cell, Obstacle> {
        self.load_with(1, spec, target, attend)
    }

    /// As [`Bench::load`], by several workers.
    pub(crate) fn load_with(
        &self,
        threads: u32,
        spec: &LoadSpec,
        target: SocketAddr,
        attend: impl FnMut(LoadMoments),
    ) -> Result<Cell, Obstacle> {
        let has_room = self.placement.kind == PlacementKind::Isolated && threads == 1;
        let pacing = if has_room { Pacing::Precise } else { Pacing::Sleeping };
        let outcome = load::run(spec, target, Generator { threads, pacing }, &AtomicBool::new(false), attend)?;
        Ok(cells::of_load(spec, outcome))
    }

    /// As [`Bench::load`], by a worker that does not poll: on a single CPU it would take that from the backend.
    pub(crate) fn load_beside_a_backend(&self, spec: &LoadSpec, target: SocketAddr) -> Result<Cell, Obstacle> {
        let (generator, stop) = (Generator { threads: 1, pacing: Pacing::Sleeping }, AtomicBool::new(false));
        Ok(cells::of_load(spec, load::run(spec, target, generator, &stop, |_| {})?))
    }

    /// As [`Bench::load`], for a number of requests; the window is the longest that it may take.
    pub(crate) fn load_counted(&self, requests: u64, spec: &LoadSpec, target: SocketAddr) -> Result<Cell, Obstacle> {
        let (generator, stop) = (Generator { threads: 1, pacing: Pacing::Sleeping }, AtomicBool::new(false));
        let order = Order { most_requests: Some(requests), ..Order::new(spec, target, generator, &stop) };
        let outcome = order.run(|_| {})?;
        Ok(cells::of_load(spec, outcome))
    }
}

/// Computes nothing until its flag is set, and gives way to whoever wants the CPU.
fn stay_awake(stop: &AtomicBool) {
    if setpriority_process(None, LOWEST_PRIORITY).is_err() {
        return;
    }
    let mut turns = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        // A spin hint would tell a hypervisor that nobody needs this CPU.
        turns = black_box(turns.wrapping_add(1));
    }
}

/// An echo at equal distances on held connections, all of it measured. What else a row wants it changes.
pub(crate) fn echo(rate_rps: f64, connections: u32, window: Duration) -> LoadSpec {
    let arrivals = ArrivalProcess::Constant { rate_rps };
    let load = LoadSpec::new(arrivals, Shape::Connections { connections }, Work::new("echo", "hi"));
    LoadSpec { seed: 1, window, timeout: Duration::from_secs(2), ..load }
}
