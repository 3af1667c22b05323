//! Reading pipes whose other side may say anything, at any length, or nothing: within a time, without waiting for more than
//! there is, and keeping no more than is of use. And asking a program one thing in this way.
//!
//! Must not know: what is said. Beside it: `message.rs`, which does.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use instruments::clock::timespec;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::time::Timespec;

/// A first line longer than this comes from no server of ours, and is not waited for.
const LONGEST_LINE: usize = 4096;

/// What came of waiting for a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LineRead {
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
pub(super) fn read_line(pipe: &impl AsFd, deadline: Instant) -> io::Result<LineRead> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < LONGEST_LINE {
        if !wait_readable(pipe, deadline)? {
            return Ok(LineRead::TimedOut);
        }
        match rustix::io::read(pipe, &mut byte) {
            Ok(0) => return Ok(LineRead::Ended),
            Ok(_) if byte[0] == b'\n' => return Ok(LineRead::Line(String::from_utf8_lossy(&line).into_owned())),
            Ok(_) => line.push(byte[0]),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(LineRead::TooLong)
}

/// The end of what a server says on its pipe, read for as long as it lives on and however much it says: whoever waits for
/// a reader can't end. A grandchild that holds the pipe open can't delay it.
pub(super) fn read_until_ended(pipe: &impl AsFd, pidfd: &impl AsFd, deadline: Instant) -> String {
    let mut said = VecDeque::new();
    let mut is_open = true;
    loop {
        let mut sources = vec![PollFd::new(pidfd, PollFlags::IN)];
        if is_open {
            sources.push(PollFd::new(pipe, PollFlags::IN));
        }
        let left = timespec_of(deadline.saturating_duration_since(Instant::now()));
        let ready = match poll(&mut sources, Some(&left)) {
            Err(Errno::INTR) => continue,
            ready => ready.unwrap_or(0),
        };
        // What it said last lies in the pipe when it has ended.
        let is_over = ready == 0 || !sources[0].revents().is_empty();
        is_open = is_open && take_all(pipe, |bytes| keep_end(&mut said, bytes, MOST_KEPT));
        if is_over {
            return String::from_utf8_lossy(said.make_contiguous()).into_owned();
        }
    }
}

/// More than any server of ours says at its end.
const MOST_KEPT: usize = 64 * 1024;

/// Many times what a pipe holds: whoever writes on and on is not listened to on and on.
const MOST_AT_ONCE: usize = 1 << 20;

/// Takes all that is in a pipe now and never waits; returns whether more may come.
pub(super) fn take_all(pipe: &impl AsFd, mut take: impl FnMut(&[u8])) -> bool {
    let (mut chunk, mut taken) = ([0; 4096], 0);
    while taken < MOST_AT_ONCE && matches!(wait_readable(pipe, Instant::now()), Ok(true)) {
        match rustix::io::read(pipe, &mut chunk) {
            Err(Errno::INTR) => {}
            Ok(0) | Err(_) => return false,
            Ok(count) => {
                take(&chunk[..count]);
                taken += count;
            }
        }
    }
    true
}

/// Adds to the end of what is kept, of which no more than the last `most` bytes are.
pub(super) fn keep_end(kept: &mut VecDeque<u8>, new: &[u8], most: usize) {
    let surplus = (kept.len() + new.len()).saturating_sub(most);
    kept.drain(..surplus.min(kept.len()));
    kept.extend(&new[new.len().saturating_sub(most)..]);
}

/// Waits until `fd` can be read or has ended; false when the deadline passed first.
pub(super) fn wait_readable(fd: &impl AsFd, deadline: Instant) -> io::Result<bool> {
    loop {
        let left = timespec_of(deadline.saturating_duration_since(Instant::now()));
        match poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&left)) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn timespec_of(span: Duration) -> Timespec {
    // A deadline beyond 584 years is as good as none.
    timespec(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX))
}

/// A program that only says who it is does so within this time, on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(10);

