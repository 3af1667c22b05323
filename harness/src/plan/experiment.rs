//! What an experiment is: a claim, a question, and how each contender is put to it. Plain data and pure functions; the
//! experiments themselves are in `experiments/`, a file each.

use std::borrow::Cow;
use std::time::Duration;

use reports::diff::{COMPARED, ComparedFigure, Measured};
use reports::record::{Decision, Demand, ExperimentRecord, Picture, WorkloadRecord};
use servers::service::{WorkOrder, decide};

use super::{ArrivalProcess, Capacities, CpuNeed, DisturbanceKind, DisturbedSpec, LoadSpec, Preset, Sizes, Work};

/// One experiment.
#[derive(Debug)]
pub struct Experiment {
    /// As on the command line, `latency-curve`.
    pub name: &'static str,
    /// A few words for a heading.
    pub title: &'static str,
    /// The claim under test, as people say it.
    pub claim: &'static str,
    /// Where people say it.
    pub claimed_in: &'static str,
    /// The question a reader answers before looking.
    pub question: &'static str,
    /// Plausible answers.
    pub possible_answers: &'static [&'static str],
    /// What to look at in the pictures.
    pub look_at: &'static str,
    /// Conditions under which the result does not hold.
    pub conditions: &'static [&'static str],
    /// What requests ask for, a variant each; at least one.
    pub workloads: &'static [Workload],
    /// Who is put to the test.
    pub contenders: Contenders,
    /// Why only our models can take part, as a clause; none where any server of the protocol can.
    pub own_options: Option<&'static str>,
    /// The pictures, in the order shown.
    pub pictures: fn() -> Vec<Picture>,
    /// How the claim is decided; none where only a reader can.
    pub decision: fn() -> Option<Decision>,
    /// What is run first, once per contender, to find out what it can do.
    pub probes: fn(&Sizes) -> Vec<Task>,
    /// What is run for a contender in each block, given what all contenders can do.
    pub tasks: fn(&Sizes, &Capacities, contender: &str) -> Vec<Task>,
}

impl Experiment {
    /// What a gate of `harness diff` can look at in it.
    pub fn gates(&self) -> Vec<&'static ComparedFigure> {
        let contender = match self.contenders {
            Contenders::Own(labels) => labels.first().copied().unwrap_or_default(),
            Contenders::OfTheRun | Contenders::Protagonists => ANYBODY,
        };
        let mut capacities = Capacities::default();
        self.workloads.iter().for_each(|workload| capacities.insert(workload.key, contender, 1.0));
        let tasks = (self.tasks)(&Preset::Quick.sizes(), &capacities, contender);
        let carries = |compared: &&ComparedFigure| {
            tasks
                .iter()
                .any(|task| ComparedFigure::of(task.kind.measured()).any(|of_task| of_task.name == compared.name))
        };
        COMPARED.iter().filter(carries).collect()
    }

    /// As it is saved, with the labels of those that it puts to the test.
    pub fn to_record(&self, contenders: Vec<String>) -> ExperimentRecord {
        ExperimentRecord {
            name: self.name.to_owned(),
            title: self.title.to_owned(),
            claim: self.claim.to_owned(),
            claimed_in: self.claimed_in.to_owned(),
            question: self.question.to_owned(),
            possible_answers: owned(self.possible_answers),
            look_at: self.look_at.to_owned(),
            conditions: owned(self.conditions),
            workloads: self.workloads.iter().map(Workload::to_record).collect(),
            pictures: (self.pictures)(),
            decision: (self.decision)(),
            objective: None,
            contenders,
            blocks: None,
        }
    }
}

/// Where experiments compare the contenders of the run, it is the same for each of them.
const ANYBODY: &str = "threaded";

/// Who is put to the test in an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contenders {
    /// The contenders of the run.
    OfTheRun,
    /// The two that the run's scorecard is about.
    Protagonists,
    /// These, whatever the run compares elsewhere, unless the run names its contenders.
    Own(&'static [&'static str]),
}

/// One variant of what requests ask for.
#[derive(Debug)]
pub struct Workload {
    /// Unique within the experiment, and safe in a file name.
    pub key: &'static str,
    /// For a heading.
    pub label: &'static str,
    /// One sentence on what a connection does.
    pub description: &'static str,
    /// `request_message` and `parameter`.
    pub work: (&'static str, &'static str),
}

impl Workload {
    /// The work as the generator takes it.
    pub fn work(&self) -> Work {
        Work::new(self.work.0, self.work.1)
    }

    fn to_record(&self) -> WorkloadRecord {
        WorkloadRecord {
            key: self.key.to_owned(),
            label: self.label.to_owned(),
            description: self.description.to_owned(),
            demand: demand(self.work),
        }
    }
}

