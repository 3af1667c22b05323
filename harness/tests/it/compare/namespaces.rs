//! A run over three machines, which are network namespaces with host names of their own: the servers on one, a worker on each
//! of the others, and this program outside of them.

use std::fs;
use std::process::{Command, Stdio};

use reports::record::store::Run;
use reports::record::{HostRole, Outcome, PathKind};

use crate::common::bed::{ADDRESS, Bed};
use crate::common::home::{AS_WORKER, Ended, Home};
use crate::common::{LONGEST_WAIT, assert_checks_held, text, within};
use crate::skipped::skipped;

/// A command that runs a program in a namespace under a host name.
fn named(bed: &Bed, place: usize, host: &str) -> String {
    let inside = bed.within(place);
    format!("{inside} unshare --uts sh -c 'hostname {host} && exec \"$0\" \"$@\"'")
}

fn processes(name: &str) -> String {
    let output = Command::new("ip").args(["netns", "pids", name]).stderr(Stdio::null()).output().unwrap();
    text(&output.stdout).to_owned()
}

#[test]
fn a_comparison_over_three_machines_names_all_of_them() {
    // Their names are this process's.
    if !Command::new("unshare").args(["--uts", "true"]).stderr(Stdio::null()).status().is_ok_and(|it| it.success()) {
        skipped("no host name of its own can be had here");
        return;
    }
    let Some(bed) = Bed::made() else { return };
    let home = Home::new();
    let [server, a, b] = ["tot-server", "tot-a", "tot-b"];
    let commands = [named(&bed, 0, server), named(&bed, 1, a), named(&bed, 2, b)];
    let mut command = home.compare(&["--models", "threaded,async-single", "--experiments", "thread-or-task"]);
    command.args(["--server-on", &commands[0], "--load-from", &commands[1], "--load-from", &commands[2]]);
    command.args(AS_WORKER).args(["--server-address", ADDRESS, "--allow-remote"]);
    let output = Ended::of(&mut command);
    let said = &output.stderr;
    let Run { manifest, cells, .. } = home.run();
    let hosts: Vec<(&str, HostRole)> = manifest.hosts.iter().map(|it| (it.host.as_str(), it.role)).collect();
    assert_eq!(hosts, [(server, HostRole::Server), (a, HostRole::Load), (b, HostRole::Load)], "{said}");
    assert_eq!(manifest.hosts[1].path, Some(PathKind::SameKernel));
    let page = fs::read_to_string(home.out().join("report.html")).unwrap();
    assert!([server, a, b].iter().all(|host| page.contains(host)), "a machine is not named in the report");
    assert!(!cells.is_empty());
    for cell in &cells {
        assert_eq!(cell.outcome, Outcome::Completed, "{}", cell.id);
        let [first, second] = &cell.workers[..] else { panic!("{}: {:?}", cell.id, cell.workers) };
        assert_eq!((first.host.as_str(), second.host.as_str()), (a, b));
        assert!(first.way.least_ns().is_some() && second.way.least_ns().is_some(), "{:?}", cell.workers);
        // What the server did was seen where it was.
        assert!(cell.server.window_cpu_ns.is_some() && !cell.samples.is_empty(), "{}: {:?}", cell.id, cell.server);
        // Its clock is taken for another machine's.
        let split = cell.traffic.as_ref().unwrap().split.as_ref();
        assert!(split.is_none_or(|split| split.service.is_none()), "{}", cell.id);
        assert_checks_held(cell);
    }
    assert!(matches!(output.code, Some(0 | 4)), "{said}");
    for name in &bed.names {
        assert!(within(LONGEST_WAIT, || processes(name).is_empty()), "left in {name}: {}", processes(name));
    }
}

#[test]
fn servers_that_the_workers_can_not_reach_are_refused_with_what_to_do() {
    let Some(bed) = Bed::made() else { return };
    let home = Home::new();
    let from = ["--experiments", "thread-or-task", "--load-from", &bed.within(1)];
    let remedy = "give the address at which it reaches them: --server-address IP --allow-remote";
    home.compared(&[&from[..], &AS_WORKER].concat()).refused(remedy);
}
