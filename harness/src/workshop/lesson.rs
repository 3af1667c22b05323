//! What a lesson is: the question, the answers with what whoever gives them believes, the run that decides, and what a
//! trainer says.
//!
//! Must not know: any one lesson. Beside it: `lessons/`, a file each; `settle.rs`, which finds the right answer.

use std::iter;
use std::ops::RangeInclusive;

use instruments::load::Work;
use reports::record::ValueOf;

use super::settle::LessonFindings;
use crate::plan::{Story, Task, Workload};

/// One lesson.
#[derive(Debug)]
pub struct Lesson {
    /// As on the command line, and the name of its run's experiment.
    pub name: &'static str,
    /// Whether it is one of the seven that two hours have room for.
    pub is_core: bool,
    /// What learners are told before the run; its question and answers are those to choose from.
    pub story: Story,
    /// For each answer, what whoever chooses it believes.
    pub beliefs: &'static [&'static str],
    /// What can be changed, to predict and run again.
    pub controls: &'static [Control],
    /// The run, as it is set.
    pub setup: fn(&LessonSettings) -> LessonSetup,
    /// What was measured, in a paragraph.
    pub measured: fn(&LessonFindings<'_>) -> String,
    /// Why it came out so, a paragraph each.
    pub because: &'static [&'static str],
    /// The two models whose code is shown side by side.
    pub models: [&'static str; 2],
    /// What to look at on a running server.
    pub look: &'static [LookCommand],
    /// For the trainer.
    pub script: TrainerScript,
}

impl Lesson {
    /// What was measured, and why it came out so, a paragraph each.
    pub fn explained(&self, found: &LessonFindings<'_>) -> Vec<String> {
        let because = self.because.iter().map(|paragraph| (*paragraph).to_owned());
        iter::once((self.measured)(found)).chain(because).collect()
    }
}

/// Something that a learner can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Control {
    /// What it is.
    pub kind: ControlKind,
    /// What a page calls it: `clients that stay`.
    pub label: &'static str,
    /// The least.
    pub least: u32,
    /// The most: a learner's laptop must stand it.
    pub most: u32,
    /// What it is where nobody changes it.
    pub usual: u32,
}

impl Control {
    pub(super) const fn of(kind: ControlKind, label: &'static str, range: RangeInclusive<u32>, usual: u32) -> Control {
        Control { kind, label, least: *range.start(), most: *range.end(), usual }
    }
}

/// The kinds of controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlKind {
    /// Connections, or clients.
    Connections,
    /// Threads of a pool or workers of a runtime.
    Workers,
    /// What a request takes, in milliseconds.
    WorkMs,
    /// How long a server waits for a client, in milliseconds; 0 for ever.
    TimeoutMs,
}

impl ControlKind {
    /// As it is typed, and as it stands in records.
    pub fn name(self) -> &'static str {
        match self {
            ControlKind::Connections => "connections",
            ControlKind::Workers => "workers",
            ControlKind::WorkMs => "work-ms",
            ControlKind::TimeoutMs => "timeout-ms",
        }
    }
}

/// What the controls of a lesson are set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LessonSettings {
    values: Vec<(Control, u32)>,
}

/// Why a control can't be set so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The lesson has no such control.
    #[error(
        "this lesson has no {name} to set{meant} it has: {known}",
        meant = servers::did_you_mean(.name, .known.split(", ")),
        known = if .known.is_empty() { "nothing" } else { .known }
    )]
    Unknown {
        /// As it was typed.
        name: String,
        /// What there is.
        known: String,
    },
    /// Beyond its bounds.
    #[error("{name} can be {least} to {most} here, not {value}")]
    OutOfBounds {
        /// The control.
        name: &'static str,
        /// The least.
        least: u32,
        /// The most.
        most: u32,
        /// What was wanted.
        value: u32,
    },
}

impl LessonSettings {
    /// Everything as usual.
    pub fn usual(controls: &[Control]) -> LessonSettings {
        LessonSettings { values: controls.iter().map(|control| (*control, control.usual)).collect() }
    }

