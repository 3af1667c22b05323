//! `harness check`: whether a server keeps to the JSON protocol, line by line, and what it can take part in.
//!
//! Beside it: `crate::check`, which talks to the server.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::ArgGroup;
use instruments::backend::{Backend, Promptness};

use super::load::duration;
use super::output::{print, usage};
use super::servers::{find_program, words};
use crate::check::{self, Broken, Came, CheckFinding, Weight, parts};
use crate::plan::PlanError;
use crate::process::{CommandLaunch, ServerProcess, Stopped, launch_command};
use crate::run::Interrupt;

/// Check whether a server keeps to the JSON protocol
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("whom").required(true).args(["target", "server"])))]
pub(super) struct CheckArgs {
    /// Where the server listens
    #[arg(value_name = "HOST:PORT")]
    target: Option<String>,

    /// Command that starts the server, as in `compare --server` but without a name
    #[arg(long, value_name = "COMMAND")]
    server: Option<String>,

    /// How long to wait for a reply
    #[arg(long = "patience", value_name = "TIME", default_value = "2s", value_parser = duration)]
    reply_timeout: Duration,

    /// Show what was sent and what came back for every line, not only for those that don't hold
    #[arg(long, short)]
    verbose: bool,

    /// Talk to a server on another machine, which must be yours
    #[arg(long)]
    allow_remote: bool,
}

/// Exit code of a server that does not keep to the protocol.
const BROKEN: u8 = 1;

pub(super) fn run(args: CheckArgs) -> anyhow::Result<ExitCode> {
    // A server that was started by somebody else has its own, or none.
    let backend = args.server.as_ref().map(|_| Backend::start(Promptness::Sleeps)).transpose();
    let backend = backend.context("the backend for call requests can't be started")?;
    let (target, server) = match (&args.target, &args.server) {
        (Some(target), _) => (resolve(target, args.allow_remote)?, None),
        (None, command) => {
            let server = start(command.as_deref().unwrap_or_default(), backend.as_ref())?;
            (server.address(), Some(server))
        }
    };
    if let Err(error) = TcpStream::connect_timeout(&target, args.reply_timeout) {
        bail!("no server answers at {target} ({error}); start it first, or give its command with --server");
    }
    print(&format!("checking {}, {target}\n", args.server.as_deref().or(args.target.as_deref()).unwrap_or_default()))?;
    let mut printed = Ok(());
    let mut weight = None;
    let findings = check::check(target, args.reply_timeout, |finding| {
        let is_first = weight.replace(finding.transcript.weight) != Some(finding.transcript.weight);
        let text = [is_first.then(|| heading(finding.transcript.weight)), Some(described(finding, args.verbose))];
        if printed.is_ok() {
            printed = print(&text.into_iter().flatten().collect::<String>());
        }
    });
    printed?;
    print(&conclusion(&findings))?;
    if let Some(stopped) = server.map(ServerProcess::stop) {
        print(&end_of_stderr(&stopped))?;
    }
    let is_broken = |finding: &CheckFinding| finding.transcript.weight == Weight::Required && finding.broken.is_some();
    Ok(if findings.iter().any(is_broken) { ExitCode::from(BROKEN) } else { ExitCode::SUCCESS })
}

/// Starts the server, on any CPU.
fn start(text: &str, backend: Option<&Backend>) -> anyhow::Result<ServerProcess> {
    const NAME: &str = "the server";
    let words = words(text).map_err(PlanError::Usage)?;
    find_program("--server, which takes a command without a name", &words)?;
    let interrupt = Interrupt::listen()?;
    let backend = backend.map(Backend::address);
    Ok(launch_command(&CommandLaunch { backend, ..CommandLaunch::new(NAME, &words, interrupt.flag()) })?)
}

/// The address of `HOST:PORT`; of several, the first that is IPv4.
///
/// # Errors
/// Where it is none, or not this machine's and that was not allowed.
fn resolve(text: &str, allow_remote: bool) -> Result<SocketAddr, PlanError> {
    let found: Vec<SocketAddr> = match text.to_socket_addrs() {
        Ok(found) => found.collect(),
        Err(error) => {
            return usage(format!("{text:?} is not an address ({error}); give HOST:PORT, as in 127.0.0.1:8080"));
        }
    };
    let Some(address) = found.iter().find(|address| address.is_ipv4()).or(found.first()).copied() else {
        return usage(format!("{text:?} has no address"));
    };
    if !address.ip().to_canonical().is_loopback() && !allow_remote {
        return usage(format!(
            "{} is not this machine's loopback, and this check sends nonsense on purpose; give --allow-remote if that server \
             is yours",
            address.ip()
        ));
    }
    Ok(address)
}

/// Bytes of what was sent, and of what came, that are shown.
const SHOWN_BYTES: usize = 160;

/// What stands above the findings of a weight.
fn heading(weight: Weight) -> String {
    let words = match weight {
        Weight::Required => "required",
        Weight::Optional => "optional",
    };
    format!("\n{words}\n")
}

