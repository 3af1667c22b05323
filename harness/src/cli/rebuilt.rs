//! The plan of a saved run, made again from its manifest: for the same run to go on, or for another like it.
//!
//! What the manifest says is held against what this version would do; nothing of the old command line is read.

use clap::ValueEnum;
use reports::record::store::Run;
use reports::record::{Cell, Manifest, Purpose, Warning};

use super::against::other_build;
use super::contenders::{cast_for, of_saved};
use super::servers::Servers;
use crate::experiments;
use crate::observe::allowed_cpus;
use crate::plan::{Cast, Inside, PageRequest, PlanError, Preset, RunPlan, ServerCommand, Sizes, is_twin, place};
use crate::run::{Preflight, preflight};

/// The plan of the run, with so many blocks or as many as it has, and what this machine's limits make of it. `typed` are the
/// commands of its programs of another hand.
///
/// # Errors
/// Where the run was no comparison, this version lacks one of its experiments or contenders, or a command was
/// not typed again.
pub(super) fn rebuilt(
    manifest: &Manifest,
    blocks: Option<u32>,
    typed: &[ServerCommand],
) -> anyhow::Result<(RunPlan, Preflight)> {
    let refuse =
        |why: String| PlanError::Usage(format!("{}: {why}; make a new run with harness compare", manifest.run));
    let preset = <Preset as ValueEnum>::from_str(&manifest.preset, false)
        .map_err(|_| refuse("it is not a run of harness compare".to_owned()))?;
    let claims = manifest.experiments.iter().filter(|experiment| experiment.decision.is_some());
    let of_claims = claims.filter_map(|experiment| experiment.blocks).max().unwrap_or(manifest.blocks);
    let as_it_was = Sizes { blocks: manifest.blocks, claim_blocks: of_claims, ..preset.sizes() };
    let sizes = blocks.map_or(as_it_was, |blocks| as_it_was.with_blocks(blocks));
    let placement = place(manifest.placement.kind, &allowed_cpus()?);
    let named = manifest.experiments.iter().map(|experiment| {
        let found = experiments::find(&experiment.name);
        found.ok_or_else(|| refuse(format!("this version has no experiment {}", experiment.name)))
    });
    let experiments = named.collect::<Result<Vec<_>, _>>()?;
    let contenders = of_saved(&placement.server_cpus, manifest, typed)?;
    let plays = |experiment: &reports::record::ExperimentRecord| {
        let places = manifest.contenders.iter().enumerate();
        places.filter(|(_, contender)| experiment.has(contender)).map(|(place, _)| place).collect()
    };
    let against = manifest.against.as_ref().map(|other| other_build(other.path.as_ref())).transpose()?;
    let mut plan = RunPlan {
        experiments,
        contenders,
        parts: manifest.experiments.iter().map(plays).collect(),
        preset,
        sizes,
        seed: manifest.seed,
        placement,
        connection_ceiling: u32::MAX,
        against,
        page: manifest.page.as_deref().map(PageRequest::get),
        inside: Inside::On,
    };
    let mut found = preflight(&plan);
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
pub(super) fn with_models(
    (plan, mut preflight): (RunPlan, Preflight),
    list: Option<&str>,
    servers: &Servers,
) -> anyhow::Result<(RunPlan, Preflight)> {
    let Some(list) = list else { return Ok((plan, preflight)) };
    let cast = cast_for(&plan.placement.server_cpus, Some(list), servers, &plan.experiments, &plan.sizes)?;
    let has_twins = plan.contenders.iter().any(is_twin);
    let cast = if has_twins { cast.with_twins()? } else { cast };
    let cast = if plan.against.is_some() { cast.with_bases()? } else { cast };
    let Cast { experiments, contenders, parts, left_out } = cast;
    preflight.warnings.retain(|warning| !is_left_out(warning));
    preflight.warnings.extend(left_out);
    Ok((RunPlan { experiments, contenders, parts, ..plan }, preflight))
}

/// Whether a run's servers were looked at from inside, for what is added to it. One without a cell can still be either.
pub(super) fn inside_of(cells: &[Cell]) -> Inside {
    if cells.is_empty() || cells.iter().any(|cell| cell.inside.is_some()) { Inside::On } else { Inside::Off }
}

/// The cells of a run from which its loads follow.
pub(super) fn probes(run: Run) -> Vec<Cell> {
    run.cells.into_iter().filter(|cell| cell.purpose == Purpose::CapacityProbe).collect()
}