/// What work asks of a server, as a record says it; absent where no server knows such work.
pub fn demand((name, parameter): (&str, &str)) -> Option<Demand> {
    let for_ns = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    Some(match decide(name, Cow::Borrowed(parameter)).ok()? {
        WorkOrder::Echo(_) | WorkOrder::Reply(_) => Demand::Nothing,
        WorkOrder::Sleep(duration) | WorkOrder::Call(duration) => Demand::Waiting { for_ns: for_ns(duration) },
        WorkOrder::Block(duration) => Demand::Blocking { for_ns: for_ns(duration) },
        WorkOrder::Spin(duration) => Demand::Computing { for_ns: for_ns(duration) },
        WorkOrder::Lock(duration) => Demand::Locking { for_ns: for_ns(duration) },
    })
}

/// What is done to one contender's fresh server: the content of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Key of the workload.
    pub workload: &'static str,
    /// Tells the tasks of a workload apart, in the cell's name: `8000rps`.
    pub point: String,
    /// The value of the variable that the experiment sweeps, where that is not the offered load.
    pub variation: Option<f64>,
    /// How many CPUs its server gets.
    pub server_cpus: CpuNeed,
    /// What is done.
    pub kind: TaskKind,
}

/// What is done to a server.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a plan holds some hundreds of them, and experiments write them as data")]
pub enum TaskKind {
    /// Load, on schedule or in closed loop.
    Load(LoadSpec),
    /// Connections are opened in stages and held.
    Hold(HoldSpec),
    /// A probe, and something that is done to the server meanwhile.
    Disturbed(DisturbedSpec),
}

impl TaskKind {
    /// How it is measured, on which depends what a gate can look at.
    fn measured(&self) -> Measured {
        match self {
            TaskKind::Load(LoadSpec { arrivals: ArrivalProcess::Closed, .. }) => Measured::ClosedLoop,
            TaskKind::Load(_) => Measured::Scheduled,
            TaskKind::Hold(_) => Measured::Held,
            TaskKind::Disturbed(_) => Measured::Disturbed,
        }
    }

    /// Sets the seed of the arrivals of what is measured, and of what is done meanwhile.
    pub fn set_seed(&mut self, seed: u64) {
        match self {
            TaskKind::Load(spec) => spec.seed = seed,
            TaskKind::Hold(_) => {}
            TaskKind::Disturbed(spec) => {
                spec.probe.seed = seed;
                if let DisturbanceKind::Load(load) = &mut spec.disturbance.kind {
                    // Another, or the two would be in step.
                    load.seed = !seed;
                }
            }
        }
    }

    /// The most connections that are open at once.
    pub fn peak_connections(&self) -> u32 {
        match self {
            TaskKind::Load(spec) => spec.peak_connections(),
            TaskKind::Hold(spec) => spec.counts.iter().copied().max().unwrap_or(0),
            TaskKind::Disturbed(spec) => spec.probe.peak_connections() + spec.disturbance.peak_connections(),
        }
    }

    /// Whether a request of it has the server ask its backend.
    pub fn calls_backend(&self) -> bool {
        match self {
            TaskKind::Load(spec) => spec.work.calls_backend(),
            TaskKind::Hold(spec) => spec.work.calls_backend(),
            TaskKind::Disturbed(spec) => {
                let beside = match &spec.disturbance.kind {
                    DisturbanceKind::Load(load) => load.work.calls_backend(),
                    DisturbanceKind::Pipelining { work, .. } => work.calls_backend(),
                    _ => false,
                };
                beside || spec.probe.work.calls_backend()
            }
        }
    }

    /// About how long it takes, without the server's start and stop. Open load within capacity ends with its window.
    pub fn usual_duration(&self) -> Duration {
        match self {
            TaskKind::Load(spec) => spec.warm_up + spec.window,
            // Measured: opening, settling and reading takes a quarter of a second a stage.
            TaskKind::Hold(spec) => Duration::from_millis(250) * (spec.counts.len() as u32 + 3),
            TaskKind::Disturbed(spec) => spec.probe.warm_up + spec.probe.window,
        }
    }
}

/// How connections are held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldSpec {
    /// Connections at each stage, ascending; a stage with none comes before them by itself.
    pub counts: Vec<u32>,
    /// What each connection asks for once, at the last stage.
    pub work: Work,
    /// How long nothing may happen before waiting for it is given up.
    pub give_up_after: Duration,
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use crate::experiments;

    #[test]
    fn what_a_gate_can_look_at_follows_from_what_is_done() {
        let gates = |name: &str| -> Vec<&str> {
            experiments::find(name).unwrap().gates().iter().map(|compared| compared.name).collect()
        };
        assert_eq!(gates("latency-curve"), ["p50", "p99", "cpu-per-request"]);
        assert_eq!(gates("memory"), ["memory"]);
        assert_eq!(gates("idle-flood"), ["probe-p50", "probe-p99"]);
        assert_eq!(gates("churn"), ["p50", "p99", "cpu-per-request"]);
    }
}
