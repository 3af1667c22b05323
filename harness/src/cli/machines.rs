//! `--load-from`, `--server-on` and their like: other machines, as they are typed for every command that makes a run.
//!
//! Beside it: `run/elsewhere.rs`, which has them; `load/spec.rs`, the same of one load.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::AtomicBool;

use reports::record::{HostRecord, HostRole, Manifest, PathKind};

use super::compare::CompareArgs;
use super::contenders::check_has_experiments;
use super::output::usage;
use super::progress::QuietArg;
use super::servers::{Servers, find_program, split_words};
use super::trace::Timelines;
use super::worker::own_hello;
use crate::machines::{ServerHost, WorkerCommand};
use crate::plan::{Cast, Experiment, ONE_MACHINE, PlanError, RunPlan, Sizes};
use crate::run::{Elsewhere, ElsewhereError, Interrupt, OtherMachines};

const MACHINES: &str = "Several machines";

/// What is typed of machines that send.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new(OTHERS).multiple(true)))]
pub(super) struct LoadFromArgs {
    /// Send the load from another machine, with a command that runs programs there, as in 'ssh HOST'; repeat it, and each
    /// machine sends its part (docs/several-machines.md)
    #[arg(id = "load_from", long = "load-from", value_name = "COMMAND", group = OTHERS, help_heading = MACHINES)]
    pub(super) commands: Vec<String>,

    /// Where harness is on the other machines: a path, or a name that is in their PATH
    #[arg(
        id = "worker_program",
        long = "worker-program",
        value_name = "PATH",
        default_value = "harness",
        requires = OTHERS,
        help_heading = MACHINES
    )]
    program: String,
}

/// The group of options that name another machine.
const OTHERS: &str = "other_machines";

impl LoadFromArgs {
    /// What starts each of them, with our program as it is found over there.
    ///
    /// # Errors
    /// Where a command can't be read, or there is no such program.
    pub(super) fn workers(&self) -> Result<Vec<WorkerCommand>, PlanError> {
        self.commands.iter().map(|text| worker_command("--load-from", text, &self.program)).collect()
    }
}

/// What is typed of other machines.
#[derive(Debug, clap::Args)]
pub(super) struct MachinesArgs {
    #[command(flatten)]
    from: LoadFromArgs,

    /// Run the servers on another machine, and watch them there; takes a command as --load-from does
    #[arg(long, value_name = "COMMAND", group = OTHERS, help_heading = MACHINES)]
    server_on: Option<String>,

    /// Address that servers listen on, as the machines that send the load reach it [default: loopback]
    #[arg(long, value_name = "IP", requires = "allow_remote", help_heading = MACHINES)]
    server_address: Option<IpAddr>,

    /// Let servers listen where other machines can reach them; they have no access control, and no limits while they are
    /// measured
    #[arg(long, requires = "server_address", help_heading = MACHINES)]
    allow_remote: bool,
}

/// A command that was typed, with our program as it is found over there and what it is to do.
///
/// # Errors
/// Where it can't be read, or there is no such program.
fn worker_command(option: &str, text: &str, program: &str) -> Result<WorkerCommand, PlanError> {
    let mut words = split_words(text).map_err(|error| PlanError::Usage(format!("{option}: {error}")))?;
    find_program(option, &words)?;
    words.extend([program.to_owned(), "worker".to_owned()]);
    Ok(WorkerCommand { text: text.to_owned(), words })
}

/// One here, which sends where no other machine does.
fn worker_here() -> WorkerCommand {
    WorkerCommand { text: "this machine".to_owned(), words: ["/proc/self/exe", "worker"].map(str::to_owned).to_vec() }
}

impl MachinesArgs {
    /// Whether all is done on this machine.
    pub(super) fn is_empty(&self) -> bool {
        self.from.commands.is_empty() && self.server_on.is_none()
    }

    /// The commands that were typed of machines that send.
    pub(super) fn commands(&self) -> &[String] {
        &self.from.commands
    }

