//! A traced window: a server of its own notes who runs what, for a moment, under a closed load.
//!
//! Never part of what is measured. What the notes cost is found by the same load on a server without them. Must not
//! know: models, how a timeline is drawn. Read `spans.rs` for how notes become lanes.

mod spans;

use std::io::{self, BufReader};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reports::record::{SCHEMA_VERSION, SpanState, Timeline, TracingCost};
use servers::TraceRecord;

use crate::load::{self, Generator, LoadError, Moments, now_ns};
use crate::observe::process_cpu;
use crate::plan::{ArrivalProcess, LoadSpec, Pacing, Shape, Work, nanoseconds};
use crate::process::{Launch, ProcessError, ServerProcess, launch, launch_traced};
use spans::lanes;

/// Before the window, so that threads and connections are there.
const WARM_UP: Duration = Duration::from_millis(50);

/// The usual window: five times a request of 5 ms.
pub const WINDOW: Duration = Duration::from_millis(25);

/// How long the load goes on, and the longest window: longer than the usual one, or CPU time per request would be that
/// of a few requests.
pub const LONGEST: Duration = Duration::from_millis(150);

/// How long a server may take until it listens.
const READINESS_DEADLINE: Duration = Duration::from_millis(2_500);

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
        "nothing ran for a request of {contender} in the window; ask for work that takes less time, or give more --window"
    )]
    Nothing {
        /// Label of the contender.
        contender: String,
    },
}

/// Traces a window. Ends early when `interrupted` is set; what comes back then is of no use.
pub fn trace(task: &TracedTask<'_>, interrupted: &AtomicBool) -> Result<Timeline, TraceError> {
    let notes = |source| TraceError::Notes { contender: task.contender.to_owned(), source };
    let folder = tempfile::tempdir().map_err(notes)?;
    let path = folder.path().join("notes.json");
    let seen = task.under_load(launch_traced(&task.launch(), &path)?, interrupted)?;
    let record = read(&path).map_err(notes)?;
    let (start_ns, planned_ns) = (seen.window_start_ns, nanoseconds(task.window.min(LONGEST)));
    // Where the places were used up before its end, the window ends with the last note.
    let last_ns = record.events.last().filter(|_| record.lost > 0).map_or(u64::MAX, |event| event.at_ns);
    let end_ns = (start_ns + planned_ns).min(last_ns).max(start_ns);
    let mut timeline = Timeline {
        schema_version: SCHEMA_VERSION,
        contender: task.contender.to_owned(),
        work: task.work.to_string(),
        connections: task.connections,
        waiting: 0,
        server_cpus: task.server_cpus.len() as u32,
        window_ns: end_ns - start_ns,
        lanes: lanes(&record, &(start_ns..end_ns)),
        cost: None,
    };
    let served = served(&timeline);
    if served == 0 {
        return Err(TraceError::Nothing { contender: task.contender.to_owned() });
    }
    timeline.waiting = task.connections.saturating_sub(served);
    let untraced = task.under_load(launch(&task.launch())?, interrupted)?;
    let pair = untraced.cpu_per_request_ns.zip(seen.cpu_per_request_ns);
    timeline.cost = pair.map(|(untraced_cpu_ns, traced_cpu_ns)| TracingCost {
        window_ns: nanoseconds(LONGEST),
        untraced_cpu_ns,
        traced_cpu_ns,
    });
    Ok(timeline)
}

fn read(path: &Path) -> io::Result<TraceRecord> {
    Ok(serde_json::from_reader(BufReader::new(std::fs::File::open(path)?))?)
}

/// How many connections something was done for.
fn served(timeline: &Timeline) -> u32 {
    let states = [SpanState::Running, SpanState::Parked, SpanState::Suspended];
    let spans = states.into_iter().flat_map(|state| timeline.spans(state));
    let connections: std::collections::BTreeSet<u32> = spans.map(|(_, span)| span.connection).collect();
    connections.len() as u32
}

/// What was seen of a server under the load.
struct UnderLoad {
    window_start_ns: u64,
    /// Absent where it had no whole window, or answered nothing in it.
    cpu_per_request_ns: Option<f64>,
}

impl TracedTask<'_> {
    fn launch(&self) -> Launch<'_> {
        Launch {
            contender: self.contender,
            cpus: self.server_cpus,
            readiness_deadline: READINESS_DEADLINE,
            spin_rate: Some(self.spin_rate),
        }
    }

    fn load(&self) -> LoadSpec {
        LoadSpec {
            arrivals: ArrivalProcess::Closed,
            shape: Shape::Connections { connections: self.connections },
            work: self.work.clone(),
            seed: 0,
            warm_up: WARM_UP,
            window: LONGEST,
            // A connection that nobody serves must wait to the end, or another would take its place.
            timeout: WARM_UP + LONGEST,
        }
    }

    /// Puts the load on a server and stops it, which is when it writes its notes down.
    fn under_load(&self, mut server: ServerProcess, interrupted: &AtomicBool) -> Result<UnderLoad, TraceError> {
        let (target, pid) = (server.address(), server.pid());
        let stop = AtomicBool::new(false);
        let (mut window_start_ns, mut cpu_at_start, mut cpu_in_window) = (0, None, None);
        let attend = |moments: Moments| {
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
        let answered = outcome.traffic.ok_within_window;
        // The load may be over before anybody looked again; the server has been idle since.
        let cpu_in_window = cpu_in_window
            .or_else(|| Some(process_cpu(pid).ok()?.saturating_sub(cpu_at_start?)))
            .filter(|_| answered > 0);
        if let Some(death) = server.stop().death {
            return Err(TraceError::Died { contender: self.contender.to_owned(), how: death.how });
        }
        let cpu_per_request_ns = cpu_in_window.map(|cpu| nanoseconds(cpu) as f64 / answered as f64);
        Ok(UnderLoad { window_start_ns, cpu_per_request_ns })
    }
}
