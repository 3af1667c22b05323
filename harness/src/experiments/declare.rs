//! What experiments and lessons are declared with: the words of plans and records, a probe beside something that is done to
//! its server, pictures, conditions. They take all of it: `use super::declare::*`. Searches and known
//! answers take some of it, by name.
//!
//! Must not know: any one experiment. Beside it: the experiments, each of which says in its own file what it takes.

pub(crate) use std::borrow::Cow;
pub(crate) use std::time::Duration;

pub(crate) use reports::record::{
    BoundValue, CommonLoad, Condition, Decision, Picture, PictureKind, Relation, Scale, Swept, ValueOf,
};

pub(crate) use crate::plan::{
    Bounds, Capacities, Contenders, CpuNeed, DisturbedSpec, Experiment, HoldSpec, ONE_MACHINE, PROTAGONISTS, Recipe,
    Sizes, Story, Task, TaskKind, Workload,
};
pub(crate) use instruments::load::{ArrivalProcess, Disturbance, DisturbanceKind, LoadSpec, Shape, Work};

/// The model with a thread for each connection.
pub(crate) const THREADS: &str = "threaded";

/// The model with all tasks on one thread.
pub(crate) const SINGLE: &str = "async-single";

/// The model with tasks on several threads.
pub(crate) const MULTI: &str = "async-multi";

/// A probe and what is done beside it: quiet first, for a sixth of the time of the disturbance; then that; then a third of
/// it to see who recovers. The probe's window is set to all of this. `name` is a phrase for a legend.
pub(crate) fn disturbed(
    probe: LoadSpec,
    name: &'static str,
    kind: DisturbanceKind,
    lasting: Duration,
) -> DisturbedSpec {
    let quiet = lasting / 6;
    DisturbedSpec {
        probe: LoadSpec { window: quiet + lasting + 2 * quiet, ..probe },
        disturbance: Disturbance { name, kind, from: quiet, lasting },
        bounds: Bounds::default(),
    }
}

/// New clients, 50 a second, beside so many who were answered once and stay.
pub(crate) fn staying(workload: &Workload, clients: u32, most_waiting: u32, lasting: Duration) -> Task {
    // Nobody gives up before the others leave.
    let probe = echo_probe(50.0, newcomers(most_waiting), 2 * lasting);
    let trial = disturbed(probe, "clients that stay", DisturbanceKind::KeepAlive { connections: clients }, lasting);
    workload.task(format!("{clients}-staying"), TaskKind::Disturbed(trial)).varied(f64::from(clients))
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
        let probe = echo_probe(NEWCOMERS_RPS, newcomers(MOST_WAITING), self.timeout);
        let flood = DisturbanceKind::IdleFlood { per_second, at_most };
        let trial = DisturbedSpec { bounds: self.bounds, ..disturbed(probe, "idle connections", flood, self.lasting) };
        workload.task("flood", TaskKind::Disturbed(trial))
    }
}

/// A probe of small requests, at equal intervals.
pub(crate) fn echo_probe(rate_rps: f64, shape: Shape, timeout: Duration) -> LoadSpec {
    let arrivals = ArrivalProcess::Constant { rate_rps };
    LoadSpec { timeout, ..LoadSpec::new(arrivals, shape, Work::new("echo", "hi")) }
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
    let load = LoadSpec::new(ArrivalProcess::Closed, Shape::Connections { connections }, work);
    DisturbanceKind::Load(LoadSpec { window: lasting, timeout, ..load })
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

/// The memory of held connections, part by part, stacked.
pub(crate) fn memory_by_part() -> Picture {
    let parts = ["resident", "page_tables", "kernel_stacks", "socket_buffers"];
    let stacked = picture("memory-by-part", PictureKind::StackedParts, &parts, Swept::Connections);
    Picture { y_scale: Scale::Linear, ..stacked }
}

/// The same with what is swept in decades too.
pub(crate) fn over_log(picture: Picture) -> Picture {
    Picture { x_scale: Scale::Log, ..picture }
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
