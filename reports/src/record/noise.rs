//! What else went on on the machine: during a cell, and in the moment before a run's first one, while there is still time to
//! end it.
//!
//! Must not know: how it was found out. Beside it: `cell.rs`, which has a cell's own; `warning.rs`, which has both as doubts.

use serde::{Deserialize, Serialize};

use crate::format;

/// What else went on on the machine during a cell. What could not be observed is absent, and a warning of the cell says why.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Noise {
    /// CPU time of processes other than server and harness, as a share of the CPUs that these may use, 0 to 1.
    pub other_cpu_share: Option<f64>,
    /// CPU time that the hypervisor gave to others, as a share of the same CPUs, 0 to 1.
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
    /// TCP segments that the kernel sent again, on any connection of the machine or container that sent the load. No verdict
    /// rests on it, and not every kernel tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments_sent_again: Option<u64>,
    /// CPU time of the sampler itself, as a share of one CPU, 0 to 1. Asking the server about its inside is in it.
    pub sampler_cpu_share: Option<f64>,
    /// CPU time of the server's thread that answers, as a share of one CPU, 0 to 1; absent where it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_cpu_share: Option<f64>,
}

/// What CPU quotas of control groups did to a process: `nr_throttled` and the time of `cpu.stat`, all groups around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

    /// What the reader can do about it, as a sentence without its stop.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Unobserved::OtherPrograms => "measure for 200 ms or longer, where /proc/stat can be read",
            Unobserved::Hiccups => "allow the harness more threads, and its CPUs",
            Unobserved::GeneratorQuota | Unobserved::ServerQuota => {
                "mount the control groups where the harness runs (/sys/fs/cgroup), or run it outside of the container"
            }
            Unobserved::Suspension => "look at the machine's log for a suspend",
            Unobserved::Server => "allow the harness more threads, and to read /proc of the server",
            Unobserved::Machine => "see with another program whether the machine was quiet",
        }
    }

    /// Whether anything may have happened to the machine that is seen nowhere else. A quota that stops a thread is also seen
    /// as a thread that gets its CPU late.
    pub(crate) fn leaves_the_machine_unseen(self) -> bool {
        match self {
            Unobserved::OtherPrograms | Unobserved::Hiccups | Unobserved::Suspension | Unobserved::Machine => true,
            Unobserved::GeneratorQuota | Unobserved::ServerQuota | Unobserved::Server => false,
        }
    }
}

/// So many processes are named; those behind them use less than each of these.
const NAMED: usize = 3;

/// From this share on, what the hypervisor took is said too.
const WORTH_SAYING: f64 = 0.01;

/// Others that used the machine before the first cell. Shares are of all CPUs, 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BusyStart {
    /// CPU time of everything but the harness and what it had started.
    pub other_cpu_share: f64,
    /// CPU time that the hypervisor gave to others; absent where the kernel does not say.
    #[serde(default)]
    pub steal_share: Option<f64>,
    /// Time in which some task waited for a CPU (PSI), of the time; absent where the kernel does not say.
    #[serde(default)]
    pub cpu_pressure_share: Option<f64>,
    /// The busiest first.
    pub processes: Vec<BusyProcess>,
}

/// A process and what it used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BusyProcess {
    /// Its number where the harness ran.
    pub pid: u32,
    /// Its name, at most fifteen bytes of it, as the kernel keeps it.
    pub name: String,
    /// CPU time of its threads.
    pub cpu_share: f64,
}

impl BusyStart {
    /// What was used and by whom: `98% of its CPUs (python3 31245 52%, cc1 99 46%)`.
    pub fn words(&self) -> String {
        let stolen = self.steal_share.filter(|share| *share >= WORTH_SAYING);
        let stolen = stolen.map(|share| format!(", and the hypervisor takes {} away", format::share(share)));
        let used = format!("{} of its CPUs", format::share(self.other_cpu_share));
        let named = self.named().iter().map(|process| {
            let BusyProcess { pid, name, cpu_share } = process;
            format!("{name} {pid} {}", format::share(*cpu_share))
        });
        let named = named.collect::<Vec<_>>().join(", ");
        let named = if named.is_empty() { named } else { format!(" ({named})") };
        format!("{used}{named}{}", stolen.unwrap_or_default())
    }

    /// What to do about it, as a sentence without its stop.
    pub fn remedy(&self) -> String {
        let pids: Vec<String> = self.named().iter().map(|process| process.pid.to_string()).collect();
        let in_sight = (!pids.is_empty()).then(|| {
            format!("end them or wait, and run again: `ps -o pid,etime,args -p {}` shows them", pids.join(","))
        });
        let hidden = self.is_mostly_hidden().then(|| {
            let most = if pids.is_empty() { "it" } else { "the rest" };
            format!(
                "no process that can be seen here explains {most}; look outside of this container or virtual machine, or \
                 wait until what starts many short processes has ended"
            )
        });
        [in_sight, hidden].into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    /// Whether the processes that were seen used less than half of what was used.
    fn is_mostly_hidden(&self) -> bool {
        let seen: f64 = self.processes.iter().map(|process| process.cpu_share).sum();
        seen < self.used() / 2.0
    }

    fn used(&self) -> f64 {
        self.other_cpu_share + self.steal_share.unwrap_or(0.0)
    }

    fn named(&self) -> &[BusyProcess] {
        &self.processes[..self.processes.len().min(NAMED)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, name: &str, cpu_share: f64) -> BusyProcess {
        BusyProcess { pid, name: name.to_owned(), cpu_share }
    }

    fn busy(other_cpu_share: f64, processes: Vec<BusyProcess>) -> BusyStart {
        BusyStart { other_cpu_share, steal_share: Some(0.0), cpu_pressure_share: Some(0.9), processes }
    }

    #[test]
    fn the_busiest_are_named_with_the_command_that_shows_them() {
        let all = ["python3", "cc1", "rustc", "sh"];
        let all = (0..).zip(all).map(|(place, name)| process(10 + place, name, 0.4 / f64::from(place + 1)));
        let busy = busy(0.9, all.collect());
        assert_eq!(busy.words(), "90% of its CPUs (python3 10 40%, cc1 11 20%, rustc 12 13%)");
        assert_eq!(busy.remedy(), "end them or wait, and run again: `ps -o pid,etime,args -p 10,11,12` shows them");
    }

    #[test]
    fn what_no_process_explains_is_looked_for_elsewhere() {
        let hidden = busy(0.5, Vec::new());
        assert_eq!(hidden.words(), "50% of its CPUs");
        assert!(hidden.remedy().starts_with("no process that can be seen here explains it; "), "{}", hidden.remedy());
        let in_part = busy(0.5, vec![process(7, "top", 0.06)]);
        assert!(in_part.remedy().contains("-p 7` shows them; no process that can be seen here explains the rest"));
        let stolen = BusyStart { steal_share: Some(0.4), ..busy(0.01, Vec::new()) };
        assert_eq!(stolen.words(), "1.00% of its CPUs, and the hypervisor takes 40% away");
        assert!(stolen.remedy().contains("virtual machine"), "{}", stolen.remedy());
    }
}
