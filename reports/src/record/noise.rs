//! What else went on on the machine, and what of it could not be known.

use serde::{Deserialize, Serialize};

/// What else went on on the machine during a cell. What could not be observed is absent, and a warning of the cell says why.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Noise {
    /// CPU time of processes other than server and harness, as a share of all CPUs, 0 to 1.
    pub other_cpu_share: Option<f64>,
    /// CPU time that the hypervisor gave to others, as a share of all CPUs, 0 to 1.
    pub steal_share: Option<f64>,
    /// Time in which some task waited for a CPU (PSI), as a share of the time, 0 to 1.
    pub cpu_pressure_share: Option<f64>,
    /// Greatest oversleep of a thread that wakes every few milliseconds.
    pub max_hiccup_ns: Option<u64>,
    /// What CPU quotas stopped of the harness and its load generator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator_throttled: Option<Throttled>,
    /// What CPU quotas stopped of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_throttled: Option<Throttled>,
    /// For how long the machine was suspended: the monotonic clock stood still meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended_ns: Option<u64>,
    /// CPU time of the sampler itself, as a share of one CPU, 0 to 1. Asking the server about its inside is in it.
    pub sampler_cpu_share: Option<f64>,
    /// CPU time of the server's thread that answers, as a share of one CPU, 0 to 1; absent where it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_cpu_share: Option<f64>,
}

/// What CPU quotas of control groups did to a process: `nr_throttled` and the time of `cpu.stat`, all groups around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Throttled {
    /// Periods in which the quota was used up.
    pub periods: u64,
    /// For how long it stood still, each CPU for itself, in nanoseconds.
    pub stopped_ns: u64,
}

impl Throttled {
    /// What has happened since an earlier reading.
    #[must_use]
    pub fn since(self, before: Throttled) -> Throttled {
        Throttled {
            periods: self.periods.saturating_sub(before.periods),
            stopped_ns: self.stopped_ns.saturating_sub(before.stopped_ns),
        }
    }
}

/// What of the machine could not be observed, each with the field of [`Noise`] that is absent then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unobserved {
    /// How much CPU other programs used: `other_cpu_share`, and `steal_share`.
    OtherPrograms,
    /// Whether a thread that was due got its CPU: `max_hiccup_ns`.
    Hiccups,
    /// Whether a CPU quota stopped the generator: `generator_throttled`.
    GeneratorQuota,
    /// Whether a CPU quota stopped the server: `server_throttled`.
    ServerQuota,
    /// Whether the machine was suspended: `suspended_ns`.
    Suspension,
    /// The server itself, over time: it has no samples.
    Server,
    /// All of the machine: nobody watched it.
    Machine,
}

impl Unobserved {
    /// As the subject of a sentence that ends with "could not be observed".
    pub fn subject(self) -> &'static str {
        match self {
            Unobserved::OtherPrograms => "how much CPU other programs used",
            Unobserved::Hiccups => "whether threads got their CPU in time",
            Unobserved::GeneratorQuota => "whether a CPU quota stopped the load generator",
            Unobserved::ServerQuota => "whether a CPU quota stopped the server",
            Unobserved::Suspension => "whether the machine was suspended",
            Unobserved::Server => "the server's memory and threads over time",
            Unobserved::Machine => "what else went on on the machine",
        }
    }
}
