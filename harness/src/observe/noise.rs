//! What went on on the machine besides server and harness, between two moments.

use reports::record::Noise;

use super::cpu_totals::{CpuTicks, parse_pressure, parse_stat};
use super::proc_file::ProcFile;
use crate::clock::{now_ns, process_cpu_ns};

/// Below this the kernel's ticks are too coarse to make a share of.
const SHORTEST_SPAN_NS: u64 = 200_000_000;

/// All totals at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Totals {
    at_ns: u64,
    ticks: Option<CpuTicks>,
    pressure_us: Option<u64>,
    own_cpu_ns: u64,
    server_cpu_ns: u64,
}

impl Totals {
    /// Reads them; `server_cpu_ns` is the observed process's CPU time at this moment.
    pub(super) fn now(server_cpu_ns: u64) -> Self {
        let read = |path: &str| ProcFile::open(path).and_then(|mut file| file.read().map(str::to_owned)).ok();
        Self {
            at_ns: now_ns(),
            ticks: read("/proc/stat").and_then(|text| parse_stat(&text)),
            pressure_us: read("/proc/pressure/cpu").and_then(|text| parse_pressure(&text)),
            own_cpu_ns: process_cpu_ns(),
            server_cpu_ns,
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

/// The shares between two moments; `tick_ns` is the length of a tick. Hiccups and the sampler's own share are the
/// observer's to add.
pub(super) fn between(before: &Totals, after: &Totals, tick_ns: u64) -> Noise {
    let span_ns = after.at_ns.saturating_sub(before.at_ns);
    if span_ns < SHORTEST_SPAN_NS {
        return Noise::default();
    }
    let of_all_cpus = |cpu_ns: u64, cpus: u64| cpu_ns as f64 / (span_ns * cpus.max(1)) as f64;
    let ticks = before.ticks.zip(after.ticks);
    let ours =
        after.own_cpu_ns.saturating_sub(before.own_cpu_ns) + after.server_cpu_ns.saturating_sub(before.server_cpu_ns);
    Noise {
        other_cpu_share: ticks.map(|(before, after)| {
            let busy_ns = after.busy.saturating_sub(before.busy) * tick_ns;
            // Ticks are sampled and our times are exact, so on a quiet machine the difference may fall below zero.
            of_all_cpus(busy_ns.saturating_sub(ours), after.cpus)
        }),
        steal_share: ticks
            .map(|(before, after)| of_all_cpus(after.stolen.saturating_sub(before.stolen) * tick_ns, after.cpus)),
        cpu_pressure_share: before
            .pressure_us
            .zip(after.pressure_us)
            .map(|(before, after)| of_all_cpus(after.saturating_sub(before) * 1000, 1)),
        ..Noise::default()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const TICK_NS: u64 = 10_000_000;

    /// Of two CPUs.
    pub(in crate::observe) fn totals(at_ms: u64, busy: u64, stolen: u64, ours_ms: u64) -> Totals {
        Totals {
            at_ns: at_ms * 1_000_000,
            ticks: Some(CpuTicks { busy, stolen, cpus: 2 }),
            pressure_us: Some(at_ms * 100),
            own_cpu_ns: ours_ms * 400_000,
            server_cpu_ns: ours_ms * 600_000,
        }
    }

    #[test]
    fn what_is_ours_is_not_noise() {
        // One second of two CPUs: 150 ticks busy, of which 110 were ours.
        let noise = between(&totals(0, 1000, 5, 0), &totals(1000, 1150, 15, 1100), TICK_NS);
        assert_eq!(noise.other_cpu_share, Some(0.2));
        assert_eq!(noise.steal_share, Some(0.05));
        assert_eq!(noise.cpu_pressure_share, Some(0.1));
    }

    #[test]
    fn coarse_ticks_never_make_it_negative() {
        let noise = between(&totals(0, 1000, 5, 0), &totals(1000, 1050, 5, 600), TICK_NS);
        assert_eq!(noise.other_cpu_share, Some(0.0));
    }

    #[test]
    fn what_can_not_be_told_is_absent() {
        assert_eq!(between(&totals(0, 0, 0, 0), &totals(199, 9, 9, 0), TICK_NS), Noise::default());
        let blind = Totals { ticks: None, pressure_us: None, ..totals(0, 0, 0, 0) };
        assert_eq!(between(&blind, &totals(1000, 9, 9, 0), TICK_NS), Noise::default());
    }
}
