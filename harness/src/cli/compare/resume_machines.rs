//! The other machines of a run that goes on: they have to be those that it had.
//!
//! Cells that other machines sent would be compared as if one had. Beside it: `resume.rs`, which goes on; `machines.rs`, what
//! is typed of them.

use std::path::Path;

use reports::record::{HostRecord, HostRole, Manifest, PathKind};

use super::resume::refuse;
use crate::plan::PlanError;

/// What to type to go on with a run, where one of its kind can be resumed.
pub(in crate::cli) fn to_go_on(manifest: &Manifest, path: &Path) -> Option<String> {
    let has = |role| manifest.hosts.iter().any(|host| host.role == role);
    if has(HostRole::Server) {
        return None;
    }
    let has_commands = manifest.contenders.iter().any(|contender| contender.command.is_some());
    let again = [
        (has_commands, "each --server"),
        (manifest.against.is_some(), "--against"),
        (has(HostRole::Load), "each --load-from"),
    ];
    let again: Vec<&str> = again.into_iter().filter_map(|(has, option)| has.then_some(option)).collect();
    let as_before = if again.is_empty() { String::new() } else { format!(" with {} as before", again.join(" and ")) };
    Some(format!("harness compare --resume {}{as_before}", path.display()))
}

/// Whether the loads are sent by the commands that sent them; `typed` are those of now.
///
/// # Errors
/// Where they are others, or its servers were elsewhere.
pub(super) fn check_same_commands(manifest: &Manifest, typed: &[String]) -> Result<(), PlanError> {
    if manifest.hosts.iter().any(|host| host.role == HostRole::Server) {
        let why = "its servers were on another machine, and such a run can't be resumed yet; make a new one";
        return Err(refuse(manifest, why.to_owned()));
    }
    let had: Vec<&str> = manifest.hosts.iter().map(|host| host.command.as_str()).collect();
    if had == typed {
        return Ok(());
    }
    let why = match had.join("' --load-from '") {
        had if had.is_empty() => "its loads were sent from this machine; leave out --load-from".to_owned(),
        had => format!("its loads were sent from other machines; give --load-from '{had}' again"),
    };
    Err(refuse(manifest, why))
}

/// Whether those commands reach the machines that they reached; `now` is who was reached.
///
/// # Errors
/// The first thing in which one is another.
pub(super) fn check_same_hosts(manifest: &Manifest, now: &[HostRecord]) -> Result<(), PlanError> {
    match host_difference(&manifest.hosts, now) {
        Some(differs) => Err(refuse(manifest, format!("{differs}; send from where it was sent"))),
        None => Ok(()),
    }
}

/// The first thing in which machines that were typed again are not who they were.
fn host_difference(then: &[HostRecord], now: &[HostRecord]) -> Option<String> {
    let of = |host: &HostRecord| {
        let known = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".to_owned());
        let way = host.path.map_or("unknown", PathKind::words);
        [
            ("host", host.host.clone()),
            ("CPUs", host.cpus.to_string()),
            ("kernel", known(&host.kernel)),
            ("version", host.version.clone()),
            ("build", known(&host.build)),
            ("way to the server", way.to_owned()),
        ]
    };
    let mut differences = then.iter().zip(now).enumerate().filter_map(|(place, (then, now))| {
        let ((what, then), (_, now)) = of(then).into_iter().zip(of(now)).find(|(then, now)| then != now)?;
        Some(format!("worker {} is not who it was ({what}: {then} then, now {now})", place + 1))
    });
    differences.next()
}

#[cfg(test)]
mod tests {
    use reports::record::CommandRecord;

    use super::*;
    use crate::cli::compare::plan_of;
    use crate::cli::machines::put_hosts;
    use crate::cli::new_run::manifest;
    use crate::plan::ONE_MACHINE;
    use instruments::observe::machine;

    fn host(name: &str) -> HostRecord {
        HostRecord {
            role: HostRole::Load,
            command: "srun".to_owned(),
            host: name.to_owned(),
            cpus: 2,
            kernel: Some("6.1".to_owned()),
            version: "0.1.0".to_owned(),
            build: Some("ab".to_owned()),
            path: Some(PathKind::Network),
        }
    }

    #[test]
    fn the_same_command_has_to_reach_the_same_machine() {
        let then = [host("gen-a"), host("gen-b")];
        assert_eq!(host_difference(&then, &then.clone()), None);
        let others = [
            ("host: gen-b then, now gen-c", host("gen-c")),
            ("CPUs: 2 then, now 8", HostRecord { cpus: 8, ..host("gen-b") }),
            ("kernel: 6.1 then, now 6.5", HostRecord { kernel: Some("6.5".to_owned()), ..host("gen-b") }),
            ("version: 0.1.0 then, now 2", HostRecord { version: "2".to_owned(), ..host("gen-b") }),
            ("build: ab then, now unknown", HostRecord { build: None, ..host("gen-b") }),
            (
                "way to the server: a network then, now loopback",
                HostRecord { path: Some(PathKind::Loopback), ..host("gen-b") },
            ),
        ];
        for (words, now) in others {
            let said = host_difference(&then, &[host("gen-a"), now]).unwrap_or_default();
            assert_eq!(said, format!("worker 2 is not who it was ({words})"));
        }
    }

    #[test]
    fn whoever_goes_on_is_told_of_all_that_is_to_be_typed_again() {
        let (plan, preflight) = plan_of(&["compare"]).unwrap();
        let what = ("a".to_owned(), "quick");
        let mut manifest = manifest(&plan, &preflight, machine().unwrap(), what, 0);
        let said = |manifest: &Manifest| to_go_on(manifest, Path::new("runs/a"));
        assert_eq!(said(&manifest).as_deref(), Some("harness compare --resume runs/a"));
        manifest.contenders[0].command = Some(CommandRecord { command: "my-server".to_owned(), version: None });
        manifest.hosts.push(host("gen-a"));
        let words = "harness compare --resume runs/a with each --server and each --load-from as before";
        assert_eq!(said(&manifest).as_deref(), Some(words));
        manifest.hosts.push(HostRecord { role: HostRole::Server, ..host("server") });
        assert_eq!(said(&manifest), None, "it can't be resumed");
    }

    #[test]
    fn a_run_over_a_network_does_not_say_that_it_went_over_loopback() {
        let (plan, preflight) = plan_of(&["compare", "--experiments", "thread-or-task,latency-curve,memory"]).unwrap();
        let says = |hosts: Vec<HostRecord>| -> Vec<bool> {
            let mut manifest = manifest(&plan, &preflight, machine().unwrap(), ("a".to_owned(), "quick"), 0);
            let before: Vec<usize> = manifest.experiments.iter().map(|it| it.conditions.len()).collect();
            put_hosts(&mut manifest, hosts);
            assert!(manifest.experiments.iter().map(|it| it.conditions.len()).eq(before), "none is lost");
            let says = |text: &String| text == ONE_MACHINE;
            manifest.experiments.iter().map(|it| it.conditions.iter().any(says)).collect()
        };
        assert_eq!(says(Vec::new()), [true, true, false]);
        assert_eq!(says(vec![HostRecord { path: Some(PathKind::Loopback), ..host("here") }]), [true, true, false]);
        assert_eq!(says(vec![host("gen-a")]), [false, false, false]);
        assert_eq!(says(vec![HostRecord { path: Some(PathKind::SameKernel), ..host("pod") }]), [false; 3]);
    }
}
