//! What the CPUs of the machine did between two moments, from `/proc/stat` and `/proc/pressure/cpu`.
//!
//! Beside it: `noise.rs`, which watches them meanwhile; `busiest.rs`, who used them; `pinning.rs`, who may run on them.

use std::path::Path;
use std::sync::OnceLock;

use reports::record::Noise;
use rustix::param::clock_ticks_per_second;

use crate::clock::{now_ns, process_cpu_ns, suspended_ns};

/// CPU time that the server used meanwhile: it is not that of other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerCpu {
    /// In nanoseconds.
    Used(u64),
    /// It should be known and is not.
    Unknown,
    /// Nobody watches the server, wherever it runs: nothing is said of other programs.
    NotWatched,
}

/// Below this the kernel's ticks are too coarse to make a share of.
pub(super) const SHORTEST_SPAN_NS: u64 = 200_000_000;

/// All totals at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct MachineTotals {
    at_ns: u64,
    ticks: Option<CpuTicks>,
    pressure_us: Option<u64>,
    own_cpu_ns: u64,
    /// What the kernel's own threads did on these CPUs with packets that came faster than interrupts could take them.
    packets_ns: u64,
    suspended_ns: u64,
}

impl MachineTotals {
    /// Of these CPUs; none means all of the machine.
    pub(super) fn now(proc: &Path, cpus: &[u32]) -> Self {
        let read = |path: &str| std::fs::read_to_string(proc.join(path)).ok();
        Self {
            at_ns: now_ns(),
            ticks: read("stat").and_then(|text| parse_stat(&text, cpus)),
            pressure_us: read("pressure/cpu").and_then(|text| parse_pressure(&text)),
            own_cpu_ns: process_cpu_ns(),
            packets_ns: packets_ns(proc, cpus),
            suspended_ns: suspended_ns(),
        }
    }

    pub(super) fn at_ns(&self) -> u64 {
        self.at_ns
    }

    /// How long the machine was suspended between another moment and this one.
    pub(super) fn suspended_ns_since(&self, before: &MachineTotals) -> u64 {
        self.suspended_ns.saturating_sub(before.suspended_ns)
    }

    /// How many CPUs that is; absent where the kernel does not say.
    pub(super) fn cpus(&self) -> Option<u64> {
        self.ticks.map(|ticks| ticks.cpus)
    }
}

/// The shares between two moments; `tick_ns` is the length of a tick.
///
/// # Errors
/// Why there are none, as a clause.
pub(super) fn between(
    before: &MachineTotals,
    after: &MachineTotals,
    server: ServerCpu,
    tick_ns: u64,
) -> Result<Noise, String> {
    let span_ns = after.at_ns.saturating_sub(before.at_ns);
    if span_ns < SHORTEST_SPAN_NS {
        // The same for all that were too short, so that a report says it once.
        return Err(format!("it lasted less than the {} ms that this takes", SHORTEST_SPAN_NS / 1_000_000));
    }
    let (first, last) = before.ticks.zip(after.ticks).ok_or("/proc/stat can't be read")?;
    let of_all_cpus = |cpu_ns: u64, cpus: u64| cpu_ns as f64 / (span_ns * cpus.max(1)) as f64;
    // The packets are those of the run: where there are so many of them, nobody else sends any to speak of.
    let packets_ns = after.packets_ns.saturating_sub(before.packets_ns);
    let own_cpu_ns = after.own_cpu_ns.saturating_sub(before.own_cpu_ns) + packets_ns;
    let busy_ns = last.busy.saturating_sub(first.busy) * tick_ns;
    // Ticks are sampled and our times are exact, so on a quiet machine the difference may fall below zero.
    let others = |server_cpu_ns| of_all_cpus(busy_ns.saturating_sub(own_cpu_ns + server_cpu_ns), last.cpus);
    Ok(Noise {
        other_cpu_share: match server {
            ServerCpu::Used(server_cpu_ns) => Some(others(server_cpu_ns)),
            ServerCpu::Unknown => return Err("the server's own CPU time is not known".to_owned()),
            ServerCpu::NotWatched => None,
        },
        steal_share: Some(of_all_cpus(last.stolen.saturating_sub(first.stolen) * tick_ns, last.cpus)),
        // Not every kernel keeps it, and no verdict on the machine rests on it.
        cpu_pressure_share: before
            .pressure_us
            .zip(after.pressure_us)
            .map(|(before, after)| of_all_cpus(after.saturating_sub(before) * 1000, 1)),
        ..Noise::default()
    })
}

