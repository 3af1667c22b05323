//! What the machine that has the servers is told of a cell, and what it says at the cell's end.
//!
//! A contender is a text here, and figures are those that a record has. Whoever reads trusts nothing. Beside it: `message.rs`,
//! the conversation that these are part of; `worker.rs`, the far side; `server_host.rs`, this side.

use std::net::{IpAddr, SocketAddr};

use instruments::load::LoadMoments;
use reports::record::{BackendUsage, InsideRecord, Noise, Outcome, PlacementRecord, Sample, ServerUsage, Warning};
use serde::{Deserialize, Serialize};

use super::clocks::ToldClock;

/// A server that is to be started, and how it is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServeOrder {
    /// As `harness serve` takes it.
    pub contender: String,
    /// What it speaks, where that is not JSON lines.
    pub wire: Option<String>,
    /// Where it listens, at a port that is free.
    pub listen: IpAddr,
    /// Whether that may be an address that other machines reach.
    pub allow_remote: bool,
    /// Whether its requests call a backend.
    pub calls_backend: bool,
    /// Whether it is asked about its inside.
    pub is_asked: bool,
    /// Which of that machine's CPUs are whose.
    pub placement: PlacementRecord,
    /// Processes there that belong to the run too.
    pub beside: Vec<u32>,
}

impl ServeOrder {
    /// Whether it may be carried out.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(super) fn check(&self) -> Result<(), String> {
        let listen = self.listen;
        if !self.allow_remote && !listen.to_canonical().is_loopback() {
            return Err(format!(
                "{listen} is not its machine's loopback; give --allow-remote where the network is yours"
            ));
        }
        Ok(())
    }

    /// Where a load is to go, if this is where the server says that it listens: the address that was asked for, and nowhere
    /// else, whoever says so.
    ///
    /// # Errors
    /// A clause that says what it is not.
    pub(super) fn target(&self, address: SocketAddr) -> Result<SocketAddr, String> {
        let listen = self.listen;
        if address.ip().to_canonical() != listen.to_canonical() || address.port() == 0 {
            return Err(format!(
                "it says that its server listens on {address}, and was told to let it listen on {listen}"
            ));
        }
        Ok(address)
    }
}

/// The moments of a load, on the clock of the machine that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Window {
    pub(super) origin_ns: i64,
    pub(super) start_ns: i64,
    pub(super) end_ns: i64,
}

impl Window {
    pub(super) fn real(self, clock: &ToldClock) -> LoadMoments {
        let Window { origin_ns, start_ns, end_ns } = self;
        let [origin_ns, window_start_ns, window_end_ns] = [origin_ns, start_ns, end_ns].map(|ns| clock.real(ns));
        LoadMoments { origin_ns, window_start_ns, window_end_ns }
    }
}

/// What is known of a server once it is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServedMessage {
    /// How the cell ended, as far as the server goes.
    pub outcome: Outcome,
    /// What must be known before believing it.
    pub warnings: Vec<Warning>,
    /// What its backend did.
    pub backend: Option<BackendUsage>,
    /// What it used.
    pub server: ServerUsage,
    /// It over time.
    pub samples: Vec<Sample>,
    /// Its inside over time.
    pub inside: Option<InsideRecord>,
    /// What else went on on its machine.
    pub noise: Noise,
}

/// How much of a cell's file may be what is known of its server: samples of seven minutes, and what the load came to has room
/// beside it in a file that can still be read.
const MOST_BYTES: usize = 6 << 20;

/// How much room something takes in a file.
pub(super) fn written_bytes(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX, |bytes| bytes.len())
}

impl ServedMessage {
    /// Whether a report can use it.
    ///
    /// # Errors
    /// A clause that says what can't be.
    pub(super) fn check(&self) -> Result<(), String> {
        let bytes = written_bytes(self);
        if bytes > MOST_BYTES {
            return Err(format!("it has {bytes} bytes, and a measurement may have {MOST_BYTES} of it"));
        }
        match &self.backend {
            Some(backend) => backend.lag.to_histogram().map(drop).map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use reports::record::PlacementKind;

    use super::*;

    #[test]
    fn a_load_goes_where_the_server_was_told_to_listen_and_nowhere_else() {
        let order = |listen: &str| ServeOrder {
            contender: "threaded".to_owned(),
            wire: None,
            listen: listen.parse().unwrap(),
            allow_remote: true,
            calls_backend: false,
            is_asked: false,
            placement: PlacementRecord { kind: PlacementKind::Shared, server_cpus: vec![0], generator_cpus: vec![0] },
            beside: Vec::new(),
        };
        let target = |listen, address: &str| order(listen).target(address.parse().unwrap());
        assert!(target("127.0.0.1", "127.0.0.1:5").is_ok() && target("::ffff:192.0.2.1", "192.0.2.1:5").is_ok());
        for lie in ["192.0.2.1:5", "127.0.0.2:5", "[::1]:5", "127.0.0.1:0"] {
            let said = target("127.0.0.1", lie).unwrap_err();
            assert!(said.contains(lie) && said.ends_with("to let it listen on 127.0.0.1"), "{said}");
        }
        assert!(target("192.0.2.1", "192.0.2.2:5").is_err(), "also where other machines may be reached");
    }

    #[test]
    fn what_would_not_fit_into_a_file_that_can_be_read_is_refused() {
        let served = |samples: usize, warnings: usize| ServedMessage {
            outcome: Outcome::Completed,
            warnings: vec![Warning::NothingRight; warnings],
            backend: None,
            server: ServerUsage::default(),
            samples: vec![Sample::default(); samples],
            inside: None,
            noise: Noise::default(),
        };
        // Twenty a second, for three minutes.
        assert_eq!(served(3_600, 10).check(), Ok(()));
        for too_much in [served(200_000, 0), served(0, 1_000_000)] {
            assert!(too_much.check().unwrap_err().ends_with("and a measurement may have 6291456 of it"));
        }
    }
}
