//! The other machines of a run: workers that send its loads, and the one that has its servers, for as long as it lasts.
//!
//! They are started once, since that takes longer than a cell where a login is part of it; whoever is lost in a cell is
//! started anew for the next. Must not know: experiments, how findings are shown. Beside it: `sent.rs`, what of a load is put
//! down; `machines/`, how workers are spoken to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use instruments::load::{Generator, LoadMoments, LoadSpec, Pacing};
use reports::record::{
    FailedPart, GeneratorUsage, HostRecord, HostRole, Machine, PathKind, Traffic, Warning, WorkerDoubt, WorkerRecord,
};

use super::findings::CellFailure;
use super::sent::{worker_doubts, worker_name, worker_records};
use super::served::CellFindings;
use crate::machines::{Fleet, FleetLoad, Hello, MachinesError, ServeOrder, ServerHost, WorkerCommand};

/// What was typed of other machines.
pub struct OtherMachines {
    /// What starts each worker; one here sends where none was typed.
    pub load_from: Vec<WorkerCommand>,
    /// The machine that has the servers; this one has them where none was typed.
    pub host: Option<ServerHost>,
    /// Where servers listen, and workers reach them; loopback where nothing was typed.
    pub server_address: Option<IpAddr>,
    /// Whether that may be an address that other machines reach.
    pub allow_remote: bool,
}

/// Why a run can't have its other machines.
#[derive(Debug, thiserror::Error)]
pub enum ElsewhereError {
    /// One of them can't take part.
    #[error(transparent)]
    Machines(#[from] MachinesError),
    /// It would send to its own loopback.
    #[error(
        "{who} is on another machine than the servers, or in another network namespace, and they would listen on loopback; \
         give the address at which it reaches them: --server-address IP --allow-remote"
    )]
    Unreached {
        /// Number and host.
        who: String,
    },
}

/// The other machines of a run, at work. They are ended when this is dropped.
pub struct Elsewhere {
    fleet: Fleet,
    host: Option<ServerHost>,
    commands: Vec<String>,
    workers: Vec<Hello>,
    own: Hello,
    server_address: Option<IpAddr>,
    allow_remote: bool,
}

/// What became of a load that was sent from elsewhere.
pub(super) struct SentLoad {
    pub(super) traffic: Traffic,
    pub(super) generator: GeneratorUsage,
    pub(super) workers: Vec<WorkerRecord>,
    pub(super) start_skew_ns: u64,
    pub(super) warnings: Vec<Warning>,
}

impl Elsewhere {
    /// Starts the workers and hears who they are. `own` is what this side says of itself.
    ///
    /// # Errors
    /// Where one can't be started, says something else, or could not reach the servers.
    pub fn start(typed: OtherMachines, own: Hello, stop: &AtomicBool) -> Result<Elsewhere, ElsewhereError> {
        let OtherMachines { load_from, host, server_address, allow_remote } = typed;
        let commands = load_from.iter().map(|command| command.text.clone()).collect();
        let mut fleet = Fleet::start(load_from, own.clone())?;
        let workers = fleet.hellos(stop)?;
        let elsewhere = Elsewhere { fleet, host, commands, workers, own, server_address, allow_remote };
        match elsewhere.workers.iter().position(|worker| !elsewhere.is_reached_by(worker)) {
            Some(place) => Err(ElsewhereError::Unreached { who: worker_name(place, &elsewhere.workers[place].host) }),
            None => Ok(elsewhere),
        }
    }

    /// Whether a worker does not send to a loopback that is not the servers'.
    fn is_reached_by(&self, worker: &Hello) -> bool {
        !self.listen().is_loopback() || worker.shares_loopback_with(self.server())
    }

    /// Who has the servers.
    fn server(&self) -> &Hello {
        self.host.as_ref().map_or(&self.own, ServerHost::hello)
    }

    /// Whether the servers are on another machine than this program.
    pub(super) fn has_servers(&self) -> bool {
        self.host.is_some()
    }

    /// The address on which servers listen.
    pub(super) fn listen(&self) -> IpAddr {
        self.server_address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    /// Whether other machines may reach them.
    pub(super) fn allows_remote(&self) -> bool {
        self.allow_remote
    }

    /// Processes that are the run's, beside this one and the server, as they are counted here.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.fleet.pids()
    }

    /// The same beside the servers' worker, where its machine counts them as this one does.
    fn pids_there(&self) -> Vec<u32> {
        if self.own.shares_pids_with(self.server()) {
            [&[std::process::id()], &self.pids()[..]].concat()
        } else {
            Vec::new()
        }
    }

    /// All of them, as they are saved.
    pub fn records(&self) -> Vec<HostRecord> {
        let host = self.host.as_ref();
        let host = host.map(|host| self.record(HostRole::Server, host.hello(), host.command()));
        let workers = self.workers.iter().zip(&self.commands);
        host.into_iter().chain(workers.map(|(hello, command)| self.record(HostRole::Load, hello, command))).collect()
    }

