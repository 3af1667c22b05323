//! `compare` with a disturbance, as a person runs it: its exit codes, and what is left on the machine however it ends.

use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use reports::record::store::{Run, RunFolder};
use reports::record::{Ending, Fate, Outcome};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::common::{LONGEST_WAIT, groups_of, is_alive, send, within};
use crate::disturbances::program;

/// A comparison that runs, in a folder of its own, in which the lock lies too; killed when dropped.
struct Comparison {
    child: Child,
    home: TempDir,
}

impl Comparison {
    fn start(preset: &str, models: &str) -> Self {
        let home = TempDir::new().unwrap();
        let mut command = Command::new(program());
        command.args(["compare", "--experiments", "idle-flood", "--out", "run"]);
        command.args(["--preset", preset, "--models", models]);
        command
            .env("TMPDIR", home.path())
            .env("HARNESS_LOCK", home.path().join("lock"))
            .current_dir(home.path())
            .stdin(Stdio::null());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self { child, home }
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has a server; returns it.
    fn server(&self) -> u32 {
        let mut found = None;
        assert!(within(LONGEST_WAIT, || {
            found = servers_of(self.pid()).first().copied();
            found.is_some()
        }));
        found.unwrap()
    }

    fn run(&self) -> Run {
        RunFolder::open(self.home.path().join("run")).unwrap().read().unwrap()
    }

    fn wait(mut self) -> (Self, Output) {
        let status = self.child.wait().unwrap();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        std::io::Read::read_to_end(&mut self.child.stdout.take().unwrap(), &mut stdout).unwrap();
        std::io::Read::read_to_end(&mut self.child.stderr.take().unwrap(), &mut stderr).unwrap();
        (self, Output { status, stdout, stderr })
    }

    fn leaves_nothing(&self) {
        assert_eq!(servers_of(self.pid()), Vec::<u32>::new());
        assert_eq!(groups_of(self.pid()), Vec::<String>::new());
    }
}

impl Drop for Comparison {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Servers that were started by the process `parent`: its number is in their arguments.
fn servers_of(parent: u32) -> Vec<u32> {
    let parent = parent.to_string();
    let entries = std::fs::read_dir("/proc").unwrap();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let is_server = |pid: &u32| {
        let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = arguments.split(|byte| *byte == 0).collect();
        words.windows(2).any(|pair| pair == [b"--parent", parent.as_bytes()]) && is_alive(*pid)
    };
    pids.filter(is_server).collect()
}

/// Waits until the disturbance of a server goes on: connections come from an address that the probe does not use.
fn wait_for_the_flood(server: u32) {
    let sockets = || {
        let tables = std::fs::read_to_string(format!("/proc/{server}/net/tcp")).unwrap_or_default();
        // Established ones: those of an earlier flood may still wait in TIME_WAIT.
        let is_open = |line: &&str| line.contains(" 01 ");
        let is_of_the_flood = |line: &&str| line.contains(" 0500007F:") || line.contains(" 0600007F:");
        tables.lines().filter(is_open).filter(is_of_the_flood).count()
    };
    assert!(within(LONGEST_WAIT, || sockets() > 0), "no flood was seen");
}

#[test]
fn a_comparison_of_its_own_contenders_leaves_nothing_behind() {
    let (comparison, output) = Comparison::start("smoke", "sequential,threaded,async-multi").wait();
    let said = String::from_utf8(output.stderr).unwrap();
    // On a machine that others use, cells may be invalid.
    assert!(matches!(output.status.code(), Some(0 | 4)), "{said}");
    let run = comparison.run();
    assert_eq!((run.cells.len(), run.manifest.ending), (3, Ending::Completed));
    for cell in &run.cells {
        assert_eq!(cell.bounds.len(), 2, "{}", cell.id);
        let most = cell.disturbance.as_ref().unwrap().course.iter().map(|progress| progress.held).max();
        assert!(most.is_some_and(|held| (1..=630).contains(&held)), "{}: {most:?}", cell.id);
    }
    comparison.leaves_nothing();
}

/// What the experiment is there to find out is no failure of the run.
#[test]
fn a_server_that_dies_of_it_is_a_result_and_its_clients_fate_is_known_to_the_end() {
    let comparison = Comparison::start("quick", "async-multi");
    let server = comparison.server();
    wait_for_the_flood(server);
    send(server, Signal::KILL);
    let (comparison, output) = comparison.wait();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(matches!(output.status.code(), Some(0 | 4)), "{:?} {said}", output.status);
    assert!(said.contains("SIGKILL"), "{said}");
    let run = comparison.run();
    let cell = &run.cells[0];
    let Outcome::Failed { reason, .. } = &cell.outcome else { panic!("{:?}", cell.outcome) };
    assert!(reason.contains("SIGKILL"), "{reason}");
    let died_at_ns = cell.server.died_at_ns.unwrap();
    let traffic = cell.traffic.as_ref().unwrap();
    assert_eq!(traffic.events.len() as u64, traffic.ledger.scheduled);
    assert_eq!(traffic.ledger.scheduled, traffic.ledger.accounted_for());
    // Everything that came later was refused, to the end of the window.
    let later: Vec<_> = traffic.events.iter().filter(|event| event.at_ns > died_at_ns).collect();
    assert!(later.iter().all(|event| event.fate == Fate::Refused), "{later:?}");
    let last_ns = traffic.events.iter().map(|event| event.at_ns).max().unwrap();
    assert!(last_ns + 50_000_000 > cell.load.window_ns, "{last_ns}");
    // And it was noticed at once: only what was under way may have had another fate in the second before.
    let first = traffic.events.iter().filter(|event| event.fate == Fate::Refused).map(|event| event.at_ns).min();
    assert!(died_at_ns <= first.unwrap_or(died_at_ns) + 1_000_000_000);
    comparison.leaves_nothing();
}

#[test]
fn ctrl_c_in_the_middle_leaves_nothing_behind() {
    let comparison = Comparison::start("quick", "threaded");
    let server = comparison.server();
    wait_for_the_flood(server);
    send(comparison.pid(), Signal::INT);
    let (comparison, output) = comparison.wait();
    assert_eq!(output.status.code(), Some(130));
    assert!(!is_alive(server));
    assert_eq!(comparison.run().manifest.ending, Ending::Interrupted);
    comparison.leaves_nothing();
}

#[test]
fn after_kill_9_no_server_is_left_and_the_next_comparison_clears_the_rest_away() {
    let mut killed = Comparison::start("quick", "threaded");
    let server = killed.server();
    wait_for_the_flood(server);
    send(killed.pid(), Signal::KILL);
    killed.child.wait().unwrap();
    assert!(within(Duration::from_secs(1), || !is_alive(server) && servers_of(killed.pid()).is_empty()));
    // Nobody was there to remove its control group, which holds nothing and bounds nothing.
    let (next, output) = Comparison::start("smoke", "sequential").wait();
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", String::from_utf8_lossy(&output.stderr));
    killed.leaves_nothing();
    next.leaves_nothing();
}
