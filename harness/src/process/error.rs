//! Why a server could not be launched.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use rustix::io::Errno;

/// A launch that failed. Nothing of the child is left when this is returned.
#[derive(Debug, thiserror::Error)]
#[error("{contender}: {failure}{}", quoted(.stderr))]
pub struct ProcessError {
    /// The contender whose server it was.
    pub contender: String,
    /// What went wrong, without the contender and without what the server wrote.
    #[source]
    pub failure: LaunchFailure,
    /// The end of what the child wrote to its standard error; empty where it wrote nothing or never ran.
    pub stderr: String,
}

/// Errors of a machine that has no more of something.
const LACKING: [Option<Errno>; 4] = [Some(Errno::MFILE), Some(Errno::NFILE), Some(Errno::AGAIN), Some(Errno::NOMEM)];

impl ProcessError {
    /// Of a server that was never started, and so has said nothing.
    pub fn new(contender: &str, failure: LaunchFailure) -> ProcessError {
        ProcessError { contender: contender.to_owned(), failure, stderr: String::new() }
    }
}

/// What went wrong in a launch.
#[derive(Debug, thiserror::Error)]
pub enum LaunchFailure {
    /// The other build that the run compares with is not what it was.
    #[error("the other build can't be executed: {reason}")]
    OtherBuild {
        /// One clause.
        reason: String,
    },
    /// The program could not be executed.
    #[error("{} can't be executed: {source}", program.display())]
    Spawn {
        /// What was to be executed.
        program: PathBuf,
        /// Why it was not.
        source: io::Error,
    },
    /// A system call of the supervision failed.
    #[error("the server process can't be supervised: {0}")]
    Supervision(#[from] io::Error),
    /// No line came in time.
    #[error("the server did not say within {} that it listens", humantime::format_duration(*.waited))]
    NotReady {
        /// The readiness deadline.
        waited: Duration,
    },
    /// It ended, or closed its stdout, before it was ready.
    #[error("the server {how} before it listened")]
    EndedEarly {
        /// As in [`super::Death`].
        how: String,
    },
    /// It ended in order before it listened, or left the work to a process of its own.
    #[error(
        "the program ended before it listened, or went into the background; a server must stay in the foreground, as \
         nginx does with -g 'daemon off;'"
    )]
    LeftItsProcess,
    /// It runs and nobody listens where it was told to.
    #[error(
        "it did not listen on {address} within {}; write {{port}} or {{address}} where the command takes it, or read \
         PORT from the environment", humantime::format_duration(*.waited)
    )]
    NotListening {
        /// The readiness deadline.
        waited: Duration,
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// Somebody else listens on the port that was chosen.
    #[error(
        "port {port} was free a moment ago, and now a process listens there that the program neither started nor keeps; \
         try again, or have the server stay in the foreground"
    )]
    PortTaken {
        /// Which.
        port: u16,
    },
    /// Waiting for it was given up.
    #[error("it was given up before it listened")]
    Interrupted,
    /// What it said is no handshake, or is one with another.
    #[error("refused the server's handshake: {reason}")]
    Handshake {
        /// One clause.
        reason: String,
    },
}

impl LaunchFailure {
    /// Whether the harness could not do its part, whatever the server is like: no descriptor, no process, no memory.
    pub fn is_ours(&self) -> bool {
        match self {
            Self::Supervision(_) => true,
            // A program that is not there, or is none, is its owner's matter.
            Self::Spawn { source, .. } => LACKING.contains(&Errno::from_io_error(source)),
            Self::OtherBuild { .. }
            | Self::NotReady { .. }
            | Self::EndedEarly { .. }
            | Self::LeftItsProcess
            | Self::NotListening { .. }
            | Self::PortTaken { .. }
            | Self::Interrupted
            | Self::Handshake { .. } => false,
        }
    }
}

fn quoted(stderr: &str) -> String {
    match stderr.trim() {
        "" => String::new(),
        text => format!("; its standard error ends with: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_contender_reason_and_stderr() {
        let failure = LaunchFailure::NotReady { waited: Duration::from_secs(2) };
        let error = ProcessError { contender: "threaded".into(), failure, stderr: "no luck\n".into() };
        assert_eq!(
            error.to_string(),
            "threaded: the server did not say within 2s that it listens; its standard error ends with: no luck"
        );
    }
}
