//! What went on on the machine besides server and harness, between two moments: totals at both ends, and a thread in
//! between that sees whether it gets its CPU in time.
//!
//! What could not be observed is absent in the figures and said as a warning: a machine that nobody could see is not a
//! quiet one.

use std::io;
use std::path::{Path, PathBuf};

use reports::record::{Noise, Throttled, Unobserved, Warning};
use rustix::param::clock_ticks_per_second;

use super::cpu_totals::{CpuTicks, parse_pressure, parse_stat};
use super::hiccups::HiccupThread;
use super::quota::QuotaReader;
use crate::clock::{now_ns, process_cpu_ns, suspended_ns};

/// Below this the kernel's ticks are too coarse to make a share of.
const SHORTEST_SPAN_NS: u64 = 200_000_000;

/// Someone who watches the machine from now on. Nothing it needs may be missing without being missed at the end.
#[derive(Debug)]
pub struct MachineWatch {
    proc: PathBuf,
    before: Totals,
    hiccups: io::Result<HiccupThread>,
    quota: QuotaWatch,
}

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

/// What was seen of the machine, and what was not.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MachineSeen {
    /// The figures, without those of the sampler.
    pub noise: Noise,
    /// One for each absent figure.
    pub unobserved: Vec<Warning>,
    /// CPU time of the thread that watched.
    pub(super) own_cpu_ns: u64,
    pub(super) span_ns: u64,
}

impl MachineWatch {
    /// Begins to watch; the thread runs on `cpus`, none means any. Never fails: what can't be seen is said at the end.
    pub fn start(cpus: Vec<u32>) -> Self {
        Self::start_reading(Path::new("/proc"), cpus)
    }

    /// As [`MachineWatch::start`], where the kernel's files are elsewhere.
    pub fn start_reading(proc: &Path, cpus: Vec<u32>) -> Self {
        let (hiccups, quota) = (HiccupThread::start(cpus), QuotaWatch::of(std::process::id()));
        Self { proc: proc.to_owned(), before: Totals::now(proc), hiccups, quota }
    }

    /// Ends, within milliseconds.
    pub fn stop(self, server: ServerCpu) -> MachineSeen {
        let hiccups = self.hiccups.map(HiccupThread::stop);
        let after = Totals::now(&self.proc);
        let span_ns = after.at_ns.saturating_sub(self.before.at_ns);
        let mut unobserved = Vec::new();
        let mut missing = |what: Unobserved, reason: String| unobserved.push(Warning::NotObserved { what, reason });
        let shares = between(&self.before, &after, server, 1_000_000_000 / clock_ticks_per_second());
        let shares = shares.unwrap_or_else(|reason| {
            missing(Unobserved::OtherPrograms, reason);
            Noise::default()
        });
        let hiccups = hiccups.map_err(|error| format!("its thread could not be started: {error}"));
        let hiccups = hiccups.and_then(|seen| seen.ok_or_else(|| "its thread ended in the middle".to_owned()));
        let hiccups = hiccups.map_err(|reason| missing(Unobserved::Hiccups, reason)).ok();
        let throttled = self.quota.so_far().map_err(|reason| missing(Unobserved::GeneratorQuota, reason)).ok();
        let noise = Noise {
            max_hiccup_ns: hiccups.map(|seen| seen.max_oversleep_ns),
            generator_throttled: throttled,
            suspended_ns: Some(after.suspended_ns.saturating_sub(self.before.suspended_ns)),
            ..shares
        };
        MachineSeen { noise, unobserved, own_cpu_ns: hiccups.map_or(0, |seen| seen.own_cpu_ns), span_ns }
    }
}

/// What quotas do to one process from now on.
#[derive(Debug)]
pub(super) struct QuotaWatch(io::Result<(QuotaReader, Throttled)>);

impl QuotaWatch {
    pub(super) fn of(pid: u32) -> Self {
        let begin = || {
            let reader = QuotaReader::of(pid)?;
            let before = reader.so_far()?;
            Ok((reader, before))
        };
        Self(begin())
    }

    /// Since the start, or why that is not known.
    pub(super) fn so_far(self) -> Result<Throttled, String> {
        let (reader, before) = self.0.map_err(|error| format!("its control groups can't be read: {error}"))?;
        let after = reader.so_far().map_err(|error| format!("its control group is gone: {error}"))?;
        Ok(after.since(before))
    }
}

