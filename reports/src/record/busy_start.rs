//! What others did with the CPUs in the moment before a run's first cell, and who they were.
//!
//! It says what the figures will suffer from while there is still time to end it. Whether a cell was disturbed says each
//! cell's own [`super::Noise`]. Must not know: how it was found out. Beside it: `warning.rs`, which has it as a doubt of the
//! run.

use serde::{Deserialize, Serialize};

use crate::format;

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
