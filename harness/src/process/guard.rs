//! A process that waits for the end of the harness, and then ends the process group of a server.
//!
//! The kernel's death signal reaches the program that was started and none that this one started in turn. Where the
//! harness ends in order it kills the whole group itself; this is for `kill -9`. It sleeps until then.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

/// Starts a guard of the group that this process leads. It must be killed and reaped before that process is.
pub(super) fn start(program: &Path, leader: u32) -> io::Result<Child> {
    Command::new(program)
        .args(["guard", &leader.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // It must outlive a Ctrl-C that ends the harness.
        .process_group(0)
        .spawn()
}

/// What the guard does: waits for the end of stdin, whose other end the harness holds, and kills the group.
///
/// # Errors
/// Where `leader` can't be a process.
pub fn guard(leader: u32) -> io::Result<()> {
    // However reading ends, nobody is left to hold the other end.
    let _ = io::stdin().read_to_end(&mut Vec::new());
    let leader = i32::try_from(leader).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
    // The kernel does not give an id away while a group has it. No such group is fine.
    let _ = kill_process_group(leader, Signal::KILL);
    Ok(())
}
