//! Starts a server process and waits until it listens.
//!
//! Beside it: `supervised.rs`, the child's side of everything that is set up here.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use super::bounds::OomCounters;
use super::child::Child;
use super::error::{LaunchFailure, ProcessError};
use super::image::OWN_IMAGE;
use super::message::Ready;
use super::pipe::{LineRead, read_line};
use super::server_process::ServerProcess;

/// How long a server may take until it listens: hundreds of times what it usually takes, and short enough for Ctrl-C to
/// end a run within three seconds even then.
const READINESS_DEADLINE: Duration = Duration::from_millis(2_500);

/// What to launch.
#[derive(Debug, Clone, Copy)]
pub struct Launch<'a> {
    /// As `serve` takes it, `thread-pool:workers=8`.
    pub contender: &'a str,
    /// CPUs the server may use; none means those that this thread may use.
    pub cpus: &'a [u32],
    /// How long the server may take until it listens.
    pub readiness_deadline: Duration,
    /// Spin iterations per microsecond, so that `spin` is the same amount of work in every server of a run; without
    /// it the server calibrates itself.
    pub spin_rate: Option<u64>,
    /// What it speaks, as `serve --wire` takes it; JSON lines where nothing is said.
    pub wire: Option<&'a str>,
    /// The address on which it listens, at a port that is free; loopback where nothing is said. One that other machines reach is
    /// for those who said that it may be.
    pub listen: Option<IpAddr>,
    /// The backend that its `call` requests ask. None where no request calls: a supervised server starts none itself.
    pub backend: Option<SocketAddr>,
}

