//! What happens to the machine during a load is said, whatever the loop: a quota, a stop, a kernel that does not tell.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use servers::protocol::Wire;

use crate::common::confined::{CpuQuota, unless_refused, without_proc_stat};
use crate::common::own_server::serve;
use crate::load_command::{Findings, load};

#[test]
fn a_quota_that_stops_the_generator_makes_a_load_invalid() {
    let Some(half_a_cpu) = CpuQuota::of_percent(50) else { return };
    let server = serve("threaded", Wire::JsonLines);
    // Two threads that never sleep want more than half a CPU however busy the machine is, in a closed loop, which has no
    // schedule to be late for.
    let asked = ["--rate", "max", "--connections", "8", "--threads", "2", "--pacing", "spinning", "--work", "echo"];
    let target = server.address.to_string();
    let command = load(&[&[target.as_str(), "--duration", "1s", "--format", "json"], &asked[..]].concat());
    let Some(output) = unless_refused(half_a_cpu.around(&command).output()) else { return };
    let findings = Findings::read(output);
    assert!(findings.warns_of("a CPU quota stopped the load generator in"), "{}", findings.json["warnings"]);
    assert_eq!((findings.json["valid"].as_bool(), findings.code), (Some(false), 4));
}

#[test]
fn a_stop_of_the_generator_is_told_in_a_closed_loop() {
    let server = serve("async-single", Wire::JsonLines);
    let target = server.address.to_string();
    let arguments = [
        "--rate",
        "max",
        "--connections",
        "4",
        "--work",
        "echo",
        "--warm-up",
        "0s",
        "--duration",
        "6s",
        "--timeout",
        "9s",
    ];
    let mut command = load(&[&[target.as_str(), "--format", "json"], &arguments[..]].concat());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
    let give_up = Instant::now() + Duration::from_secs(30);
    while server.server.counters().requests_served < 1_000 {
        assert!(Instant::now() < give_up, "it has not begun");
        std::thread::sleep(Duration::from_millis(5));
    }
    kill_process(pid, Signal::STOP).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    kill_process(pid, Signal::CONT).unwrap();
    let findings = Findings::read(child.wait_with_output().unwrap());
    assert!(findings.warns_of("a thread of the harness got its CPU"), "{}", findings.json["warnings"]);
    assert!(findings.warns_of("percentiles hide a stop"), "{}", findings.json);
}

#[test]
fn a_kernel_that_does_not_tell_is_no_quiet_machine() {
    let server = serve("threaded", Wire::JsonLines);
    let target = server.address.to_string();
    let asked = ["--rate", "500", "--duration", "300ms", "--work", "echo", "--format", "json"];
    let command = load(&[&[target.as_str()], &asked[..]].concat());
    let Some(output) = unless_refused(without_proc_stat(&command).output()) else { return };
    let findings = Findings::read(output);
    let unseen = "how much CPU other programs used could not be observed: /proc/stat can't be read";
    assert!(findings.warns_of(unseen), "{}", findings.json["warnings"]);
}
