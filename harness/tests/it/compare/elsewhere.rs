//! A run whose loads are sent by workers: here they run on this machine, and the harness does not know that;
//! and one whose servers are started by such a worker.

use std::path::Path;
use std::process::Command;

use reports::record::store::Run;
use reports::record::{Cell, FailedPart, HostRole, Outcome, PathKind, Warning, WorkerDoubt};
use rustix::process::Signal;

use crate::common::home::{Ended, HARNESS, Home};
use crate::common::started::{Started, servers_of};
use crate::common::{LONGEST_WAIT, assert_checks_held, is_alive, within};

const SMALL: [&str; 6] =
    ["--models", "threaded,async-single", "--experiments", "thread-or-task,memory", "--worker-program", HARNESS];

fn from(home: &Home, workers: &[&str]) -> Command {
    let workers = workers.iter().flat_map(|command| ["--load-from", command]);
    home.compare(&SMALL.into_iter().chain(workers).collect::<Vec<_>>())
}

fn lost(cell: &Cell) -> Option<u64> {
    cell.warnings.iter().find_map(|warning| match warning {
        Warning::OfWorkers(WorkerDoubt::Lost { requests, .. }) => Some(*requests),
        _ => None,
    })
}

/// The share of the load that each worker of a cell had.
fn parts(cell: &Cell) -> Vec<u64> {
    cell.workers.iter().map(|worker| worker.ledger.map_or(worker.never_sent, |ledger| ledger.scheduled)).collect()
}

#[test]
fn the_loads_of_a_comparison_are_sent_by_workers() {
    let home = Home::new();
    let started = home.path().join("started");
    let noting = noting(&started);
    let output = Ended::of(&mut from(&home, &["env", &noting])).measured();
    let said = &output.stderr;
    let Run { manifest, cells, .. } = home.run();
    let commands: Vec<&str> = manifest.hosts.iter().map(|host| host.command.as_str()).collect();
    assert_eq!(commands, ["env", noting.as_str()]);
    for host in &manifest.hosts {
        assert_eq!((host.role, host.path), (HostRole::Load, Some(PathKind::Loopback)), "{host:?}");
    }
    // Its connections are held by this process, so it is left out, and that is said.
    assert!(said.contains("memory: it holds connections"), "{said}");
    assert!(!cells.is_empty() && cells.iter().all(|cell| cell.experiment == "thread-or-task"));
    for cell in &cells {
        assert_eq!(cell.outcome, Outcome::Completed, "{}", cell.id);
        let scheduled = cell.traffic.as_ref().unwrap().ledger.scheduled;
        assert_eq!(parts(cell).iter().sum::<u64>(), scheduled, "{}", cell.id);
        assert_eq!(cell.workers.len(), 2, "{}", cell.id);
        assert!(cell.start_skew_ns.is_some(), "{}", cell.id);
        for worker in &cell.workers {
            assert!(worker.way.before_ns.is_some() && worker.way.after_ns.is_some(), "{}: {worker:?}", cell.id);
            // A worker that got no CPU has nothing to say.
            let is_told = worker.ledger.is_none_or(|ledger| ledger.ok < 10 || ledger.ok < ledger.scheduled);
            assert!(is_told || worker.p50_ns.is_some(), "{}: {worker:?}", cell.id);
        }
        assert_checks_held(cell);
    }
    // One worker for the whole run, and none that is left.
    assert!(matches!(noted(&started)[..], [pid] if !is_alive(pid)), "{:?}", noted(&started));
}

#[test]
fn the_part_of_a_worker_that_is_lost_is_never_sent_and_the_next_cell_has_another() {
    let home = Home::new();
    let started = home.path().join("started");
    // It is cut off as soon as its load has begun.
    let cut = format!("sh -c 'echo $$ >> {}; \"$0\" \"$@\" | sed -u /signs/q'", started.display());
    let output = Ended::of(&mut from(&home, &["env", &cut]));
    let said = &output.stderr;
    let Run { cells, .. } = home.run();
    assert!(!cells.is_empty() && noted(&started).len() >= cells.len(), "{said}");
    for cell in &cells {
        let requests = lost(cell).unwrap_or_else(|| panic!("{:?}\n{said}", cell.warnings));
        let ledger = cell.traffic.as_ref().unwrap().ledger;
        assert!(ledger.dropped >= requests && parts(cell)[1] == requests, "{ledger:?}");
        // In closed loop there is no schedule of which a part could be missing.
        assert!(requests > 0 || cell.load.offered_load_rps.is_none(), "{}", cell.id);
        assert!(cell.warnings.iter().any(Warning::invalidates), "{}", cell.id);
    }
    assert_eq!(output.code, Some(4), "{said}");
    assert!(noted(&started).iter().all(|pid| !is_alive(*pid)), "a worker is left");
}

/// A command that runs a worker here and says in a file which process that is.
fn noting(file: &Path) -> String {
    format!("sh -c 'echo $$ >> {}; exec \"$0\" \"$@\"'", file.display())
}

