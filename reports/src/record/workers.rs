//! What a load has that other machines sent: who sent which part of it, and what speaks against that; and the machines of a
//! run that is spread over several.
//!
//! Times of two machines are never subtracted. Must not know: how a worker is started or spoken to. Beside it: `cell.rs` and
//! `manifest.rs`, which hold these; `warning.rs`, whose kinds a worker's doubt joins.

use serde::{Deserialize, Serialize};

use super::warning::Gravity;
use super::{Ledger, Noise, Warning};

/// What one worker says of its part of a cell's load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkerRecord {
    /// From 1, in the order in which they were typed. The host of this number among those of the manifest that send is its
    /// machine.
    pub number: u32,
    /// What its machine calls itself.
    pub host: String,
    /// By how much its clock is ahead of that of the machine on which the run was typed.
    pub clock_offset_ns: i64,
    /// The truth is no further away than this.
    pub clock_bound_ns: u64,
    /// By how much it began later than it was told to, within the bound of its clock; absent where it was lost.
    #[serde(default)]
    pub start_late_ns: Option<i64>,
    /// The ends of its requests; absent where it was lost.
    #[serde(default)]
    pub ledger: Option<Ledger>,
    /// Median of its response times, or of its service times in closed loop.
    #[serde(default)]
    pub p50_ns: Option<u64>,
    /// 99th percentile of the same; absent where it has too few for one.
    #[serde(default)]
    pub p99_ns: Option<u64>,
    /// CPU time that its generator used.
    #[serde(default)]
    pub cpu_ns: Option<u64>,
    /// The time of the way to the server and back.
    #[serde(default)]
    pub way: WayTimes,
    /// What else went on on its machine.
    #[serde(default)]
    pub noise: Noise,
    /// Requests that were never sent because it was lost.
    #[serde(default)]
    pub never_sent: u64,
}

/// How long the way from a worker to the server and back takes: the fastest of some TCP connects, which the server's kernel
/// answers and not the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WayTimes {
    /// Just before the load; absent where no connect succeeded.
    #[serde(default)]
    pub before_ns: Option<u64>,
    /// Just after it.
    #[serde(default)]
    pub after_ns: Option<u64>,
}

impl WayTimes {
    /// The shorter of the two: what the way takes at least.
    pub fn least_ns(self) -> Option<u64> {
        [self.before_ns, self.after_ns].into_iter().flatten().min()
    }
}

/// A machine that took part in a run beside the one on which it was typed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostRecord {
    /// What it did.
    pub role: HostRole,
    /// What was typed to start a program there.
    pub command: String,
    /// What it calls itself.
    pub host: String,
    /// CPUs that it may use.
    pub cpus: u32,
    /// Its kernel's release; absent where it did not say.
    #[serde(default)]
    pub kernel: Option<String>,
    /// Version of the harness there.
    pub version: String,
    /// SHA-256 of that program, in hexadecimal; absent where it could not be read.
    #[serde(default)]
    pub build: Option<String>,
    /// The way from there to the server; absent for the server's own.
    #[serde(default)]
    pub path: Option<PathKind>,
}

/// What a machine does in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum HostRole {
    /// The servers run there.
    Server,
    /// It sends a part of each load.
    Load,
}

/// What lies between a worker and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PathKind {
    /// The same kernel, over its loopback device.
    Loopback,
    /// The same kernel, over a bridge or a pair of devices between two namespaces.
    SameKernel,
    /// Two kernels, and whatever is between them.
    Network,
}

impl PathKind {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            PathKind::Loopback => "loopback",
            PathKind::SameKernel => "wires or a bridge within one machine",
            PathKind::Network => "a network",
        }
    }
}

/// What speaks against figures because several machines made them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WorkerDoubt {
    /// A worker did not come to its end.
    Lost {
        /// Number and host.
        who: String,
        /// A clause.
        reason: String,
        /// All of its part, which counts as never sent.
        requests: u64,
    },
    /// They did not begin together.
    StartSkew {
        /// The most by which their starts lie apart.
        skew_ns: u64,
        /// By how much they may.
        allowed_ns: u64,
    },
    /// A clock runs at another speed than any that is kept in time.
    Drift {
        /// Number and host.
        who: String,
        /// Parts per million.
        ppm: f64,
        /// What clocks that are kept in time differ by at most.
        most_ppm: f64,
    },
    /// It sent its part, and its clock could not be read again after that.
    DriftUnknown {
        /// Number and host.
        who: String,
        /// A clause.
        reason: String,
    },
    /// Its median is not what the others say.
    Apart {
        /// Number and host.
        who: String,
        /// Its median.
        p50_ns: u64,
        /// Between these two is what the others say.
        others_ns: (u64, u64),
    },
    /// It runs another build than this.
    OtherBuild {
        /// Number and host.
        who: String,
    },
    /// Something on its machine.
    OfMachine {
        /// Number and host.
        who: String,
        /// What.
        warning: Box<Warning>,
    },
}

impl WorkerDoubt {
    /// Whether the figures are not to be used.
    pub fn invalidates(&self) -> bool {
        self.gravity().invalidates()
    }

    pub(super) fn gravity(&self) -> Gravity {
        match self {
            WorkerDoubt::StartSkew { .. } => Gravity::MachineInvalidates,
            WorkerDoubt::Lost { .. } | WorkerDoubt::Drift { .. } | WorkerDoubt::DriftUnknown { .. } => {
                Gravity::Invalidates
            }
            WorkerDoubt::Apart { .. } | WorkerDoubt::OtherBuild { .. } => Gravity::Remark,
            WorkerDoubt::OfMachine { warning, .. } => warning.gravity(),
        }
    }

    /// Whether a part of the load is missing.
    pub fn is_a_loss(&self) -> bool {
        matches!(self, WorkerDoubt::Lost { .. })
    }
}
