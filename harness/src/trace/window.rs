//! A server that notes for a window who runs what, under a closed load, and one beside it without notes.
//!
//! Beside it: `spans.rs`, how notes become lanes.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use instruments::clock::nanoseconds;
use instruments::load::{
    self, ArrivalProcess, Generator, LoadError, LoadMoments, LoadSpec, Pacing, Shape, Work, now_ns,
};
use instruments::observe::process_cpu;
use reports::record::{SCHEMA_VERSION, SpanState, Timeline, TracingCost};
use servers::TraceRecord;

use super::spans::lanes;
use crate::leftovers;
use crate::process::{Launch, ProcessError, ServerProcess, launch, launch_traced};

/// Before the window, so that threads and connections are there.
const WARM_UP: Duration = Duration::from_millis(40);

/// The usual window: five times a request of 5 ms.
pub const WINDOW: Duration = Duration::from_millis(25);

/// How long the load goes on, and the longest window: longer than the usual one, or CPU time per request would be that
/// of a few requests.
pub const LONGEST: Duration = Duration::from_millis(100);

/// How often a window may show nothing.
const MOST_ATTEMPTS: u32 = 3;

/// What is to be traced.
#[derive(Debug, Clone)]
pub struct TracedTask<'a> {
    /// As `serve` takes it.
    pub contender: &'a str,
    /// What every request asks for.
    pub work: Work,
    /// Connections, each of which asks again as soon as it is answered.
    pub connections: u32,
    /// Length of the window, [`LONGEST`] at most.
    pub window: Duration,
    /// CPUs of the server.
    pub server_cpus: &'a [u32],
    /// Spin iterations per microsecond.
    pub spin_rate: u64,
    /// The backend that `call` requests ask, where the work is one.
    pub backend: Option<SocketAddr>,
}

/// Why there is no timeline.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The server did not start.
    #[error(transparent)]
    Server(#[from] ProcessError),
    /// The load could not be put on it.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// What the server noted can't be read.
    #[error("the notes of {contender} can't be read: {source}")]
    Notes {
        /// Label of the contender.
        contender: String,
        /// What went wrong.
        source: io::Error,
    },
    /// The server ended under the load.
    #[error("{contender} {how} under the load that was to be traced")]
    Died {
        /// Label of the contender.
        contender: String,
        /// With which signal or status.
        how: String,
    },
    /// No request was under way in the window.
    #[error(
        "no request of {contender} ran in that time: the server or the machine stood still; run it again on a quieter machine"
    )]
    Nothing {
        /// Label of the contender.
        contender: String,
    },
}

/// Traces a window. Ends early when `interrupted` is set; what comes back then is of no use.
///
/// The load runs four times, without notes, with, with, and without: what drifts meanwhile meets both alike.
pub fn trace(task: &TracedTask<'_>, interrupted: &AtomicBool) -> Result<Timeline, TraceError> {
    let untraced = task.under_load(launch(&task.launch())?, interrupted)?;
    let (seen, mut timeline) = task.shown(interrupted)?;
    let (again, _) = task.traced(interrupted)?;
    let last = task.under_load(launch(&task.launch())?, interrupted)?;
    let pair = untraced.with(&last).cpu_per_request_ns().zip(seen.with(&again).cpu_per_request_ns());
    timeline.cost = pair.map(|(untraced_cpu_ns, traced_cpu_ns)| TracingCost {
        window_ns: nanoseconds(2 * LONGEST),
        untraced_cpu_ns,
        traced_cpu_ns,
    });
    Ok(timeline)
}

/// As [`trace`], from one load and so in a quarter of the time: what tracing costs stays unknown.
pub fn trace_briefly(task: &TracedTask<'_>, interrupted: &AtomicBool) -> Result<Timeline, TraceError> {
    task.shown(interrupted).map(|(_, timeline)| timeline)
}

/// Removes the notes of servers whose harness was killed before it could read them; returns of how many.
pub fn sweep_notes() -> usize {
    leftovers::sweep(&std::env::temp_dir(), |notes| std::fs::remove_dir_all(notes))
}

/// How many connections something was done for.
fn served(timeline: &Timeline) -> u32 {
    let states = [SpanState::Running, SpanState::Parked, SpanState::Suspended];
    let spans = states.into_iter().flat_map(|state| timeline.spans(state));
    let connections: BTreeSet<u32> = spans.map(|(_, span)| span.connection).collect();
    connections.len() as u32
}

/// What was seen of a server under the load.
struct UnderLoad {
    window_start_ns: u64,
    /// Absent where the window was not seen whole.
    cpu: Option<Duration>,
    /// Requests answered in the window.
    answered: u64,
}

impl UnderLoad {
    fn with(&self, other: &UnderLoad) -> UnderLoad {
        let cpu = self.cpu.zip(other.cpu).map(|(one, other)| one + other);
        UnderLoad { window_start_ns: self.window_start_ns, cpu, answered: self.answered + other.answered }
    }

