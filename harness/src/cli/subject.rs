//! `harness subject`: a process of known properties for the self-test, and for nobody else.

use std::process::ExitCode;

use crate::observe::restrict_this_thread;
use crate::process::supervised::die_with;
use crate::selftest::subject::{SelftestSubject, run as be};

/// What the self-test gives its subjects. Everything is required: nobody runs one by hand.
#[derive(Debug, clap::Args)]
pub(super) struct SubjectArgs {
    /// What to be
    #[arg(value_name = "KIND:VALUE")]
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

pub(super) fn run(args: SubjectArgs) -> anyhow::Result<ExitCode> {
    // First of all, while the parent can hardly have died yet, and before any thread is made.
    restrict_this_thread(&args.cpus)?;
    die_with(args.parent)?;
    be(args.subject, args.nonce)?;
    Ok(ExitCode::SUCCESS)
}
