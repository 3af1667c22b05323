//! `harness trace`: who runs what, in a short window, for a viewer of traces; and the traced windows of a run, for the
//! picture in its report.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use reports::format::{Unit, counted};
use reports::record::store::{RecordError, RunFolder};
use reports::record::{PlacementKind, SpanState, Timeline};
use reports::trace_events::trace_events;
use servers::Contender;

use super::output::{print, tell};
use super::target::typed_work;
use crate::backend::{Backend, Promptness};
use crate::observe::{allowed_cpus, restrict_this_thread};
use crate::plan::{Preset, RunPlan, Work, is_base, is_twin, place};
use crate::run::{Interrupt, MachineLock, preflight_connections};
use crate::trace::{LONGEST, TracedTask, WINDOW, trace};

/// Show which thread runs which request, in a short window
#[derive(Debug, clap::Args)]
pub(super) struct TraceArgs {
    /// The model and its options, such as `threaded` or `thread-pool:workers=8`; see `harness list`
    #[arg(value_name = "MODEL[:KEY=VALUE,...]")]
    contender: String,

    /// What every request asks for: echo, call, sleep, block, spin, lock or reply, with its argument
    #[arg(long, value_name = "WORK", default_value = "sleep 5ms")]
    work: String,

    /// Connections, each of which asks again as soon as it is answered
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    connections: u32,

    /// How long is shown, 100ms at most
    #[arg(long, value_name = "TIME", default_value = "25ms", value_parser = window)]
    window: Duration,

    /// Where to write the trace, for ui.perfetto.dev or chrome://tracing
    #[arg(long, value_name = "FILE.json")]
    out: PathBuf,
}

/// Reads the length of a window.
fn window(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text).map_err(|error| format!("{error}; write 25ms"))? {
        window if window < Duration::from_millis(1) => Err("it is a millisecond at least".to_owned()),
        window if window > LONGEST => Err("it is 100ms at most".to_owned()),
        window => Ok(window),
    }
}

pub(super) fn run(args: TraceArgs) -> anyhow::Result<ExitCode> {
    let contender = Contender::parse(&args.contender)?;
    let work = typed_work(&args.work)?;
    preflight_connections(args.connections)?;
    let _lock = MachineLock::take()?;
    let interrupt = Interrupt::listen()?;
    let placement = place(PlacementKind::Isolated, &allowed_cpus()?);
    restrict_this_thread(&placement.generator_cpus)?;
    let backend = work.calls_backend().then(|| Backend::start(Promptness::Sleeps)).transpose();
    let backend = backend.context("the backend that the requests call can't be started")?;
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
    fs::write(&args.out, format!("{}\n", trace_events(&timeline)))
        .with_context(|| format!("{} can't be written", args.out.display()))?;
    print(&described(&timeline))?;
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

/// Whether windows are traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Timelines {
    /// After the last cell; takes some ten seconds for the six models.
    On,
    /// Not at all.
    Off,
}

impl Timelines {
    /// What a preset does where nothing is said.
    pub(super) fn of(preset: Preset) -> Timelines {
        if preset == Preset::Full { Timelines::On } else { Timelines::Off }
    }
}

/// A wait that gives a task's thread away, and one that keeps it.
const WORKS: [(&str, &str); 2] = [("sleep", "5ms"), ("block", "5ms")];

/// Many more than any pool has workers by default.
const CONNECTIONS: u32 = 40;

/// The most contenders that one figure shows with sense.
const MOST_CONTENDERS: usize = 12;

/// Spans of a window that are kept: 40 connections with requests of 5 ms come to half of that in 25 ms.
const MOST_SPANS: usize = 1_500;

/// Traces the contenders of the first experiment. One that can't be traced is named and left out.
///
/// # Errors
/// Where a window can't be written.
pub(super) fn add(plan: &RunPlan<'_>, folder: &RunFolder, interrupt: &Interrupt) -> Result<(), RecordError> {
    let spin_rate = servers::calibrate_spin();
    // A twin would look the same, what another build notes of itself it may note otherwise, and a program of another hand
    // notes nothing.
    let is_ours = |place: &&usize| {
        let contender = &plan.contenders[**place];
        contender.model().is_some() && !is_twin(contender) && !is_base(contender)
    };
    let contenders = || plan.parts.first().into_iter().flatten().filter(is_ours).take(MOST_CONTENDERS);
    let turns = WORKS.into_iter().flat_map(|work| contenders().map(move |place| (work, &plan.contenders[*place])));
    for (number, ((request_message, parameter), contender)) in turns.enumerate() {
        let task = TracedTask {
            contender: contender.label(),
            work: Work::new(request_message, parameter),
            connections: CONNECTIONS.min(plan.connection_ceiling),
            window: WINDOW,
            server_cpus: &plan.placement.server_cpus,
            spin_rate,
            backend: None,
        };
        let traced = trace(&task, interrupt.flag());
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
