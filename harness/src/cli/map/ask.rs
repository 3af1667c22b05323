//! What was typed becomes the plan of a map, or a sentence that says what it lacks.

use std::time::Duration;

use super::MapArgs;
use crate::cli::contenders::cast_for;
use crate::cli::new_run::too_few_cpus;
use crate::cli::progress::rough;
use crate::cli::servers::Servers;
use crate::observe::allowed_cpus;
use crate::plan::{Cast, Inside, PlanError, Preset, RunPlan, Sizes, Workload, place};
use crate::run::{Preflight, preflight_for};
use crate::search::map::{DESCRIPTION, Map, experiment};

/// Where nobody is named.
const USUAL: &str = "threaded,async-multi";

/// How often each square may be run again because others used the machine meanwhile, on average: where they never cease,
/// the budget is better spent on more pairs, which even it out.
const RETRIES_PER_SQUARE: u32 = 1;

/// The plan, and what the machine allows. Changes nothing but this process's own limits.
///
/// # Errors
/// Where work or contenders are unknown, or there are not two of them.
pub(super) fn plan(args: &MapArgs, servers: &Servers) -> anyhow::Result<(RunPlan, Preflight)> {
    let workloads = match &servers.page {
        Some(page) => vec![Workload::of_page(page, DESCRIPTION)],
        None => args.work.iter().map(|work| Workload::named(work, DESCRIPTION)).collect::<Result<Vec<_>, _>>()?,
    };
    if let Some(twice) =
        workloads.iter().enumerate().find(|(at, work)| workloads[..*at].iter().any(|w| w.key == work.key))
    {
        return Err(
            PlanError::Usage(format!("{} is named twice; a map has a column for each work", twice.1.label)).into()
        );
    }
    let columns = workloads.len();
    let asked = vec![experiment(workloads)];
    let placement = place(args.placement.kind(), &allowed_cpus()?);
    let retries = RETRIES_PER_SQUARE * (columns * args.connections.len()) as u32;
    // What a cell takes is the map's own affair; of a preset's sizes only these two are looked at.
    let sizes = Sizes { retries, ..Preset::Quick.sizes().with_blocks(1) };
    let usual = servers.commands.is_empty().then_some(USUAL);
    let models = args.models.as_deref().or(usual);
    let Cast { experiments, contenders, parts, .. } =
        cast_for(&placement.server_cpus, models, servers, &asked, &sizes)?;
    if contenders.len() != 2 {
        let sentence = format!(
            "a map is of two contenders, not {}; give --models {USUAL}, or one of --models and a --server, or two of --server",
            contenders.len()
        );
        return Err(PlanError::Usage(sentence).into());
    }
    let mut plan = RunPlan {
        experiments,
        contenders,
        parts,
        preset: Preset::Quick,
        sizes,
        seed: args.seed,
        placement,
        connection_ceiling: u32::MAX,
        against: None,
        page: servers.page.clone(),
        // Nothing that is said of such a run needs it.
        inside: Inside::Off,
    };
    let mut found = preflight_for(&plan, args.connections.iter().copied().max().unwrap_or(0));
    plan.connection_ceiling = found.connection_ceiling;
    found.warnings.extend(too_few_cpus(args.placement.kind(), plan.placement.kind));
    Ok((plan, found))
}

/// The numbers of connections, ascending, each once, none above what the machine allows.
pub(super) fn connections(asked: &[u32], ceiling: u32) -> Vec<u32> {
    let mut connections: Vec<u32> = asked.iter().map(|count| (*count).min(ceiling)).collect();
    connections.sort_unstable();
    connections.dedup();
    connections
}

/// Refuses a budget in which not even a coarse map can be measured.
///
/// # Errors
/// With the budget that it takes.
pub(super) fn check_budget(map: &Map, for_cells: Duration, budget: Duration) -> Result<(), PlanError> {
    let needed = map.time_of_the_coarse_map();
    if needed <= for_cells {
        return Ok(());
    }
    let whole = needed + budget.saturating_sub(for_cells) + Duration::from_secs(1);
    Err(PlanError::Usage(format!(
        "{} are too short for a map of {} cells; give --budget {}s or more, or fewer --connections or --work",
        rough(budget),
        map.len(),
        whole.as_secs()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_ascend_and_stay_below_the_ceiling() {
        assert_eq!(connections(&[512, 1, 8, 8], 10_000), [1, 8, 512]);
        assert_eq!(connections(&[1, 512, 4_096], 400), [1, 400]);
    }

    #[test]
    fn a_budget_for_less_than_a_coarse_map_is_refused_with_the_one_it_takes() {
        let echo = Workload::named("echo", DESCRIPTION).unwrap();
        let map = Map::new(experiment(vec![echo]), &[1, 8], 1);
        let check = |seconds| check_budget(&map, Duration::from_secs(seconds - 3), Duration::from_secs(seconds));
        let error = check(4).unwrap_err().to_string();
        let (_, named) = error.split_once("--budget ").unwrap();
        let named: u64 = named.split('s').next().unwrap().parse().unwrap();
        assert!(check(named).is_ok() && named < 60, "{error}");
    }
}
