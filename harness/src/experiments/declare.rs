//! What experiments are declared with: a probe beside something that is done to its server, pictures, conditions.
//!
//! Must not know: any one experiment. Beside it: the experiments, each of which says in its own file what it takes.

use std::time::Duration;

use reports::record::{
    BoundValue, CommonLoad, Condition, Decision, Picture, PictureKind, Relation, Scale, Swept, ValueOf,
};

use crate::plan::{
    ArrivalProcess, Bounds, Disturbance, DisturbanceKind, DisturbedSpec, LoadSpec, Shape, Task, TaskKind, Work,
    Workload,
};

/// A probe, and what is done beside it.
pub(crate) struct DisturbedProbe {
    /// Its window is set to the time of the trial.
    pub(crate) probe: LoadSpec,
    /// A phrase for a legend.
    pub(crate) name: &'static str,
    /// What is done.
    pub(crate) kind: DisturbanceKind,
    /// For how long.
    pub(crate) lasting: Duration,
    /// What the server may take.
    pub(crate) bounds: Bounds,
}

impl DisturbedProbe {
    /// Quiet first, for a sixth of the time of the disturbance; then that; then a third of it to see who recovers.
    pub(crate) fn task(self) -> TaskKind {
        let DisturbedProbe { probe, name, kind, lasting, bounds } = self;
        let quiet = lasting / 6;
        let probe = LoadSpec { window: quiet + lasting + 2 * quiet, ..probe };
        TaskKind::Disturbed(DisturbedSpec {
            probe,
            disturbance: Disturbance { name, kind, from: quiet, lasting },
            bounds,
        })
    }
}

/// Idle connections, ever more of them, beside new clients who each connect, ask once and close.
pub(crate) struct IdleFlood {
    pub(crate) lasting: Duration,
    /// Idle connections at the end of a flood that lasts as long as in any preset but smoke; in a shorter one as many as
    /// these a second come to.
    pub(crate) most: u32,
    pub(crate) most_per_second: f64,
    /// The part of its time that the flood grows; then it holds what it has, so that clients who wait reach their timeout.
    pub(crate) growing: f64,
    /// Of a new client.
    pub(crate) timeout: Duration,
    /// What the server may take.
    pub(crate) bounds: Bounds,
}

/// A server that turns fewer new clients away than one in twenty withstood the flood.
pub(crate) const WITHSTOOD: BoundValue = BoundValue::Number(0.95);

/// New clients per second: often enough to tell the first few idle connections apart.
const NEWCOMERS_RPS: f64 = 100.0;

/// New clients that may wait at once: more than come within any timeout.
const MOST_WAITING: u32 = 250;

impl IdleFlood {
    pub(crate) fn task(self, workload: &Workload) -> Task {
        let seconds = self.lasting.as_secs_f64();
        let at_most = self.most.min((self.most_per_second * seconds) as u32);
        let per_second = (f64::from(at_most) / (seconds * self.growing)).ceil() as u32;
        let trial = DisturbedProbe {
            probe: echo_probe(NEWCOMERS_RPS, newcomers(MOST_WAITING), self.timeout),
            name: "idle connections",
            kind: DisturbanceKind::IdleFlood { per_second, at_most },
            lasting: self.lasting,
            bounds: self.bounds,
        };
        Task::new(workload.key.clone(), "flood", trial.task())
    }
}

/// A probe of small requests, at equal intervals.
pub(crate) fn echo_probe(rate_rps: f64, shape: Shape, timeout: Duration) -> LoadSpec {
    LoadSpec {
        arrivals: ArrivalProcess::Constant { rate_rps },
        shape,
        work: Work::new("echo", "hi"),
        // Set when the cell is run: it depends on the block.
        seed: 0,
        warm_up: Duration::ZERO,
        window: Duration::ZERO,
        timeout,
    }
}