/// A line, and what led to it where it does not hold or everything is to be shown.
fn described(finding: &CheckFinding, verbose: bool) -> String {
    let says = finding.transcript.says;
    match &finding.broken {
        None if verbose => format!("  holds     {says}\n{}", sent(&finding.transcript.sent())),
        None => format!("  holds     {says}\n"),
        Some(broken) => format!(
            "  does not  {says}\n{}            expected  {}\n            came      {}\n",
            sent(&broken.sent),
            broken.expected,
            came(broken)
        ),
    }
}

fn sent(bytes: &[u8]) -> String {
    format!("            sent      {}\n", shown(bytes))
}

fn came(broken: &Broken) -> String {
    let after =
        |bytes: &[u8], end: String| if bytes.is_empty() { end } else { format!("{}, then {end}", shown(bytes)) };
    match &broken.came {
        Came::Bytes(bytes) => shown(bytes),
        Came::End(bytes) => after(bytes, "the end of the connection".to_owned()),
        Came::Silence(bytes, waited) => after(bytes, format!("nothing more within {}", rounded(*waited))),
        Came::TooSoon(passed) => format!("one after {}", rounded(*passed)),
        Came::Failure(error) => error.clone(),
    }
}

fn rounded(duration: Duration) -> String {
    humantime::format_duration(Duration::from_millis(duration.as_millis() as u64)).to_string()
}

/// Bytes as a person can read them: text, escapes for the rest, cut where there are many.
fn shown(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(SHOWN_BYTES)];
    let text: String = String::from_utf8_lossy(cut).chars().map(escaped).collect();
    match bytes.len() {
        0 => "nothing".to_owned(),
        all if all > SHOWN_BYTES => format!("{text}... ({all} bytes)"),
        _ => text,
    }
}

fn escaped(c: char) -> String {
    if c.is_control() { c.escape_default().collect() } else { c.to_string() }
}

/// What all of it comes to.
fn conclusion(findings: &[CheckFinding]) -> String {
    let count = |weight| {
        let of = || findings.iter().filter(move |finding| finding.transcript.weight == weight);
        (of().filter(|finding| finding.broken.is_none()).count(), of().count())
    };
    let ((required, of_required), (optional, of_optional)) = (count(Weight::Required), count(Weight::Optional));
    let parts = parts(findings);
    let can: Vec<&str> = parts.iter().filter(|part| part.obstacle.is_none()).map(|part| part.experiment).collect();
    let mut text = format!("\n{required} of {of_required} required hold, {optional} of {of_optional} optional\n\n");
    text.push_str(&match can.as_slice() {
        [] => "it can take part in no experiment\n".to_owned(),
        can => format!("it can take part in {}\n", can.join(", ")),
    });
    for part in &parts {
        if let Some(obstacle) = &part.obstacle {
            text.push_str(&format!("  not in {}: {obstacle}\n", part.experiment));
        }
    }
    text
}

/// What the server that was started wrote, and how it ended if nobody asked it to.
fn end_of_stderr(stopped: &Stopped) -> String {
    let death = stopped.death.as_ref().map(|death| format!("\nthe server {}\n", death.how)).unwrap_or_default();
    let tail = stopped.stderr_tail.trim();
    let said = if tail.is_empty() { String::new() } else { format!("\nits standard error ends with:\n{tail}\n") };
    death + &said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::transcripts;

    #[test]
    fn only_this_machine_is_talked_to_without_leave() {
        assert_eq!(resolve("127.0.0.1:80", false).unwrap(), SocketAddr::from(([127, 0, 0, 1], 80)));
        assert!(resolve("192.0.2.1:80", false).unwrap_err().to_string().contains("--allow-remote"));
        assert!(resolve("192.0.2.1:80", true).is_ok());
        assert!(resolve("nowhere", false).unwrap_err().to_string().contains("HOST:PORT"));
    }

    #[test]
    fn bytes_are_escaped_and_cut() {
        assert_eq!(shown(b"{\"a\":1}\r\n\x00"), "{\"a\":1}\\r\\n\\u{0}");
        assert_eq!(shown(b""), "nothing");
        let long = shown(&[b'x'; 1000]);
        assert!(long.ends_with("x... (1000 bytes)") && long.len() < 200, "{long}");
    }

    #[test]
    fn what_does_not_hold_says_what_was_sent_expected_and_came() {
        let [transcript, ..] = &transcripts()[..] else { panic!() };
        let broken = Broken {
            sent: b"{}\n".to_vec(),
            expected: "WorkDone".to_owned(),
            came: Came::Silence(b"{\"Wo".to_vec(), Duration::from_millis(2_000)),
        };
        let finding_of = |broken| CheckFinding { transcript: transcript.clone(), broken };
        assert_eq!(
            described(&finding_of(Some(broken)), false),
            format!(
                "  does not  {}\n            sent      {{}}\\n\n            expected  WorkDone\n            \
                 came      {{\"Wo, then nothing more within 2s\n",
                transcript.says
            )
        );
        assert_eq!(described(&finding_of(None), false), format!("  holds     {}\n", transcript.says));
        assert!(described(&finding_of(None), true).contains("sent      {\"RequestWork\""));
    }
}
