//! What the machine's limits mean for a plan, looked at before any load: a limit that binds is named as the machine's,
//! with its remedy, and the plan is scaled down to it.

use instruments::observe::{LimitKind, MachineLimit, Needs, limits, raise_soft_descriptor_limit, shortfalls};
use reports::record::{Limit, Warning};

use crate::plan::{Capacities, CpuNeed, Experiment, RunPlan, TaskKind, Workload};

/// Descriptors, threads and ports that a process needs besides those for connections.
const SPARE: u64 = 100;

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Preflight {
    /// Every limit that was looked at.
    pub limits: Vec<Limit>,
    /// The most connections at once that the plan would have.
    pub connections_wanted: u32,
    /// The most connections at once that all limits allow; at most what was wanted.
    pub connection_ceiling: u32,
    /// One for each limit that binds.
    pub warnings: Vec<Warning>,
}

/// The fewest connections with which there is anything to compare, where the plan would have more.
const FEWEST_CONNECTIONS: u32 = 50;

/// A limit leaves fewer connections than there must be.
#[derive(Debug, thiserror::Error)]
#[error("this machine allows {connections} connections at once, and it takes at least {fewest}; {remedies}")]
pub struct Unfit {
    /// What the limits allow.
    pub connections: u32,
    /// What it takes.
    pub fewest: u32,
    /// The limits, with how each is raised.
    pub remedies: String,
}

impl Preflight {
    /// Whether the plan can be run at all, scaled down or not.
    ///
    /// # Errors
    /// Where a limit leaves fewer connections than any comparison needs.
    pub fn check(&self) -> Result<(), Unfit> {
        let fewest = FEWEST_CONNECTIONS.min(self.connections_wanted);
        if self.connection_ceiling >= fewest {
            return Ok(());
        }
        let remedies = self.warnings.iter().map(Warning::remedy).collect::<Vec<_>>().join("; ");
        Err(Unfit { connections: self.connection_ceiling, fewest, remedies })
    }
}

/// Looks at the limits for a plan: so many connections at once, a thread each in some models. Raises the soft limit of
/// descriptors to the hard one first, for this process and the servers it starts.
pub fn preflight(plan: &RunPlan<'_>) -> Preflight {
    let turns = [plan.probes(), plan.at_its_fullest(0)].concat();
    let of_tasks = turns.iter().map(|turn| &turn.task.kind);
    let most = |tasks: &mut dyn Iterator<Item = &TaskKind>| tasks.map(TaskKind::peak_connections).max().unwrap_or(0);
    let calling = most(&mut of_tasks.clone().filter(|task| task.calls_backend()));
    let mut found = for_plan(plan, most(&mut of_tasks.clone()), calling);
    found.warnings.extend(plan.experiments.iter().filter_map(|experiment| on_one_cpu(plan, experiment)));
    found
}

/// Says it of an experiment that compares servers on several CPUs, where there is one.
fn on_one_cpu(plan: &RunPlan<'_>, experiment: &Experiment) -> Option<Warning> {
    let tasks = experiment.all_tasks(&plan.sizes);
    let mut for_two = tasks.iter().filter(|task| task.server_cpus == CpuNeed::Just(2));
    for_two.any(|task| plan.placement_of(task).is_none()).then(|| Warning::MachineLimit {
        limit: "CPUs of this process".to_owned(),
        consequence: format!("{} can't give its server two CPUs, and so can't be decided", experiment.name),
        remedy: "run on a machine with two CPUs or more".to_owned(),
    })
}

/// As [`preflight`], for a run that chooses its cells as it goes on and has so many connections at most.
pub fn preflight_for(plan: &RunPlan<'_>, connections: u32) -> Preflight {
    let calls = plan.experiments.iter().flat_map(|experiment| &*experiment.workloads).any(Workload::calls_backend);
    for_plan(plan, connections, if calls { connections } else { 0 })
}