    /// From where loads go where, as it was typed: `from this machine to 127.0.0.1`.
    pub(super) fn way(&self) -> String {
        let from = match self.commands() {
            [] => "this machine".to_owned(),
            commands => commands.iter().map(|command| format!("'{command}'")).collect::<Vec<_>>().join(", "),
        };
        let to = self.server_address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let host = self.server_on.as_ref().map(|command| format!(", where '{command}' runs the servers"));
        format!("from {from} to {to}{}", host.unwrap_or_default())
    }

    /// What else was typed can be done with other machines.
    ///
    /// # Errors
    /// Where it can't.
    pub(super) fn check_with(&self, args: &CompareArgs) -> Result<(), PlanError> {
        if !self.is_empty() && args.timelines.is_some_and(|wanted| wanted != Timelines::Off) {
            return usage("timelines are traced on one machine only; leave out --timelines, or the other machines");
        }
        let with_server_on =
            |option: &str| usage(format!("{option} is for servers on this machine; leave it out, or --server-on"));
        match self.server_on {
            Some(_) if args.against.is_some() => with_server_on("--against"),
            Some(_) if args.resume.is_some() => with_server_on("--resume"),
            Some(_) if args.like.is_some() => with_server_on("--like"),
            _ => Ok(()),
        }
    }

    /// The machine that has the servers, with a worker that has said who it is.
    ///
    /// # Errors
    /// Where it can't take part, or something else was typed that can't be done there.
    pub(super) fn host(&self, servers: &Servers) -> anyhow::Result<Option<ServerHost>> {
        if self.is_empty() && self.server_address.is_some() {
            return usage("--server-address is for a load from other machines; give --load-from or --server-on too");
        }
        let Some(text) = &self.server_on else { return Ok(None) };
        if !servers.commands.is_empty() {
            return usage("--server is a program on this machine; leave it out, or --server-on");
        }
        let command = worker_command("--server-on", text, &self.from.program)?;
        let host = ServerHost::start(command, own_hello(), &AtomicBool::new(false))?;
        let unsaid = match host.hello() {
            hello if hello.cpu_list.is_empty() => "which CPUs it has",
            // This one's would be put down in place of it.
            hello if hello.machine.is_none() => "what machine it is",
            _ => return Ok(Some(host)),
        };
        usage(format!("the machine of --server-on does not say {unsaid}; put the same build there"))
    }

    /// Holds what was typed against itself and against the plan.
    ///
    /// # Errors
    /// Where a command can't be read, or something is asked for that can't be done from elsewhere.
    fn resolve(&self, plan: &RunPlan<'_>, servers: &Servers) -> Result<Vec<WorkerCommand>, PlanError> {
        if self.server_address.is_some_and(|address| address.is_unspecified() || address.is_multicast()) {
            return usage("the load machines connect to --server-address; give an address of the servers' machine");
        }
        let is_away = self.server_address.is_some_and(|address| !address.is_loopback());
        if is_away && !servers.commands.is_empty() {
            return usage(
                "a --server is reached over this machine's loopback, never at --server-address; leave out one of them",
            );
        }
        let own = plan.experiments.iter().filter(|experiment| !experiment.is_plain_load(&plan.sizes));
        let own: Vec<&str> = own.map(|experiment| experiment.name).collect();
        if !own.is_empty() {
            return usage(format!("{} of that run: {NOT_FROM_ELSEWHERE}; leave out --load-from", own.join(" and ")));
        }
        if self.from.commands.is_empty() {
            return Ok(vec![worker_here()]);
        }
        self.from.workers()
    }

