//! Workers and server in network namespaces of their own, with a wire between each worker and the server: what two machines
//! and a third are, on one.

use std::process::{Child, Command, Stdio};

use crate::common::bed::Bed;
use crate::common::text;
use crate::load_command::{Findings, load};

const HARNESS: &str = env!("CARGO_BIN_EXE_harness");

/// Where the server listens, in its own namespace.
pub(crate) const SERVER: &str = "10.213.0.1:7878";

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
