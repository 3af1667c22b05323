//! What workers came to, together and each by itself, and how far their starts lie apart.
//!
//! Beside it: `fleet.rs`, which makes it; `instruments/src/load/part.rs`, which adds their figures up.

use instruments::load::{LoadOutcome, LoadPart, LoadSpec};
use instruments::observe::MachineSeen;
use reports::record::WayTimes;

use super::clocks::{ClockOffset, Drift};
use super::hello::Hello;

/// What they came to.
#[derive(Debug)]
pub struct FleetOutcome {
    /// Together.
    pub outcome: LoadOutcome,
    /// Each by itself.
    pub workers: Vec<WorkerOutcome>,
    /// The most by which their starts lie apart, as far as their clocks are known.
    pub start_skew_ns: u64,
    /// The beginning of the window, on this machine's monotonic clock.
    pub window_start_ns: u64,
}

/// What one worker came to.
#[derive(Debug)]
pub struct WorkerOutcome {
    /// What it was started with.
    pub command: String,
    /// What it says of itself.
    pub hello: Hello,
    /// Which part was its.
    pub part: LoadPart,
    /// Its clock before the load.
    pub clock: ClockOffset,
    /// What it came to, or how it was lost, as a sentence, with the requests that were lost with it.
    pub end: Result<WorkerPart, (String, u64)>,
}

/// What a worker said at its end.
#[derive(Debug)]
pub struct WorkerPart {
    /// What it sent and got.
    pub outcome: LoadOutcome,
    /// What went on on its machine meanwhile.
    pub machine: MachineSeen,
    /// By how much it began later than it was told to, give or take the bound of its clock.
    pub start_late_ns: i64,
    /// How its clock ran meanwhile, or why that is not known, as a sentence.
    pub drift: Result<Drift, String>,
    /// How long the way to the server took, where that was asked for.
    pub way: WayTimes,
}

/// By how much starts may lie apart: a millisecond, or a tenth of the mean gap between two requests where that is more.
pub fn allowed_skew_ns(spec: &LoadSpec) -> u64 {
    const ALWAYS_ALLOWED_NS: u64 = 1_000_000;
    let tenth_of_gap = spec.offered_load_rps().map_or(0.0, |rate_rps| 0.1 * 1e9 / rate_rps);
    ALWAYS_ALLOWED_NS.max(tenth_of_gap as u64)
}

/// From the earliest that one may have begun to the latest that another may have. Of one alone there is none.
pub(super) fn start_skew_ns(workers: &[WorkerOutcome]) -> u64 {
    let started = workers.iter().filter_map(|worker| {
        let (late_ns, bound_ns) = (worker.end.as_ref().ok()?.start_late_ns, worker.clock.bound_ns.cast_signed());
        Some((late_ns.saturating_sub(bound_ns), late_ns.saturating_add(bound_ns)))
    });
    let started: Vec<(i64, i64)> = started.collect();
    let (Some(first), Some(last)) = (started.iter().map(|at| at.0).min(), started.iter().map(|at| at.1).max()) else {
        return 0;
    };
    if started.len() < 2 { 0 } else { last.saturating_sub(first).max(0).cast_unsigned() }
}

#[cfg(test)]
mod tests {

    use super::*;
    use instruments::load::ArrivalProcess;

    #[test]
    fn starts_may_lie_a_millisecond_apart_or_a_tenth_of_a_gap() {
        let allowed = |arrivals| allowed_skew_ns(&LoadSpec::of_a_second(arrivals));
        assert_eq!(allowed(ArrivalProcess::Closed), 1_000_000);
        assert_eq!(allowed(ArrivalProcess::Poisson { rate_rps: 4_000.0 }), 1_000_000);
        assert_eq!(allowed(ArrivalProcess::Constant { rate_rps: 10.0 }), 10_000_000);
    }

    fn started(late_ns: i64, bound_ns: u64) -> WorkerOutcome {
        let outcome = LoadOutcome::join(&LoadSpec::of_a_second(ArrivalProcess::Closed), &[], 0).unwrap();
        WorkerOutcome {
            command: String::new(),
            hello: Hello::of_this_side("", None, vec![0], None),
            part: LoadPart::WHOLE,
            clock: ClockOffset { offset_ns: 0, bound_ns, at_ns: 0 },
            end: Ok(WorkerPart {
                outcome,
                machine: MachineSeen::default(),
                start_late_ns: late_ns,
                drift: Ok(Drift { ppm: 0.0, bound_ppm: 0.0 }),
                way: WayTimes::default(),
            }),
        }
    }

    #[test]
    fn the_skew_is_the_most_that_the_clocks_allow() {
        assert_eq!(start_skew_ns(&[started(0, 10), started(500, 20)]), 530);
        assert_eq!(start_skew_ns(&[started(-100, 10), started(0, 10), started(50, 10)]), 170);
        assert_eq!(start_skew_ns(&[started(500, 20)]), 0);
        assert_eq!(start_skew_ns(&[]), 0);
    }
}