/// More than any answer that is asked for.
const LONGEST_SAID: usize = 1 << 20;

/// What a program says on standard output when it is called with these arguments, and whether it ended well; nothing where
/// it has not ended within ten seconds, or says more than a mebibyte. It is ended then.
///
/// # Errors
/// Where it can't be executed, or its pipe can't be read.
pub fn answer_of(program: &Path, arguments: &[&str]) -> io::Result<Option<String>> {
    let mut asked = Command::new(program);
    asked.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = asked.spawn()?;
    let said = heard_out(&mut child, Instant::now() + DEADLINE);
    // Of one that has ended there is nothing to kill.
    let _ = child.kill();
    let ended = child.wait()?;
    Ok(said?.filter(|_| ended.success()))
}

fn heard_out(child: &mut Child, deadline: Instant) -> io::Result<Option<String>> {
    let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let (mut text, mut chunk) = (Vec::new(), [0; 4096]);
    while text.len() < LONGEST_SAID && wait_readable(&stdout, deadline)? {
        match rustix::io::read(&stdout, &mut chunk) {
            Ok(0) => return Ok(ends_by(child, deadline)?.then(|| String::from_utf8_lossy(&text).into_owned())),
            Ok(count) => text.extend_from_slice(&chunk[..count]),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Whether a program that has said all ends in time too.
fn ends_by(child: &mut Child, deadline: Instant) -> io::Result<bool> {
    while child.try_wait()?.is_none() {
        if Instant::now() > deadline {
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    #[test]
    fn a_line_is_read_and_the_next_one_left() {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"first\nsecond\n").unwrap();
        assert_eq!(read_line(&reader, soon()).unwrap(), LineRead::Line("first".into()));
        let (_lives, never_ends) = io::pipe().map(|(reader, writer)| (writer, reader)).unwrap();
        assert_eq!(read_until_ended(&reader, &never_ends, Instant::now()), "second\n");
    }

    #[test]
    fn silence_end_and_flood_are_told_apart() {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"half").unwrap();
        assert_eq!(read_line(&reader, Instant::now() + Duration::from_millis(5)).unwrap(), LineRead::TimedOut);
        writer.write_all(&[b'x'; LONGEST_LINE]).unwrap();
        assert_eq!(read_line(&reader, soon()).unwrap(), LineRead::TooLong);
        drop(writer);
        assert_eq!(read_line(&reader, soon()).unwrap(), LineRead::Ended);
    }

    /// Ten times what a pipe holds, by a writer that waits for its reader.
    #[test]
    fn whoever_says_much_at_its_end_is_heard_out_and_its_last_words_are_kept() {
        let (reader, mut writer) = io::pipe().unwrap();
        let (ended, lives) = io::pipe().unwrap();
        let talker = thread::spawn(move || {
            writer.write_all(&[b'x'; 640 * 1024]).unwrap();
            writer.write_all(b"the end").unwrap();
            drop(lives);
        });
        let said = read_until_ended(&reader, &ended, soon());
        talker.join().unwrap();
        assert_eq!((said.len(), said.ends_with("xthe end")), (MOST_KEPT, true));
    }

    fn shell(script: &str) -> Option<String> {
        answer_of(Path::new("/bin/sh"), &["-c", script]).unwrap()
    }

    #[test]
    fn a_program_is_heard_out_where_it_ends_well_and_is_brief() {
        assert_eq!(shell("echo one; echo two").as_deref(), Some("one\ntwo\n"));
        assert_eq!(shell("echo one; exit 3"), None);
        assert_eq!(shell("exec cat /dev/zero"), None, "it would never stop");
        assert!(answer_of(Path::new("/nowhere/program"), &[]).is_err());
    }

    #[test]
    fn a_program_that_hangs_is_ended_at_the_deadline() {
        let mut child =
            Command::new("/bin/sleep").arg("600").stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        assert_eq!(heard_out(&mut child, Instant::now()).unwrap(), None);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
