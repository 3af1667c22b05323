//! `harness load` as a person meets it: the real program against servers whose behaviour is known.
//!
//! Nothing in here asserts a speed. On a busy machine a load may come out invalid, and then says so with its exit code.

mod cut_link;
mod extremes;
mod figures;
mod foreign;
mod histogram_files;
mod http_server;
mod interruption;
mod machine;
mod namespaces;
mod others;
mod over_ssh;
mod refusals;
mod requests;
mod slurm;
mod stamped;
mod strange;
mod worker_lines;
mod workers;

use std::net::SocketAddr;
use std::process::Command;

use serde_json::Value;

use crate::common::home::{Ended, harness};
use crate::common::own_server::OwnServer;
use crate::common::{LONGEST_WAIT, within};

/// `harness load` with these arguments.
fn load(arguments: &[&str]) -> Command {
    harness(&[&["load"], arguments].concat())
}

/// As [`load`], to its end.
fn loaded(arguments: &[&str]) -> Ended {
    Ended::of(&mut load(arguments))
}

/// Waits until a server has served so many requests more.
fn wait_for_requests(server: &OwnServer, count: u64) {
    let before = server.served();
    assert!(within(LONGEST_WAIT, || server.served() > before + count), "nothing was sent");
}

/// What a load that ran to its end came to, and what it said besides.
struct Findings {
    json: Value,
    code: i32,
    stderr: String,
}

impl Findings {
    /// Runs a load against `target` for `--format json`; checks what holds for any.
    fn of(target: SocketAddr, arguments: &[&str]) -> Findings {
        let target = target.to_string();
        let findings = Findings::read(loaded(&[&[target.as_str(), "--format", "json"], arguments].concat()));
        assert_eq!(findings.json["target"], target);
        findings
    }

    fn read(ended: Ended) -> Findings {
        // Other tests keep this machine busy, which is said whatever is asked for.
        let lines = ended.stderr.lines().filter(|line| !line.starts_with("this machine is busy: "));
        let stderr = lines.map(|line| format!("{line}\n")).collect::<String>();
        let json = ended.json();
        let findings = Findings { json, code: ended.code.unwrap(), stderr };
        let ends = ["ok", "error", "timeout", "malformed", "refused", "dropped", "in_flight"];
        let sum: u64 = ends.iter().map(|end| findings.ledger(end)).sum();
        assert_eq!(findings.ledger("scheduled"), sum, "{}", findings.json["ledger"]);
        findings
    }

    fn ledger(&self, end: &str) -> u64 {
        self.json["ledger"][end].as_u64().unwrap()
    }

    /// Whether one of the warnings holds these words.
    fn warns_of(&self, words: &str) -> bool {
        self.json["warnings"].as_array().unwrap().iter().any(|warning| warning.as_str().unwrap().contains(words))
    }

    fn connections(&self, what: &str) -> u64 {
        self.json["connections_ledger"][what].as_u64().unwrap()
    }

    /// Every request got a right reply, and the exit code says what the figures say of themselves.
    fn assert_all_ok(&self) {
        assert_eq!(self.ledger("ok"), self.ledger("scheduled"), "{}", self.json["ledger"]);
        assert!(self.ledger("ok") > 0);
        let is_valid = self.json["valid"].as_bool().unwrap();
        assert_eq!(self.code, if is_valid { 0 } else { 4 }, "{}", self.stderr);
        assert!(is_valid || !self.json["warnings"].as_array().unwrap().is_empty());
    }
}
