//! `harness compare`: the main job. What was typed becomes a plan, the plan a run, the run a report.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use reports::record::store::RunFolder;
use reports::record::{Ending, Manifest, PlacementKind, SCHEMA_VERSION, Warning};

use super::chosen;
use super::contenders;
use super::dry_run;
use super::ending::{code_of_run, unproven};
use super::output::{Format, print, tell};
use super::progress::{Shown, rough};
use super::report;
use super::timelines::{self, Timelines};
use crate::observe::{allowed_cpus, machine, restrict_this_thread};
use crate::plan::{Cast, PlanError, Preset, RunPlan, place};
use crate::run::{Execution, Interrupt, MachineLock, Preflight, commit, preflight, time_of, utc_now};

/// Compare server models under the same load and write a report
#[derive(Debug, clap::Args)]
pub(super) struct CompareArgs {
    /// How thorough: smoke (does everything work), quick (some 100 s), full (enough for verdicts)
    #[arg(long, value_enum, default_value_t = Preset::Quick)]
    preset: Preset,

    /// Contenders, separated by commas; without it all models, and in experiments with contenders of their own those.
    /// Options as in thread-pool:workers=8,stack=64KiB
    #[arg(long, value_name = "LIST")]
    models: Option<String>,

    /// Experiments, separated by commas, or `all`; without it those that answer the question first. See `harness list`
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    experiments: Vec<String>,

    /// Everything random follows from this number: arrivals and the order of the cells
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Repetitions of every cell, each on a fresh server; the preset's number without it
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    blocks: Option<u32>,

    /// Which CPUs server and generator get
    #[arg(long, value_enum, default_value_t = PlacementArg::Isolated)]
    placement: PlacementArg,

    /// Whether to trace a few milliseconds of each contender afterwards, for the picture of who ran what; on without it,
    /// but for smoke
    #[arg(long, value_enum)]
    timelines: Option<Timelines>,

    /// Folder of the run; `runs/TIME-PRESET` without it
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Say what would be run and what it needs, and stop
    #[arg(long)]
    dry_run: bool,

    /// How to write the summary at the end
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// No progress
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PlacementArg {
    /// Disjoint CPUs, so that the generator does not slow the server down.
    Isolated,
    /// Both on all CPUs, as on a small machine in earnest.
    Shared,
}

pub(super) fn run(args: CompareArgs) -> anyhow::Result<ExitCode> {
    let (plan, preflight) = plan(&args)?;
    if args.dry_run {
        print(&dry_run::describe(&plan, &preflight))?;
        return Ok(ExitCode::SUCCESS);
    }
    preflight.check()?;
    let _lock = MachineLock::take()?;
    let interrupt = Interrupt::listen()?;
    let machine = machine()?;
    // Everything in this process stays off the server's CPUs; servers are told theirs when they are started.
    restrict_this_thread(&plan.placement.generator_cpus)?;
    let (path, name) = folder(&args)?;
    let folder = RunFolder::create(path)?;
    let manifest = Manifest {
        schema_version: SCHEMA_VERSION,
        run: name,
        harness_version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: commit(),
        argv: std::env::args().collect(),
        preset: plan.preset.name().to_owned(),
        seed: plan.seed,
        blocks: plan.sizes.blocks,
        placement: plan.placement.clone(),
        started_at: utc_now(),
        elapsed_s: None,
        ending: Ending::Running,
        machine,
        limits: preflight.limits.clone(),
        warnings: preflight.warnings.clone(),
        experiments: plan.experiment_records(),
        contenders: plan.contender_records(),
        planned_cells: (plan.probes().len() + plan.fullest_block().len() * plan.sizes.blocks as usize) as u32,
    };
    folder.write_manifest(&manifest)?;
    if !args.quiet {
        announce(&plan, &preflight, &folder);
    }
    let mut progress = Shown::new(args.quiet);
    let execution = Execution { plan: &plan, folder: &folder, manifest, interrupt: &interrupt, program: None };
    let end = execution.run(&mut progress);
    progress.end();
    let end = end?;
    let wanted = args.timelines.unwrap_or(Timelines::of(args.preset));
    if wanted == Timelines::On && end.ending == Ending::Completed {
        if !args.quiet {
            tell("tracing who ran what, some ten seconds; --timelines off leaves it out");
        }
        timelines::add(&plan, &folder, &interrupt)?;
    }
    let run = folder.read()?;
    if end.ending == Ending::Interrupted {
        tell(&format!("interrupted: {} cells are kept in {}", end.cells, folder.path().display()));
    }
    if let Some((contender, experiment)) = unproven(&run) {
        tell(&format!("invalid: no cell of {contender} in {experiment} can be believed; the report says why"));
    }
    report::render(&folder, &run, args.format)?;
    Ok(code_of_run(&end, &run, &interrupt))
}

/// What was typed, resolved. Looks at the machine's limits and changes nothing but this process's own.
fn plan(args: &CompareArgs) -> anyhow::Result<(RunPlan, Preflight)> {
    let mut sizes = args.preset.sizes();
    sizes.blocks = args.blocks.unwrap_or(sizes.blocks);
    let kind = match args.placement {
        PlacementArg::Isolated => PlacementKind::Isolated,
        PlacementArg::Shared => PlacementKind::Shared,
    };
    let placement = place(kind, &allowed_cpus()?);
    let experiments = chosen::experiments(&args.experiments)?;
    let Cast { contenders, parts } =
        contenders::cast_for(&placement.server_cpus, args.models.as_deref(), &experiments)?;
    let mut plan = RunPlan {
        experiments,
        contenders,
        parts,
        preset: args.preset,
        sizes,
        seed: args.seed,
        placement,
        connection_ceiling: u32::MAX,
    };
    let mut found = preflight(&plan);
    plan.connection_ceiling = found.connection_ceiling;
    if plan.placement.kind != kind {
        found.warnings.push(Warning::MachineLimit {
            limit: "CPUs of this process".to_owned(),
            consequence: "server and generator share one CPU and slow each other down".to_owned(),
            remedy: "run on a machine with two CPUs or more".to_owned(),
        });
    }
    Ok((plan, found))
}

/// The run's folder and name: its folder's last part.
fn folder(args: &CompareArgs) -> Result<(PathBuf, String), PlanError> {
    let path = args.out.clone().unwrap_or_else(|| {
        let time: String = utc_now().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        PathBuf::from("runs").join(format!("{time}-{}", args.preset.name()))
    });
    let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let name = name.ok_or_else(|| {
        PlanError::Usage(format!("{} has no name that a run could bear; give --out a folder's name", path.display()))
    })?;
    Ok((path, name))
}

fn announce(plan: &RunPlan, preflight: &Preflight, folder: &RunFolder) {
    let time = time_of(&plan.probes()) + time_of(&plan.fullest_block()) * plan.sizes.blocks;
    let (contenders, blocks) = (plan.contenders.len(), plan.sizes.blocks);
    let noun = if blocks == 1 { "block" } else { "blocks" };
    tell(&format!(
        "comparing {contenders} contenders, {blocks} {noun}, at most {}; cells go to {}",
        rough(time),
        folder.path().display()
    ));
    for warning in &preflight.warnings {
        tell(&format!("note: {}; {}", warning.describe(), warning.remedy()));
    }
}
