//! Commands that the harness gives to itself as a child, and that nobody types: `become` turns into a program of another
//! hand, `guard` waits to end what it started, `subject` is a process of known properties for the self-test.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::Context;
use instruments::observe::restrict_this_thread;

use crate::process::PORT_VARIABLE;
use crate::process::supervised::die_with;
use crate::selftest::subject::{SelftestSubject, run as be};

/// What to become, and how.
#[derive(Debug, clap::Args)]
pub(super) struct BecomeArgs {
    /// Process id of the parent to die with
    #[arg(long, value_name = "PID")]
    parent: u32,

    /// Where it is to listen
    #[arg(long)]
    port: u16,

    /// CPUs it may use
    #[arg(long, value_name = "CPU,...", value_delimiter = ',')]
    cpus: Vec<u32>,

    /// The program and its arguments
    #[arg(last = true, required = true)]
    words: Vec<String>,
}

/// Returns only where the program can't be executed.
pub(super) fn become_program(args: BecomeArgs) -> anyhow::Result<ExitCode> {
    // First of all, while the parent can hardly have died yet, and before any thread is made.
    restrict_this_thread(&args.cpus).with_context(|| format!("the server can't be put on CPUs {:?}", args.cpus))?;
    die_with(args.parent)?;
    let (program, arguments) = args.words.split_first().context("there is no program")?;
    let error = Command::new(program).args(arguments).env(PORT_VARIABLE, args.port.to_string()).exec();
    Err(error).with_context(|| format!("{program} can't be executed"))
}

/// Whom to wait for.
#[derive(Debug, clap::Args)]
pub(super) struct GuardArgs {
    /// Process id of the leader of the group
    #[arg(value_name = "PID")]
    leader: u32,
}

/// Waits for the end of the harness.
pub(super) fn guard(args: &GuardArgs) -> anyhow::Result<ExitCode> {
    crate::process::guard(args.leader)?;
    Ok(ExitCode::SUCCESS)
}

/// What the self-test gives its subjects. Everything is required: nobody runs one by hand.
#[derive(Debug, clap::Args)]
pub(super) struct SubjectArgs {
    /// What to be
    #[arg(value_name = "JSON", value_parser = |text: &str| serde_json::from_str::<SelftestSubject>(text))]
    subject: SelftestSubject,

    /// Stop at the end of stdin, and die with the parent
    #[arg(long, required = true)]
    supervised: bool,

    /// Process id of the parent that supervises
    #[arg(long, value_name = "PID")]
    parent: u32,

    /// Said back in the line that tells the address
    #[arg(long, value_name = "HEX")]
    nonce: String,

    /// CPUs it may use
    #[arg(long, value_name = "CPU,...", value_delimiter = ',')]
    cpus: Vec<u32>,
}

pub(super) fn be_subject(args: SubjectArgs) -> anyhow::Result<ExitCode> {
    // First of all, while the parent can hardly have died yet, and before any thread is made.
    restrict_this_thread(&args.cpus)?;
    die_with(args.parent)?;
    be(args.subject, args.nonce)?;
    Ok(ExitCode::SUCCESS)
}
