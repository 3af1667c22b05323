//! What was typed becomes an objective and the plan of a search, or a sentence that says what it lacks.

use std::time::Duration;

use reports::record::Objective;

use super::CapacityArgs;
use crate::cli::contenders::cast_for;
use crate::cli::load::duration;
use crate::cli::new_run::too_few_cpus;
use crate::cli::servers::Servers;
use crate::observe::allowed_cpus;
use crate::plan::{Cast, Inside, PlanError, Preset, RunPlan, Sizes, Workload, place};
use crate::run::{Preflight, preflight_for};
use crate::search::capacity::{self, CONCURRENT, DESCRIPTION, experiment};

/// The percentiles that may be promised, each with the metric that shows it. A maximum is none: it grows with how long
/// one looks.
const PERCENTILES: [(&str, f64, &str); 4] = [
    ("p50", 0.5, "response_time_p50"),
    ("p90", 0.9, "response_time_p90"),
    ("p99", 0.99, "response_time_p99"),
    ("p99.9", 0.999, "response_time_p999"),
];

/// Cells that may be run again because others used the machine meanwhile; beyond that, the budget is for loads.
const RETRIES: u32 = 30;

/// Reads `p99<20ms`.
pub(super) fn objective(text: &str) -> Result<Objective, String> {
    let (name, below) = text.split_once('<').ok_or("write it as in 'p99<20ms'")?;
    let known = PERCENTILES.iter().find(|(known, ..)| *known == name.trim());
    let Some((_, percentile, _)) = known else {
        let all: Vec<&str> = PERCENTILES.iter().map(|(name, ..)| *name).collect();
        return Err(format!("nothing is promised of {:?}; choose one of {}", name.trim(), all.join(", ")));
    };
    Ok(capacity::objective(*percentile, duration(below.trim())?))
}

/// The metric that shows what was promised.
pub(super) fn metric_of(objective: &Objective) -> &'static str {
    let found = PERCENTILES.iter().find(|(_, percentile, _)| *percentile == objective.percentile);
    found.map_or("response_time_p99", |(_, _, metric)| metric)
}

/// What the budget leaves for cells.
///
/// # Errors
/// Where that is nothing.
pub(super) fn time_for_cells(budget: Duration, afterwards: Duration) -> Result<Duration, PlanError> {
    let left = budget.saturating_sub(afterwards);
    let least = Duration::from_secs(2);
    if left >= least {
        return Ok(left);
    }
    let needed = (afterwards + least).as_secs();
    Err(PlanError::Usage(format!("the budget is too short for a single load; give --budget {needed}s or more")))
}

/// The plan, and what the machine allows. Changes nothing but this process's own limits.
///
/// # Errors
/// Where work or contenders are unknown.
pub(super) fn plan(args: &CapacityArgs, servers: &Servers) -> anyhow::Result<(RunPlan, Preflight)> {
    let named = Workload::named(&args.work, DESCRIPTION)?;
    let asked = vec![experiment(servers.page.as_ref().map_or(named, |page| Workload::of_page(page, DESCRIPTION)))];
    let placement = place(args.placement.kind(), &allowed_cpus()?);
    // What a cell takes is the search's own affair; of a preset's sizes only these two are looked at.
    let sizes = Sizes { retries: RETRIES, ..Preset::Quick.sizes().with_blocks(args.blocks) };
    let cast = cast_for(&placement.server_cpus, args.models.as_deref(), servers, &asked, &sizes)?;
    let Cast { experiments, contenders, parts, .. } = cast;
    let mut plan = RunPlan {
        experiments,
        contenders,
        parts,
        preset: Preset::Quick,
        sizes,
        seed: args.seed,
        placement,
        connection_ceiling: CONCURRENT,
        against: None,
        page: servers.page.clone(),
        // Nothing that is said of such a run needs it.
        inside: Inside::Off,
    };
    let mut found = preflight_for(&plan, CONCURRENT);
    plan.connection_ceiling = found.connection_ceiling;
    found.warnings.extend(too_few_cpus(args.placement.kind(), plan.placement.kind));
    Ok((plan, found))
}

#[cfg(test)]
mod tests {
    use reports::metrics::metric;

    use super::*;

    #[test]
    fn a_promise_is_a_percentile_below_a_time() {
        let read = |text| objective(text).map(|objective| (objective.percentile, objective.below_ns));
        assert_eq!(read("p99<20ms"), Ok((0.99, 20_000_000)));
        assert_eq!(read(" p99.9 < 1s "), Ok((0.999, 1_000_000_000)));
        assert!(read("max<20ms").unwrap_err().contains("p50, p90, p99, p99.9"));
        assert!(read("p99").unwrap_err().contains("p99<20ms"));
        assert!(read("p99<20").is_err() && read("p99<0ms").is_err());
    }

    #[test]
    fn what_is_promised_can_be_shown() {
        for (name, ..) in PERCENTILES {
            let promised = objective(&format!("{name}<5ms")).unwrap();
            assert!(metric(metric_of(&promised)).is_some(), "{name}");
        }
    }

    #[test]
    fn a_budget_for_nothing_is_refused() {
        let afterwards = Duration::from_secs(3);
        assert!(time_for_cells(Duration::from_secs(4), afterwards).unwrap_err().to_string().contains("--budget 5s"));
        assert_eq!(time_for_cells(Duration::from_secs(60), afterwards).unwrap(), Duration::from_secs(57));
    }
}
