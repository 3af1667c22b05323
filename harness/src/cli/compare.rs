//! `harness compare`: the main job. What was typed becomes a plan, the plan a run, the run a report.
//!
//! Read `compare/resume.rs`, a run that goes on (with `resume_machines.rs`), and `other_build.rs`, servers of another build. Beside
//! it: `new_run.rs`, how any run begins; `under_way.rs`, how it goes on.

use std::path::PathBuf;
use std::process::ExitCode;

use reports::format::counted;
use reports::metrics::fewest_blocks_for_a_verdict;
use reports::record::Ending;
use reports::record::store::{Run, RunFolder};

use self::other_build::{build_of_saved, other_build};
use self::resume::{probes, rebuilt, with_models};
use super::busy::FirstLook;
use super::forecast::{RunForecast, describe};
use super::limits::too_few_cpus;
use super::live::LiveArgs;
use super::machines::cast_of_loads;
use super::new_run::RunArgs;
use super::output::{print, usage};
use super::progress::rough;
use super::servers::Servers;
use super::summary::SummaryFormat;
use super::trace::{self, Timelines};
use super::under_way::{EndedRun, as_summary};
use super::{contenders, protagonists};
use crate::experiments::{self, EXPERIMENTS};
use crate::plan::{Experiment, Inside, PlanError, Preset, RunPlan, is_base, is_twin, place};
use crate::run::{Preflight, preflight};

mod other_build;
mod resume;
pub(super) mod resume_machines;

/// Compare server models under the same load and write a report
#[derive(Debug, clap::Args)]
pub(super) struct CompareArgs {
    /// How thorough to be: smoke (does everything work?), quick (the scorecard, in about 90 seconds) or full (verdicts on
    /// everything, in more than an hour)
    #[arg(long, value_enum, default_value_t = Preset::Quick)]
    preset: Preset,

    /// Models to compare, separated by commas, with options as in thread-pool:workers=8,stack=64KiB [default: all models;
    /// some experiments choose their own]
    #[arg(long, value_name = "LIST")]
    models: Option<String>,

    /// Experiments to run, separated by commas, or `all`; `harness list` names them [default: those that answer the
    /// main question]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    experiments: Vec<String>,

    #[command(flatten)]
    pub(super) run: RunArgs,

    /// Repetitions (blocks) of every measurement, each on a fresh server [default: the preset's; quick has 10 for the
    /// scorecard, 3 where a claim is decided, 1 for the rest]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(super) blocks: Option<u32>,

    /// Another build of the harness, whose servers run beside ours under the name of base; --resume and --like of such a
    /// run need it again
    #[arg(long, value_name = "PROGRAM")]
    pub(super) against: Option<PathBuf>,

    /// Complete a run that was interrupted, or give it more repetitions with `--blocks`; all else stays as it was
    #[arg(long, value_name = "RUN", conflicts_with_all = ["preset", "models", "experiments", "seed", "placement", "out", "dry_run", "like"])]
    pub(super) resume: Option<PathBuf>,

    /// Repeat another run with its plan, seed and loads, so that `harness diff` can compare the two; --models picks some of
    /// its servers
    #[arg(long, value_name = "RUN", conflicts_with_all = ["preset", "experiments", "seed", "placement"])]
    pub(super) like: Option<PathBuf>,

    /// Whom to trace for a few milliseconds after the run, for the picture of which thread ran what [default: off for
    /// smoke, protagonists for quick, on for full]
    #[arg(long, value_enum)]
    pub(super) timelines: Option<Timelines>,

    /// Whether to look inside each server twenty times a second: at its own counters, and at its threads one by one
    #[arg(long, value_enum, default_value_t = Inside::On, value_name = "on|off")]
    inside: Inside,

    #[command(flatten)]
    pub(super) live: LiveArgs,

    /// Print what would run and what it needs, and stop
    #[arg(long)]
    dry_run: bool,

    /// The two servers that the report is about, such as two versions of one [default: threaded,async-multi]
    #[arg(long, value_name = "A,B", conflicts_with_all = ["resume", "like"])]
    protagonists: Option<String>,