fn noted(file: &Path) -> Vec<u32> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn the_servers_of_a_comparison_are_started_and_watched_where_they_are() {
    let home = Home::new();
    let file = home.path().join("server-machine");
    Ended::of(from(&home, &[]).args(["--server-on", &noting(&file)])).measured();
    let Run { manifest, cells, .. } = home.run();
    let hosts: Vec<(HostRole, &str)> = manifest.hosts.iter().map(|it| (it.role, it.command.as_str())).collect();
    assert_eq!(hosts, [(HostRole::Server, noting(&file).as_str()), (HostRole::Load, "this machine")]);
    assert!(!cells.is_empty());
    for cell in &cells {
        assert_eq!(cell.outcome, Outcome::Completed, "{}", cell.id);
        let server = &cell.server;
        assert!(server.counters.is_some() && server.window_cpu_ns.is_some(), "{}: {server:?}", cell.id);
        assert!(!cell.samples.is_empty() && cell.inside.is_some(), "{}", cell.id);
        assert!(cell.workload == "many-clients" || cell.backend.is_some(), "{}: its requests call", cell.id);
        assert_checks_held(cell);
    }
    // One for the whole run.
    assert!(matches!(noted(&file)[..], [pid] if !is_alive(pid)), "{:?}", noted(&file));
}

#[test]
fn no_server_is_left_where_whoever_typed_the_run_is_killed() {
    let home = Home::new();
    let file = home.path().join("server-machine");
    let mut command = from(&home, &[]);
    command.args(["--blocks", "50", "--server-on", &noting(&file)]);
    let mut run = Started::of(&mut command);
    assert!(within(LONGEST_WAIT, || !noted(&file).is_empty()), "the worker of the server's machine was not started");
    let worker = noted(&file)[0];
    let mut server = None;
    assert!(within(LONGEST_WAIT, || {
        server = servers_of(worker).first().copied();
        server.is_some()
    }));
    run.signal(Signal::KILL);
    assert!(run.status_within(LONGEST_WAIT).is_some());
    assert!(within(LONGEST_WAIT, || !is_alive(worker) && !is_alive(server.unwrap())), "{worker}, {server:?}");
}

#[test]
fn a_servers_machine_that_is_lost_fails_its_cell_and_is_asked_again_for_the_next() {
    let home = Home::new();
    let flag = home.path().join("lost-once");
    // The first that is started is cut off at the end of its first cell, before that is told.
    let cut = r#""$0" "$@" | sed -u /listening/q"#;
    let once = format!("sh -c 'if mkdir {} 2>/dev/null; then {cut}; else exec \"$0\" \"$@\"; fi'", flag.display());
    let output = Ended::of(from(&home, &[]).args(["--server-on", &once]));
    let said = &output.stderr;
    let Run { mut cells, .. } = home.run();
    cells.sort_by_key(|cell| cell.started_at_ns);
    let (first, later) = cells.split_first().unwrap();
    let Outcome::Failed { part: FailedPart::Harness, reason, .. } = &first.outcome else { panic!("{first:?}") };
    assert!(reason.contains("the machine for the servers"), "{reason}");
    assert!(later.iter().all(|cell| cell.outcome == Outcome::Completed), "{said}");
    assert_eq!(output.code, Some(1), "{said}");
}

#[test]
fn a_servers_machine_does_not_choose_where_the_load_goes() {
    let home = Home::new();
    let lying = r#"sh -c '"$0" "$@" | sed -u "/listening/s/127.0.0.1/127.0.0.2/"'"#;
    let output = Ended::of(from(&home, &[]).args(["--blocks", "1", "--server-on", lying]));
    let Run { cells, .. } = home.run();
    assert!(!cells.is_empty());
    for cell in &cells {
        let Outcome::Failed { part: FailedPart::Harness, reason, .. } = &cell.outcome else { panic!("{cell:?}") };
        assert!(reason.contains("says that its server listens on 127.0.0.2:"), "{reason}");
        assert!(cell.traffic.is_none(), "{}", cell.id);
    }
    assert_eq!(output.code, Some(1), "{}", output.stderr);
}

#[test]
fn what_can_not_be_sent_from_elsewhere_is_refused_with_what_to_do() {
    let home = Home::new();
    let refused = |more: &[&str], words: &str| {
        home.compared(&[&["--worker-program", HARNESS, "--load-from", "env"], more].concat()).refused(words);
    };
    refused(&["--experiments", "slowloris,idle-flood"], "nothing is left to run");
    refused(&["--server-address", "127.0.0.1"], "--allow-remote");
    refused(&["--server-address", "0.0.0.0", "--allow-remote"], "the load machines connect to --server-address");
    refused(&["--server-on", "env", "--timelines", "on"], "leave out --timelines");
    refused(&["--server-on", "env", "--against", HARNESS], "leave it out, or --server-on");
    refused(&["--load-from", "no-such-program-here"], "no-such-program-here");
    // Neither is told to give an address at which nobody would listen.
    let away = saying_otherwise(r#"\"boot\":\"[^\"]*\""#, r#"\"boot\":\"another\""#);
    let serve = format!("own={HARNESS} serve async-single --listen {{address}}");
    let own = ["--server", serve.as_str(), "--load-from", away.as_str()];
    refused(&own, "and a --server is reached only over this machine's loopback; leave out --server");
    // This machine is not put down in place of one that does not say what it is.
    let silent = saying_otherwise(r#"\"machine\":{[^}]*}"#, r#"\"machine\":null"#);
    refused(&["--server-on", &silent], "does not say what machine it is; put the same build there");
    // What contradicts itself is said before a login.
    refused(&["--server-on", "no-such-program-here", "--timelines", "on"], "leave out --timelines");
}

/// A command that runs a worker here whose hello is changed on the way.
fn saying_otherwise(what: &str, otherwise: &str) -> String {
    format!(r#"sh -c '"$0" "$@" | sed -u "1s/{what}/{otherwise}/"'"#)
}