    /// Starts what was typed, and says who takes part.
    ///
    /// # Errors
    /// As what was typed can't be, and where a machine can't take part.
    pub(super) fn start(
        &self,
        plan: &RunPlan<'_>,
        (servers, host): (&Servers, Option<ServerHost>),
        (interrupt, quiet): (&Interrupt, QuietArg),
    ) -> anyhow::Result<Option<Elsewhere>> {
        if self.is_empty() {
            return Ok(None);
        }
        let load_from = self.resolve(plan, servers)?;
        let MachinesArgs { server_address, allow_remote, .. } = *self;
        let typed = OtherMachines { load_from, host, server_address, allow_remote };
        let elsewhere = match Elsewhere::start(typed, own_hello(), interrupt.flag()) {
            Ok(elsewhere) => elsewhere,
            Err(ElsewhereError::Machines(error)) => return Err(error.into()),
            Err(ElsewhereError::Unreached { who }) if !servers.commands.is_empty() => {
                return usage(format!(
                    "{who} is on another machine than the --server, or in another network namespace, and a --server is reached \
                     only over this machine's loopback; leave out --server, or send from where that loopback is shared"
                ));
            }
            Err(unreached @ ElsewhereError::Unreached { .. }) => return usage(unreached.to_string()),
        };
        let hosts = elsewhere.records();
        let named = |role| {
            let of_it = hosts.iter().filter(move |host| host.role == role);
            of_it.map(|host| format!("{} ({})", host.host, host.command)).collect::<Vec<_>>().join(", ")
        };
        if self.server_on.is_some() {
            quiet.tell(&format!("the servers run on {}", named(HostRole::Server)));
        }
        quiet.tell(&format!("the load comes from {}", named(HostRole::Load)));
        Ok(Some(elsewhere))
    }
}

/// Why an experiment is left out whose load is sent from elsewhere.
const NOT_FROM_ELSEWHERE: &str =
    "it holds connections or disturbs the server, which only the server's own machine does";

/// The cast of a run, or that of its loads where they are sent from elsewhere. Who plays no part then is said by name.
///
/// # Errors
/// Where nothing is left.
pub(super) fn cast_of_loads<'a>(cast: Cast<'a>, args: &MachinesArgs, sizes: &Sizes) -> Result<Cast<'a>, PlanError> {
    if args.is_empty() {
        return Ok(cast);
    }
    let cast = cast.keeping(|experiment: &Experiment| experiment.is_plain_load(sizes), NOT_FROM_ELSEWHERE);
    check_has_experiments(&cast)?;
    Ok(cast)
}

/// Where clients are not on the server's machine.
const SEVERAL_MACHINES: &str =
    "Clients reach the server over what the report names for each of them, and not over loopback alone.";

/// Puts down the other machines of a run, and what they make of its experiments.
pub(super) fn put_hosts(manifest: &mut Manifest, hosts: Vec<HostRecord>) {
    let is_beyond_loopback =
        hosts.iter().any(|host| host.role == HostRole::Load && host.path != Some(PathKind::Loopback));
    manifest.hosts = hosts;
    let conditions = manifest.experiments.iter_mut().flat_map(|experiment| &mut experiment.conditions);
    for condition in conditions.filter(|condition| is_beyond_loopback && *condition == ONE_MACHINE) {
        SEVERAL_MACHINES.clone_into(condition);
    }
}

/// The CPUs of this process throughout a run: those of the generator or, where they are another machine's, those that it has.
pub(super) fn own_cpus<'p>(plan: &'p RunPlan<'_>) -> &'p [u32] {
    if servers::are_cpus_assumed() { &[] } else { &plan.placement.generator_cpus }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct MachinesLine {
        #[command(flatten)]
        args: MachinesArgs,
    }

    #[test]
    fn a_plan_says_from_where_loads_go_where() {
        let way = |words: &[&str]| {
            let words = [&["harness"][..], words].concat();
            MachinesLine::try_parse_from(words).map(|line| line.args.way()).unwrap()
        };
        let address = ["--server-address", "192.0.2.7", "--allow-remote"];
        assert_eq!(way(&[]), "from this machine to 127.0.0.1");
        assert_eq!(way(&["--load-from", "ssh a", "--load-from", "ssh b"]), "from 'ssh a', 'ssh b' to 127.0.0.1");
        assert_eq!(way(&[&["--load-from", "ssh a"][..], &address].concat()), "from 'ssh a' to 192.0.2.7");
        assert_eq!(
            way(&[&["--server-on", "ssh c"][..], &address].concat()),
            "from this machine to 192.0.2.7, where 'ssh c' runs the servers"
        );
    }
}
