//! `harness check`: whether a server keeps to the JSON protocol, line by line, and what it can take part in.
//!
//! Beside it: `text.rs`, how it reads; `crate::check`, which talks to the server.

mod text;

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::ArgGroup;

use crate::check::{self, Finding, Weight};
use crate::plan::PlanError;
use crate::process::{COMMAND_READINESS_DEADLINE, CommandLaunch, ServerProcess, launch_command};
use crate::run::Interrupt;

use super::load::duration;
use super::output::print;
use super::servers::{find_program, words};

/// Talk to a server and say whether it keeps to the JSON protocol (see docs/protocol.md)
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("whom").required(true).args(["target", "server"])))]
pub(super) struct CheckArgs {
    /// Where the server listens
    #[arg(value_name = "HOST:PORT")]
    target: Option<String>,

    /// The command of a server that is to be started for it, as in `compare --server`, without a name
    #[arg(long, value_name = "COMMAND")]
    server: Option<String>,

    /// How long a reply may take
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    patience: Duration,

    /// Show what was sent and what came of all of it, not only of what does not hold
    #[arg(long, short)]
    verbose: bool,

    /// Talk to a server on another machine, which must be yours
    #[arg(long)]
    allow_remote: bool,
}

/// Exit code of a server that does not keep to the protocol.
const BROKEN: u8 = 1;

pub(super) fn run(args: CheckArgs) -> anyhow::Result<ExitCode> {
    let (target, server) = match (&args.target, &args.server) {
        (Some(target), _) => (resolve(target, args.allow_remote)?, None),
        (None, command) => {
            let server = start(command.as_deref().unwrap_or_default())?;
            (server.address(), Some(server))
        }
    };
    if let Err(error) = TcpStream::connect_timeout(&target, args.patience) {
        bail!(
            "nobody can be talked to at {target} ({error}); start the server first, or give its command with --server"
        );
    }
    print(&format!("checking {}, {target}\n", args.server.as_deref().or(args.target.as_deref()).unwrap_or_default()))?;
    let mut printed = Ok(());
    let mut weight = None;
    let findings = check::check(target, args.patience, |finding| {
        let heading = weight.replace(finding.transcript.weight) != Some(finding.transcript.weight);
        let text =
            [heading.then(|| text::heading(finding.transcript.weight)), Some(text::finding(finding, args.verbose))];
        if printed.is_ok() {
            printed = print(&text.into_iter().flatten().collect::<String>());
        }
    });
    printed?;
    print(&text::conclusion(&findings))?;
    if let Some(stopped) = server.map(ServerProcess::stop) {
        print(&text::end_of_stderr(&stopped))?;
    }
    let is_broken = |finding: &Finding| finding.transcript.weight == Weight::Required && finding.broken.is_some();
    Ok(if findings.iter().any(is_broken) { ExitCode::from(BROKEN) } else { ExitCode::SUCCESS })
}

/// Starts the server, on any CPU.
fn start(text: &str) -> anyhow::Result<ServerProcess> {
    const NAME: &str = "the server";
    let words = words(text).map_err(PlanError::Usage)?;
    find_program("--server, which takes a command without a name", &words)?;
    let interrupt = Interrupt::listen()?;
    Ok(launch_command(&CommandLaunch {
        name: NAME,
        words: &words,
        cpus: &[],
        readiness_deadline: COMMAND_READINESS_DEADLINE,
        stop: interrupt.flag(),
        harness: None,
    })?)
}

/// The address of `HOST:PORT`; of several, the first that is IPv4.
///
/// # Errors
/// Where it is none, or not this machine's and that was not allowed.
fn resolve(text: &str, allow_remote: bool) -> Result<SocketAddr, PlanError> {
    let found: Vec<SocketAddr> = match text.to_socket_addrs() {
        Ok(found) => found.collect(),
        Err(error) => {
            return Err(PlanError::Usage(format!(
                "{text:?} is no address ({error}); give HOST:PORT, as in 127.0.0.1:8080"
            )));
        }
    };
    let Some(address) = found.iter().find(|address| address.is_ipv4()).or(found.first()).copied() else {
        return Err(PlanError::Usage(format!("{text:?} has no address")));
    };
    if !address.ip().to_canonical().is_loopback() && !allow_remote {
        return Err(PlanError::Usage(format!(
            "{} is not this machine's loopback, and what is sent there is meant to be refused; give --allow-remote where \
             that server is yours",
            address.ip()
        )));
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_talked_to_without_leave() {
        assert_eq!(resolve("127.0.0.1:80", false).unwrap(), SocketAddr::from(([127, 0, 0, 1], 80)));
        assert!(resolve("192.0.2.1:80", false).unwrap_err().to_string().contains("--allow-remote"));
        assert!(resolve("192.0.2.1:80", true).is_ok());
        assert!(resolve("nowhere", false).unwrap_err().to_string().contains("HOST:PORT"));
    }
}
