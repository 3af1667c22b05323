//! `harness capacity`: how much load each contender carries without breaking a promise about its response time.
//!
//! Beside it: `ask.rs` (what was typed); `search/capacity/mod.rs` chooses the loads, `reports::objective` says what they came
//! to.

mod ask;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use reports::record::store::RunFolder;
use reports::record::{Ending, Objective};

use super::busy::{self, FirstLook};
use super::ending::code_of_search;
use super::load::duration;
use super::new_run::{self, PlacementArg};
use super::output::{Format, tell};
use super::progress::{RunProgress, rough};
use super::report;
use super::servers::ServerArgs;
use crate::observe::{machine, restrict_this_thread};
use crate::run::{Execution, Interrupt, MachineLock};
use crate::search::capacity::{Asked, Capacity, pictures};

/// Find the highest load that each contender carries without breaking a promise about its response time
#[derive(Debug, clap::Args)]
pub(super) struct CapacityArgs {
    /// The promise, p50, p90, p99 or p99.9 below a time; that no request fails is a part of it
    #[arg(long, value_name = "OBJECTIVE", default_value = "p99<20ms", value_parser = ask::objective)]
    slo: Objective,

    /// Contenders, separated by commas, all models without it; options as in `compare`
    #[arg(long, value_name = "LIST")]
    models: Option<String>,

    #[command(flatten)]
    servers: ServerArgs,

    /// What is asked for: echo, sleep, block, spin, lock or reply, with its argument
    #[arg(long, value_name = "WORK", default_value = "echo hi")]
    work: String,

    /// How often the search is repeated, on fresh servers
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    blocks: u32,

    /// The most time for all of it; searches that it cuts off count for nothing
    #[arg(long, value_name = "TIME", default_value = "5min", value_parser = duration)]
    budget: Duration,

    /// Everything random follows from this number
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Which CPUs server and generator get
    #[arg(long, value_enum, default_value_t = PlacementArg::Isolated)]
    placement: PlacementArg,

    /// Folder of the run; `runs/TIME-capacity` without it
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// How to write the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// No progress
    #[arg(long, short)]
    quiet: bool,
}

/// What the kind of run is called, in its folder's name and in its manifest.
const WHAT: &str = "capacity";

/// What comes after the last cell, within the budget: stopping a server that is cut off, and the report.
const AFTERWARDS: Duration = Duration::from_secs(3);

pub(super) fn run(args: CapacityArgs) -> anyhow::Result<ExitCode> {
    let (begun, first_look) = (Instant::now(), FirstLook::take());
    let deadline = begun + ask::time_for_cells(args.budget, AFTERWARDS)?;
    let servers = args.servers.resolve()?;
    let (plan, preflight) = ask::plan(&args, &servers)?;
    preflight.check()?;
    let concurrent = plan.connection_ceiling;
    let asked = Asked { objective: args.slo, blocks: args.blocks, seed: args.seed, concurrent };
    let mut search = Capacity::new(plan.experiments[0], plan.contenders.len(), asked);
    let _lock = MachineLock::take()?;
    let interrupt = Interrupt::listen()?;
    servers.try_out(&plan.placement.server_cpus, &interrupt)?;
    let machine = machine()?;
    // Everything in this process stays off the server's CPUs; servers are told theirs when they are started.
    restrict_this_thread(&plan.placement.generator_cpus)?;
    let (path, name) = new_run::folder(args.out.as_deref(), WHAT)?;
    let folder = RunFolder::create(path)?;
    let mut manifest = new_run::manifest(&plan, &preflight, machine, (name, WHAT), plan.contenders.len() as u32);
    manifest.warnings.extend(busy::doubt(first_look, args.quiet));
    for experiment in &mut manifest.experiments {
        experiment.objective = Some(args.slo);
        experiment.pictures = pictures(ask::metric_of(&args.slo));
    }
    folder.write_manifest(&manifest)?;
    if !args.quiet {
        announce(&args, &search, &folder);
    }
    let mut progress = RunProgress::new(args.quiet);
    let execution = Execution { plan: &plan, folder: &folder, manifest, interrupt: &interrupt, program: None };
    let end = execution.steer(&mut search, deadline, &mut progress);
    progress.end();
    let end = end?;
    let run = folder.read()?;
    if end.ending == Ending::Interrupted {
        tell(&format!("interrupted: {} cells are kept in {}", end.cells, folder.path().display()));
    } else if search.whole_blocks() < args.blocks {
        let (whole, all) = (search.whole_blocks(), args.blocks);
        tell(&format!(
            "the budget is used up: {whole} of {all} blocks are whole; give a longer --budget for the others"
        ));
    }
    report::render(&folder, &run, args.format)?;
    Ok(code_of_search(&end, search.whole_blocks(), &run, &interrupt))
}

fn announce(args: &CapacityArgs, search: &Capacity, folder: &RunFolder) {
    tell(&format!(
        "searching for the highest load with {}; about {}, {} at most; cells go to {}",
        args.slo.words(),
        rough(search.usual_time()),
        rough(args.budget),
        folder.path().display()
    ));
}
