//! Workers and server in network namespaces of their own, with a wire between each worker and the server: what two machines
//! and a third are, on one.

use std::io::BufReader;
use std::process::{ChildStdout, Command, Stdio};

use crate::common::bed::Bed;
use crate::common::home::HARNESS;
use crate::common::started::Killed;
use crate::load_command::{Findings, loaded};

/// Where the server listens, in its own namespace.
pub(crate) const SERVER: &str = "10.213.0.1:7878";

/// A server in the first namespace, and the pipe of what it says, which must stay open.
fn serve_away(bed: &Bed) -> (Killed, BufReader<ChildStdout>) {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &bed.names[0], HARNESS, "serve"]);
    command.args(["async-single", "--listen", SERVER, "--allow-remote"]);
    let (server, said, line) = Killed::saying(command.stdin(Stdio::null()).stderr(Stdio::null()));
    assert!(line.contains(SERVER), "{line}");
    (server, said)
}

#[test]
#[ignore = "takes ten seconds and the machine to itself; `scripts/test` runs it"]
fn two_machines_offer_a_third_what_was_asked_for() {
    let Some(bed) = Bed::made() else { return };
    let _server = serve_away(&bed);
    let workers = [bed.within(1), bed.within(2)];
    let asked = ["--rate", "4000", "--duration", "4s", "--format", "json", "--worker-program", HARNESS];
    let from = ["--load-from", &workers[0], "--load-from", &workers[1]];
    loaded(&[&[SERVER], &asked[..], &from].concat()).with_code(2);
    let found = Findings::read(loaded(&[&[SERVER, "--allow-remote"], &asked[..], &from].concat()));
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
