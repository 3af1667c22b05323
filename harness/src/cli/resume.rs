//! `compare --resume`: the plan of a saved run once more, so that what is missing can be run.
//!
//! A run is one plan, one build and one machine; what would make it two is refused. Beside it: `compare.rs`, which makes
//! plans from what is typed.

use std::path::Path;

use clap::ValueEnum;
use reports::record::store::{Run, RunFolder};
use reports::record::{Ending, Machine, Manifest, Placement};
use servers::Contender;

use super::against::other_build;
use super::contenders::on_cpus;
use crate::experiments;
use crate::observe::{allowed_cpus, machine};
use crate::plan::{PlanError, Preset, RunPlan, place};
use crate::run::{Preflight, commit, preflight};

/// A run to be completed.
pub(super) struct Resumed {
    /// Its folder.
    pub(super) folder: RunFolder,
    /// What there is of it.
    pub(super) run: Run,
    /// All of it.
    pub(super) plan: RunPlan,
    /// What the machine's limits mean for it now.
    pub(super) preflight: Preflight,
}

/// Reads a run and makes its plan anew, with more blocks where `blocks` says so.
///
/// # Errors
/// Where there is no run, where it was made by another build, on another machine or with another placement, where this
/// build's plan is another one, and where nothing would be left to run.
pub(super) fn resume(path: &Path, blocks: Option<u32>) -> anyhow::Result<Resumed> {
    let folder = RunFolder::open(path)?;
    let run = folder.read()?;
    let manifest = &run.manifest;
    let refuse = |why: String| PlanError::Usage(format!("{} can't be resumed: {why}", path.display()));
    let preset = Preset::from_str(&manifest.preset, false);
    let preset =
        preset.map_err(|_| refuse(format!("it is no run of compare but of {}; make it anew", manifest.preset)))?;
    same_build_and_machine(manifest).map_err(refuse)?;
    let placement = place(manifest.placement.kind, &allowed_cpus()?);
    if placement != manifest.placement {
        let cpus = shown(&manifest.placement);
        return Err(
            refuse(format!("it had {cpus}, and now it would have {}; free the same CPUs", shown(&placement))).into()
        );
    }
    let mut sizes = preset.sizes();
    sizes.blocks = manifest.blocks.max(blocks.unwrap_or(0));
    if manifest.ending == Ending::Completed && sizes.blocks == manifest.blocks {
        let more = manifest.blocks + 1;
        return Err(
            refuse(format!("it is complete with {} blocks; give --blocks {more} or more", manifest.blocks)).into()
        );
    }
    let labels: Vec<&str> = manifest.contenders.iter().map(|contender| contender.label.as_str()).collect();
    let parse = || labels.iter().map(|label| Contender::parse(label)).collect::<Result<Vec<Contender>, _>>();
    let contenders = on_cpus(&placement.server_cpus, parse)?.map_err(|error| refuse(error.to_string()))?;
    let mut plan = RunPlan {
        experiments: Vec::new(),
        contenders,
        parts: Vec::new(),
        preset,
        sizes,
        seed: manifest.seed,
        placement,
        connection_ceiling: u32::MAX,
        against: manifest.against.as_ref().map(|other| other_build(Path::new(&other.path))).transpose()?,
    };
    for record in &manifest.experiments {
        let known = experiments::find(&record.name);
        plan.experiments.push(known.ok_or_else(|| refuse(format!("there is no experiment {} here", record.name)))?);
        let place = |label: &String| labels.iter().position(|other| other == label);
        plan.parts.push(record.contenders.iter().filter_map(place).collect());
    }
    let is_same = plan.experiment_records() == manifest.experiments
        && plan.contender_records() == manifest.contenders
        && plan.against == manifest.against;
    if !is_same {
        return Err(refuse("its plan is another one than this build would make; run it anew".to_owned()).into());
    }
    let preflight = preflight(&plan);
    plan.connection_ceiling = preflight.connection_ceiling;
    Ok(Resumed { folder, run, plan, preflight })
}

fn same_build_and_machine(manifest: &Manifest) -> Result<(), String> {
    let ours = (env!("CARGO_PKG_VERSION"), commit());
    if (manifest.harness_version.as_str(), &manifest.commit) != (ours.0, &ours.1) {
        let build = |version: &str, commit: &Option<String>| {
            format!("{version} ({})", commit.as_deref().unwrap_or("no commit"))
        };
        let theirs = build(&manifest.harness_version, &manifest.commit);
        return Err(format!("{theirs} made it, and this is {}; use that build", build(ours.0, &ours.1)));
    }
    // An estimate from the kernel's totals, which is never quite the same twice.
    let kernel_stack_bytes_per_thread = manifest.machine.kernel_stack_bytes_per_thread;
    let here = machine().map_err(|error| error.to_string())?;
    if manifest.machine != (Machine { kernel_stack_bytes_per_thread, ..here }) {
        return Err("it was made on another machine, or on this one set up otherwise; resume it there".to_owned());
    }
    Ok(())
}

fn shown(placement: &Placement) -> String {
    let list = |cpus: &[u32]| cpus.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    format!(
        "CPU {} for servers and {} for the generator",
        list(&placement.server_cpus),
        list(&placement.generator_cpus)
    )
}
