//! One measurement: a generator in a process of its own, its CPU time as the kernel tells it at the end, and what it
//! says of itself. And all measurements of a run, by load and generator.

use std::collections::HashMap;
use std::io::{Read, Seek};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::load::{PeerLoad, PeerTask};
use crate::tools::{Said, Tool};

/// How much longer than its load a generator may take.
const LONGEST_EXIT: Duration = Duration::from_secs(20);

/// A generator that sends less than this share of what is offered is not slow, it has stopped.
const LEAST_SHARE: f64 = 0.1;

/// What one run of one generator came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PeerRun {
    pub(crate) said: Said,
    /// CPU time in user mode over the whole life of the process.
    pub(crate) user: Duration,
    /// CPU time in the kernel, likewise.
    pub(crate) system: Duration,
    /// Requests that were to be sent; none in closed loop.
    pub(crate) offered: Option<f64>,
}

/// Samples, round by round, and why there is none where there is none.
#[derive(Debug, Default)]
pub(crate) struct Rounds(HashMap<(PeerLoad, &'static str), Vec<Result<PeerRun, String>>>);

impl Rounds {
    pub(crate) fn add(&mut self, load: PeerLoad, tool: &Tool, sample: anyhow::Result<PeerRun>) {
        let sample = sample.map_err(|error| format!("failed: {error:#}"));
        if let Err(reason) = &sample {
            eprintln!("  {}: {reason}", tool.name);
        }
        self.0.entry((load, tool.name)).or_default().push(sample);
    }

    /// Empty where it was not measured.
    pub(crate) fn of(&self, load: PeerLoad, tool: &Tool) -> &[Result<PeerRun, String>] {
        self.0.get(&(load, tool.name)).map_or(&[], Vec::as_slice)
    }
}

/// Runs a generator once, on this thread's CPU. Nothing else may be reaped meanwhile.
pub(crate) fn measure(tool: &Tool, task: &PeerTask) -> anyhow::Result<PeerRun> {
    let program = tool.program().context("it is not there")?;
    let (mut stdout, stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let before = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let child = Command::new(&program)
        .args((tool.arguments)(task))
        .stdin(Stdio::null())
        .stdout(stdout.try_clone()?)
        .stderr(stderr.try_clone()?)
        .spawn()
        .with_context(|| format!("{} can't be started", program.display()))?;
    let status = reap(child, Duration::from_secs(task.seconds) + LONGEST_EXIT)?;
    let after = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    if !status.code().is_some_and(|code| tool.done.contains(&code)) {
        bail!("{}", first_line(stderr)?);
    }
    let mut output = String::new();
    stdout.rewind()?;
    stdout.read_to_string(&mut output)?;
    let said = (tool.read)(&output).map_err(anyhow::Error::msg)?;
    let offered = match task.load {
        PeerLoad::Open { rate_rps, .. } => Some(f64::from(rate_rps) * task.seconds as f64),
        PeerLoad::Closed { .. } => None,
    };
    if offered.is_some_and(|offered| (said.requests as f64) < LEAST_SHARE * offered) {
        bail!("it stopped sending after {} requests", said.requests);
    }
    let difference = |of: fn(&Usage) -> i64| Duration::from_micros((of(&after) - of(&before)).unsigned_abs());
    Ok(PeerRun {
        said,
        user: difference(|usage| usage.user_time().num_microseconds()),
        system: difference(|usage| usage.system_time().num_microseconds()),
        offered,
    })
}

/// Waits for the end, and brings it about where it does not come.
fn reap(mut child: Child, within: Duration) -> anyhow::Result<ExitStatus> {
    let deadline = Instant::now() + within;
    let pidfd = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?;
    loop {
        let left = Timespec::try_from(deadline.saturating_duration_since(Instant::now()))?;
        match poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&left)) {
            Ok(0) => {
                child.kill()?;
                child.wait()?;
                bail!("it did not end within {} s", within.as_secs());
            }
            Ok(_) => return Ok(child.wait()?),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn first_line(mut file: std::fs::File) -> anyhow::Result<String> {
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or("without a word").to_owned())
}