/// All totals at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Totals {
    at_ns: u64,
    ticks: Option<CpuTicks>,
    pressure_us: Option<u64>,
    own_cpu_ns: u64,
    suspended_ns: u64,
}

impl Totals {
    pub(super) fn now(proc: &Path) -> Self {
        let read = |path: &str| std::fs::read_to_string(proc.join(path)).ok();
        Self {
            at_ns: now_ns(),
            ticks: read("stat").and_then(|text| parse_stat(&text)),
            pressure_us: read("pressure/cpu").and_then(|text| parse_pressure(&text)),
            own_cpu_ns: process_cpu_ns(),
            suspended_ns: suspended_ns(),
        }
    }

    pub(super) fn at_ns(&self) -> u64 {
        self.at_ns
    }

    /// CPUs of the machine; absent where the kernel does not say.
    pub(super) fn cpus(&self) -> Option<u64> {
        self.ticks.map(|ticks| ticks.cpus)
    }
}

/// The shares between two moments; `tick_ns` is the length of a tick.
///
/// # Errors
/// Why there are none, as a clause.
pub(super) fn between(before: &Totals, after: &Totals, server: ServerCpu, tick_ns: u64) -> Result<Noise, String> {
    let span_ns = after.at_ns.saturating_sub(before.at_ns);
    if span_ns < SHORTEST_SPAN_NS {
        let ms = |ns: u64| ns / 1_000_000;
        return Err(format!("it lasted {} ms, and {} ms are the least", ms(span_ns), ms(SHORTEST_SPAN_NS)));
    }
    let (first, last) = before.ticks.zip(after.ticks).ok_or("/proc/stat can't be read")?;
    let of_all_cpus = |cpu_ns: u64, cpus: u64| cpu_ns as f64 / (span_ns * cpus.max(1)) as f64;
    let own_cpu_ns = after.own_cpu_ns.saturating_sub(before.own_cpu_ns);
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const TICK_NS: u64 = 10_000_000;

    /// Of two CPUs.
    pub(in crate::observe) fn totals(at_ms: u64, busy: u64, stolen: u64, own_ms: u64) -> Totals {
        Totals {
            at_ns: at_ms * 1_000_000,
            ticks: Some(CpuTicks { busy, stolen, cpus: 2 }),
            pressure_us: Some(at_ms * 100),
            own_cpu_ns: own_ms * 1_000_000,
            suspended_ns: 0,
        }
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
    fn coarse_ticks_never_make_it_negative() {
        let noise = between(&totals(0, 1000, 5, 0), &totals(1000, 1050, 5, 600), ServerCpu::Used(0), TICK_NS).unwrap();
        assert_eq!(noise.other_cpu_share, Some(0.0));
    }

    #[test]
    fn what_can_not_be_told_has_a_reason() {
        let why = |before: Totals, after: Totals, server| between(&before, &after, server, TICK_NS).unwrap_err();
        let (start, end) = (totals(0, 0, 0, 0), totals(1000, 9, 9, 0));
        assert_eq!(why(start, totals(199, 9, 9, 0), ServerCpu::Used(0)), "it lasted 199 ms, and 200 ms are the least");
        assert_eq!(why(Totals { ticks: None, ..start }, end, ServerCpu::Used(0)), "/proc/stat can't be read");
        assert_eq!(why(start, end, ServerCpu::Unknown), "the server's own CPU time is not known");
        let unwatched = between(&start, &end, ServerCpu::NotWatched, TICK_NS).unwrap();
        assert_eq!((unwatched.other_cpu_share, unwatched.steal_share), (None, Some(0.045)));
    }

    #[test]
    fn a_machine_that_can_not_be_seen_is_not_quiet() {
        let nowhere = tempfile::tempdir().unwrap();
        let watch = MachineWatch::start_reading(nowhere.path(), Vec::new());
        std::thread::sleep(std::time::Duration::from_nanos(SHORTEST_SPAN_NS));
        let seen = watch.stop(ServerCpu::Used(0));
        assert_eq!((seen.noise.other_cpu_share, seen.noise.steal_share), (None, None));
        let [Warning::NotObserved { what: Unobserved::OtherPrograms, reason }] = &seen.unobserved[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(reason, "/proc/stat can't be read");
    }
}
