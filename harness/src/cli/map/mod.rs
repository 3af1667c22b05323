//! `harness map`: where threads and tasks change places. What was typed becomes a grid, a budget of time decides how often
//! its squares are measured.
//!
//! Beside it: `ask.rs` (what was typed), `text.rs` (the grid on a terminal); `search/map.rs` chooses the squares.

mod ask;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use reports::record::Ending;
use reports::record::store::RunFolder;

use super::busy::{self, FirstLook};
use super::ending::code_of_run;
use super::load::duration;
use super::new_run::{self, PlacementArg};
use super::output::{print, tell};
use super::progress::{RunProgress, rough};
use super::report;
use super::servers::ServerArgs;
use crate::observe::{machine, restrict_this_thread};
use crate::run::{Execution, Interrupt, MachineLock};
use crate::search::map::Map;

/// Draw where threads and tasks change places: who of two serves more, over connections and work
#[derive(Debug, clap::Args)]
pub(super) struct MapArgs {
    /// The two contenders, separated by a comma, or one beside a --server; options as in `compare`. Without either,
    /// threaded and async-multi
    #[arg(long, value_name = "A,B")]
    models: Option<String>,

    #[command(flatten)]
    servers: ServerArgs,

    /// Kinds of work, separated by commas: echo, sleep, block, spin, lock or reply, with its argument
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "echo,sleep 5ms,spin 1ms")]
    work: Vec<String>,

    /// Numbers of connections, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,8,64,512,4096",
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    connections: Vec<u32>,

    /// The time for all of it; what is left of it after every square has enough pairs is not used
    #[arg(long, value_name = "TIME", default_value = "3min", value_parser = duration)]
    budget: Duration,

    /// Everything random follows from this number
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Which CPUs server and generator get
    #[arg(long, value_enum, default_value_t = PlacementArg::Isolated)]
    placement: PlacementArg,

    /// Folder of the run; `runs/TIME-map` without it
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// How to write the map
    #[arg(long, value_enum, default_value_t = MapFormat::Table)]
    format: MapFormat,

    /// No progress
    #[arg(long, short)]
    quiet: bool,
}

/// How the map is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MapFormat {
    /// For a terminal.
    Table,
    /// One JSON object.
    Json,
}

/// What the kind of run is called, in its folder's name and in its manifest.
const WHAT: &str = "map";

/// What comes after the last cell, within the budget: stopping a server that is cut off, and the report.
const AFTERWARDS: Duration = Duration::from_secs(3);

pub(super) fn run(args: MapArgs) -> anyhow::Result<ExitCode> {
    let (begun, first_look) = (Instant::now(), FirstLook::take());
    let servers = args.servers.resolve()?;
    let (plan, preflight) = ask::plan(&args, &servers)?;
    let connections = ask::connections(&args.connections, plan.connection_ceiling);
    let mut map = Map::new(plan.experiments[0], &connections, args.seed);
    ask::check_budget(&map, args.budget.saturating_sub(AFTERWARDS), args.budget)?;
    preflight.check()?;
    let _lock = MachineLock::take()?;
    let interrupt = Interrupt::listen()?;
    servers.try_out(&plan.placement.server_cpus, &interrupt)?;
    let machine = machine()?;
    // Everything in this process stays off the server's CPUs; servers are told theirs when they are started.
    restrict_this_thread(&plan.placement.generator_cpus)?;
    let (path, name) = new_run::folder(args.out.as_deref(), WHAT)?;
    let folder = RunFolder::create(path)?;
    let mut manifest = new_run::manifest(&plan, &preflight, machine, (name, WHAT), 2 * map.len() as u32);
    manifest.warnings.extend(busy::doubt(first_look, args.quiet));
    folder.write_manifest(&manifest)?;
    if !args.quiet {
        announce(&map, args.budget, &folder);
    }
    let mut progress = RunProgress::new(args.quiet);
    let execution = Execution { plan: &plan, folder: &folder, manifest, interrupt: &interrupt, program: None };
    let end = execution.steer(&mut map, begun + args.budget - AFTERWARDS, &mut progress);
    progress.end();
    let end = end?;
    let run = folder.read()?;
    if end.ending == Ending::Interrupted {
        tell(&format!("interrupted: {} cells are kept in {}", end.cells, folder.path().display()));
    }
    let report = report::write_page(&folder, &run)?;
    print(&match args.format {
        MapFormat::Table => text::table(&run, &report),
        MapFormat::Json => text::json(&run, &report)?,
    })?;
    Ok(code_of_run(&end, &run, &interrupt))
}

fn announce(map: &Map, budget: Duration, folder: &RunFolder) {
    tell(&format!(
        "a map of {} cells; measuring each once takes about {}, and it ends within {}; cells go to {}",
        map.len(),
        rough(map.time_of_a_block()),
        rough(budget),
        folder.path().display()
    ));
}
