//! What was done to a server beside the requests that were measured: the attack, the neighbour, the stall. The requests
//! that were measured are then the *probe*: a few connections at a low rate, the victim whose fate tells the story.
//!
//! Times are in nanoseconds; `at_ns` counts from the start of the cell's load. Beside it: `cell.rs`, which holds these,
//! and `traffic.rs`, which has the probe's.

use serde::{Deserialize, Serialize};

use super::Traffic;

/// What was done to the server while the probe asked on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DisturbanceRecord {
    /// What it is, as a phrase for a legend: `idle connections`, `half requests`.
    pub name: String,
    /// When it began.
    pub from_ns: u64,
    /// When it ended.
    pub until_ns: u64,
    /// When the server was told to stop, where that was it; it was gone at [`super::ServerUsage::died_at_ns`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_asked_ns: Option<u64>,
    /// How it went on, in order; empty where it has no course of its own.
    #[serde(default)]
    pub course: Vec<DisturbanceProgress>,
    /// Requests that were part of it; absent where it sent none that could be answered.
    #[serde(default)]
    pub traffic: Option<Traffic>,
}

/// A disturbance at one moment. Counts are since its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DisturbanceProgress {
    /// When.
    pub at_ns: u64,
    /// Connections that it holds.
    pub held: u64,
    /// Connections that were refused, or that it could not make.
    pub refused: u64,
    /// Connections that the server ended.
    pub ended_by_server: u64,
}

/// What bounded the server, so that the machine outlived the experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Bound {
    /// What is bounded: `threads`, `open files`, `memory`.
    pub resource: String,
    /// The most of it.
    pub value: u64,
    /// What enforced it: `cgroup v2 (pids.max)`, `rlimit (RLIMIT_NOFILE)`, `watchdog`.
    pub enforced_by: String,
}

/// What became of one request of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RequestEvent {
    /// Its intended start.
    pub at_ns: u64,
    /// From its intended start to its end, however it ended.
    pub took_ns: u64,
    /// How it ended.
    pub fate: Fate,
    /// On which of the connections that stay it was, from 0; absent where they come and go, and in records of earlier
    /// versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<u32>,
}

/// How one request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// A correct reply in time.
    Ok,
    /// The server answered with an error.
    Error,
    /// No reply within the timeout, on a connection that had been answered before.
    Timeout,
    /// No reply within the timeout, on a connection that was never answered at all.
    NeverAnswered,
    /// A reply that does not answer the request.
    Malformed,
    /// The connection could not be made.
    Refused,
    /// The connection was lost with the request on it.
    Reset,
    /// Never sent: its session had failed before, or no connection could be had.
    Dropped,
    /// Without a reply when the load ended early.
    InFlight,
}

impl Fate {
    /// As the end of a count and as the name of a mark: `212 timed out`.
    pub fn words(self) -> &'static str {
        match self {
            Fate::Ok => "answered",
            Fate::Error => "error reply",
            Fate::Timeout => "timed out",
            Fate::NeverAnswered => "never answered",
            Fate::Malformed => "wrong reply",
            Fate::Refused => "refused",
            Fate::Reset => "reset",
            Fate::Dropped => "not sent",
            Fate::InFlight => "in flight",
        }
    }
}
