//! `harness trace`: who runs what, in a short window, for a viewer of traces; and the traced windows of a run, for the
//! picture in its report.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use instruments::backend::{Backend, Promptness};
use instruments::load::Work;
use instruments::observe::{allowed_cpus, restrict_this_thread};
use reports::format::{Unit, counted};
use reports::record::store::RunFolder;
use reports::record::{PlacementKind, SpanState, Timeline};
use reports::trace_events::trace_events;
use servers::Contender;

use super::new_run::clear_away;
use super::output::{print, tell};
use super::progress::QuietArg;
use super::target::typed_work;
use crate::plan::{Participant, Preset, RunPlan, is_base, is_twin, place};
use crate::run::{Interrupt, MachineLock, preflight_connections};
use crate::trace::{LONGEST, TracedTask, WINDOW, trace, trace_briefly};

/// Record for a few milliseconds which thread runs which request
#[derive(Debug, clap::Args)]
pub(super) struct TraceArgs {
    /// The model and its options, such as `threaded` or `thread-pool:workers=8`; `harness list` names them
    #[arg(value_name = "MODEL[:KEY=VALUE,...]")]
    contender: String,

    /// What each request asks for: echo, call, sleep, block, spin, lock or reply, with its argument
    #[arg(long, value_name = "WORK", default_value = "sleep 5ms")]
    work: String,

    /// Connections, each asking again as soon as it is answered
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    connections: u32,

    /// How long to record, 100ms at most
    #[arg(long, value_name = "TIME", default_value = "25ms", value_parser = window)]
    window: Duration,

    /// File for the trace, which ui.perfetto.dev or chrome://tracing can show
    #[arg(long, value_name = "FILE.json")]
    out: PathBuf,
}

/// Reads the length of a window.
pub(super) fn window(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text).map_err(|error| format!("{error}; write 25ms"))? {
        window if window < Duration::from_millis(1) => Err("it must be at least a millisecond".to_owned()),
        window if window > LONGEST => Err("it can be at most 100ms".to_owned()),
        window => Ok(window),
    }
}

