//! `harness trace`: who runs what, in a short window, for a viewer of traces.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use reports::format::{Unit, counted};
use reports::record::{PlacementKind, SpanState, Timeline};
use reports::trace_events::trace_events;
use servers::Contender;

use super::output::{print, tell};
use crate::observe::{allowed_cpus, restrict_this_thread};
use crate::plan::{PlanError, Work, place};
use crate::run::{Interrupt, MachineLock, preflight_connections};
use crate::trace::{LONGEST, TracedTask, trace};

/// Show which thread runs which request, in a short window
#[derive(Debug, clap::Args)]
pub(super) struct TraceArgs {
    /// The model and its options, such as `threaded` or `thread-pool:workers=8`; see `harness list`
    #[arg(value_name = "MODEL[:KEY=VALUE,...]")]
    contender: String,

    /// What every request asks for: echo, sleep, block, spin, lock or reply, with its argument
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
    let (request_message, parameter) = args.work.split_once(' ').unwrap_or((&args.work, ""));
    servers::service::decide(request_message, parameter.into())
        .map_err(|refusal| PlanError::Usage(format!("--work: {refusal}")))?;
    preflight_connections(args.connections)?;
    let _lock = MachineLock::take()?;
    let interrupt = Interrupt::listen()?;
    let placement = place(PlacementKind::Isolated, &allowed_cpus()?);
    restrict_this_thread(&placement.generator_cpus)?;
    let task = TracedTask {
        contender: contender.label(),
        work: Work::new(request_message, parameter),
        connections: args.connections,
        window: args.window,
        server_cpus: &placement.server_cpus,
        spin_rate: servers::calibrate_spin(),
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