    /// The usual ones but for these, each with its name.
    ///
    /// # Errors
    /// Where there is no such control, or a value is out of its bounds.
    pub fn with(controls: &[Control], changed: &[(String, u32)]) -> Result<LessonSettings, SettingError> {
        let mut settings = LessonSettings::usual(controls);
        for (name, value) in changed {
            let known = || controls.iter().map(|control| control.kind.name()).collect::<Vec<_>>().join(", ");
            let found = settings.values.iter_mut().find(|(control, _)| control.kind.name() == name);
            let Some((control, set)) = found else {
                return Err(SettingError::Unknown { name: name.clone(), known: known() });
            };
            let Control { kind, least, most, .. } = *control;
            if !(least..=most).contains(value) {
                return Err(SettingError::OutOfBounds { name: kind.name(), least, most, value: *value });
            }
            *set = *value;
        }
        Ok(settings)
    }

    /// The value of a control that the lesson has.
    pub fn get(&self, kind: ControlKind) -> u32 {
        let found = self.values.iter().find(|(control, _)| control.kind == kind);
        found.expect("a lesson asks for its own controls, which a test sees to").1
    }

    /// Every control with its value.
    pub fn values(&self) -> &[(Control, u32)] {
        &self.values
    }

    /// Names and values, as they are saved.
    pub fn to_record(&self) -> Vec<(String, u32)> {
        self.values.iter().map(|(control, value)| (control.kind.name().to_owned(), *value)).collect()
    }
}

/// A lesson as it is set: what is asked and what is run.
#[derive(Debug)]
pub struct LessonSetup {
    /// The question, with what was set in it.
    pub question: String,
    /// Who is put to the test, by their labels.
    pub contenders: Vec<String>,
    /// What requests ask for.
    pub workloads: Vec<Workload>,
    /// What is done to each contender in each block.
    pub tasks: Vec<Task>,
    /// Repetitions: three that nobody disturbed decide, and one or two may be.
    pub blocks: u32,
    /// What decides.
    pub quantity: Quantity,
    /// Where one answer ends and the next begins, in the quantity's own unit, ascending; one fewer than there are answers.
    pub bounds: Vec<f64>,
    /// What the threads of the contenders are traced under afterwards, with so many connections; nothing where no picture
    /// of that is wanted.
    pub traced: Option<(Work, u32)>,
    /// What goes on at servers that are left running for whoever wants to look.
    pub standing: StandingLoad,
}

/// A small load that goes on while somebody looks at its server.
#[derive(Debug, Clone, PartialEq)]
pub struct StandingLoad {
    /// Connections that ask.
    pub connections: u32,
    /// Requests per second at each server; absent where each connection asks again as soon as it is answered.
    pub rate_rps: Option<f64>,
    /// What requests ask for, `sleep 5ms`.
    pub work: String,
    /// Connections beside them that say nothing.
    pub idle: u32,
}

impl StandingLoad {
    /// So many clients that ask again as soon as they are answered.
    pub fn again(connections: u32, work: &str) -> StandingLoad {
        StandingLoad { connections, rate_rps: None, work: work.to_owned(), idle: 0 }
    }

    /// So many clients that say nothing, beside one that asks now and then.
    pub fn idle(idle: u32) -> StandingLoad {
        StandingLoad { connections: 1, rate_rps: Some(10.0), work: "echo hi".to_owned(), idle }
    }
}

/// The one number that a lesson asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// Begins the sentence that ends with the number: `The fifth client waited`.
    pub says: &'static str,
    /// What is measured.
    pub value: ValueOf,
    /// What it is a multiple of, where the number is one.
    pub over: Option<ValueOf>,
    /// Behind the number, where it says what the number counts: `times as much`.
    pub behind: &'static str,
}

impl Quantity {
    /// A value by itself.
    pub fn of(says: &'static str, value: ValueOf) -> Quantity {
        Quantity { says, value, over: None, behind: "" }
    }
}

/// A command for whoever wants to see for themselves.
#[derive(Debug, Clone, Copy)]
pub struct LookCommand {
    /// With `PID` where the number of a server's process belongs.
    pub command: &'static str,
    /// What there is to see.
    pub shows: &'static str,
}

/// What a trainer says and does.
#[derive(Debug)]
pub struct TrainerScript {
    /// How long the lesson takes, with the run and what is said of it.
    pub minutes: u32,
    /// What to ask the room.
    pub ask: &'static [&'static str],
    /// A common wrong idea, and where people have it from.
    pub wrong_ideas: &'static [(&'static str, &'static str)],
    /// What to press, in this order.
    pub press: &'static [&'static str],
    /// What may go wrong, and what to do then.
    pub goes_wrong: &'static [(&'static str, &'static str)],
}
