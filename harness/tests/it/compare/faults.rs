//! A server that dies, a machine that allows little, a reader that leaves, and repetitions in another order.

use std::process::{Command, Stdio};
use std::time::Duration;

use reports::record::store::Run;
use reports::record::{Cell, Outcome, Purpose, Warning};
use rustix::process::Signal;

use crate::common::home::{Ended, HARNESS, Home, at_home};
use crate::common::started::{LONGEST_RUN, Started};
use crate::common::{LONGEST_WAIT, send, undisturbed, within};

/// The one cell that failed; every other has completed.
fn failed(cells: &[Cell]) -> &Cell {
    let failed: Vec<&Cell> = cells.iter().filter(|cell| matches!(cell.outcome, Outcome::Failed { .. })).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(cells.iter().filter(|cell| cell.id != failed[0].id).all(|cell| cell.outcome == Outcome::Completed));
    failed[0]
}

/// Kills the server that runs once `cells` cells are written, and lets the comparison go on to its end.
fn with_a_server_killed(arguments: &[&str], cells: usize) -> (Home, String) {
    let home = Home::new();
    let subject = Started::of(&mut home.compare(arguments));
    assert!(within(LONGEST_WAIT, || home.cell_files().len() >= cells));
    send(subject.server(), Signal::KILL);
    let output = subject.ended().with_code(6);
    (home, output.stderr)
}

#[test]
fn a_server_that_dies_under_load_fails_its_cell_and_the_others_go_on() {
    killed_under_load();
}

#[test]
#[ignore = "takes ten seconds and the machine to itself; `scripts/test` runs it"]
fn a_death_under_load_is_noticed_within_a_second() {
    if let Some(cell) = undisturbed(killed_under_load) {
        let planned_ns = cell.load.warm_up_ns + cell.load.window_ns;
        assert!(cell.elapsed_ns < planned_ns + 1_000_000_000, "{} ns to notice", cell.elapsed_ns);
    }
}

/// The cell whose server was killed, of a run that was right in all else.
fn killed_under_load() -> Cell {
    // Two contenders and two workloads are probed first.
    let arguments = ["--models", "threaded,async-single", "--experiments", "latency-curve"];
    let (home, said) = with_a_server_killed(&arguments, 4);
    let run = home.run();
    let cell = failed(&run.cells);
    let Outcome::Failed { reason, .. } = &cell.outcome else { unreachable!() };
    assert!(reason.contains("SIGKILL"), "{reason}");
    assert!(said.contains(&cell.contender) && said.contains("SIGKILL"), "{said}");
    assert_eq!(cell.purpose, Purpose::Measure);
    if let Some(traffic) = &cell.traffic {
        assert_eq!(traffic.ledger.scheduled, traffic.ledger.accounted_for());
    }
    assert_eq!(run.cells.len(), run.manifest.planned_cells as usize);
    for contender in ["threaded", "async-single"] {
        let completed = |cell: &&Cell| cell.contender == contender && cell.outcome == Outcome::Completed;
        assert!(run.cells.iter().filter(|cell| cell.purpose == Purpose::Measure).any(|cell| completed(&cell)));
    }
    cell.clone()
}

#[test]
fn a_server_that_dies_while_connections_are_held_fails_its_cell() {
    let (home, _) = with_a_server_killed(&["--models", "threaded,sequential", "--experiments", "memory"], 1);
    let run = home.run();
    let Outcome::Failed { reason, .. } = &failed(&run.cells).outcome else { unreachable!() };
    assert!(reason.contains("SIGKILL"), "{reason}");
    assert_eq!(run.cells.len(), 2);
}

/// What a dead server had served says nothing of what it could have: the loads of the others must not follow from it.
#[test]
fn a_server_that_dies_in_its_probe_has_no_capacity() {
    let arguments = ["--models", "async-single,async-multi", "--experiments", "latency-curve"];
    let (of_dead, of_other) = loads_of_dead_and_other(&with_a_server_killed(&arguments, 0).0.run());
    assert!(!of_other.is_empty(), "the other's probe has an answer, if need be after more than one try");
    // Not knowing what it can do, it is put to all the loads there are, which are the other's.
    assert_eq!(of_dead.len(), 2, "{of_dead:?}");
    assert!(of_other.iter().all(|load| of_dead.contains(load)), "{of_dead:?} {of_other:?}");
    // From one capacity alone, loads reach from a tenth of it to a fifth past it; each is rounded to two digits.
    assert!(of_dead[1] <= 14.0 * of_dead[0], "{of_dead:?}");
}