impl<'a> Launch<'a> {
    /// With nothing chosen but the contender.
    pub fn new(contender: &'a str) -> Launch<'a> {
        Launch {
            contender,
            cpus: &[],
            readiness_deadline: READINESS_DEADLINE,
            spin_rate: None,
            wire: None,
            listen: None,
            backend: None,
        }
    }
}

/// Launches this very program as a server, and returns once it listens.
///
/// The kernel's death signal follows the *thread* that spawned, not the process. A [`ServerProcess`] can't be sent to
/// another thread and kills when it is dropped, so a thread can't end before its servers, short of leaking them.
///
/// # Errors
/// Where the server did not get ready in time, ended first, or what talked on its pipe is not the server that was
/// started. The child has been killed and reaped by then.
pub fn launch(launch: &Launch<'_>) -> Result<ServerProcess, ProcessError> {
    start(OWN_IMAGE.as_ref(), "serve", launch, &[])
}

/// As [`launch`], with a server that notes who runs what, and writes that into a file when it stops.
///
/// # Errors
/// As [`launch`].
pub fn launch_traced(launch: &Launch<'_>, notes: &Path) -> Result<ServerProcess, ProcessError> {
    start(OWN_IMAGE.as_ref(), "serve", launch, &["--trace".as_ref(), notes.as_os_str()])
}

/// As [`launch`], with a subject of the self-test instead of a contender: a process whose properties are known.
///
/// # Errors
/// As [`launch`].
pub fn launch_subject(launch: &Launch<'_>) -> Result<ServerProcess, ProcessError> {
    start(OWN_IMAGE.as_ref(), "subject", launch, &[])
}

/// As [`launch`], with another program that takes the same command line.
///
/// # Errors
/// As [`launch`].
pub fn launch_program(program: &Path, launch: &Launch<'_>) -> Result<ServerProcess, ProcessError> {
    start(program, "serve", launch, &[])
}

fn start(program: &Path, command: &str, launch: &Launch<'_>, more: &[&OsStr]) -> Result<ServerProcess, ProcessError> {
    let fail = |failure| ProcessError::new(launch.contender, failure);
    let nonce = nonce().map_err(|error| fail(error.into()))?;
    let (oom, begun) = (OomCounters::now(), Instant::now());
    let mut process = Command::new(program);
    process.args(command_line(command, launch, &nonce)).args(more).stdin(Stdio::piped()).stdout(Stdio::piped());
    let (mut child, stdout) = Child::spawn(&mut process).map_err(fail)?;
    let stdout = stdout.ok_or_else(|| fail(io::Error::from(io::ErrorKind::InvalidInput).into()))?;
    match handshake((&mut child, &oom), &stdout, &nonce, begun, launch.readiness_deadline) {
        Ok(ready) => Ok(ServerProcess::new(child, Some(stdout), ready.address, oom)),
        Err(failure) => Err(ProcessError { stderr: child.end(), ..fail(failure) }),
    }
}

/// The arguments with which a supervised server is started.
fn command_line(command: &str, launch: &Launch<'_>, nonce: &str) -> Vec<String> {
    let mut words = [command, launch.contender, "--supervised"].map(str::to_owned).to_vec();
    let listen = launch.listen.filter(|listen| !listen.is_loopback());
    words.extend(listen.map(|_| "--allow-remote".to_owned()));
    let options = [
        ("--parent", Some(std::process::id().to_string())),
        ("--nonce", Some(nonce.to_owned())),
        ("--cpus", cpu_list(launch.cpus)),
        ("--spin-rate", launch.spin_rate.map(|rate| rate.to_string())),
        ("--wire", launch.wire.map(str::to_owned)),
        ("--listen", listen.map(|listen| SocketAddr::new(listen, 0).to_string())),
        ("--backend", launch.backend.map(|backend| backend.to_string())),
    ];
    for (option, value) in options {
        words.extend(value.into_iter().flat_map(|value| [option.to_owned(), value]));
    }
    words
}

/// CPUs as an option takes them; absent where none is named.
pub(super) fn cpu_list(cpus: &[u32]) -> Option<String> {
    (!cpus.is_empty()).then(|| cpus.iter().map(u32::to_string).collect::<Vec<_>>().join(","))
}

/// The first line of the child, checked against what it must be.
fn handshake(
    (child, oom): (&mut Child, &OomCounters),
    stdout: &ChildStdout,
    nonce: &str,
    begun: Instant,
    allowed: Duration,
) -> Result<Ready, LaunchFailure> {
    let line = match read_line(stdout, begun + allowed)? {
        LineRead::Line(line) => line,
        LineRead::TimedOut => return Err(LaunchFailure::NotReady { waited: allowed }),
        LineRead::TooLong => return Err(refused("its first line does not end".to_owned())),
        LineRead::Ended => {
            // The pipe closes a moment before the kernel can tell how the process ended.
            let death = child.await_death(Duration::from_millis(500))?;
            let how = death.map_or_else(|| "closed its standard output".to_owned(), |death| oom.explain(death).how);
            return Err(LaunchFailure::EndedEarly { how });
        }
    };
    check(&line, nonce, child.pid())
}

fn check(line: &str, nonce: &str, pid: u32) -> Result<Ready, LaunchFailure> {
    let ready: Ready = serde_json::from_str(line)
        .map_err(|error| refused(format!("its first line {line:?} is not a ready message ({error})")))?;
    if ready.nonce != nonce {
        return Err(refused(format!("it answers to nonce {:?} where {nonce:?} was given", ready.nonce)));
    }
    if ready.pid != pid {
        return Err(refused(format!("it says its pid is {} where {pid} was started", ready.pid)));
    }
    Ok(ready)
}

fn refused(reason: String) -> LaunchFailure {
    LaunchFailure::Handshake { reason }
}

/// 64 random bits in hexadecimal.
fn nonce() -> io::Result<String> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_must_be_ours() {
        let line = r#"{"address":"127.0.0.1:4321","pid":7,"nonce":"ab","model":"threaded"}"#;
        assert_eq!(check(line, "ab", 7).unwrap().address.port(), 4321);
        assert!(check(line, "cd", 7).unwrap_err().to_string().contains("nonce \"ab\" where \"cd\""));
        assert!(check(line, "ab", 8).unwrap_err().to_string().contains("pid is 7 where 8"));
        assert!(check("hello", "ab", 7).unwrap_err().to_string().contains("\"hello\""));
    }

    #[test]
    fn the_command_line_carries_everything() {
        let launch = Launch {
            contender: "threaded:stack=64KiB",
            cpus: &[0, 3],
            readiness_deadline: Duration::from_secs(1),
            spin_rate: Some(250),
            wire: Some("http"),
            listen: Some(IpAddr::from([192, 0, 2, 1])),
            backend: Some(SocketAddr::from(([127, 0, 0, 1], 4321))),
        };
        let parent = std::process::id();
        assert_eq!(
            command_line("serve", &launch, "ab").join(" "),
            format!(
                "serve threaded:stack=64KiB --supervised --allow-remote --parent {parent} --nonce ab --cpus 0,3 \
                 --spin-rate 250 --wire http --listen 192.0.2.1:0 --backend 127.0.0.1:4321"
            )
        );
    }

    #[test]
    fn nonces_differ() {
        assert_ne!(nonce().unwrap(), nonce().unwrap());
    }
}
