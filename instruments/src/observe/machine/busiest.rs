//! Who uses the machine besides us: the CPU time of every process between two looks at `/proc`.
//!
//! Reading and parsing one file per process costs some ten microseconds each, so this is for the time before a load and
//! never for the time within. Must not know: what is too much. Beside it: `cpus.rs`, the same for the machine as a whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process;
use std::time::Duration;

use reports::record::{BusyProcess, BusyStart};

use super::cpus::{MachineTotals, ServerCpu, between, tick_ns};
use super::pinning::allowed_cpus;
use crate::clock::now_ns;
use crate::observe::process_reader::fields_after_name;

/// The least time between two looks. The kernel's ticks of ten milliseconds are good to one or two, which in half of it
/// would come near to the few hundredths of two CPUs that are to be found.
const SPAN_NS: u64 = 400_000_000;

/// So many ticks more or less than were used may be in the accounts of a machine.
const UNCERTAIN_TICKS: u64 = 3;

/// Who used less may have met a tick by chance, and is not worth a name.
const FEWEST_TICKS: u64 = 2;

/// The machine and all processes that can be seen, at one moment.
#[derive(Debug)]
pub struct Glance {
    totals: MachineTotals,
    /// The CPUs that the totals are of; none means all.
    cpus: Vec<u32>,
    /// CPU time of what this process started, ended or not, in ticks.
    of_children: u64,
    processes: BTreeMap<u32, Process>,
}

/// What `/proc/PID/stat` says of a process. Times are in clock ticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::observe) struct Process {
    name: String,
    parent: u32,
    cpu_ticks: u64,
    /// With what it waited for; of us, these are servers that have ended.
    with_ended_children: u64,
    /// Since the start of the machine. Tells two processes apart that had the same number.
    started: u64,
}

impl Glance {
    /// Looks.
    pub fn now() -> Glance {
        // Of those that this process may use. Where the kernel does not say which, of all.
        Glance::of(allowed_cpus().unwrap_or_default())
    }

    /// Looks once more, at the same CPUs, whichever this thread may use by now.
    pub fn again(&self) -> Glance {
        Glance::of(self.cpus.clone())
    }

    fn of(cpus: Vec<u32>) -> Glance {
        let entries = fs::read_dir("/proc").into_iter().flatten();
        let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        // One that has ended meanwhile, or is hidden from us, is not there.
        let stat = |pid| Some((pid, parse(&fs::read(format!("/proc/{pid}/stat")).ok()?)?));
        let processes: BTreeMap<u32, Process> = pids.filter_map(stat).collect();
        let of_children = of_children(&processes, process::id());
        Glance { totals: MachineTotals::now(Path::new("/proc"), &cpus), of_children, processes, cpus }
    }

    /// How long it is until another look can be compared with this one; none where it can.
    pub fn until_comparable(&self) -> Duration {
        Duration::from_nanos((self.totals.at_ns() + SPAN_NS).saturating_sub(now_ns()))
    }

    /// What a few ticks of the kernel's accounts are of the time from this look to a later one: no share is known better.
    pub fn resolution(&self, after: &Glance) -> f64 {
        let span_ns = after.totals.at_ns().saturating_sub(self.totals.at_ns()).max(1);
        (UNCERTAIN_TICKS * tick_ns()) as f64 / (span_ns * after.totals.cpus().unwrap_or(1)) as f64
    }

