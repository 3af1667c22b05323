//! A search with minutes to go ends soon after Ctrl-C or TERM, with what it has found, and leaves no server.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reports::record::Ending;
use reports::record::store::RunFolder;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::common::{LONGEST_WAIT, is_alive, send, within};

/// Far less than the budget of each search. Three seconds are promised, and a machine that others use is given more.
const ENDING: Duration = Duration::from_secs(10);

/// The servers that a process has started and that live.
fn servers_of(parent: &Child) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", parent.id())).unwrap_or_default();
    list.split_whitespace().filter_map(|pid| pid.parse().ok()).filter(|pid| is_alive(*pid)).collect()
}

fn ends_soon(arguments: &[&str], signal: Signal, code: i32) {
    let home = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
    command.args(arguments).args(["--budget", "30min", "--out", "the-run"]);
    command.env("TMPDIR", home.path()).current_dir(home.path()).stdin(Stdio::null());
    let mut search = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let cells = home.path().join("the-run/cells");
    let has_a_cell = || std::fs::read_dir(&cells).is_ok_and(|entries| entries.count() > 0);
    assert!(within(LONGEST_WAIT, has_a_cell), "nothing was measured");
    assert!(within(LONGEST_WAIT, || !servers_of(&search).is_empty()), "no second server was seen");
    let servers = servers_of(&search);
    let begun = Instant::now();
    send(search.id(), signal);
    let ended = within(ENDING, || search.try_wait().unwrap().is_some());
    if !ended {
        search.kill().unwrap();
    }
    assert!(ended, "it went on for {:?}", begun.elapsed());
    assert_eq!(search.wait().unwrap().code(), Some(code));
    assert!(servers.iter().all(|pid| !is_alive(*pid)));
    let mut said = String::new();
    search.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("interrupted: ") && said.contains("saved in"), "{said}");
    let run = RunFolder::open(home.path().join("the-run")).unwrap().read().unwrap();
    assert!(run.manifest.ending == Ending::Interrupted && !run.cells.is_empty());
}

#[test]
fn ctrl_c_ends_a_map_with_the_squares_that_it_has() {
    ends_soon(&["map", "--connections", "1,8,64", "--work", "echo,sleep 5ms"], Signal::INT, 130);
}

#[test]
fn term_ends_a_search_for_capacity_with_the_loads_that_it_has() {
    ends_soon(&["capacity", "--models", "threaded,async-multi", "--blocks", "9"], Signal::TERM, 143);
}
