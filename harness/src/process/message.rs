//! The lines that a server says on its stdout, a first, a last and answers between, and how the parent reads them with a
//! deadline.
//!
//! Both sides use these types, so neither can drift from the other. A person who runs a server by hand reads the same
//! lines.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::Instant;

use reports::record::{InsideAnswer, ServerCounters};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::clock::timespec;

/// The first line: the server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Where it listens, with the port that it really has.
    pub address: SocketAddr,
    /// Its process id.
    pub pid: u32,
    /// What the parent gave it on its command line; empty for a server run by hand. A program that merely happens to
    /// talk on the pipe, or an answer meant for another parent, can't know it.
    #[serde(default)]
    pub nonce: String,
    /// The model that runs.
    #[serde(default)]
    pub model: String,
}

/// The last line: the server was asked to stop and has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Farewell {
    /// What it counted in its life.
    pub stopped: ServerCounters,
}

/// The line with which the parent asks for an [`Answer`].
pub(super) const QUESTION: &str = "inside";

/// A line between the first and the last: the server was asked what its inside looks like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its inside at that moment, on the monotonic clock.
    pub inside: InsideAnswer,
}

/// Says a message as one line. A reader that has gone is an error, never a panic.
pub fn say(message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_string(message)?;
    line.push('\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(line.as_bytes())?;
    stdout.flush()
}

/// A first line longer than this comes from no server of ours, and is not waited for.
const LONGEST_LINE: usize = 4096;

/// What came of waiting for a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A line, without its end.
    Line(String),
    /// The other side closed the pipe first.
    Ended,
    /// The deadline passed first.
    TimedOut,
    /// More bytes than a line may have.
    TooLong,
}

/// Reads up to the first end of line; one read takes one byte, so that what follows stays in the pipe.
pub(super) fn read_line(pipe: &impl AsFd, deadline: Instant) -> io::Result<Heard> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < LONGEST_LINE {
        if !wait_readable(pipe, deadline)? {
            return Ok(Heard::TimedOut);
        }
        match rustix::io::read(pipe, &mut byte) {
            Ok(0) => return Ok(Heard::Ended),
            Ok(_) if byte[0] == b'\n' => return Ok(Heard::Line(String::from_utf8_lossy(&line).into_owned())),
            Ok(_) => line.push(byte[0]),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Heard::TooLong)
}

/// Everything that is in the pipe now, up to its end or 64 KiB. A grandchild that holds the pipe open can't delay it.
pub(super) fn read_rest(pipe: &impl AsFd) -> String {
    const MOST: usize = 64 * 1024;
    let mut rest = Vec::new();
    let mut chunk = [0; 4096];
    while rest.len() < MOST && matches!(wait_readable(pipe, Instant::now()), Ok(true)) {
        match rustix::io::read(pipe, &mut chunk) {
            Ok(0) | Err(_) => break,
            Ok(count) => rest.extend_from_slice(&chunk[..count]),
        }
    }
    String::from_utf8_lossy(&rest).into_owned()
}

/// The counters in the last of `lines` that is a farewell.
pub(super) fn farewell_in(lines: &str) -> Option<ServerCounters> {
    lines.lines().rev().find_map(|line| serde_json::from_str::<Farewell>(line).ok()).map(|farewell| farewell.stopped)
}

/// Waits until `fd` can be read or has ended; false when the deadline passed first.
pub(super) fn wait_readable(fd: &impl AsFd, deadline: Instant) -> io::Result<bool> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // A deadline beyond 584 years is as good as none.
        let left = timespec(u64::try_from(left.as_nanos()).unwrap_or(u64::MAX));
        match poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&left)) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    #[test]
    fn a_line_is_read_and_the_next_one_left() {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"first\nsecond\n").unwrap();
        assert_eq!(read_line(&reader, soon()).unwrap(), Heard::Line("first".into()));
        assert_eq!(read_rest(&reader), "second\n");
    }

    #[test]
    fn silence_end_and_flood_are_told_apart() {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"half").unwrap();
        assert_eq!(read_line(&reader, Instant::now() + Duration::from_millis(5)).unwrap(), Heard::TimedOut);
        writer.write_all(&[b'x'; LONGEST_LINE]).unwrap();
        assert_eq!(read_line(&reader, soon()).unwrap(), Heard::TooLong);
        drop(writer);
        assert_eq!(read_line(&reader, soon()).unwrap(), Heard::Ended);
    }

    #[test]
    fn counters_are_found_after_other_lines() {
        let lines = "noise\n{\"stopped\":{\"accepted\":3,\"accept_errors\":0,\"spawn_errors\":0,\
                     \"requests_served\":7,\"requests_refused\":1}}\n";
        assert_eq!(farewell_in(lines).map(|counters| (counters.accepted, counters.requests_served)), Some((3, 7)));
        assert_eq!(farewell_in("{\"stopped\":{\"accepted\":3}}\n"), None);
    }
}
