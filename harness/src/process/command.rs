//! Starts a program of another hand as a server, on a port that is chosen here, and waits until it listens there.
//!
//! The program is not started directly but by this very one, which puts itself on its CPUs, asks for the death signal and
//! then becomes that program: nothing runs between the two. It says nothing on a pipe, so it is ready when the port
//! is its own. Beside it: `launch.rs`, the same for our own servers; `orphans.rs`, which ends what it started.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use instruments::observe::descendants;

use super::bounds::OomCounters;
use super::child::Child;
use super::error::{LaunchFailure, ProcessError};
use super::image::OWN_IMAGE;
use super::launch::cpu_list;
use super::orphans::{self, start_guard};
use super::server_process::ServerProcess;

/// Stands in a command for the port that the server is to listen on.
pub const PORT: &str = "{port}";

/// Stands in a command for the address and the port.
pub const ADDRESS: &str = "{address}";

/// The port, in the environment of the program.
pub const PORT_VARIABLE: &str = "PORT";

/// The address and port of the backend that `call` requests ask, in the environment of the program.
pub const BACKEND_VARIABLE: &str = "BACKEND";

/// What to launch.
#[derive(Debug, Clone, Copy)]
pub struct CommandLaunch<'a> {
    /// What errors call it.
    pub name: &'a str,
    /// The program and its arguments.
    pub words: &'a [String],
    /// CPUs the server may use; none means those that this thread may use.
    pub cpus: &'a [u32],
    /// How long the server may take until it listens.
    pub readiness_deadline: Duration,
    /// The backend that its `call` requests ask; none where no request calls.
    pub backend: Option<SocketAddr>,
    /// Set where waiting is to end early.
    pub stop: &'a AtomicBool,
    /// The harness that becomes the program, and that guards it; this very one where none is given.
    pub harness: Option<&'a Path>,
}

/// How long a program may take until it listens: it may have a runtime to load first. Whoever waits can stop waiting.
const READINESS_DEADLINE: Duration = Duration::from_secs(10);

/// Ports that are tried. Between the choice of one and the server's listening there anybody can take it.
const TRIES: u32 = 3;

/// Time between two looks at whether it listens.
const STEP: Duration = Duration::from_millis(3);

