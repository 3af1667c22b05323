//! `harness compare --resume`: a run that was cut off, or is to have more blocks, gets the cells that it lacks.
//!
//! Cells of another machine, build or plan would be compared as if they were of one, so any of these is refused.

use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;
use instruments::load::PageRequest;
use instruments::observe::{allowed_cpus, machine};
use reports::format::counted;
use reports::machine::{differences, in_words};
use reports::record::store::{Run, RunFolder};
use reports::record::{Cell, Ending, ExperimentRecord, Manifest, OtherBuild, Purpose, Warning};

use super::CompareArgs;
use super::other_build::build_of_saved;
use super::resume_machines::{check_same_commands, check_same_hosts};
use crate::cli::busy::FirstLook;
use crate::cli::contenders::{cast_for, of_saved};
use crate::cli::limits::too_small_a_quota;
use crate::cli::machines::{own_cpus, put_hosts};
use crate::cli::new_run::{self, HeldMachine, clear_away};
use crate::cli::protagonists;
use crate::cli::servers::Servers;
use crate::cli::under_way::{OpenRun, as_summary};
use crate::experiments;
use crate::plan::{Cast, Experiment, Inside, PlanError, Preset, Repeated, RunPlan, ServerCommand, is_twin, place};
use crate::run::{Elsewhere, Preflight, preflight, utc_now};

/// Completes the run in a folder, with so many blocks or as many as it was to have.
pub(super) fn run(
    path: &Path,
    args: &CompareArgs,
    servers: &Servers,
    first_look: FirstLook,
) -> anyhow::Result<ExitCode> {
    let held = HeldMachine::take()?;
    let folder = RunFolder::open(path)?;
    clear_away(folder.sweep(), args.run.quiet);
    let Run { manifest, cells, .. } = folder.read()?;
    let (blocks, quiet) = (args.blocks, args.run.quiet);
    if let Some(fewer) = blocks.filter(|blocks| *blocks < manifest.blocks) {
        let has = manifest.blocks;
        let why = format!("it has {has} repetitions, and {fewer} are fewer; give --blocks {has} or more");
        return Err(refuse(&manifest, why).into());
    }
    // Blocks that it has are not taken away.
    let wanted = |has: u32| blocks.map_or(has, |blocks| blocks.max(has));
    let against = build_of_saved(manifest.against.as_ref(), args.against.as_deref(), true)?;
    let (plan, preflight) = rebuilt(&manifest, wanted, (&servers.commands, against))?;
    let plan = RunPlan { inside: inside_of(&cells), ..plan };
    preflight.check()?;
    if let Some(why) = difference(&manifest, &plan, &preflight)? {
        return Err(refuse(&manifest, why).into());
    }
    // Where it can be followed is said first.
    let live = args.live.open(own_cpus(&plan))?;
    let busy = held.prepare(&plan, &servers.commands, (first_look, quiet))?;
    check_same_commands(&manifest, args.run.machines.commands())?;
    let elsewhere = args.run.machines.start(&plan, (servers, None), (&held.interrupt, quiet))?;
    let hosts = elsewhere.as_ref().map(Elsewhere::records).unwrap_or_default();
    check_same_hosts(&manifest, &hosts)?;
    let resumed_at = [&manifest.resumed_at[..], &[utc_now()]].concat();
    let (blocks, experiments) = (plan.sizes.blocks, plan.experiment_records());
    let mut manifest = Manifest { ending: Ending::Running, blocks, experiments, resumed_at, ..manifest };
    put_hosts(&mut manifest, hosts);
    manifest.warnings.extend(busy);
    folder.write_manifest(&manifest)?;
    let has = counted(cells.len() as u64, "measurement");
    quiet.tell(&format!("{} has {has}; running what is missing", folder.path().display()));
    let open = OpenRun { held, live, folder, manifest, elsewhere, quiet };
    let run = open.carry_out(
        &plan,
        cells,
        |execution, cells, progress| execution.resume(cells, progress),
        as_summary(args.format),
    )?;
    run.conclude(args.format, Ok(()))
}

/// Why a cell that is run now would not be the same measurement as those that the run has.
fn difference(manifest: &Manifest, plan: &RunPlan<'_>, preflight: &Preflight) -> anyhow::Result<Option<String>> {
    let mut now = new_run::manifest(plan, preflight, machine()?, (manifest.run.clone(), plan.preset.name()), 0);
    // Those have been held against what was typed.
    put_hosts(&mut now, manifest.hosts.clone());
    if let Some(differs) = differences(manifest, &now).first() {
        let (what, base, new) = (differs.what, &differs.base, &differs.new);
        return Ok(Some(format!(
            "it was made on another machine ({what}: {base}, here {new}), or on this one used in another way; resume it where \
             that is as it was"
        )));
    }
    let version = |manifest: &Manifest| match &manifest.commit {
        Some(commit) => format!("{} ({commit})", manifest.harness_version),
        None => manifest.harness_version.clone(),
    };
    let hash = |manifest: &Manifest| Some(manifest.build.as_ref()?.sha256.clone());
    let limits_are_known = now.warnings.iter().all(|warning| manifest.warnings.contains(warning));
    Ok(match (version(manifest), version(&now), hash(manifest).zip(hash(&now))) {
        (then, now, _) if then != now => {
            Some(format!("it was made by {then}, and this is {now}; resume it with the build that made it"))
        }
        (.., Some((then, now))) if then != now => Some(format!(
            "it was made by a build with SHA-256 {then:.12}..., and this one has {now:.12}...; resume it with the build that made it"
        )),
        _ if !manifest.built_with.is_empty() && manifest.built_with != now.built_with => {
            let (then, now) = (in_words(&manifest.built_with), in_words(&now.built_with));
            Some(format!("it was made by a build with {then}, and this one has {now}; resume it with that build"))
        }
        _ if manifest.against != now.against => {
            Some("the other build is not the file that it was then; put that back".to_owned())
        }
        _ if declared(manifest) != declared(&now) || manifest.contenders != now.contenders || !limits_are_known => {
            Some("its plan, or a limit of this machine, is not what it was then; restore it".to_owned())
        }
        _ => None,
    })
}

