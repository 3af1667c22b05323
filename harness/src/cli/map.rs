//! `harness map`: where threads and tasks change places. What was typed becomes a grid, a budget of time decides how often
//! its squares are measured.
//!
//! Beside it: `search/map.rs`, which chooses the squares.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, Table};
use reports::crossover::{Grid, Square};
use reports::format::{count, counted};
use reports::record::store::Run;
use reports::study::groups;
use reports::summary::summarise;
use serde_json::{Value, json};

use super::busy::FirstLook;
use super::ending::code_of_run;
use super::load::duration;
use super::new_run::{AFTERWARDS, RunArgs, searched_plan};
use super::output::{TableOrJson, json_text, usage};
use super::progress::rough;
use super::servers::Servers;
use super::summary::{NO_REPORT, doubts};
use crate::plan::{Experiment, PlanError, Preset, RunPlan, Sizes, Workload};
use crate::run::{Execution, Preflight, RunProgress};
use crate::search::map::{DESCRIPTION, Map, experiment};

/// Map which of two servers carries more, by number of connections and kind of work
#[derive(Debug, clap::Args)]
pub(super) struct MapArgs {
    /// The two models, separated by a comma, or one beside a --server, with options as in `compare` [default:
    /// threaded,async-multi]
    #[arg(long, value_name = "A,B")]
    models: Option<String>,

    /// Kinds of work to try, separated by commas: echo, call, sleep, block, spin, lock or reply, with its argument
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "echo,call 5ms,spin 1ms")]
    work: Vec<String>,

    /// Numbers of connections to try, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,8,64,512,4096",
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    connections: Vec<u32>,

    /// Longest time for everything; it ends sooner once every square was measured often enough
    #[arg(long, value_name = "TIME", default_value = "3min", value_parser = duration)]
    budget: Duration,

    #[command(flatten)]
    run: RunArgs,

    /// How to print the map
    #[arg(long, value_enum, default_value_t = TableOrJson::Table)]
    format: TableOrJson,
}

/// What the kind of run is called, in its folder's name and in its manifest.
const WHAT: &str = "map";

pub(super) fn run(args: MapArgs) -> anyhow::Result<ExitCode> {
    let (begun, first_look) = (Instant::now(), FirstLook::take());
    let (servers, host) = args.run.resolve()?;
    let experiment = experiment(workloads(&args.work, &servers)?);
    let (plan, preflight) = plan(&args, &servers, &experiment)?;
    let connections = connections(&args.connections, plan.connection_ceiling);
    let mut map = Map::new(&experiment, &connections, args.run.seed);
    check_budget(&map, args.budget.saturating_sub(AFTERWARDS), args.budget)?;
    let what = (WHAT, 2 * map.len() as u32);
    let open = args.run.open((&plan, &preflight), (&servers, host, first_look), None, what)?;
    open.announce(&announcement(&map, args.budget), &preflight.warnings);
    let shown = |run: &Run, report: Option<&str>| match args.format {
        TableOrJson::Table => Ok(table(run, report)),
        TableOrJson::Json => json(run, report),
    };
    let deadline = begun + args.budget - AFTERWARDS;
    let steer =
        |execution: Execution<'_>, _, progress: &mut dyn RunProgress| execution.steer(&mut map, deadline, progress);
    let ended = open.carry_out(&plan, Vec::new(), steer, shown)?;
    let run = ended.show(shown)?;
    Ok(code_of_run(&ended.end, &run, &ended.held.interrupt))
}

fn announcement(map: &Map, budget: Duration) -> String {
    format!(
        "mapping {}: measuring each once takes about {}, and repeating them ends within {}",
        counted(map.len() as u64, "square"),
        rough(map.time_of_a_block()),
        rough(budget)
    )
}

/// Where nobody is named.
const USUAL: &str = "threaded,async-multi";

/// How often each square may be run again because others used the machine meanwhile, on average: where they never cease,
/// the budget is better spent on more pairs, which even it out.
const RETRIES_PER_SQUARE: u32 = 1;

/// A column for each work that was typed, or one for a page.
///
/// # Errors
/// Where work is unknown, or named twice.
fn workloads(work: &[String], servers: &Servers) -> Result<Vec<Workload>, PlanError> {
    let workloads = match &servers.page {
        Some(page) => vec![Workload::of_page(page, DESCRIPTION)],
        None => work.iter().map(|work| Workload::named(work, DESCRIPTION)).collect::<Result<Vec<_>, _>>()?,
    };
    let is_again = |(at, work): &(usize, &Workload)| workloads[..*at].iter().any(|other| other.key == work.key);
    match workloads.iter().enumerate().find(is_again) {
        Some((_, twice)) => usage(format!("{} is named twice; a map has a column for each work", twice.label)),
        None => Ok(workloads),
    }
}