    fn record(&self, role: HostRole, hello: &Hello, command: &str) -> HostRecord {
        let path = if !hello.is_on_the_kernel_of(self.server()) {
            PathKind::Network
        } else if self.listen().is_loopback() {
            PathKind::Loopback
        } else {
            PathKind::SameKernel
        };
        HostRecord {
            role,
            command: command.to_owned(),
            host: hello.host.clone(),
            cpus: hello.cpus,
            kernel: hello.kernel.clone(),
            version: hello.version.clone(),
            build: hello.build.clone(),
            path: (role == HostRole::Load).then_some(path),
        }
    }

    /// The machine that has the servers, where that is another one and it told.
    pub fn machine(&self) -> Option<&Machine> {
        self.host.as_ref()?.hello().machine.as_ref()
    }

    /// What must be known of them before all figures.
    pub fn warnings(&self) -> Vec<Warning> {
        let ours = &self.own.build;
        let others = self.workers.iter().enumerate().filter(|(_, it)| it.build.is_some() && it.build != *ours);
        let doubt = |(place, it): (usize, &Hello)| WorkerDoubt::OtherBuild { who: worker_name(place, &it.host) };
        let host = self.host.as_ref().filter(|host| host.hello().build.is_some() && host.hello().build != *ours);
        let host =
            host.map(|host| WorkerDoubt::OtherBuild { who: format!("the server's worker on {}", host.hello().host) });
        host.into_iter().chain(others.map(doubt)).map(Warning::OfWorkers).collect()
    }

    /// How the generator of each runs: as many threads as its machine has CPUs, divided among all of this run that are there.
    /// Only who has a machine alone may poll.
    fn generator(&self) -> Generator {
        let beside = |worker: &Hello| {
            let workers = self.workers.iter().filter(|other| other.is_on_the_kernel_of(worker)).count();
            workers.max(1) + usize::from(self.server().is_on_the_kernel_of(worker))
        };
        let threads = self.workers.iter().map(|worker| worker.cpus / beside(worker) as u32).min().unwrap_or(1);
        let is_alone = self.workers.iter().all(|worker| beside(worker) == 1);
        let pacing = if is_alone { Pacing::Precise } else { Pacing::Sleeping };
        Generator { threads: threads.max(1), pacing }
    }

    /// Has a load sent. `attend` is told how it goes, and may set `stop`; `give_up` ends it before it has begun.
    pub(super) fn send(
        &mut self,
        spec: &LoadSpec,
        target: SocketAddr,
        stops: [&AtomicBool; 2],
        attend: impl FnMut(LoadMoments),
    ) -> Result<SentLoad, CellFailure> {
        let generator = self.generator();
        send(&mut self.fleet, (spec, generator), (target, self.allow_remote), stops, attend)
    }

    /// Has a server started where the servers are, and a load sent to it. `is_over` tells whether that is to be cut off.
    pub(super) fn serve_and_send(
        &mut self,
        order: &ServeOrder,
        spec: &LoadSpec,
        give_up: &AtomicBool,
        is_over: impl Fn() -> bool,
    ) -> CellFindings {
        let (generator, beside, allow_remote) = (self.generator(), self.pids_there(), self.allow_remote);
        let Elsewhere { fleet, host: Some(host), .. } = self else {
            return CellFindings::not_run("no other machine has the servers");
        };
        let order = ServeOrder { beside, ..order.clone() };
        let mut server = match host.serve(&order, give_up) {
            Ok(Ok(server)) => server,
            Ok(Err(served)) => return CellFindings::from(*served),
            Err(error) => return CellFindings::not_started(error.into(), String::new()),
        };
        let (target, stop) = (server.address(), AtomicBool::new(false));
        let sent = send(fleet, (spec, generator), (target, allow_remote), [&stop, give_up], |moments| {
            if server.attend(moments) || is_over() {
                stop.store(true, Ordering::Relaxed);
            }
        });
        match server.end() {
            Ok(served) => CellFindings::from(*served).with(sent),
            Err(error) => CellFindings::not_started(error.into(), String::new()),
        }
    }

    /// Says good-bye to all of them.
    pub(super) fn dismiss(self) {
        self.fleet.dismiss();
        if let Some(host) = self.host {
            host.dismiss();
        }
    }
}

fn send(
    fleet: &mut Fleet,
    (spec, generator): (&LoadSpec, Generator),
    (target, allow_remote): (SocketAddr, bool),
    [stop, give_up]: [&AtomicBool; 2],
    mut attend: impl FnMut(LoadMoments),
) -> Result<SentLoad, CellFailure> {
    let load =
        FleetLoad { spec, generator, target, allow_remote, requests: None, by_second: false, way: true, stop, give_up };
    let found = fleet.run(&load, |moments, _| attend(moments))?;
    // Of another build the run says it once.
    let doubts =
        worker_doubts(&found, spec).into_iter().filter(|doubt| !matches!(doubt, WorkerDoubt::OtherBuild { .. }));
    Ok(SentLoad {
        workers: worker_records(&found, spec),
        start_skew_ns: found.start_skew_ns,
        warnings: doubts.map(Warning::OfWorkers).collect(),
        traffic: found.outcome.traffic,
        generator: found.outcome.generator,
    })
}

impl From<MachinesError> for CellFailure {
    fn from(error: MachinesError) -> CellFailure {
        let part = match error {
            MachinesError::Worker { is_the_servers: true, .. } => FailedPart::Server,
            _ => FailedPart::Harness,
        };
        CellFailure { part, reason: error.to_string() }
    }
}