/// The experiments apart from how many blocks they have.
fn declared(manifest: &Manifest) -> Vec<ExperimentRecord> {
    manifest.experiments.iter().map(|experiment| ExperimentRecord { blocks: None, ..experiment.clone() }).collect()
}

pub(super) fn refuse(manifest: &Manifest, why: String) -> PlanError {
    PlanError::Usage(format!("{} can't be resumed: {why}, or make a new run", manifest.run))
}

/// The plan of the run, with as many blocks as are `wanted` of those that it has, and what this machine's limits make of it. `typed` are the
/// commands of its programs of another hand, beside the other build that it was compared with.
///
/// # Errors
/// Where the run was no comparison, this version lacks one of its experiments or contenders, or a command was
/// not typed again.
pub(super) fn rebuilt(
    manifest: &Manifest,
    wanted: impl Fn(u32) -> u32,
    (typed, against): (&[ServerCommand], Option<OtherBuild>),
) -> anyhow::Result<(RunPlan<'static>, Preflight)> {
    let refuse =
        |why: String| PlanError::Usage(format!("{}: {why}; make a new run with harness compare", manifest.run));
    let preset = <Preset as ValueEnum>::from_str(&manifest.preset, false)
        .map_err(|_| refuse("it is not a run of harness compare".to_owned()))?;
    let sizes = preset.sizes().with_blocks_of(|repeated| {
        let those = manifest
            .experiments
            .iter()
            .filter(|it| experiments::find(&it.name).is_some_and(|experiment| Repeated::of(experiment) == repeated));
        wanted(those.filter_map(|experiment| experiment.blocks).max().unwrap_or(manifest.blocks))
    });
    let placement = place(manifest.placement.kind, &allowed_cpus()?);
    let named = manifest.experiments.iter().map(|experiment| {
        let found = experiments::find(&experiment.name);
        found.ok_or_else(|| refuse(format!("this version has no experiment {}", experiment.name)))
    });
    let experiments = named.collect::<Result<Vec<_>, _>>()?;
    let contenders = of_saved(&placement.server_cpus, manifest, typed)?;
    let plays = |experiment: &ExperimentRecord| {
        let places = manifest.contenders.iter().enumerate();
        places.filter(|(_, contender)| experiment.has(contender)).map(|(place, _)| place).collect()
    };
    let parts = manifest.experiments.iter().map(plays).collect();
    let cast = Cast { experiments, contenders, parts, left_out: Vec::new() };
    let mut plan = RunPlan {
        protagonists: manifest.protagonists.clone(),
        sizes,
        against,
        page: manifest.page.as_deref().map(PageRequest::get),
        inside: Inside::On,
        ..RunPlan::of(cast, preset, manifest.seed, placement)
    };
    let mut found = preflight(&plan);
    found.warnings.extend(too_small_a_quota());
    plan.connection_ceiling = found.connection_ceiling;
    found.warnings.extend(manifest.warnings.iter().filter(|warning| is_left_out(warning)).cloned());
    Ok((plan, found))
}

fn is_left_out(warning: &Warning) -> bool {
    matches!(warning, Warning::LeftOut { .. })
}

/// The same plan for the contenders of a list, as it was typed; as it is without one. Their loads are those of the run all
/// the same, also for one that the run does not have. Who is left out is said of these contenders, and not of the run's.
///
/// # Errors
/// As for the contenders of a new run.
pub(super) fn with_models<'a>(
    (plan, mut preflight): (RunPlan<'a>, Preflight),
    list: Option<&str>,
    servers: &Servers,
) -> anyhow::Result<(RunPlan<'a>, Preflight)> {
    let Some(list) = list else { return Ok((plan, preflight)) };
    let cast = cast_for(&plan.placement.server_cpus, Some(list), servers, &plan.experiments, &plan.sizes)?;
    let is_cast = |label: &String| cast.contenders.iter().any(|contender| contender.label() == label);
    let protagonists = match &plan.protagonists {
        Some(two) if two.iter().all(is_cast) => Some(two.clone()),
        _ => protagonists::of_plan(None, &cast.contenders)?,
    };
    let had_twin = |experiment: &Experiment| {
        let mut parts = plan.experiments.iter().zip(&plan.parts).filter(|(of, _)| of.name == experiment.name);
        parts.any(|(_, part)| part.iter().any(|place| is_twin(&plan.contenders[*place])))
    };
    let cast = cast.about(protagonists.as_ref()).with_twins(had_twin)?;
    let cast = if plan.against.is_some() { cast.with_bases()? } else { cast };
    let Cast { experiments, contenders, parts, left_out } = cast;
    preflight.warnings.retain(|warning| !is_left_out(warning));
    preflight.warnings.extend(left_out);
    Ok((RunPlan { protagonists, experiments, contenders, parts, ..plan }, preflight))
}

/// Whether a run's servers were looked at from inside, for what is added to it. One without a cell can still be either.
fn inside_of(cells: &[Cell]) -> Inside {
    if cells.is_empty() || cells.iter().any(|cell| cell.inside.is_some()) { Inside::On } else { Inside::Off }
}

/// The cells of a run from which its loads follow.
pub(super) fn probes(run: Run) -> Vec<Cell> {
    run.cells.into_iter().filter(|cell| cell.purpose == Purpose::CapacityProbe).collect()
}
