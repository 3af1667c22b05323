//! Workers and server in network namespaces of their own, with a wire between each worker and the server: what two machines
//! and a third are, on one. Made and removed by the test; skipped by name where this machine does not let it.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::common::text;
use crate::{Findings, load};

const HARNESS: &str = env!("CARGO_BIN_EXE_harness");

/// Where the server listens, in its own namespace.
pub(crate) const SERVER: &str = "10.213.0.1:7878";

/// So that two tests of this program have each their own.
static BEDS: AtomicU32 = AtomicU32::new(0);

/// Three namespaces. Removed when dropped, with all that is in them.
pub(crate) struct Bed {
    /// The server's, and one of each worker.
    pub(crate) names: [String; 3],
}

impl Bed {
    /// Nothing, which is said, where this machine does not allow it.
    pub(crate) fn made() -> Option<Bed> {
        let number = BEDS.fetch_add(1, Ordering::Relaxed);
        let name = |role: &str| format!("tot-{}-{number}-{role}", std::process::id());
        let bed = Bed { names: ["s", "a", "b"].map(name) };
        for name in &bed.names {
            if !ip(&["netns", "add", name]) || !ip(&["-n", name, "link", "set", "lo", "up"]) {
                eprintln!("skipped: no network namespace can be made here");
                return None;
            }
        }
        let [server, workers @ ..] = &bed.names;
        let has_address = ip(&["-n", server, "addr", "add", "10.213.0.1/32", "dev", "lo"]);
        let is_wired = workers.iter().enumerate().all(|(number, worker)| wire(server, worker, number));
        if !has_address || !is_wired {
            eprintln!("skipped: no pair of network devices (veth) can be made here");
            return None;
        }
        Some(bed)
    }

    pub(crate) fn within(&self, place: usize) -> String {
        format!("ip netns exec {}", self.names[place])
    }
}

/// A wire from the server to a worker, which finds the server's address behind it.
fn wire(server: &str, worker: &str, number: usize) -> bool {
    let subnet = format!("10.213.{}", number + 1);
    let (near, far) = (format!("{subnet}.1"), format!("{subnet}.2/24"));
    let (near_mask, device) = (format!("{near}/24"), format!("w{number}"));
    ip(&["-n", server, "link", "add", &device, "type", "veth", "peer", "name", "w", "netns", worker])
        && ip(&["-n", server, "addr", "add", &near_mask, "dev", &device])
        && ip(&["-n", worker, "addr", "add", &far, "dev", "w"])
        && ip(&["-n", server, "link", "set", &device, "up"])
        && ip(&["-n", worker, "link", "set", "w", "up"])
        && ip(&["-n", worker, "route", "add", "10.213.0.1", "via", &near])
}

pub(crate) fn ip(arguments: &[&str]) -> bool {
    let done = Command::new("ip").args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).status();
    done.is_ok_and(|status| status.success())
}

impl Drop for Bed {
    fn drop(&mut self) {
        for name in &self.names {
            ip(&["netns", "del", name]);
        }
    }
}

/// A server in a namespace; it ends when dropped.
struct Away(Child);

impl Away {
    fn serve(bed: &Bed) -> Away {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &bed.names[0], HARNESS, "serve"]);
        command.args(["async-single", "--listen", SERVER, "--allow-remote"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
        assert!(line.contains(SERVER), "{line}");
        Away(child)
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn two_machines_offer_a_third_what_was_asked_for() {
    let Some(bed) = Bed::made() else { return };
    let _server = Away::serve(&bed);
    let workers = [bed.within(1), bed.within(2)];
    let asked = ["--rate", "4000", "--duration", "4s", "--format", "json", "--worker-program", HARNESS];
    let from = ["--load-from", &workers[0], "--load-from", &workers[1]];
    let refused = load(&[&[SERVER], &asked[..], &from].concat()).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
    let output = load(&[&[SERVER, "--allow-remote"], &asked[..], &from].concat()).output().unwrap();
    let found = Findings::read(output);
    // Five standard deviations of a Poisson number.
    let scheduled = found.ledger("scheduled");
    assert!(scheduled.abs_diff(16_000) < 5 * 127, "{scheduled}");
    assert_eq!(found.ledger("ok"), scheduled, "{}", found.json["ledger"]);
    for worker in found.json["workers"].as_array().unwrap() {
        assert!(worker["ledger"]["ok"].as_u64().unwrap().abs_diff(scheduled / 2) <= 1, "{worker}");
    }
    // The server's clock is taken for another machine's: its times are in no part.
    let parts = &found.json["where_the_time_went_ns"]["median"];
    assert!(parts["answering"].is_number() && parts["service"].is_null(), "{parts}");
    assert!(!found.warns_of("timestamps nest"), "{}", found.json["warnings"]);
}