/// As [`preflight`], for so many connections in all to servers that run side by side, a thread each in some models.
pub fn preflight_side_by_side(connections: u64) -> Preflight {
    // What is asked for may change at any time.
    for_connections(connections, connections, 0)
}

/// Whether this process alone can have so many connections, to a server that is not looked at. Raises the soft limit of
/// descriptors as [`preflight`] does.
///
/// # Errors
/// Where a limit leaves fewer.
pub fn preflight_connections(wanted: u32) -> Result<(), Unfit> {
    let _ = raise_soft_descriptor_limit();
    let per_source = wanted.min(instruments::load::CONNECTIONS_PER_SOURCE);
    let needs = Needs {
        descriptors: u64::from(wanted) + SPARE,
        connections: u64::from(per_source) + SPARE,
        ..Needs::default()
    };
    let found = limits(&needs);
    let short = shortfalls(&found);
    if short.is_empty() {
        return Ok(());
    }
    let remedies = short.iter().map(|short| short.limit.remedy.as_str()).collect::<Vec<_>>().join("; ");
    Err(Unfit { connections: ceiling(wanted.into(), &short) as u32, fewest: wanted, remedies })
}

/// Says for which workloads the generator can't offer what it would take to saturate the fastest contender.
pub(super) fn generator_bounds(plan: &RunPlan<'_>, capacities: &[Capacities]) -> Vec<Warning> {
    let mut bounds = Vec::new();
    for (experiment, found) in plan.experiments.iter().zip(capacities) {
        for workload in &*experiment.workloads {
            let Some(most) = found.generator_bound(&workload.key) else { continue };
            bounds.push(Warning::MachineLimit {
                limit: format!("the load generator's CPU time in {} {}", experiment.name, workload.label),
                consequence: format!("loads end at about {most:.0}/s, before the fastest server is saturated"),
                remedy: "run on a machine with more CPUs".to_owned(),
            });
        }
    }
    bounds
}

fn for_plan(plan: &RunPlan<'_>, connections: u32, calling: u32) -> Preflight {
    let backlog = plan.contenders.iter().map(|contender| contender.backlog()).max().unwrap_or(0);
    for_connections(connections.into(), calling.into(), backlog.into())
}

/// For so many connections, and so many whose requests have the server call a backend: a server has a connection to it for
/// each of those, and the harness, whose backend it is, the other end.
fn for_connections(wanted: u64, calling: u64, backlog: u64) -> Preflight {
    // Where it can't be raised, the limit found below is the lower one.
    let _ = raise_soft_descriptor_limit();
    let needs = Needs {
        descriptors: wanted.max(2 * calling) + SPARE,
        threads: wanted + SPARE,
        // Several source addresses share the connections, so that the ports of one need not suffice for all.
        // A server's calls come from one.
        connections: wanted.min(u64::from(instruments::load::CONNECTIONS_PER_SOURCE)).max(calling) + SPARE,
        backlog,
    };
    let found = limits(&needs);
    let short = shortfalls(&found);
    let ceiling = ceiling(wanted, &short);
    // The soft limit has been raised to the hard one, so that only the hard one is worth naming.
    let named = short.iter().filter(|short| short.kind != LimitKind::SoftLimit);
    let warnings = named.map(|limit| warning(limit, ceiling, wanted)).collect();
    let limits = found.into_iter().map(|found| found.limit).collect();
    Preflight { connections_wanted: wanted as u32, connection_ceiling: ceiling as u32, warnings, limits }
}

/// Scales down in the proportion of the scarcest limit.
fn ceiling(wanted: u64, short: &[&MachineLimit]) -> u64 {
    // A short accept queue delays connections and does not prevent them.
    let bounding = short.iter().filter(|short| short.kind != LimitKind::AcceptQueue);
    let allowed = bounding.filter_map(|short| {
        let (value, needed) = (short.limit.value?, short.limit.needed?);
        Some(wanted * value.saturating_sub(SPARE) / needed.max(1))
    });
    allowed.min().unwrap_or(wanted).min(wanted)
}