/// Loads per second of the contender whose probe has failed, and of the other one.
fn loads_of_dead_and_other(run: &Run) -> (Vec<f64>, Vec<f64>) {
    let probe = failed(&run.cells);
    assert_eq!(probe.purpose, Purpose::CapacityProbe);
    let same = |cell: &&Cell| cell.workload == probe.workload;
    let (dead, other): (Vec<&Cell>, Vec<&Cell>) =
        run.cells.iter().filter(same).partition(|cell| cell.contender == probe.contender);
    let loads = |cells: Vec<&Cell>| {
        let mut loads: Vec<f64> = cells.iter().filter_map(|cell| cell.load.offered_load_rps).collect();
        loads.sort_by(f64::total_cmp);
        loads
    };
    (loads(dead), loads(other))
}

#[test]
fn few_descriptors_scale_the_plan_down_and_are_named() {
    let home = Home::new();
    let mut command = Command::new("sh");
    at_home(&mut command, home.path());
    command.args(["-c", "ulimit -n 300 && exec \"$@\"", "sh", HARNESS, "compare", "--preset", "smoke"]);
    command.args(["--models", "async-single,threaded", "--out"]).arg(home.out());
    let said = Ended::of(&mut command).measured().stderr;
    assert!(said.contains("RLIMIT_NOFILE") && said.contains("prlimit --pid $$ --nofile="), "{said}");
    let run = home.run();
    let limits = |warning: &Warning| matches!(warning, Warning::MachineLimit { remedy, .. } if !remedy.is_empty());
    assert!(run.manifest.warnings.iter().any(limits), "{:?}", run.manifest.warnings);
    for cell in &run.cells {
        assert_eq!(cell.outcome, Outcome::Completed, "{}", cell.id);
        let most = cell.stages.iter().map(|stage| stage.connections).max().unwrap_or(0);
        assert!(most <= 200, "{}: {most}", cell.id);
        let turned_away = cell.warnings.iter().any(|warning| matches!(warning, Warning::ServerTurnedAway { .. }));
        // A server that does not get its CPU closes what its clients have left too late.
        let was_held_up = cell.warnings.iter().any(Warning::is_of_the_machine);
        assert!(!turned_away || was_held_up, "{}: {:?}", cell.id, cell.warnings);
        if let Some(traffic) = &cell.traffic {
            assert_eq!(traffic.ledger.scheduled, traffic.ledger.accounted_for(), "{}", cell.id);
        }
    }
}

/// A generator that did not run cannot have kept its schedule, and what it then measures is its own absence.
#[test]
fn a_generator_that_was_stopped_makes_its_cell_invalid() {
    let home = Home::new();
    let arguments = ["--preset", "quick", "--models", "async-single", "--experiments", "latency-curve", "--out"];
    let subject = Started::of(home.command(&["compare"]).args(arguments).arg(home.out()));
    // Two workloads are probed first; then comes a load on schedule, with a window of at least 300 ms. On a busy machine
    // it may be tried several times, so the generator is stopped again and again: at least once in each window.
    assert!(within(LONGEST_WAIT, || home.cell_files().len() >= 2));
    let seen = within(LONGEST_RUN, || {
        subject.signal(Signal::STOP);
        std::thread::sleep(Duration::from_millis(300));
        subject.signal(Signal::CONT);
        std::thread::sleep(Duration::from_millis(150));
        home.cell_files().len() >= 3
    });
    assert!(seen, "no cell under load was written");
    subject.signal(Signal::INT);
    subject.ended();
    let cells = home.run().cells;
    let cell = &cells[2];
    assert_eq!((cell.purpose, &cell.outcome), (Purpose::Measure, &Outcome::Completed));
    let late = |warning: &Warning| {
        matches!(warning, Warning::ScheduleLag { .. } | Warning::GeneratorFellBehind { .. }) && warning.invalidates()
    };
    assert!(cell.warnings.iter().any(late), "{:?}", cell.warnings);
}

/// Messages are for whoever wants them: one who leaves, as in `2>&1 | head`, does not end the run.
#[test]
fn a_reader_of_the_messages_that_has_left_ends_nothing() {
    let home = Home::new();
    let mut command = home.compare(&["--models", "threaded", "--experiments", "memory"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    let status = child.wait().unwrap();
    assert!(matches!(status.code(), Some(0 | 4)), "{status}");
    assert!(home.out().join("report.html").exists());
}

#[test]
fn blocks_repeat_every_cell_in_another_order() {
    let home = Home::new();
    let arguments = ["--models", "sequential,threaded,async-single,async-multi", "--blocks", "2"];
    let output = home.compared(&[&arguments[..], &["--experiments", "memory", "--quiet"]].concat());
    assert_eq!(output.measured().stderr, "");
    let run = home.run();
    let order = |block: u32| -> Vec<&str> {
        run.cells.iter().filter(|cell| cell.block == block).map(|cell| cell.contender.as_str()).collect()
    };
    let (first, second) = (order(0), order(1));
    assert_eq!((first.len(), second.len(), run.cells.len()), (4, 4, 8));
    assert_ne!(first, second);
    let sorted = |mut labels: Vec<&str>| {
        labels.sort_unstable();
        labels.join(" ")
    };
    assert_eq!(sorted(first), sorted(second));
}