/// CPU time of the threads `ksoftirqd` of these CPUs, or of all where none is named; 0 where the kernel's threads can't be
/// seen, as in a container: then their work counts as that of others.
fn packets_ns(proc: &Path, cpus: &[u32]) -> u64 {
    let of_these = softirq_threads(proc).into_iter().filter(|(cpu, _)| cpus.is_empty() || cpus.contains(cpu));
    of_these.filter_map(|(_, pid)| run_time_ns(&proc.join(pid.to_string()).join("schedstat"))).sum()
}

/// The threads `ksoftirqd`, a CPU and a number each. There are as many as the machine has CPUs, and they stay.
fn softirq_threads(proc: &Path) -> Vec<(u32, u32)> {
    static OF_THIS_MACHINE: OnceLock<Vec<(u32, u32)>> = OnceLock::new();
    let find = || {
        let numbers = std::fs::read_dir(proc).into_iter().flatten().flatten();
        let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let thread = |pid: u32| {
            let name = std::fs::read_to_string(proc.join(pid.to_string()).join("comm")).ok()?;
            Some((name.trim().strip_prefix("ksoftirqd/")?.parse().ok()?, pid))
        };
        numbers.filter_map(thread).collect()
    };
    if proc == Path::new("/proc") { OF_THIS_MACHINE.get_or_init(find).clone() } else { find() }
}

/// The time that a thread ran, from its `schedstat`.
fn run_time_ns(schedstat: &Path) -> Option<u64> {
    std::fs::read_to_string(schedstat).ok()?.split(' ').next()?.parse().ok()
}

/// Ticks of some CPUs since the start of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuTicks {
    /// User, nice, system and both kinds of interrupt; guests are within user.
    pub busy: u64,
    /// What the hypervisor gave to others while this machine wanted to run.
    pub stolen: u64,
    /// How many CPUs it is of.
    pub cpus: u64,
}

/// Length of a tick of the kernel's accounts, in nanoseconds.
pub(in crate::observe) fn tick_ns() -> u64 {
    1_000_000_000 / clock_ticks_per_second().max(1)
}

/// Parses `/proc/stat`, of these CPUs or, where none is named, of all. A kernel too old to tell of stolen time tells of none.
/// Nothing where a CPU is not there.
pub fn parse_stat(text: &str, cpus: &[u32]) -> Option<CpuTicks> {
    let of_one = |line: &str| {
        let (name, counts) = line.split_once(' ')?;
        let number: u32 = name.strip_prefix("cpu")?.parse().ok()?;
        let mut counts = counts.split_ascii_whitespace().map(str::parse::<u64>);
        let mut next = || counts.next()?.ok();
        let (user, nice, system, _idle, _waiting) = (next()?, next()?, next()?, next()?, next()?);
        let (irq, softirq, stolen) = (next()?, next()?, next().unwrap_or(0));
        let busy = [user, nice, system, irq, softirq].into_iter().try_fold(0, u64::checked_add)?;
        Some((number, busy, stolen))
    };
    let wanted = |number: &u32| cpus.is_empty() || cpus.contains(number);
    let found: Vec<_> = text.lines().filter_map(of_one).filter(|(number, ..)| wanted(number)).collect();
    // One that server and generator share is named twice.
    let is_there = |cpu: &u32| found.iter().any(|(number, ..)| number == cpu);
    if found.is_empty() || !cpus.iter().all(is_there) {
        return None;
    }
    Some(CpuTicks {
        busy: found.iter().try_fold(0, |sum: u64, (_, busy, _)| sum.checked_add(*busy))?,
        stolen: found.iter().try_fold(0, |sum: u64, (.., stolen)| sum.checked_add(*stolen))?,
        cpus: found.len() as u64,
    })
}

