//! `harness compare --resume`: a run that was cut off, or is to have more blocks, gets the cells that it lacks.
//!
//! Cells of another machine, build or plan would be compared as if they were of one, so any of these is refused.

use std::path::Path;
use std::process::ExitCode;

use reports::machine::differences;
use reports::record::store::{Run, RunFolder};
use reports::record::{Ending, ExperimentRecord, Manifest};

use super::busy::{self, FirstLook};
use super::compare::conclude;
use super::live::{Followed, LiveArgs};
use super::new_run;
use super::output::{Format, tell};
use super::progress::Shown;
use super::rebuilt::{inside_of, rebuilt};
use super::servers::Servers;
use crate::observe::{machine, restrict_this_thread};
use crate::plan::{PlanError, RunPlan};
use crate::run::{Execution, Interrupt, MachineLock, Preflight, utc_now};

/// Completes the run in a folder, with so many blocks or as many as it was to have.
pub(super) fn run(
    path: &Path,
    blocks: Option<u32>,
    servers: &Servers,
    live: &LiveArgs,
    format: Format,
    (quiet, first_look): (bool, FirstLook),
) -> anyhow::Result<ExitCode> {
    let _lock = MachineLock::take()?;
    let folder = RunFolder::open(path)?;
    let Run { manifest, cells, .. } = folder.read()?;
    if let Some(fewer) = blocks.filter(|blocks| *blocks < manifest.blocks) {
        let has = manifest.blocks;
        return Err(refuse(&manifest, format!("it has {has} blocks, and {fewer} are fewer; give {has} or more")).into());
    }
    let (mut plan, preflight) = rebuilt(&manifest, blocks, &servers.commands)?;
    plan.inside = inside_of(&cells);
    // Blocks that it has are not taken away.
    let has = manifest.experiments.iter().filter_map(|experiment| experiment.blocks).max().unwrap_or(0);
    plan.sizes.claim_blocks = plan.sizes.claim_blocks.max(has);
    preflight.check()?;
    check_same(&manifest, &plan, &preflight)?;
    let interrupt = Interrupt::listen()?;
    let servers = Servers { page: plan.page.clone(), commands: servers.commands.clone() };
    servers.try_out(&plan.placement.server_cpus, &interrupt)?;
    restrict_this_thread(&plan.placement.generator_cpus)?;
    let mut live = live.open(&plan.placement.generator_cpus)?;
    let resumed_at = [&manifest.resumed_at[..], &[utc_now()]].concat();
    let (blocks, experiments) = (plan.sizes.blocks, plan.experiment_records());
    let mut manifest = Manifest { ending: Ending::Running, blocks, experiments, resumed_at, ..manifest };
    manifest.warnings.extend(busy::doubt(first_look, quiet));
    folder.write_manifest(&manifest)?;
    if !quiet {
        tell(&format!("{} has {} cells; running what is missing", folder.path().display(), cells.len()));
    }
    let mut progress = Followed::new(Shown::new(quiet), live.as_mut(), &manifest, &cells);
    let execution = Execution { plan: &plan, folder: &folder, manifest, interrupt: &interrupt, program: None };
    let end = execution.resume(cells, &mut progress);
    progress.end();
    let end = end?;
    let code = conclude(&folder, &end, format, &interrupt)?;
    if let Some(live) = live {
        live.conclude(&folder, end.ending, &interrupt);
    }
    Ok(code)
}

/// Whether a cell that is run now is the same measurement as those that the run has.
fn check_same(manifest: &Manifest, plan: &RunPlan, preflight: &Preflight) -> anyhow::Result<()> {
    let now = new_run::manifest(plan, preflight, machine()?, (manifest.run.clone(), plan.preset.name()), 0);
    let build = |manifest: &Manifest| (manifest.harness_version.clone(), manifest.commit.clone());
    let described = |(version, commit): (String, Option<String>)| match commit {
        Some(commit) => format!("{version} ({commit})"),
        None => version,
    };
    if let Some(differs) = differences(manifest, &now).first() {
        let (what, base, new) = (differs.what, &differs.base, &differs.new);
        let why = format!("it was made on another machine ({what}: {base}, here {new}); resume it there");
        return Err(refuse(manifest, why).into());
    }
    if build(manifest) != build(&now) {
        let (then, now) = (described(build(manifest)), described(build(&now)));
        let why = format!("it was made by {then}, and this is {now}; resume it with the build that made it");
        return Err(refuse(manifest, why).into());
    }
    if manifest.against != now.against {
        let why = "the other build is no longer the file that it was; put that back".to_owned();
        return Err(refuse(manifest, why).into());
    }
    let limits_are_known = now.warnings.iter().all(|warning| manifest.warnings.contains(warning));
    if declared(manifest) != declared(&now) || manifest.contenders != now.contenders || !limits_are_known {
        let why = "its plan, or a limit of this machine, is no longer what it was; make it so".to_owned();
        return Err(refuse(manifest, why).into());
    }
    Ok(())
}

/// The experiments apart from how many blocks they have.
fn declared(manifest: &Manifest) -> Vec<ExperimentRecord> {
    manifest.experiments.iter().map(|experiment| ExperimentRecord { blocks: None, ..experiment.clone() }).collect()
}

fn refuse(manifest: &Manifest, why: String) -> PlanError {
    PlanError::Usage(format!("{} can't be resumed: {why}, or make a new run", manifest.run))
}