pub(super) fn run(args: TraceArgs) -> anyhow::Result<ExitCode> {
    let contender = Contender::parse(&args.contender)?;
    let work = typed_work(&args.work)?;
    preflight_connections(args.connections)?;
    let _lock = MachineLock::take()?;
    clear_away(0, QuietArg::OFF);
    let interrupt = Interrupt::listen()?;
    let placement = place(PlacementKind::Isolated, &allowed_cpus()?);
    restrict_this_thread(&placement.generator_cpus)?;
    let backend = backend_of(std::slice::from_ref(&work))?;
    let task = TracedTask {
        contender: contender.label(),
        work,
        connections: args.connections,
        window: args.window,
        server_cpus: &placement.server_cpus,
        spin_rate: servers::calibrate_spin(),
        backend: backend.as_ref().map(Backend::address),
    };
    let traced = trace(&task, interrupt.flag());
    if let Some(code) = interrupt.exit_code() {
        tell("interrupted: no trace was written");
        return Ok(ExitCode::from(code));
    }
    let timeline = traced?;
    print(&described(&timeline))?;
    fs::write(&args.out, format!("{}\n", trace_events(&timeline)))
        .with_context(|| format!("{} can't be written", args.out.display()))?;
    print(&format!("trace: {} (open it at https://ui.perfetto.dev)\n", args.out.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// What is in the trace, a line each.
fn described(timeline: &Timeline) -> String {
    let time = |ns: f64| Unit::Nanoseconds.show(ns);
    let held = |state| time(timeline.spans(state).map(|(_, span)| span.until_ns - span.from_ns).sum::<u64>() as f64);
    let mut text = format!(
        "{}, {}: {}, {} of them waiting, on {} in {}\n",
        timeline.contender,
        timeline.work,
        counted(u64::from(timeline.connections), "connection"),
        timeline.waiting,
        counted(timeline.lanes.len() as u64, "thread"),
        time(timeline.window_ns as f64),
    );
    text += &format!(
        "threads ran for {} and were parked for {}; requests waited without a thread for {}\n",
        held(SpanState::Running),
        held(SpanState::Parked),
        held(SpanState::Suspended),
    );
    if let Some(cost) = timeline.cost {
        text += &format!(
            "CPU time of a request: {} traced, {} not\n",
            time(cost.traced_cpu_ns),
            time(cost.untraced_cpu_ns)
        );
    }
    text
}

/// Whose windows are traced after the last cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Timelines {
    /// Every server of the first experiment, and what tracing costs; some ten seconds for the six models.
    On,
    /// The two that the report is about: two seconds at most.
    Protagonists,
    /// Nobody.
    Off,
}

impl Timelines {
    /// What a preset does where nothing is said.
    pub(super) fn of(preset: Preset) -> Timelines {
        match preset {
            Preset::Smoke => Timelines::Off,
            Preset::Quick => Timelines::Protagonists,
            Preset::Full => Timelines::On,
        }
    }

    /// About how long the windows take. Measured: without knowing what tracing costs, a quarter of the time with it.
    pub(super) fn usual_time(self, plan: &RunPlan<'_>) -> Duration {
        let each = match self {
            Timelines::On => Duration::from_millis(950),
            Timelines::Protagonists | Timelines::Off => Duration::from_millis(220),
        };
        let TracedWindows { contenders, works, .. } = self.windows(plan);
        each * (contenders.len() * works.len()) as u32
    }

    /// Who is traced, under waits that give a task's thread away and one that keeps it. Of all with many more connections than
    /// any pool has workers by default; of two with as many as can be told apart in a picture, and more than there are workers.
    pub(super) fn windows<'a>(self, plan: &'a RunPlan<'_>) -> TracedWindows<'a> {
        let few = (3 * plan.placement.server_cpus.len() as u32).clamp(FEW_CONNECTIONS, CONNECTIONS);
        let (wait, connections) = match self {
            Timelines::On => ("sleep 5ms", CONNECTIONS),
            Timelines::Protagonists | Timelines::Off => ("call 5ms", few),
        };
        TracedWindows {
            contenders: self.traced(plan),
            works: [wait, "block 5ms"].map(Work::typed).to_vec(),
            connections,
            with_cost: self == Timelines::On,
        }
    }

    /// A twin would look the same, what another build notes of itself it may note otherwise, and a program of another hand
    /// notes nothing.
    fn traced<'a>(self, plan: &'a RunPlan<'_>) -> Vec<&'a Participant> {
        let is_ours =
            |contender: &&Participant| contender.model().is_some() && !is_twin(contender) && !is_base(contender);
        let named = |label: &String| plan.contenders.iter().find(|contender| contender.label() == label);
        match self {
            Timelines::On => {
                let all = plan.parts.first().into_iter().flatten().map(|place| &plan.contenders[*place]);
                all.filter(is_ours).take(MOST_CONTENDERS).collect()
            }
            Timelines::Protagonists => plan.protagonists.iter().flatten().filter_map(named).filter(is_ours).collect(),
            Timelines::Off => Vec::new(),
        }
    }
}

const CONNECTIONS: u32 = 40;
const FEW_CONNECTIONS: u32 = 8;

/// The most contenders that one figure shows with sense.
const MOST_CONTENDERS: usize = 12;

/// Spans of a window that are kept: 40 connections with requests of 5 ms come to half of that in 25 ms.
const MOST_SPANS: usize = 1_500;

/// Windows that are traced after a run: of each contender under each work.
pub(super) struct TracedWindows<'a> {
    pub(super) contenders: Vec<&'a Participant>,
    pub(super) works: Vec<Work>,
    /// As far as the plan allows so many.
    pub(super) connections: u32,
    /// Whether what tracing costs is measured too.
    pub(super) with_cost: bool,
}

/// Traces the windows. One that can't be traced is named and left out.
///
/// # Errors
/// Where a window can't be written, or there is no backend to call.
pub(super) fn add(
    plan: &RunPlan<'_>,
    folder: &RunFolder,
    windows: &TracedWindows<'_>,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    let TracedWindows { contenders, works, connections, with_cost } = windows;
    if contenders.is_empty() {
        return Ok(());
    }
    let spin_rate = servers::calibrate_spin();
    let backend = backend_of(works)?;
    let turns = works.iter().flat_map(|work| contenders.iter().map(move |contender| (work, contender)));
    for (number, (work, contender)) in turns.enumerate() {
        let task = TracedTask {
            contender: contender.label(),
            work: work.clone(),
            connections: (*connections).min(plan.connection_ceiling),
            window: WINDOW,
            server_cpus: &plan.placement.server_cpus,
            spin_rate,
            backend: backend.as_ref().filter(|_| work.calls_backend()).map(Backend::address),
        };
        let traced = if *with_cost { trace(&task, interrupt.flag()) } else { trace_briefly(&task, interrupt.flag()) };
        if interrupt.is_set() {
            break;
        }
        match traced {
            Ok(timeline) => folder.write_timeline(number, &timeline.at_most(MOST_SPANS))?,
            Err(error) => tell(&format!("note: no picture of who ran what: {error}")),
        }
    }
    Ok(())
}

/// The backend that requests of these works call, where some do.
fn backend_of(works: &[Work]) -> anyhow::Result<Option<Backend>> {
    let backend = works.iter().any(Work::calls_backend).then(|| Backend::start(Promptness::Sleeps)).transpose();
    backend.context("the backend that the traced requests call can't be started")
}
