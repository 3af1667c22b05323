//! Commands that run while a test looks on, and how they end.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::common::home::Ended;
use crate::common::{LONGEST_WAIT, is_alive, send, within};

/// Longer than any command takes to its end, on however busy a machine.
pub(crate) const LONGEST_RUN: Duration = Duration::from_secs(600);

/// A process that is killed with the test.
pub(crate) struct Killed(pub(crate) Child);

impl Killed {
    /// Starts what says a line on its stdout first; with what it says after that, and the line.
    pub(crate) fn saying(command: &mut Command) -> (Killed, BufReader<ChildStdout>, String) {
        let mut child = Killed(command.stdout(Stdio::piped()).spawn().unwrap());
        let mut said = BufReader::new(child.0.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        (child, said, line)
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A command under way whose words can be read; killed when dropped.
pub(crate) struct Started {
    child: Killed,
}

impl Started {
    pub(crate) fn of(command: &mut Command) -> Started {
        Started::tried(command).unwrap()
    }

    /// For what this machine may not have.
    pub(crate) fn tried(command: &mut Command) -> io::Result<Started> {
        Ok(Started { child: Killed(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?) })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// Waits until it has a server; returns it.
    pub(crate) fn server(&self) -> u32 {
        let mut found = None;
        let seen = within(LONGEST_WAIT, || {
            found = servers_of(self.pid()).first().copied();
            found.is_some()
        });
        assert!(seen, "no server of {} was seen", self.pid());
        found.unwrap()
    }

    /// Where it reads, if that was made a pipe; closed when dropped.
    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.child.0.stdin.take().unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.0.try_wait().unwrap().is_some()
    }

    /// Its exit status, if it ends in time.
    pub(crate) fn status_within(&mut self, deadline: Duration) -> Option<ExitStatus> {
        within(deadline, || self.has_ended());
        self.child.0.try_wait().unwrap()
    }

    /// The first line that it writes to stderr.
    pub(crate) fn first_message(&mut self) -> String {
        let stderr = self.child.0.stderr.as_mut().unwrap();
        // Byte by byte, so that the rest is left to who reads that.
        let bytes = Read::bytes(stderr).map(Result::unwrap);
        let line: Vec<u8> = bytes.take_while(|byte| *byte != b'\n').collect();
        String::from_utf8_lossy(&line).into_owned()
    }

    /// Waits for its end; how that was, and all it said after what was read already.
    pub(crate) fn ended(mut self) -> Ended {
        let (stdout, stderr) = (self.child.0.stdout.take().unwrap(), self.child.0.stderr.take().unwrap());
        let (stdout, stderr) = (read_to_end(stdout), read_to_end(stderr));
        let all = stdout.recv_timeout(LONGEST_RUN).and_then(|stdout| Ok((stdout, stderr.recv_timeout(LONGEST_RUN)?)));
        let (stdout, stderr) = all.unwrap_or_else(|error| match error {
            RecvTimeoutError::Timeout => panic!("process {} goes on without end", self.pid()),
            RecvTimeoutError::Disconnected => panic!("what process {} says could not be read", self.pid()),
        });
        let status = self.status_within(LONGEST_WAIT).expect("it said its last word and has not ended");
        Ended { code: status.code(), stdout, stderr }
    }
}

/// What comes of a pipe in the end. Read on a thread, so that the other pipe does not fill up meanwhile.
fn read_to_end(mut pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = channel();
    thread::spawn(move || {
        let mut said = Vec::new();
        pipe.read_to_end(&mut said).unwrap();
        // Whoever waited for it may have given up.
        let _ = tell.send(String::from_utf8_lossy(&said).into_owned());
    });
    told
}

/// Servers that were started by the process `parent`, whether it still lives or not: its number is in their arguments.
pub(crate) fn servers_of(parent: u32) -> Vec<u32> {
    let parent = parent.to_string();
    let entries = std::fs::read_dir("/proc").unwrap();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_server = |pid: &u32| {
        let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = arguments.split(|byte| *byte == 0).collect();
        words.get(1) == Some(&&b"serve"[..])
            && words.windows(2).any(|pair| pair == [b"--parent", parent.as_bytes()])
            // One that has ended and that nobody has reaped yet has no arguments; one that is about to is no matter.
            && is_alive(*pid)
    };
    pids.filter(is_server).collect()
}