    /// What others used from this look to a later one.
    ///
    /// # Errors
    /// Why that is not known, as a clause: the kernel does not say, or the two are too close.
    pub fn until(&self, after: &Glance) -> Result<BusyStart, String> {
        let of_children_ns = after.of_children.saturating_sub(self.of_children) * tick_ns();
        let noise = between(&self.totals, &after.totals, ServerCpu::Used(of_children_ns), tick_ns())?;
        let span_ns = after.totals.at_ns().saturating_sub(self.totals.at_ns());
        let all_ns = span_ns as f64 * after.totals.cpus().unwrap_or(1) as f64;
        let share = |ticks: u64| (ticks * tick_ns()) as f64 / all_ns;
        let mut processes: Vec<BusyProcess> = others(&self.processes, &after.processes, process::id())
            .into_iter()
            .filter(|(_, _, ticks)| *ticks >= FEWEST_TICKS)
            .map(|(pid, name, ticks)| BusyProcess { pid, name, cpu_share: share(ticks) })
            .collect();
        processes.sort_by(|a, b| b.cpu_share.total_cmp(&a.cpu_share));
        Ok(BusyStart {
            // Ticks are whole, so that all of it may come to a little more.
            other_cpu_share: noise.other_cpu_share.unwrap_or(0.0).min(1.0),
            steal_share: noise.steal_share,
            cpu_pressure_share: noise.cpu_pressure_share,
            processes,
        })
    }
}

/// The fields that are needed of `/proc/PID/stat`.
pub(in crate::observe) fn parse(stat: &[u8]) -> Option<Process> {
    let text = String::from_utf8_lossy(stat);
    let (_, rest) = text.split_once('(')?;
    let (name, _) = rest.rsplit_once(')')?;
    let fields: Vec<&str> = fields_after_name(&text)?.collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let (parent, cpu_ticks) = (u32::try_from(number(1)?).ok()?, number(11)?.checked_add(number(12)?)?);
    // Anybody can name a process anything, and this is written to a terminal.
    let name = name.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    let with_ended_children = cpu_ticks.checked_add(number(13)?)?.checked_add(number(14)?)?;
    Some(Process { name, parent, cpu_ticks, with_ended_children, started: number(19)? })
}

/// Whether a process is `us`, or was started by us or by what we started.
fn is_ours(processes: &BTreeMap<u32, Process>, pid: u32, us: u32) -> bool {
    let mut at = pid;
    // As many steps as there are processes, should numbers have been given out anew between two readings.
    for _ in 0..=processes.len() {
        match processes.get(&at) {
            _ if at == us => return true,
            Some(process) => at = process.parent,
            None => return false,
        }
    }
    false
}

/// CPU time of what `us` started, ended or not, in ticks.
fn of_children(processes: &BTreeMap<u32, Process>, us: u32) -> u64 {
    let ended = processes.get(&us).map_or(0, |us| us.with_ended_children - us.cpu_ticks);
    let running = processes.iter().filter(|(pid, _)| **pid != us && is_ours(processes, **pid, us));
    ended + running.map(|(_, process)| process.with_ended_children).sum::<u64>()
}