    fn cpu_per_request_ns(&self) -> Option<f64> {
        self.cpu.filter(|_| self.answered > 0).map(|cpu| nanoseconds(cpu) as f64 / self.answered as f64)
    }
}

impl TracedTask<'_> {
    /// A window in which something ran: on a busy machine the generator may have no CPU for as long as a window.
    fn shown(&self, interrupted: &AtomicBool) -> Result<(UnderLoad, Timeline), TraceError> {
        for _ in 0..MOST_ATTEMPTS {
            let (seen, record) = self.traced(interrupted)?;
            let timeline = self.timeline(&seen, &record);
            let served = served(&timeline);
            if served > 0 {
                let waiting = self.connections.saturating_sub(served);
                return Ok((seen, Timeline { waiting, ..timeline }));
            }
        }
        Err(TraceError::Nothing { contender: self.contender.to_owned() })
    }

    /// The load on a server that makes notes, and the notes.
    fn traced(&self, interrupted: &AtomicBool) -> Result<(UnderLoad, TraceRecord), TraceError> {
        let notes = |source| TraceError::Notes { contender: self.contender.to_owned(), source };
        let folder = tempfile::Builder::new().prefix(&leftovers::prefix()).tempdir().map_err(notes)?;
        let path = folder.path().join("notes.json");
        let seen = self.under_load(launch_traced(&self.launch(), &path)?, interrupted)?;
        let file = File::open(&path).map_err(notes)?;
        let record = serde_json::from_reader(BufReader::new(file)).map_err(|error| notes(error.into()))?;
        Ok((seen, record))
    }

    fn timeline(&self, seen: &UnderLoad, record: &TraceRecord) -> Timeline {
        let start_ns = seen.window_start_ns;
        // Where the places were used up before its end, the window ends with the last note.
        let last_ns = record.events.last().filter(|_| record.lost > 0).map_or(u64::MAX, |event| event.at_ns);
        let end_ns = (start_ns + nanoseconds(self.window.min(LONGEST))).min(last_ns).max(start_ns);
        Timeline {
            schema_version: SCHEMA_VERSION,
            contender: self.contender.to_owned(),
            work: self.work.to_string(),
            demand: self.work.demand(),
            connections: self.connections,
            waiting: 0,
            server_cpus: self.server_cpus.len() as u32,
            window_ns: end_ns - start_ns,
            lanes: lanes(record, &(start_ns..end_ns)),
            cost: None,
        }
    }

    fn launch(&self) -> Launch<'_> {
        Launch {
            cpus: self.server_cpus,
            spin_rate: Some(self.spin_rate),
            backend: self.backend,
            ..Launch::new(self.contender)
        }
    }

    fn load(&self) -> LoadSpec {
        let shape = Shape::Connections { connections: self.connections };
        LoadSpec {
            warm_up: WARM_UP,
            window: LONGEST,
            // A connection that nobody serves must wait to the end, or another would take its place.
            timeout: WARM_UP + LONGEST,
            ..LoadSpec::new(ArrivalProcess::Closed, shape, self.work.clone())
        }
    }

    /// Puts the load on a server and stops it, which is when it writes its notes down.
    fn under_load(&self, mut server: ServerProcess, interrupted: &AtomicBool) -> Result<UnderLoad, TraceError> {
        let (target, pid) = (server.address(), server.pid());
        let stop = AtomicBool::new(false);
        let (mut window_start_ns, mut cpu_at_start, mut cpu_in_window) = (0, None, None);
        let attend = |moments: LoadMoments| {
            let now = now_ns();
            window_start_ns = moments.window_start_ns;
            if cpu_at_start.is_none() && now >= moments.window_start_ns {
                cpu_at_start = process_cpu(pid).ok();
            }
            if cpu_in_window.is_none() && now >= moments.window_end_ns {
                cpu_in_window = process_cpu(pid).ok().zip(cpu_at_start).map(|(end, start)| end.saturating_sub(start));
            }
            if server.poll_death().is_some() || interrupted.load(Ordering::Relaxed) {
                stop.store(true, Ordering::Relaxed);
            }
        };
        let generator = Generator { threads: 1, pacing: Pacing::Sleeping };
        let outcome = load::run(&self.load(), target, generator, &stop, attend)?;
        // The load may be over before anybody looked again; the server has been idle since.
        let cpu = cpu_in_window.or_else(|| Some(process_cpu(pid).ok()?.saturating_sub(cpu_at_start?)));
        if let Some(death) = server.stop().death {
            return Err(TraceError::Died { contender: self.contender.to_owned(), how: death.how });
        }
        Ok(UnderLoad { window_start_ns, cpu, answered: outcome.traffic.ok_within_window })
    }
}
