//! What every command that makes a run has in common before its first cell: CPUs, the machine held for the run, a folder,
//! the manifest.
//!
//! Must not know: what is run. Beside it: `compare.rs`, `map.rs`, `capacity.rs`, `lesson/` and `workshop/`, which make one;
//! `under_way.rs`, what comes after.

use std::path::{Path, PathBuf};
use std::time::Duration;

use instruments::load::PageRequest;
use instruments::observe::{machine, restrict_this_thread};
use reports::format::counted;
use reports::record::store::RunFolder;
use reports::record::{Ending, Machine, Manifest, PlacementKind, PlacementRecord, SCHEMA_VERSION, Warning};

use super::busy::{self, FirstLook};
use super::contenders::cast_for;
use super::limits::too_few_cpus;
use super::live::LiveArgs;
use super::machines::{MachinesArgs, own_cpus, put_hosts};
use super::output::recorded;
use super::progress::QuietArg;
use super::servers::{ServerArgs, Servers};
use super::shell::command_line;
use super::under_way::OpenRun;
use crate::machines::ServerHost;
use crate::plan::{Cast, Experiment, PlanError, Preset, RunPlan, ServerCommand, Sizes, place};
use crate::process::sweep_control_groups;
use crate::run::{Elsewhere, Interrupt, MachineLock, Preflight, build, commit, preflight_for, utc_now};
use crate::trace::sweep_notes;

const PLACEMENTS: &[(&str, &str)] = &[
    ("isolated", "Separate CPUs, so that the generator does not slow the server down"),
    ("shared", "All CPUs for both, as on a small machine in real use"),
];

/// What is typed for every run.
#[derive(Debug, clap::Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) servers: ServerArgs,

    /// Seed of everything random: when requests arrive, and the order of the measurements
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,

    /// Which CPUs the server and the load generator get
    #[arg(long, value_parser = recorded::<PlacementKind>(PLACEMENTS), default_value = "isolated")]
    pub(super) placement: PlacementKind,

    /// Folder for the run, which must be new [default: runs/TIME-KIND]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,

    #[command(flatten)]
    pub(super) machines: MachinesArgs,

    #[command(flatten)]
    pub(super) quiet: QuietArg,
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
        PlanError::Usage(format!("{} can't be the name of a run; give --out a folder with a name", path.display()))
    })?;
    Ok((path, name))
}

/// The manifest of a run that begins now. `what` is its preset, or the command that makes runs of another kind.
pub(super) fn manifest(
    plan: &RunPlan<'_>,
    preflight: &Preflight,
    machine: Machine,
    (run, what): (String, &str),
    planned_cells: u32,
) -> Manifest {
    Manifest {
        built_with: servers::built_with().into_iter().collect(),
        schema_version: SCHEMA_VERSION,
        run,
        harness_version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: commit(),
        build: build(),
        argv: command_line(),
        preset: what.to_owned(),
        seed: plan.seed,
        blocks: plan.sizes.blocks,
        placement: plan.placement.clone(),
        started_at: utc_now(),
        resumed_at: Vec::new(),
        elapsed_ns: None,
        ending: Ending::Running,
        machine,
        limits: preflight.limits.clone(),
        warnings: preflight.warnings.clone(),
        experiments: plan.experiment_records(),
        contenders: plan.contender_records(),
        protagonists: plan.protagonists.clone(),
        against: plan.against.clone(),
        page: plan.page.as_ref().map(|page| page.path.clone()),
        hosts: Vec::new(),
        planned_cells,
    }
}

/// What comes after the last cell of a run with a budget, and within it: stopping a server that is cut off, and the report.
pub(super) const AFTERWARDS: Duration = Duration::from_secs(3);

/// This machine, held for one run.
pub(super) struct HeldMachine {
    _lock: MachineLock,
    pub(super) interrupt: Interrupt,
    machine: Machine,
}

impl HeldMachine {
    /// Takes the machine.
    ///
    /// # Errors
    /// Where another run has it.
    pub(super) fn take() -> anyhow::Result<HeldMachine> {
        let lock = MachineLock::take()?;
        Ok(HeldMachine { _lock: lock, interrupt: Interrupt::listen()?, machine: machine()? })
    }

    /// Makes it ready: says who else uses it, unless it is to be quiet, tries the servers out, and leaves the
    /// server's CPUs. Returns what is to be doubted because of others.
    ///
    /// # Errors
    /// Where the machine is unfit, or a server of another hand does not serve.
    pub(super) fn prepare(
        &self,
        plan: &RunPlan<'_>,
        commands: &[ServerCommand],
        (first_look, quiet): (FirstLook, QuietArg),
    ) -> anyhow::Result<Option<Warning>> {
        let busy = busy::doubt(first_look, quiet);
        let servers = Servers { page: plan.page.clone(), commands: commands.to_vec(), host_cpus: None };
        servers.try_out(&plan.placement.server_cpus, &self.interrupt, |server| plan.asked_for(server))?;
        // Everything in this process stays off the server's CPUs; servers are told theirs when they are started.
        restrict_this_thread(own_cpus(plan))?;
        Ok(busy)
    }
}