    /// How to print the summary at the end
    #[arg(long, value_enum, default_value_t = SummaryFormat::Scorecard)]
    pub(super) format: SummaryFormat,
}

pub(super) fn run(args: CompareArgs) -> anyhow::Result<ExitCode> {
    let first_look = FirstLook::take();
    // Before a login anywhere.
    check(&args)?;
    let (servers, host) = args.run.resolve()?;
    if let Some(run) = &args.resume {
        return resume::run(run, &args, &servers, first_look);
    }
    let like = args.like.as_deref().map(|run| RunFolder::open(run)?.read()).transpose()?;
    let (plan, preflight) = match &like {
        Some(like) => plan_like(like, &args, &servers)?,
        None => plan(&args, &servers)?,
    };
    let timelines = timelines(&args);
    let forecast = RunForecast::of(&plan, timelines);
    if args.dry_run {
        print(&describe(&plan, &preflight, forecast, &args.run.machines.way()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let what = (plan.preset.name(), (plan.probes().len() + plan.fullest().len()) as u32);
    let open = args.run.open((&plan, &preflight), (&servers, host, first_look), Some(&args.live), what)?;
    open.announce(&announcement(&plan, forecast), &preflight.warnings);
    let run = open.carry_out(
        &plan,
        Vec::new(),
        |execution, _, progress| match like {
            Some(like) => execution.run_with_probes(probes(like), progress),
            None => execution.run(progress),
        },
        as_summary(args.format),
    )?;
    let traced = trace_afterwards(&run, &plan, timelines, &args);
    run.conclude(args.format, traced)
}

/// Holds what was typed against itself.
fn check(args: &CompareArgs) -> Result<(), PlanError> {
    args.run.machines.check_with(args)?;
    if args.resume.is_some() || args.like.is_some() {
        args.run.servers.check_no_page()?;
    }
    Ok(())
}

/// The plan of another run, for the models that were typed, if any.
fn plan_like(like: &Run, args: &CompareArgs, servers: &Servers) -> anyhow::Result<(RunPlan<'static>, Preflight)> {
    let against = build_of_saved(like.manifest.against.as_ref(), args.against.as_deref(), false)?;
    let blocks = |has| args.blocks.unwrap_or(has);
    let (plan, preflight) = rebuilt(&like.manifest, blocks, (&servers.commands, against))?;
    with_models((RunPlan { inside: args.inside, ..plan }, preflight), args.models.as_deref(), servers)
}

/// Whom to trace: what was typed, or what the preset does. It is done here, under a load from here.
fn timelines(args: &CompareArgs) -> Timelines {
    let usual = if args.run.machines.is_empty() { Timelines::of(args.preset) } else { Timelines::Off };
    args.timelines.unwrap_or(usual)
}

/// Traces the windows of a run that is complete.
fn trace_afterwards(
    run: &EndedRun,
    plan: &RunPlan<'_>,
    timelines: Timelines,
    args: &CompareArgs,
) -> anyhow::Result<()> {
    if timelines == Timelines::Off || run.end.ending != Ending::Completed {
        return Ok(());
    }
    if timelines == Timelines::On {
        let time = rough(timelines.usual_time(plan));
        args.run.quiet.tell(&format!("tracing which thread runs what: this takes about {time}"));
    }
    trace::add(plan, &run.folder, &timelines.windows(plan), &run.held.interrupt)
}

/// What this machine's limits mean for a comparison of which nothing is typed.
pub(super) fn usual_preflight() -> anyhow::Result<Preflight> {
    Ok(plan_of(&["compare"])?.1)
}

/// The plan of a comparison of which these words are typed.
pub(super) fn plan_of(words: &[&str]) -> anyhow::Result<(RunPlan<'static>, Preflight)> {
    #[derive(clap::Parser)]
    struct CompareLine {
        #[command(flatten)]
        args: CompareArgs,
    }
    let CompareLine { args } = <CompareLine as clap::Parser>::try_parse_from(words)?;
    plan(&args, &args.run.resolve()?.0)
}

/// What was typed, resolved. Looks at the machine's limits and changes nothing but this process's own.
fn plan(args: &CompareArgs, servers: &Servers) -> anyhow::Result<(RunPlan<'static>, Preflight)> {
    let sizes = args.preset.sizes();
    let sizes = args.blocks.map_or(sizes, |blocks| sizes.with_blocks(blocks));
    let kind = args.run.placement;
    let placement = place(kind, &servers.cpus()?);
    let experiments = experiments(&args.experiments)?;
    let cast = contenders::cast_for(&placement.server_cpus, args.models.as_deref(), servers, &experiments, &sizes)?;
    let cast = cast_of_loads(cast, &args.run.machines, &sizes)?;
    let protagonists = protagonists::of_plan(args.protagonists.as_deref(), &cast.contenders)?;
    let cast = cast
        .about(protagonists.as_ref())
        .with_twins(|experiment| sizes.blocks_of(experiment) as usize >= fewest_blocks_for_a_verdict())?;
    let against = args.against.as_deref().map(other_build).transpose()?;
    let mut cast = if against.is_some() { cast.with_bases()? } else { cast };
    if against.is_some() && !cast.contenders.iter().any(is_base) {
        return usage("--against compares the models of two builds, and no model takes part; name some with --models");
    }
    let left_out = std::mem::take(&mut cast.left_out);
    let mut plan = RunPlan {
        protagonists,
        sizes,
        against,
        page: servers.page.clone(),
        inside: args.inside,
        ..RunPlan::of(cast, args.preset, args.run.seed, placement)
    };
    let mut found = preflight(&plan);
    plan.connection_ceiling = found.connection_ceiling;
    found.warnings.extend(too_few_cpus(kind, plan.placement.kind));
    found.warnings.extend(left_out);
    Ok((plan, found))
}

fn announcement(plan: &RunPlan<'_>, forecast: RunForecast) -> String {
    let servers = plan.contenders.iter().filter(|named| !is_twin(named)).count() as u64;
    let experiments = plan.experiments.len() as u64;
    format!(
        "comparing {} in {}: this takes {}",
        counted(servers, "server"),
        counted(experiments, "experiment"),
        forecast.words()
    )
}

/// Runs without being named, as far as it exists: some 90 seconds in all.
const DEFAULTS: &[&str] = &["thread-or-task", "latency-curve", "memory", "same-memory", "blocking-sleep"];

/// Names every experiment.
const ALL: &str = "all";

/// Experiments in the order in which they were named, each once; the defaults where none was.
///
/// # Errors
/// Where there is no experiment of a name.
pub(super) fn experiments(names: &[String]) -> Result<Vec<&'static Experiment>, PlanError> {
    if names.is_empty() {
        return Ok(EXPERIMENTS.iter().copied().filter(|experiment| DEFAULTS.contains(&experiment.name)).collect());
    }
    if names.iter().any(|name| name == ALL) {
        return Ok(EXPERIMENTS.to_vec());
    }
    let mut found: Vec<&'static Experiment> = Vec::new();
    for name in names {
        let experiment = experiments::find(name).ok_or_else(|| {
            let all: Vec<&str> =
                [ALL].into_iter().chain(EXPERIMENTS.iter().map(|experiment| experiment.name)).collect();
            PlanError::Usage(servers::no_such("experiment", name, &all))
        })?;
        if !found.iter().any(|other| other.name == experiment.name) {
            found.push(experiment);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(typed: &[&str]) -> Vec<&'static str> {
        let typed: Vec<String> = typed.iter().map(|name| (*name).to_owned()).collect();
        experiments(&typed).unwrap().iter().map(|experiment| experiment.name).collect()
    }

    #[test]
    fn all_means_all_and_nothing_the_defaults() {
        assert_eq!(names(&["all"]).len(), EXPERIMENTS.len());
        assert!(names(&[]).starts_with(&["thread-or-task", "latency-curve", "memory"]));
        assert_eq!(names(&["memory", "latency-curve", "memory"]), ["memory", "latency-curve"]);
    }

    #[test]
    fn a_part_of_an_experiments_name_is_answered_with_the_name() {
        let said = experiments(&["blocking".to_owned()]).unwrap_err().to_string();
        assert!(said.starts_with("no experiment is called \"blocking\"; did you mean blocking-sleep"), "{said}");
    }
}