/// Microseconds in which some task waited for a CPU, since the start of the machine.
pub fn parse_pressure(text: &str) -> Option<u64> {
    let some = text.lines().find(|line| line.starts_with("some "))?;
    some.split_ascii_whitespace().find_map(|word| word.strip_prefix("total="))?.parse().ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const STAT: &str = "cpu  13744 5 4415 297783 885 2 71 31 9 0\ncpu0 6377 0 1811 150184 87 0 10 13 0 0\n\
        cpu1 7367 0 2603 147598 797 0 60 17 0 0\nintr 1234 0\nctxt 99\n";

    const TICK_NS: u64 = 10_000_000;

    /// Of two CPUs.
    pub(in crate::observe) fn totals(at_ms: u64, busy: u64, stolen: u64, own_ms: u64) -> MachineTotals {
        MachineTotals {
            at_ns: at_ms * 1_000_000,
            ticks: Some(CpuTicks { busy, stolen, cpus: 2 }),
            pressure_us: Some(at_ms * 100),
            own_cpu_ns: own_ms * 1_000_000,
            packets_ns: 0,
            suspended_ns: 0,
        }
    }

    #[test]
    fn busy_is_all_but_idle_waiting_and_stolen() {
        let first = 6377 + 1811 + 10;
        let second = 7367 + 2603 + 60;
        let expected = CpuTicks { busy: first + second, stolen: 13 + 17, cpus: 2 };
        assert_eq!(parse_stat(STAT, &[]), Some(expected));
        assert_eq!(parse_stat(STAT, &[1]), Some(CpuTicks { busy: second, stolen: 17, cpus: 1 }));
        assert_eq!(parse_stat(STAT, &[0, 1, 0, 1]), Some(expected), "server and generator share them");
        assert_eq!(parse_stat(STAT, &[1, 5]), None, "one of them is not there");
    }

    #[test]
    fn what_is_cut_off_is_absent() {
        assert_eq!(parse_stat("cpu0 1 2 3\n", &[]), None);
        assert_eq!(parse_stat("intr 5\n", &[]), None);
        assert_eq!(parse_stat("", &[]), None);
    }

    #[test]
    fn pressure_is_that_of_some_tasks() {
        let text =
            "some avg10=0.00 avg60=0.00 avg300=0.16 total=12369909\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n";
        assert_eq!(parse_pressure(text), Some(12_369_909));
        assert_eq!(parse_pressure("full avg10=0.00 total=7\n"), None);
    }

    #[test]
    fn what_is_ours_is_not_noise() {
        // One second of two CPUs: 150 ticks busy, of which 110 were ours.
        let (before, after) = (totals(0, 1000, 5, 0), totals(1000, 1150, 15, 440));
        let noise = between(&before, &after, ServerCpu::Used(660_000_000), TICK_NS).unwrap();
        assert_eq!(noise.other_cpu_share, Some(0.2));
        assert_eq!(noise.steal_share, Some(0.05));
        assert_eq!(noise.cpu_pressure_share, Some(0.1));
    }

    #[test]
    fn packets_of_the_run_are_not_the_work_of_others() {
        let proc = tempfile::tempdir().unwrap();
        for (pid, name, ran) in
            [("12", "ksoftirqd/0", "70000000 5 6"), ("19", "ksoftirqd/1", "900 5 6"), ("31", "sh", "8 5 6")]
        {
            let folder = proc.path().join(pid);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("comm"), format!("{name}\n")).unwrap();
            std::fs::write(folder.join("schedstat"), format!("{ran}\n")).unwrap();
        }
        assert_eq!([packets_ns(proc.path(), &[0]), packets_ns(proc.path(), &[])], [70_000_000, 70_000_900]);
        let after = MachineTotals { packets_ns: 100_000_000, ..totals(1000, 1150, 15, 440) };
        let noise = between(&totals(0, 1000, 5, 0), &after, ServerCpu::Used(660_000_000), TICK_NS).unwrap();
        assert_eq!(noise.other_cpu_share, Some(0.15));
    }

    #[test]
    fn coarse_ticks_never_make_it_negative() {
        let noise = between(&totals(0, 1000, 5, 0), &totals(1000, 1050, 5, 600), ServerCpu::Used(0), TICK_NS).unwrap();
        assert_eq!(noise.other_cpu_share, Some(0.0));
    }

    #[test]
    fn what_can_not_be_told_has_a_reason() {
        let why = |before: MachineTotals, after: MachineTotals, server| {
            between(&before, &after, server, TICK_NS).unwrap_err()
        };
        let (start, end) = (totals(0, 0, 0, 0), totals(1000, 9, 9, 0));
        let short = [100, 199].map(|ms| why(start, totals(ms, 9, 9, 0), ServerCpu::Used(0)));
        assert_eq!(short, ["it lasted less than the 200 ms that this takes"; 2]);
        assert_eq!(why(MachineTotals { ticks: None, ..start }, end, ServerCpu::Used(0)), "/proc/stat can't be read");
        assert_eq!(why(start, end, ServerCpu::Unknown), "the server's own CPU time is not known");
        let unwatched = between(&start, &end, ServerCpu::NotWatched, TICK_NS).unwrap();
        assert_eq!((unwatched.other_cpu_share, unwatched.steal_share), (None, Some(0.045)));
    }
}