fn warning(short: &MachineLimit, ceiling: u64, wanted: u64) -> Warning {
    let consequence = match short.kind {
        LimitKind::AcceptQueue => "connections may have to be tried again when many come at once".to_owned(),
        LimitKind::Connections | LimitKind::SoftLimit => {
            format!("at most {ceiling} connections at once instead of {wanted}")
        }
    };
    let limit = &short.limit;
    Warning::MachineLimit { limit: limit.name.clone(), consequence, remedy: limit.remedy.clone() }
}

#[cfg(test)]
mod tests {
    use reports::record::PlacementKind;

    use super::*;
    use crate::experiments::EXPERIMENTS;
    use crate::plan::{Cast, Preset, place};

    fn limit(name: &str, value: u64, needed: u64) -> MachineLimit {
        let (name, remedy) = (name.to_owned(), "raise it".to_owned());
        let limit = Limit { name, value: Some(value), needed: Some(needed), remedy };
        MachineLimit { kind: LimitKind::Connections, limit }
    }

    #[test]
    fn the_scarcest_limit_scales_the_plan_down() {
        let files = limit("open files", 1_024, 10_100);
        let maps = limit("memory mappings", 65_530, 80_000);
        assert_eq!(ceiling(10_000, &[&files, &maps]), 914);
        assert_eq!(ceiling(10_000, &[]), 10_000);
    }

    #[test]
    fn a_machine_without_connections_is_unfit() {
        let with = |connection_ceiling| Preflight {
            limits: Vec::new(),
            connections_wanted: 8_000,
            connection_ceiling,
            warnings: vec![warning(&limit("open files", 90, 8_100), connection_ceiling.into(), 8_000)],
        };
        assert!(with(FEWEST_CONNECTIONS).check().is_ok());
        assert!(Preflight { connections_wanted: 8, ..with(8) }.check().is_ok(), "a plan of eight needs no more");
        let error = with(0).check().unwrap_err().to_string();
        assert!(error.contains("allows 0 connections") && error.contains("raise it"), "{error}");
    }

    #[test]
    fn a_short_accept_queue_is_named_and_scales_nothing() {
        let queue = MachineLimit { kind: LimitKind::AcceptQueue, ..limit("whatever it is called", 128, 4_096) };
        assert_eq!(ceiling(10_000, &[&queue]), 10_000);
        let Warning::MachineLimit { consequence, remedy, .. } = warning(&queue, 10_000, 10_000) else { panic!() };
        assert!(consequence.contains("tried again") && remedy == "raise it");
    }

    #[test]
    fn more_connections_than_descriptors_are_refused_with_the_remedy() {
        assert!(preflight_connections(1).is_ok());
        let descriptors = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum.unwrap_or(u64::MAX);
        if let Ok(descriptors) = u32::try_from(descriptors) {
            let error = preflight_connections(descriptors).unwrap_err();
            assert!(error.connections < descriptors && error.remedies.contains("nofile"), "{error}");
        }
    }

    #[test]
    fn experiments_that_need_two_cpus_are_named_where_there_is_one() {
        let named = |cpus: &[u32]| -> Vec<&str> {
            let plan = plan_on(cpus);
            let told = plan.experiments.iter().filter(|experiment| on_one_cpu(&plan, experiment).is_some());
            told.map(|experiment| experiment.name).collect()
        };
        assert_eq!((named(&[0]), named(&[0, 1])), (vec!["cores", "accept"], vec![]));
    }

    fn plan_on(cpus: &[u32]) -> RunPlan<'static> {
        let cast = Cast { experiments: EXPERIMENTS.to_vec(), ..Cast::default() };
        let placement = place(PlacementKind::Isolated, cpus);
        RunPlan { connection_ceiling: 1, ..RunPlan::of(cast, Preset::Quick, 1, placement) }
    }

    #[test]
    fn what_this_machine_allows_needs_no_warning() {
        let found = for_connections(10, 10, 1);
        assert_eq!((found.connection_ceiling, found.warnings), (10, vec![]));
        assert!(!found.limits.is_empty());
    }
}