/// The plan, and what the machine allows. Changes nothing but this process's own limits.
///
/// # Errors
/// Where contenders are unknown, or there are not two of them.
fn plan<'a>(args: &MapArgs, servers: &Servers, experiment: &'a Experiment) -> anyhow::Result<(RunPlan<'a>, Preflight)> {
    let columns = experiment.workloads().len();
    let retries = RETRIES_PER_SQUARE * (columns * args.connections.len()) as u32;
    // What a cell takes is the map's own affair; of a preset's sizes only these two are looked at.
    let sizes = Sizes { retries, ..Preset::Quick.sizes().with_blocks(1) };
    let usual = servers.commands.is_empty().then_some(USUAL);
    let models = args.models.as_deref().or(usual);
    let most = args.connections.iter().copied().max().unwrap_or(0);
    let (plan, preflight) = searched_plan(&args.run, models, servers, (experiment, sizes), most)?;
    match plan.contenders.len() {
        2 => Ok((plan, preflight)),
        others => usage(format!(
            "a map compares two servers, not {others}; give --models {USUAL}, or one of --models and a --server, or two of \
             --server"
        )),
    }
}

/// The numbers of connections, ascending, each once, none above what the machine allows.
fn connections(asked: &[u32], ceiling: u32) -> Vec<u32> {
    let mut connections: Vec<u32> = asked.iter().map(|count| (*count).min(ceiling)).collect();
    connections.sort_unstable();
    connections.dedup();
    connections
}

/// Refuses a budget in which not even a coarse map can be measured.
///
/// # Errors
/// With the budget that it takes.
fn check_budget(map: &Map, for_cells: Duration, budget: Duration) -> Result<(), PlanError> {
    let needed = map.time_of_the_coarse_map();
    if needed <= for_cells {
        return Ok(());
    }
    let whole = needed + budget.saturating_sub(for_cells) + Duration::from_secs(1);
    usage(format!(
        "{} is too short for a map of {}; give --budget {}s or more, or fewer --connections or --work",
        rough(budget),
        counted(map.len() as u64, "square"),
        whole.as_secs()
    ))
}

/// The grid, what it says in a sentence, and the report's path last.
fn table(run: &Run, report: Option<&str>) -> String {
    let groups = groups(run);
    let grid = grid(run, &groups).map_or("Nothing was measured.\n".to_owned(), |grid| {
        format!(
            "{}\n\nA star marks a winner; other squares name who leads, which may be chance.\n{}.\n",
            drawn(&grid),
            grid.sentence()
        )
    });
    format!("{grid}{}\nreport: {}\n", doubts(&summarise(run).validity), report.unwrap_or(NO_REPORT))
}

fn drawn(grid: &Grid<'_>) -> String {
    let mut drawn = Table::new();
    drawn.load_style(UTF8_HORIZONTAL_ONLY);
    let header =
        std::iter::once("connections".to_owned()).chain(grid.workloads.iter().map(|label| (*label).to_owned()));
    drawn.set_header(header.collect::<Vec<_>>());
    let names = grid.names();
    let labels = names.each_ref().map(String::as_str);
    for (connections, row) in grid.connections.iter().zip(&grid.rows) {
        let squares = row.iter().map(|square| lines(square, labels));
        drawn.add_row(std::iter::once(count(*connections as u64)).chain(squares).collect::<Vec<_>>());
    }
    if let Some(column) = drawn.column_mut(0) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    drawn.trim_fmt()
}

fn lines(square: &Square, labels: [&str; 2]) -> String {
    let [who, times, trust] = square.lines(labels);
    let star = if square.winner().is_some() { " *" } else { "" };
    format!("{who} {times}{star}\n{trust}")
}

/// Everything that the grid holds.
fn json(run: &Run, report: Option<&str>) -> anyhow::Result<String> {
    let groups = groups(run);
    let grid = grid(run, &groups);
    let squares = grid.as_ref().map_or(Vec::new(), |grid| grid.squares().map(|it| square(grid, it)).collect());
    let value = json!({
        "report": report,
        "sentence": grid.as_ref().map(Grid::sentence),
        "contenders": grid.as_ref().map(|grid| grid.contenders.map(|contender| &contender.label)),
        "metric": grid.as_ref().map(|grid| grid.metric.name),
        "squares": squares,
        "validity": summarise(run).validity,
    });
    Ok(json_text(&value)?)
}

fn square(grid: &Grid<'_>, (connections, workload, square): (f64, &str, &Square)) -> Value {
    json!({
        "connections": connections,
        "work": workload,
        "finding": square.finding(),
        "winner": square.winner().map(|place| &grid.contenders[place].label),
        "ratio": square.ratio.map(|ratio| ratio.value),
        "at_least": square.at_least.map(|place| &grid.contenders[place].label),
        "interval": square.ratio.and_then(|ratio| ratio.interval),
        "pairs": square.ratio.map_or(0, |ratio| ratio.blocks),
        "values": square.values.map(|value| value.value()),
    })
}

fn grid<'a>(run: &'a Run, groups: &'a [reports::study::Group<'a>]) -> Option<Grid<'a>> {
    let experiment = run.manifest.experiments.first()?;
    experiment.pictures.iter().find_map(|picture| Grid::of(experiment, picture, groups))
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
        let map = Map::new(&experiment(vec![echo]), &[1, 8], 1);
        let check = |seconds| check_budget(&map, Duration::from_secs(seconds - 3), Duration::from_secs(seconds));
        let error = check(4).unwrap_err().to_string();
        let (_, named) = error.split_once("--budget ").unwrap();
        let named: u64 = named.split('s').next().unwrap().parse().unwrap();
        assert!(check(named).is_ok() && named < 60, "{error}");
    }
}
