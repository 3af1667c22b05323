//! Why a worker is of no use, as whoever started it says it.
//!
//! Beside it: `hand.rs`, which finds out.

use std::io;
use std::time::Duration;

use rustix::io::Errno;

use super::hello::PROTOCOL;
use super::message::Trouble;

/// Why a worker is of no use, as a sentence about it without its stop.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkerProblem {
    #[error("its command can't be started: {0}; {remedy}", remedy = remedy_of(.0))]
    NotStarted(#[source] io::Error),
    #[error("the thread that listens to it can't be started: {0}")]
    NoThread(#[source] io::Error),
    #[error("it ended before it was done{0}")]
    Ended(LastWords),
    #[error("it said nothing for {}", humantime::format_duration(*.0))]
    Silent(Duration),
    #[error(
        "it said {0:?}, which is not a message: its command must print nothing of its own on stdout, such as the greeting \
         of a login shell{1}"
    )]
    Babbles(String, LastWords),
    #[error(
        "it speaks version {theirs} of the workers' protocol, and this is version {PROTOCOL}: put the same build there"
    )]
    OtherProtocol { theirs: u32 },
    #[error(
        "it was started again and is not who it was ({0}): give a command that always reaches the same machine and program"
    )]
    Another(String),
    #[error("{}", .0.reason)]
    Trouble(Trouble),
    #[error("it is still at work long after the load should have ended")]
    TooLate,
    #[error("it was not waited for")]
    GivenUp,
}

/// Of a command that can't be started: it may be one too many.
fn remedy_of(error: &io::Error) -> &'static str {
    match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE) => "each takes three open files here: raise the limit with 'ulimit -n'",
        Some(Errno::AGAIN) => "each takes a process and three threads here: raise the limit with 'ulimit -u'",
        _ => "give one that runs a program over there, as in 'ssh HOST'",
    }
}

/// The end of its standard error.
#[derive(Debug)]
pub(super) struct LastWords(pub(super) String);

impl std::fmt::Display for LastWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // In one line, as the sentence is.
        match self.0.split_whitespace().collect::<Vec<_>>().join(" ").as_str() {
            "" => Ok(()),
            words => write!(f, "; its standard error ends with: {words}"),
        }
    }
}
