//! `compare` with a disturbance, as a person runs it: its exit codes, and what is left on the machine however it ends.

use reports::record::{Cell, Ending, Fate, Outcome};
use rustix::process::Signal;

use crate::common::home::Home;
use crate::common::started::{Started, servers_of};
use crate::common::{LONGEST_WAIT, assert_no_groups_of, is_alive, send, undisturbed, within};

/// A comparison that runs, at home in a folder.
fn start(home: &Home, preset: &str, models: &str) -> Started {
    let mut command = home.command(&["compare", "--experiments", "idle-flood", "--out", "the-run"]);
    Started::of(command.args(["--preset", preset, "--models", models]))
}

/// Of the comparison that had this process.
fn assert_nothing_is_left(pid: u32) {
    assert_eq!(servers_of(pid), Vec::<u32>::new());
    assert_no_groups_of(pid);
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
    let home = Home::new();
    let comparison = start(&home, "smoke", "sequential,threaded,async-multi");
    let pid = comparison.pid();
    comparison.ended().measured();
    let run = home.run();
    assert_eq!((run.cells.len(), run.manifest.ending), (3, Ending::Completed));
    for cell in &run.cells {
        assert_eq!(cell.bounds.len(), 2, "{}", cell.id);
        let most = cell.disturbance.as_ref().unwrap().course.iter().map(|progress| progress.held).max();
        assert!(most.is_some_and(|held| (1..=630).contains(&held)), "{}: {most:?}", cell.id);
    }
    assert_nothing_is_left(pid);
}

/// What the experiment is there to find out is no failure of the run.
#[test]
fn a_server_that_dies_of_it_is_a_result_and_its_clients_fate_is_known_to_the_end() {
    dies_of_it();
}

#[test]
#[ignore = "takes twenty seconds and the machine to itself; `scripts/test` runs it"]
fn a_death_of_it_is_noticed_within_a_second() {
    if let Some(cell) = undisturbed(dies_of_it) {
        // Only what was under way may have had another fate in the second before.
        let (died_at_ns, events) = (cell.server.died_at_ns.unwrap(), cell.traffic.unwrap().events);
        let first = events.iter().filter(|event| event.fate == Fate::Refused).map(|event| event.at_ns).min();
        assert!(died_at_ns <= first.unwrap_or(died_at_ns) + 1_000_000_000, "{died_at_ns}, {first:?}");
    }
}

/// The cell of a server that is killed, and seen to be.
fn dies_of_it() -> Cell {
    let home = Home::new();
    let comparison = start(&home, "quick", "async-multi");
    let (pid, server) = (comparison.pid(), comparison.server());
    wait_for_the_flood(server);
    send(server, Signal::KILL);
    comparison.ended().measured().telling("SIGKILL");
    let run = home.run();
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
    assert_nothing_is_left(pid);
    cell.clone()
}

#[test]
fn ctrl_c_in_the_middle_leaves_nothing_behind() {
    let home = Home::new();
    let comparison = start(&home, "quick", "threaded");
    let (pid, server) = (comparison.pid(), comparison.server());
    wait_for_the_flood(server);
    comparison.signal(Signal::INT);
    comparison.ended().with_code(130);
    assert!(!is_alive(server));
    assert_eq!(home.run().manifest.ending, Ending::Interrupted);
    assert_nothing_is_left(pid);
}

#[test]
fn after_kill_9_no_server_is_left_and_the_next_comparison_clears_the_rest_away() {
    let home = Home::new();
    let comparison = start(&home, "quick", "threaded");
    let (killed, server) = (comparison.pid(), comparison.server());
    wait_for_the_flood(server);
    drop(comparison);
    assert!(within(LONGEST_WAIT, || !is_alive(server) && servers_of(killed).is_empty()));
    // Nobody was there to remove its control group, which holds nothing and bounds nothing. The next comparison of this
    // machine does, and that may be another test's: so what this one says of it is not looked at.
    let home = Home::new();
    let comparison = start(&home, "smoke", "sequential");
    let next = comparison.pid();
    comparison.ended().measured();
    assert_nothing_is_left(killed);
    assert_nothing_is_left(next);
}