impl RunArgs {
    /// Holds what was typed of servers against itself, and starts the worker of the machine that has them, where that is another
    /// one: the plan follows from its CPUs.
    ///
    /// # Errors
    /// Where it contradicts itself, there is no such program, or that machine can't take part.
    pub(super) fn resolve(&self) -> anyhow::Result<(Servers, Option<ServerHost>)> {
        let servers = self.servers.resolve()?;
        let host = self.machines.host(&servers)?;
        let host_cpus = host.as_ref().map(|host| host.hello().cpu_list.clone());
        if let Some(cpus) = &host_cpus {
            servers::assume_cpus(place(self.placement, cpus).server_cpus.len());
        }
        Ok((Servers { host_cpus, ..servers }, host))
    }

    /// Takes the machine, makes it ready, and makes the folder with its manifest. `what` is the run's preset, or the command
    /// that makes runs of another kind.
    ///
    /// # Errors
    /// Where the machine is unfit or another run has it, a server of another hand does not serve, the page's port can't be
    /// had, or the folder has no name or can't be made.
    pub(super) fn open(
        &self,
        (plan, preflight): (&RunPlan<'_>, &Preflight),
        (servers, host, first_look): (&Servers, Option<ServerHost>, FirstLook),
        live: Option<&LiveArgs>,
        (what, planned_cells): (&str, u32),
    ) -> anyhow::Result<OpenRun> {
        preflight.check()?;
        let held = HeldMachine::take()?;
        // Where it can be followed is said first.
        let live = live.map(|live| live.open(own_cpus(plan))).transpose()?.flatten();
        let busy = held.prepare(plan, &servers.commands, (first_look, self.quiet))?;
        let elsewhere = self.machines.start(plan, (servers, host), (&held.interrupt, self.quiet))?;
        let (path, name) = folder(self.out.as_deref(), what)?;
        let folder = RunFolder::create(path)?;
        clear_away(folder.sweep(), self.quiet);
        let machine = elsewhere.as_ref().and_then(Elsewhere::machine).unwrap_or(&held.machine).clone();
        let mut manifest = manifest(plan, preflight, machine, (name, what), planned_cells);
        manifest.warnings.extend(busy);
        if let Some(elsewhere) = &elsewhere {
            put_hosts(&mut manifest, elsewhere.records());
            manifest.warnings.extend(elsewhere.warnings());
        }
        folder.write_manifest(&manifest)?;
        Ok(OpenRun { held, live, folder, manifest, elsewhere, quiet: self.quiet })
    }
}

/// The plan of a search for one experiment: of those named in `models` and the programs of another hand. Holds `connections` at
/// once at the most.
///
/// # Errors
/// Where contenders are unknown.
pub(super) fn searched_plan<'a>(
    args: &RunArgs,
    models: Option<&str>,
    servers: &Servers,
    (experiment, sizes): (&'a Experiment, Sizes),
    connections: u32,
) -> anyhow::Result<(RunPlan<'a>, Preflight)> {
    let asked = args.placement;
    let placement = place(asked, &servers.cpus()?);
    let cast = cast_for(&placement.server_cpus, models, servers, &[experiment], &sizes)?;
    Ok(steered_plan(cast, (sizes, args.seed), (asked, placement), servers.page.clone(), connections))
}

/// The plan of a run whose cells are chosen one by one, which holds `connections` at once at the most, and what the machine
/// allows. `asked` is the placement that was wanted. Changes nothing but this process's own limits.
pub(super) fn steered_plan<'a>(
    cast: Cast<'a>,
    (sizes, seed): (Sizes, u64),
    (asked, placement): (PlacementKind, PlacementRecord),
    page: Option<PageRequest>,
    connections: u32,
) -> (RunPlan<'a>, Preflight) {
    let of_cast = RunPlan::of(cast, Preset::Quick, seed, placement);
    let mut plan = RunPlan { sizes, page, connection_ceiling: connections, ..of_cast };
    let mut found = preflight_for(&plan, connections);
    plan.connection_ceiling = found.connection_ceiling;
    found.warnings.extend(too_few_cpus(asked, plan.placement.kind));
    (plan, found)
}

/// Clears away what an earlier command left behind when it was killed: control groups, and folders of notes. Says so in one line,
/// with the `unfinished` files that were removed from a run's folder already, unless there was nothing or all is to be quiet.
pub(super) fn clear_away(unfinished: usize, quiet: QuietArg) {
    let found =
        [(unfinished, "half-written file"), (sweep_notes(), "notes folder"), (sweep_control_groups(), "control group")];
    if let Some(line) = removed(&found) {
        quiet.tell(&line);
    }
}

fn removed(found: &[(usize, &str)]) -> Option<String> {
    let those: Vec<String> =
        found.iter().filter(|(count, _)| *count > 0).map(|(count, what)| counted(*count as u64, what)).collect();
    (!those.is_empty()).then(|| format!("note: removed what a killed run had left behind: {}", those.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_there_is_named() {
        assert_eq!(removed(&[(0, "file"), (0, "group")]), None);
        let said = removed(&[(2, "half-written file"), (0, "notes folder"), (1, "control group")]).unwrap();
        assert_eq!(said, "note: removed what a killed run had left behind: 2 half-written files, 1 control group");
    }
}
