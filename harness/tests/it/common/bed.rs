//! Three network namespaces with a wire from the first to each of the others: what two machines and a third are, on one. Made
//! and removed by the test; skipped by name where this machine does not let it.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::skipped::skipped;

/// The address of the first, as the others reach it.
pub(crate) const ADDRESS: &str = "10.213.0.1";

/// So that two tests of a program have each their own.
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
                skipped("no network namespace can be made here");
                return None;
            }
        }
        let [server, workers @ ..] = &bed.names;
        let has_address = ip(&["-n", server, "addr", "add", &format!("{ADDRESS}/32"), "dev", "lo"]);
        let is_wired = workers.iter().enumerate().all(|(number, worker)| wire(server, worker, number));
        if !has_address || !is_wired {
            skipped("no pair of network devices (veth) can be made here");
            return None;
        }
        Some(bed)
    }

    /// A command that runs programs in one of them.
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
        && ip(&["-n", worker, "route", "add", ADDRESS, "via", &near])
}

/// Whether that could be done.
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
