//! Asking a program one thing and hearing it out: within a time and up to a size, whatever the program does.
//!
//! Must not know: what is asked. Beside it: `pipe.rs`, which reads pipes.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::pipe::wait_readable;

/// A program that only says who it is does so within this time, on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(10);

/// More than any answer that is asked for.
const MOST_BYTES: usize = 1 << 20;

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

fn heard_out(child: &mut std::process::Child, deadline: Instant) -> io::Result<Option<String>> {
    let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let (mut text, mut chunk) = (Vec::new(), [0; 4096]);
    while text.len() < MOST_BYTES && wait_readable(&stdout, deadline)? {
        match rustix::io::read(&stdout, &mut chunk) {
            Ok(0) => return Ok(ends_by(child, deadline)?.then(|| String::from_utf8_lossy(&text).into_owned())),
            Ok(count) => text.extend_from_slice(&chunk[..count]),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Whether a program that has said all ends in time too.
fn ends_by(child: &mut std::process::Child, deadline: Instant) -> io::Result<bool> {
    while child.try_wait()?.is_none() {
        if Instant::now() > deadline {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

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