impl<'a> CommandLaunch<'a> {
    /// With nothing chosen but the program.
    pub fn new(name: &'a str, words: &'a [String], stop: &'a AtomicBool) -> CommandLaunch<'a> {
        let (cpus, readiness_deadline) = (&[][..], READINESS_DEADLINE);
        CommandLaunch { name, words, cpus, readiness_deadline, backend: None, stop, harness: None }
    }
}

/// Launches a program of another hand, and returns once it listens. As with [`super::launch`] it dies with the thread that
/// launched it.
///
/// # Errors
/// Where it can't be started, ends, or does not listen in time. It has been killed and reaped by then.
pub fn launch_command(launch: &CommandLaunch<'_>) -> Result<ServerProcess, ProcessError> {
    let mut tries = 1;
    loop {
        let address = free_address().map_err(|error| ProcessError::new(launch.name, error.into()))?;
        match start(launch, address) {
            Err(ProcessError { failure: LaunchFailure::PortTaken { .. }, .. }) if tries < TRIES => tries += 1,
            ended => return ended,
        }
    }
}

fn start(launch: &CommandLaunch<'_>, address: SocketAddr) -> Result<ServerProcess, ProcessError> {
    let fail = |failure| ProcessError::new(launch.name, failure);
    let own = launch.harness.unwrap_or(OWN_IMAGE.as_ref());
    orphans::adopt().map_err(|error| fail(error.into()))?;
    let (oom, begun) = (OomCounters::now(), Instant::now());
    let mut process = Command::new(own);
    process
        .args(command_line(launch, address))
        // It stays in the environment when that becomes the program.
        .envs(launch.backend.map(|backend| (BACKEND_VARIABLE, backend.to_string())))
        .stdin(Stdio::null())
        // Nobody would read it, and a pipe that nobody reads holds its writer up.
        .stdout(Stdio::null());
    let (mut child, _) = Child::spawn(&mut process).map_err(fail)?;
    let ready = start_guard(own, child.pid()).map_err(LaunchFailure::from).and_then(|guard| {
        child.guard_with(guard);
        await_listening(launch, (&child, &oom), address, begun)
    });
    match ready {
        Ok(()) => Ok(ServerProcess::new(child, None, address, oom)),
        Err(failure) => Err(ProcessError { stderr: child.end(), ..fail(failure) }),
    }
}

/// An address that nobody listens on now.
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// The arguments with which this program becomes the server.
fn command_line(launch: &CommandLaunch<'_>, address: SocketAddr) -> Vec<String> {
    let (parent, port) = (std::process::id().to_string(), address.port().to_string());
    let mut words = ["become", "--parent", &parent, "--port", &port].map(str::to_owned).to_vec();
    words.extend(cpu_list(launch.cpus).into_iter().flat_map(|cpus| ["--cpus".to_owned(), cpus]));
    words.push("--".to_owned());
    words.extend(launch.words.iter().map(|word| filled_in(word, address)));
    words
}

/// A word with the address in it. Doubled braces are braces.
fn filled_in(word: &str, address: SocketAddr) -> String {
    const DOUBLED: [(&str, &str); 2] = [("{{port}}", "\u{0}p"), ("{{address}}", "\u{0}a")];
    // No word on a command line holds a zero byte.
    let kept = DOUBLED.iter().fold(word.to_owned(), |word, (doubled, mark)| word.replace(doubled, mark));
    let filled = kept.replace(PORT, &address.port().to_string()).replace(ADDRESS, &address.to_string());
    filled.replace("\u{0}p", PORT).replace("\u{0}a", ADDRESS)
}

/// Waits until the program listens at `address`.
fn await_listening(
    launch: &CommandLaunch<'_>,
    (child, oom): (&Child, &OomCounters),
    address: SocketAddr,
    begun: Instant,
) -> Result<(), LaunchFailure> {
    loop {
        let accepts = TcpStream::connect_timeout(&address, STEP).is_ok();
        if let Some(death) = child.await_death(STEP)? {
            // Who is at the port is not this program.
            return Err(match (accepts, death.is_in_order()) {
                (_, true) => LaunchFailure::LeftItsProcess,
                (true, false) => LaunchFailure::PortTaken { port: address.port() },
                (false, false) => LaunchFailure::EndedEarly { how: oom.explain(death).how },
            });
        }
        if accepts {
            return if is_its_own(address.port(), child.pid()) {
                Ok(())
            } else {
                Err(LaunchFailure::PortTaken { port: address.port() })
            };
        }
        if launch.stop.load(Ordering::Relaxed) {
            return Err(LaunchFailure::Interrupted);
        }
        if begun.elapsed() >= launch.readiness_deadline {
            return Err(LaunchFailure::NotListening { waited: launch.readiness_deadline, address });
        }
    }
}

/// Whether the socket that listens on a port is held by this process or one that it started. Where the kernel does not
/// show that, it is taken for granted.
fn is_its_own(port: u16, pid: u32) -> bool {
    let listening = listening_inodes(port);
    let held = |pid: u32| {
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
        let links = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        Some(links.filter_map(|link| socket_inode(link.to_str()?)).any(|inode| listening.contains(&inode)))
    };
    listening.is_empty() || std::iter::once(pid).chain(descendants(pid)).any(|pid| held(pid).unwrap_or(true))
}

fn socket_inode(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// The inodes of all sockets that listen on a port.
fn listening_inodes(port: u16) -> Vec<u64> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    tables.iter().flat_map(|table| inodes_in(table, port)).collect()
}

fn inodes_in(table: &str, port: u16) -> Vec<u64> {
    const LISTEN: &str = "0A";
    let of_line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
        let is_it = u16::from_str_radix(local_port, 16) == Ok(port) && fields.get(3) == Some(&LISTEN);
        if is_it { fields.get(9)?.parse().ok() } else { None }
    };
    table.lines().skip(1).filter_map(of_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_stands_where_it_is_wanted() {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 4711));
        let filled = |word: &str| filled_in(word, address);
        assert_eq!(filled("--listen={address}"), "--listen=127.0.0.1:4711");
        assert_eq!(filled("{port}:{port}"), "4711:4711");
        assert_eq!(filled("{{port}} {other} {}"), "{port} {other} {}");
    }

    #[test]
    fn a_listening_socket_is_found_with_whose_it_is() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(listening_inodes(port).len(), 1);
        assert!(is_its_own(port, std::process::id()));
        let mut other = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        // It has a copy of every socket until it is another program.
        let give_up = Instant::now() + Duration::from_secs(10);
        while is_its_own(port, other.id()) && Instant::now() < give_up {
            std::thread::yield_now();
        }
        assert!(!is_its_own(port, other.id()), "a child that has become another program holds no such socket");
        drop(other.stdin.take());
        other.wait().unwrap();
    }

    #[test]
    fn sockets_that_do_not_listen_are_none() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:1267 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 x\n\
             1: 0100007F:1267 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 78 1 x\n";
        assert_eq!(inodes_in(table, 0x1267), [77]);
        assert_eq!(inodes_in(table, 0x1268), [] as [u64; 0]);
    }
}