/// Everybody else with what they used between two looks: number, name, ticks. One that began meanwhile used all it has.
fn others(before: &BTreeMap<u32, Process>, after: &BTreeMap<u32, Process>, us: u32) -> Vec<(u32, String, u64)> {
    let is_other = |pid: u32| !is_ours(after, pid, us);
    let used = |(pid, process): (&u32, &Process)| {
        let same = before.get(pid).filter(|earlier| earlier.started == process.started);
        let ticks = process.cpu_ticks.saturating_sub(same.map_or(0, |earlier| earlier.cpu_ticks));
        (*pid, process.name.clone(), ticks)
    };
    after.iter().filter(|(pid, _)| is_other(**pid)).map(used).filter(|(_, _, ticks)| *ticks > 0).collect()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::super::cpus::tests::totals;
    use super::*;

    /// As the kernel writes it: of user and system time, and of children's, and the start.
    fn stat(pid: u32, name: &str, parent: u32, [user, system, of_children]: [u64; 3], started: u64) -> String {
        format!(
            "{pid} ({name}) S {parent} 7 7 0 -1 4194560 100 200 0 0 {user} {system} {of_children} 0 20 0 1 0 {started} 1 1"
        )
    }

    fn read(lines: &[String]) -> BTreeMap<u32, Process> {
        let pid = |line: &String| line.split_once(' ').unwrap().0.parse::<u32>().unwrap();
        lines.iter().map(|line| (pid(line), parse(line.as_bytes()).unwrap())).collect()
    }

    #[test]
    fn a_process_is_read_whatever_its_name() {
        let found = parse(stat(9, "a) (b\x1b[31m", 4, [5, 6, 70], 99).as_bytes()).unwrap();
        assert_eq!((found.name.as_str(), found.parent, found.started), ("a) (b?[31m", 4, 99));
        assert_eq!((found.cpu_ticks, found.with_ended_children), (11, 81));
        let name = [b"9 (\xff) S 4", stat(9, "", 4, [5, 6, 0], 99).split_once("S 4").unwrap().1.as_bytes()].concat();
        assert_eq!(parse(&name).unwrap().name, "\u{fffd}");
        for cut in ["", "9", "9 (x", "9 (x) S", "9 (x) S 4 7 7 0 -1 4194560 100 200 0 0 5 6 70 8 20"] {
            assert_eq!(parse(cut.as_bytes()), None, "{cut}");
        }
    }

    #[test]
    fn others_are_all_that_we_did_not_start() {
        let us = 50;
        let before = read(&[
            stat(1, "init", 0, [5, 5, 900], 1),
            stat(40, "bash", 1, [10, 10, 0], 5),
            stat(us, "harness", 40, [3, 0, 10], 90),
            stat(60, "old", 1, [800, 0, 0], 6),
        ]);
        let after = read(&[
            stat(1, "init", 0, [5, 5, 950], 1),
            stat(40, "bash", 1, [10, 14, 0], 5),
            stat(us, "harness", 40, [30, 0, 12], 90),
            stat(51, "server", us, [20, 0, 0], 92),
            stat(52, "worker", 51, [7, 0, 1], 93),
            stat(60, "new", 1, [6, 1, 0], 95),
            stat(61, "idle", 1, [0, 0, 0], 95),
        ]);
        let used = others(&before, &after, us);
        assert_eq!(used, [(40, "bash".to_owned(), 4), (60, "new".to_owned(), 7)]);
        assert_eq!((of_children(&before, us), of_children(&after, us)), (10, 12 + 20 + 8));
    }

    #[test]
    fn the_busiest_come_first_with_their_shares_of_all_cpus() {
        let processes = |python: u64, sh: u64, init: u64| {
            read(&[
                stat(1, "init", 0, [init, 0, 0], 1),
                stat(8, "sh", 1, [sh, 0, 0], 2),
                stat(9, "python3", 1, [python, 0, 0], 3),
            ])
        };
        let glance = |totals, processes| Glance { totals, cpus: Vec::new(), of_children: 0, processes };
        // A second of two CPUs, of which others had 180 ticks and the hypervisor took 10.
        let before = glance(totals(0, 1_000, 5, 0), processes(50, 3, 7));
        let after = glance(totals(1_000, 1_180, 15, 0), processes(150, 83, 8));
        let found = before.until(&after).unwrap();
        assert_eq!(before.resolution(&after), 0.015, "three ticks of two hundred");
        assert_eq!((found.other_cpu_share, found.steal_share, found.cpu_pressure_share), (0.9, Some(0.05), Some(0.1)));
        let busy = |pid, name: &str, cpu_share| BusyProcess { pid, name: name.to_owned(), cpu_share };
        assert_eq!(found.processes, [busy(9, "python3", 0.5), busy(8, "sh", 0.4)], "one tick is chance");
        let all = glance(totals(1_000, 1_203, 5, 0), BTreeMap::new());
        assert_eq!(before.until(&all).unwrap().other_cpu_share, 1.0);
    }

    #[test]
    fn parents_in_a_circle_end() {
        let circle = read(&[stat(7, "a", 8, [1, 0, 0], 1), stat(8, "b", 7, [1, 0, 0], 1)]);
        assert!(!is_ours(&circle, 7, 50) && is_ours(&circle, 50, 50));
    }

    #[test]
    fn what_we_started_is_seen_and_is_ours() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let glance = Glance::now();
        let processes = &glance.processes;
        assert!(is_ours(processes, child.id(), process::id()) && processes[&child.id()].parent == process::id());
        assert!(!is_ours(processes, processes[&process::id()].parent, process::id()));
        assert!(glance.until(&glance).is_err(), "no time has passed between them");
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
