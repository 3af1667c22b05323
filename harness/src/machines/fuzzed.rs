//! Properties of what workers and whoever started them say to each other: whatever comes, it is a message or none; a message
//! can be said again; and figures that are taken can be added up.

use instruments::load::{ArrivalProcess, LoadOutcome, LoadSpec};

use super::lines::{MessageLines, MessageRead, say};
use super::message::{FromWorker, ToWorker};

/// Both ways of a conversation.
pub fn worker_messages(bytes: &[u8]) {
    let mut lines = MessageLines::new(bytes);
    while let MessageRead::Line(line, _) = lines.next() {
        if let Ok(message) = serde_json::from_str::<ToWorker>(&line) {
            to_worker(&message);
        }
        if let Ok(message) = serde_json::from_str::<FromWorker>(&line) {
            from_worker(message);
        }
    }
}

fn said(message: &impl serde::Serialize) -> String {
    let mut line = Vec::new();
    say(&mut line, message).expect("writing to memory does not fail");
    assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1), "one line");
    String::from_utf8(line).expect("JSON is text")
}

fn to_worker(message: &ToWorker) {
    let again: ToWorker = serde_json::from_str(&said(message)).expect("what was said can be heard");
    let ToWorker::Plan(plan) = message else {
        assert_eq!(again, *message);
        return;
    };
    if !plan.has_decimals() {
        assert_eq!(again, *message);
    }
    if let Ok(spec) = plan.spec() {
        assert!(spec.peak_connections() >= plan.part.of && plan.part.index < plan.part.of);
        assert!(plan.allow_remote || plan.target.ip().to_canonical().is_loopback());
    }
}

fn from_worker(message: FromWorker) {
    let again: FromWorker = serde_json::from_str(&said(&message)).expect("what was said can be heard");
    let FromWorker::Result(result) = message else {
        assert_eq!(again, message);
        return;
    };
    let Ok((outcome, _)) = result.read() else { return };
    let scheduled = outcome.traffic.ledger.scheduled;
    let spec = LoadSpec::of_a_second(ArrivalProcess::Poisson { rate_rps: 1.0 });
    if let Ok(sum) = LoadOutcome::join(&spec, &[outcome.clone(), outcome], 5) {
        let ledger = sum.traffic.ledger;
        assert_eq!((ledger.scheduled, ledger.accounted_for()), (2 * scheduled + 5, 2 * scheduled + 5));
    }
}
