//! `harness capacity`: how much load each contender carries without breaking a promise about its response time.
//!
//! Beside it: `search/capacity.rs` chooses the loads, `reports::objective` says what they came to.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use reports::record::{Ending, Objective};

use super::busy::FirstLook;
use super::ending::code_of_search;
use super::load::duration;
use super::new_run::{AFTERWARDS, RunArgs, searched_plan};
use super::output::{tell, usage};
use super::progress::rough;
use super::summary::SummaryFormat;
use super::under_way::as_summary;
use crate::plan::{Pictures, PlanError, Preset, Sizes, Workload};
use crate::run::{Execution, RunProgress};
use crate::search::capacity::{self, CONCURRENT, Capacity, CapacityGoal, DESCRIPTION, pictures};

/// Find the highest load that each server carries within a limit on its response time
#[derive(Debug, clap::Args)]
pub(super) struct CapacityArgs {
    /// The limit: p50, p90, p99 or p99.9 below a time; no request may fail either
    #[arg(long, value_name = "OBJECTIVE", default_value = "p99<20ms", value_parser = objective)]
    slo: Objective,

    /// Models to measure, separated by commas, with options as in `compare` [default: all models]
    #[arg(long, value_name = "LIST")]
    models: Option<String>,

    /// What each request asks for: echo, call, sleep, block, spin, lock or reply, with its argument
    #[arg(long, value_name = "WORK", default_value = "echo hi")]
    work: String,

    /// Repetitions (blocks) of the search, each on fresh servers
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    blocks: u32,

    /// Longest time for everything; a search that it cuts off does not count
    #[arg(long, value_name = "TIME", default_value = "5min", value_parser = duration)]
    budget: Duration,

    #[command(flatten)]
    run: RunArgs,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = SummaryFormat::Table)]
    format: SummaryFormat,
}

/// What the kind of run is called, in its folder's name and in its manifest.
const WHAT: &str = "capacity";

pub(super) fn run(args: CapacityArgs) -> anyhow::Result<ExitCode> {
    let (begun, first_look) = (Instant::now(), FirstLook::take());
    let deadline = begun + time_for_cells(args.budget, AFTERWARDS)?;
    let (servers, host) = args.run.resolve()?;
    let workload = match &servers.page {
        Some(page) => Workload::of_page(page, DESCRIPTION),
        None => Workload::named(&args.work, DESCRIPTION)?,
    };
    let experiment = capacity::experiment(workload, args.slo, pictures_of(&args.slo));
    // What a cell takes is the search's own affair; of a preset's sizes only these two are looked at.
    let sizes = Sizes { retries: RETRIES, ..Preset::Quick.sizes().with_blocks(args.blocks) };
    let (plan, preflight) =
        searched_plan(&args.run, args.models.as_deref(), &servers, (&experiment, sizes), CONCURRENT)?;
    let concurrent = plan.connection_ceiling;
    let asked = CapacityGoal { objective: args.slo, blocks: args.blocks, seed: args.run.seed, concurrent };
    let mut search = Capacity::new(&experiment, plan.contenders.len(), asked);
    let what = (WHAT, plan.contenders.len() as u32);
    let open = args.run.open((&plan, &preflight), (&servers, host, first_look), None, what)?;
    open.announce(&announcement(&args, &search), &preflight.warnings);
    let steer =
        |execution: Execution<'_>, _, progress: &mut dyn RunProgress| execution.steer(&mut search, deadline, progress);
    let ended = open.carry_out(&plan, Vec::new(), steer, as_summary(args.format))?;
    let (whole, all) = (search.whole_blocks(), args.blocks);
    if ended.end.ending != Ending::Interrupted && whole < all {
        tell(&format!(
            "the budget is used up: {whole} of {all} repetitions are complete; give a longer --budget for the others"
        ));
    }
    let run = ended.show(as_summary(args.format))?;
    Ok(code_of_search(&ended.end, whole, &run, &ended.held.interrupt))
}

fn announcement(args: &CapacityArgs, search: &Capacity) -> String {
    format!(
        "searching for the highest load with {}: this takes about {}, {} at most",
        args.slo.words(),
        rough(search.usual_time()),
        rough(args.budget)
    )
}

/// The percentiles that may be promised, each with the pictures that show it. A maximum is none: it grows with how long
/// one looks.
const PERCENTILES: [(&str, f64, Pictures); 4] = [
    ("p50", 0.5, || pictures("response_time_p50")),
    ("p90", 0.9, || pictures("response_time_p90")),
    ("p99", 0.99, || pictures("response_time_p99")),
    ("p99.9", 0.999, || pictures("response_time_p999")),
];

/// Cells that may be run again because others used the machine meanwhile; beyond that, the budget is for loads.
const RETRIES: u32 = 30;

/// Reads `p99<20ms`.
pub(super) fn objective(text: &str) -> Result<Objective, String> {
    let (name, below) = text.split_once('<').ok_or("write it as in 'p99<20ms'")?;
    let known = PERCENTILES.iter().find(|(known, ..)| *known == name.trim());
    let Some((_, percentile, _)) = known else {
        let all: Vec<&str> = PERCENTILES.iter().map(|(name, ..)| *name).collect();
        return Err(format!("it can't be about {:?}; choose one of {}", name.trim(), all.join(", ")));
    };
    Ok(capacity::objective(*percentile, duration(below.trim())?))
}

/// The pictures that show what was promised.
fn pictures_of(objective: &Objective) -> Pictures {
    let found = PERCENTILES.iter().find(|(_, percentile, _)| *percentile == objective.percentile);
    found.map_or(Vec::new, |(_, _, pictures)| *pictures)
}

/// What the budget leaves for cells.
///
/// # Errors
/// Where that is nothing.
fn time_for_cells(budget: Duration, afterwards: Duration) -> Result<Duration, PlanError> {
    let left = budget.saturating_sub(afterwards);
    let least = Duration::from_secs(2);
    if left >= least {
        return Ok(left);
    }
    let needed = (afterwards + least).as_secs();
    usage(format!("the budget is too short for a single load; give --budget {needed}s or more"))
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
            let pictures = pictures_of(&promised)();
            let shown = pictures.iter().flat_map(|picture| &picture.metrics);
            assert!(shown.clone().all(|name| metric(name).is_some()) && shown.count() == 2, "{name}");
        }
    }

    #[test]
    fn a_budget_for_nothing_is_refused() {
        let afterwards = Duration::from_secs(3);
        assert!(time_for_cells(Duration::from_secs(4), afterwards).unwrap_err().to_string().contains("--budget 5s"));
        assert_eq!(time_for_cells(Duration::from_secs(60), afterwards).unwrap(), Duration::from_secs(57));
    }
}
