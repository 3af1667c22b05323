//! What every command that makes a run has in common before its first cell: CPUs, a folder, the manifest.
//!
//! Must not know: what is run. Beside it: `compare.rs`, `map.rs`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use reports::format;
use reports::record::{Ending, Machine, Manifest, PlacementKind, SCHEMA_VERSION, Warning};

use crate::observe::{allowed_cpus, cpu_quota};
use crate::plan::{PlanError, RunPlan};
use crate::run::{Preflight, commit, utc_now};

/// Which CPUs server and generator get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PlacementArg {
    /// Disjoint CPUs, so that the generator does not slow the server down.
    Isolated,
    /// Both on all CPUs, as on a small machine in earnest.
    Shared,
}

impl PlacementArg {
    /// As a plan says it.
    pub(super) fn kind(self) -> PlacementKind {
        match self {
            PlacementArg::Isolated => PlacementKind::Isolated,
            PlacementArg::Shared => PlacementKind::Shared,
        }
    }
}

/// The run's folder and name, its folder's last part: what was typed, or `runs/TIME-WHAT`.
///
/// # Errors
/// Where the folder has no name.
pub(super) fn folder(out: Option<&Path>, what: &str) -> Result<(PathBuf, String), PlanError> {
    let path = out.map_or_else(
        || {
            let time: String = utc_now().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
            PathBuf::from("runs").join(format!("{time}-{what}"))
        },
        Path::to_path_buf,
    );
    let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let name = name.ok_or_else(|| {
        PlanError::Usage(format!("{} has no name that a run could bear; give --out a folder's name", path.display()))
    })?;
    Ok((path, name))
}

/// The manifest of a run that begins now. `what` is its preset, or the command that makes runs of another kind.
pub(super) fn manifest(
    plan: &RunPlan,
    preflight: &Preflight,
    machine: Machine,
    (run, what): (String, &str),
    planned_cells: u32,
) -> Manifest {
    Manifest {
        schema_version: SCHEMA_VERSION,
        run,
        harness_version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: commit(),
        argv: std::env::args().collect(),
        preset: what.to_owned(),
        seed: plan.seed,
        blocks: plan.sizes.blocks,
        placement: plan.placement.clone(),
        started_at: utc_now(),
        resumed_at: Vec::new(),
        elapsed_s: None,
        ending: Ending::Running,
        machine,
        limits: preflight.limits.clone(),
        warnings: preflight.warnings.clone(),
        experiments: plan.experiment_records(),
        contenders: plan.contender_records(),
        against: plan.against.clone(),
        page: plan.page.as_ref().map(|page| page.path.clone()),
        planned_cells,
    }
}

/// Says it where there are not CPUs enough: for the placement that was asked for, or all the time.
pub(super) fn too_few_cpus(asked: PlacementKind, got: PlacementKind) -> Vec<Warning> {
    let shared = (asked != got).then(|| Warning::MachineLimit {
        limit: "CPUs of this process".to_owned(),
        consequence: "server and generator share one CPU and slow each other down".to_owned(),
        remedy: "run on a machine with two CPUs or more".to_owned(),
    });
    shared.into_iter().chain(too_small_a_quota()).collect()
}

/// A CPU quota below what this process could use otherwise.
pub(super) fn too_small_a_quota() -> Option<Warning> {
    let (cpus, file) = cpu_quota()?;
    let could_use = allowed_cpus().map_or(f64::INFINITY, |allowed| allowed.len() as f64);
    (cpus < could_use).then(|| Warning::MachineLimit {
        limit: "the CPU quota".to_owned(),
        consequence: format!(
            "{} allows {} of one CPU; whoever has used that up stands still, and no figure is valid then",
            file.display(),
            format::share(cpus)
        ),
        remedy: "raise it, or run outside of that control group".to_owned(),
    })
}
