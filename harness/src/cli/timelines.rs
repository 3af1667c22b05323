//! The traced windows of a run: after its last cell, each contender once more, with notes, for the picture of who ran
//! what.

use clap::ValueEnum;
use reports::record::store::{RecordError, RunFolder};

use super::output::tell;
use crate::plan::{Preset, RunPlan, Work, is_base, is_twin};
use crate::run::Interrupt;
use crate::trace::{TracedTask, WINDOW, trace};

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
pub(super) fn add(plan: &RunPlan, folder: &RunFolder, interrupt: &Interrupt) -> Result<(), RecordError> {
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
