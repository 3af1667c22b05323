//! What several rooms of tests need: waiting for something to be seen, processes looked at from outside.
//!
//! Must not know: what is tested.

pub(crate) mod bed;
pub(crate) mod clients;
pub(crate) mod confined;
pub(crate) mod fakes;
pub(crate) mod home;
pub(crate) mod own_server;
pub(crate) mod scripted;
pub(crate) mod started;

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use std::{env, iter};

use reports::record::{Cell, Warning};
use rustix::process::{Pid, Signal, kill_process};
use socket2::{Domain, Socket, Type};

use crate::skipped::{missing, skipped};

/// Longer than anything in a test takes, on however busy a machine.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Looks again and again until `seen`; false when it was not seen in time. A look that takes long is taken less often, so that
/// what is looked at has the CPU.
pub(crate) fn within(deadline: Duration, mut seen: impl FnMut() -> bool) -> bool {
    let (shortest, longest) = (Duration::from_millis(2), Duration::from_millis(100));
    let give_up = Instant::now() + deadline;
    loop {
        let begun = Instant::now();
        if seen() {
            return true;
        }
        if begun >= give_up {
            return false;
        }
        std::thread::sleep((20 * begun.elapsed()).clamp(shortest, longest));
    }
}

/// The state of a process as the kernel tells it, `S` or `T`; nothing where there is no such process.
pub(crate) fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The state follows the program's name, which may itself hold parentheses.
    stat.rsplit(") ").next()?.chars().next()
}

/// Whether a process runs. One that has ended and is not reaped yet doesn't.
pub(crate) fn is_alive(pid: u32) -> bool {
    state(pid).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// Sends a signal to a process that is there.
pub(crate) fn send(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

/// Control groups that the process `maker` has made and that are still there, wherever a process of its own would be put.
pub(crate) fn groups_of(maker: u32) -> Vec<String> {
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap();
    let groups: Vec<&str> = own.lines().filter_map(|line| line.splitn(3, ':').nth(2)).collect();
    let trees = ["/sys/fs/cgroup", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified"].map(Path::new);
    let folders = trees.iter().flat_map(|tree| groups.iter().map(|group| tree.join(group.trim_start_matches('/'))));
    let folders = folders.flat_map(|folder| [Some(folder.clone()), folder.parent().map(Path::to_owned)]).flatten();
    let prefix = format!("tokio-or-threads-{maker}-");
    let names = folders.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| name.starts_with(&prefix)).collect()
}

/// The packages of the workspace, each before those that know it.
pub(crate) const PACKAGES: [&str; 4] = ["servers", "reports", "instruments", "harness"];

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A file of the repository, by its path from the root.
pub(crate) fn source(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Copies a saved run of the repository, so that a report can be written into it.
pub(crate) fn copy_run(run: &str, to: &Path) {
    let copied = Command::new("cp").arg("-r").arg(root().join(run)).arg(to).status();
    assert!(copied.unwrap().success());
}

/// Sees that no control group that a process has made is left. A test of this process may have one for a while.
pub(crate) fn assert_no_groups_of(maker: u32) {
    assert!(within(LONGEST_WAIT, || groups_of(maker).is_empty()), "left: {:?}", groups_of(maker));
}

/// Writes a program, such as a script, which can be executed from then on.
pub(crate) fn write_executable(path: &Path, text: &str) {
    // By a process of its own: a descriptor of ours that is open for writing could be inherited by a child that another
    // test forks at this moment, and the program could then not be executed.
    let mut writer = Command::new("sh");
    writer.args(["-c", r#"printf %s "$1" > "$0" && chmod +x "$0""#]).arg(path).arg(text);
    assert!(writer.stdin(Stdio::null()).status().unwrap().success(), "{}", path.display());
}

/// An address at which nobody listens.
pub(crate) fn nobody() -> SocketAddr {
    // Bound and never listening, to the end of this process: nobody else is given that port meanwhile.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    std::mem::forget(socket);
    address
}

/// Listens on loopback until the tests end, and has each connection answered on a thread of its own.
pub(crate) fn listen(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        // Where one could not be accepted, for want of a descriptor or because it is gone, the next one can.
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || answer(stream));
        }
    });
    address
}

/// Sees that what a cell was held against, such as the counts of both sides, came out alike.
#[track_caller]
pub(crate) fn assert_checks_held(cell: &Cell) {
    let failed = cell.warnings.iter().find(|warning| matches!(warning, Warning::CheckFailed { .. }));
    assert_eq!(failed, None, "{}: {:?}", cell.id, cell.warnings);
}

/// The first of three cells in which other programs did not hold up the harness, and so the only one of which it can be
/// asked how soon something was noticed. Where they did each time, that is said to be skipped.
pub(crate) fn undisturbed(cell: impl FnMut() -> Cell) -> Option<Cell> {
    let found = iter::repeat_with(cell).take(3).find(|cell| !cell.warnings.iter().any(Warning::is_of_the_machine));
    if found.is_none() {
        skipped("how soon a death is noticed: other programs used this machine in each of three tries");
    }
    found
}

/// Output of a program that writes text.
pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Whether this machine has a program, found by asking for its version. Where it has not, what needs it is skipped, and
/// in CI fails.
pub(crate) fn has(program: &str, version: &str) -> bool {
    let said = Command::new(program).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_there = said.is_ok_and(|status| status.success());
    if !is_there {
        missing(program);
    }
    is_there
}

/// Set in a process that plays the harness, to be killed.
const PARENT: &str = "HARNESS_TEST_PARENT";

/// Whether this process plays the harness.
pub(crate) fn is_parent() -> bool {
    env::var_os(PARENT).is_some()
}

/// Plays the harness until it is killed: says which process it has started, and waits.
pub(crate) fn be_the_parent_of(child: u32) {
    eprintln!("child {child}");
    std::thread::sleep(2 * LONGEST_WAIT);
}

/// Runs the named test of this program in a process of its own, which starts another; returns both. What they leave when they
/// are killed is in `scratch`.
pub(crate) fn parent_with_child(test: &str, scratch: &Path) -> (Child, u32) {
    let mut parent = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(PARENT, "1")
        .env("TMPDIR", scratch)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stderr.take().unwrap()).lines().map(Result::unwrap);
    let child = lines.find_map(|line| line.strip_prefix("child ")?.parse().ok()).unwrap();
    (parent, child)
}
