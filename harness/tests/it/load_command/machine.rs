//! What happens to the machine during a load is said, whatever the loop: a quota, a stop, a kernel that does not tell.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use servers::protocol::Wire;

use crate::common::confined::{SmallGroup, unless_refused, without_proc_stat};
use crate::common::own_server::serve;
use crate::common::started::Started;
use crate::load_command::{Findings, load, wait_for_requests};

#[test]
fn a_quota_that_stops_the_generator_makes_a_load_invalid() {
    let Some(a_fifth_of_a_cpu) = SmallGroup::of_cpu_percent(20) else { return };
    let server = serve("threaded", Wire::JsonLines);
    // Two threads that never sleep want more than that however busy the machine is, in a closed loop, which has no
    // schedule to be late for.
    let asked = ["--rate", "max", "--connections", "8", "--threads", "2", "--pacing", "spinning", "--work", "echo"];
    let target = server.address.to_string();
    let command = load(&[&[target.as_str(), "--duration", "1s", "--format", "json"], &asked[..]].concat());
    let Some(output) = unless_refused(a_fifth_of_a_cpu.around(&command)) else { return };
    let findings = Findings::read(output);
    assert!(findings.warns_of("a CPU quota stopped the load generator in"), "{}", findings.json["warnings"]);
    assert_eq!((findings.json["valid"].as_bool(), findings.code), (Some(false), 4));
}

#[test]
fn a_stop_of_the_generator_is_told_in_a_closed_loop() {
    let server = serve("async-single", Wire::JsonLines);
    let target = server.address.to_string();
    let closed = ["--rate", "max", "--connections", "4", "--work", "echo", "--warm-up", "0s"];
    let times = ["--duration", "6s", "--timeout", "9s", "--format", "json"];
    let load = Started::of(&mut load(&[&[target.as_str()], &closed[..], &times].concat()));
    wait_for_requests(&server, 1_000);
    load.signal(Signal::STOP);
    // The stop that is to be told.
    thread::sleep(Duration::from_secs(2));
    load.signal(Signal::CONT);
    let findings = Findings::read(load.ended());
    assert!(findings.warns_of("a thread of the harness got its CPU"), "{}", findings.json["warnings"]);
    assert!(findings.warns_of("percentiles hide a stop"), "{}", findings.json);
}

#[test]
fn a_kernel_that_does_not_tell_is_no_quiet_machine() {
    let server = serve("threaded", Wire::JsonLines);
    let target = server.address.to_string();
    let asked = ["--rate", "500", "--duration", "300ms", "--work", "echo", "--format", "json"];
    let command = load(&[&[target.as_str()], &asked[..]].concat());
    let Some(output) = unless_refused(without_proc_stat(&command)) else { return };
    let findings = Findings::read(output);
    let unseen = "how much CPU other programs used could not be observed: /proc/stat can't be read";
    assert!(findings.warns_of(unseen), "{}", findings.json["warnings"]);
}