/// New clients, of whom each connects, asks once and closes; at most so many at once.
pub(crate) fn newcomers(concurrent: u32) -> Shape {
    Shape::Sessions { requests: 1, think_time: Duration::ZERO, concurrent }
}

/// Neighbours that ask again as soon as they are answered; nothing where there are none.
pub(crate) fn in_closed_loop(connections: u32, work: Work, lasting: Duration, timeout: Duration) -> DisturbanceKind {
    if connections == 0 {
        return DisturbanceKind::Nothing;
    }
    DisturbanceKind::Load(LoadSpec {
        arrivals: ArrivalProcess::Closed,
        shape: Shape::Connections { connections },
        work,
        seed: 0,
        warm_up: Duration::ZERO,
        window: lasting,
        timeout,
    })
}

/// Every request of the probe over time.
pub(crate) fn probe_over_time() -> Picture {
    picture("probe-over-time", PictureKind::ProbeOverTime, &["response_time"], Swept::Time)
}

/// Lines over a variable of the experiment's own.
pub(crate) fn curve_over(x_label: &str, metrics: &[&str]) -> Picture {
    let curve = picture("curve", PictureKind::Curve, metrics, Swept::Variation);
    Picture { x_label: Some(x_label.to_owned()), ..curve }
}

/// Bars, a panel for each metric.
pub(crate) fn bars(metrics: &[&str]) -> Picture {
    Picture { y_scale: Scale::Linear, ..picture("bars", PictureKind::Bars, metrics, Swept::Nothing) }
}

/// A picture with time, or whatever else is on its y axis, in decades.
pub(crate) fn picture(id: &str, kind: PictureKind, metrics: &[&str], x: Swept) -> Picture {
    Picture {
        id: id.to_owned(),
        kind,
        workload: None,
        metrics: metrics.iter().map(|metric| (*metric).to_owned()).collect(),
        x,
        x_label: None,
        x_scale: Scale::Linear,
        y_scale: Scale::Log,
    }
}

/// The same picture for one workload of several.
pub(crate) fn of_workload(key: &str, picture: Picture) -> Picture {
    Picture { id: format!("{key}-{}", picture.id), workload: Some(key.to_owned()), ..picture }
}

/// Decides by these conditions.
pub(crate) fn by(conditions: impl IntoIterator<Item = Condition>) -> Option<Decision> {
    Some(Decision { conditions: conditions.into_iter().collect() })
}

/// A metric of a contender, where nothing is swept and there is one workload.
pub(crate) fn value(metric: &str, contender: &str) -> ValueOf {
    ValueOf { metric: metric.to_owned(), contender: contender.to_owned(), workload: None, variation: None, load: None }
}

/// The same at a value of what is swept.
pub(crate) fn at(variation: f64, value: ValueOf) -> ValueOf {
    ValueOf { variation: Some(variation), ..value }
}

/// The same of one workload of several.
pub(crate) fn with(workload: &str, value: ValueOf) -> ValueOf {
    ValueOf { workload: Some(workload.to_owned()), ..value }
}

/// The same at one of the loads with which all who decide have kept up.
pub(crate) fn under(load: CommonLoad, value: ValueOf) -> ValueOf {
    ValueOf { load: Some(load), ..value }
}

/// So many times another value.
pub(crate) fn times(factor: f64, of: ValueOf) -> BoundValue {
    BoundValue::Times { factor, of }
}

/// Completes "the claim holds for", where the value is not below the bound.
pub(crate) fn at_least(holds_for: &str, value: ValueOf, bound: BoundValue) -> Condition {
    Condition { holds_for: holds_for.to_owned(), value, relation: Relation::AtLeast, bound }
}

/// Completes "the claim holds for", where the value is not above the bound.
pub(crate) fn at_most(holds_for: &str, value: ValueOf, bound: BoundValue) -> Condition {
    Condition { holds_for: holds_for.to_owned(), value, relation: Relation::AtMost, bound }
}
