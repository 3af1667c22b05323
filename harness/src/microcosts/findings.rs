//! From rounds to rows: each with the figures of a thread and a task, their ratio, a verdict, and a sentence.

use reports::stats::paired_ratio;
use serde::Serialize;

use super::{CpuSet, MicrocostRounds, Operation, Runner, sentences};

/// All that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MicrocostFindings {
    /// Threads against tasks, placement by placement.
    pub rows: Vec<MicrocostRow>,
    /// One connection ready at a time against all of them, for each kind.
    pub amortised: Vec<MicrocostRow>,
    /// How far the rounds of the least steady figure went apart.
    pub noise: String,
}

/// Two figures side by side, or one that has no counterpart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MicrocostRow {
    /// On which CPUs.
    pub placement: String,
    /// What was done.
    pub operation: &'static str,
    /// Threads; in `amortised`, one ready at a time.
    pub first: Side,
    /// Tasks; in `amortised`, all ready at once.
    pub second: Option<Side>,
    /// The first as a multiple of the second.
    pub times: Option<CostRatio>,
    /// What the first costs beside the second; absent without a second.
    pub first_costs: Option<CostVerdict>,
    /// What that means.
    pub sentence: String,
}

/// Whose figure it is, and the figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// Whose.
    pub name: &'static str,
    /// Nanoseconds for one, over rounds.
    pub spread_ns: RoundSpread,
}

/// What is left of a hand-off over a socket.
pub(super) const WITHOUT_SYSTEM_CALLS: &str = "the same, less these calls";

/// Concludes from what [`super::take_rounds`] took. What was not measured is in no row.
pub fn conclude(samples: &[MicrocostRounds]) -> MicrocostFindings {
    let mut placements: Vec<&CpuSet> = samples.iter().map(|sampled| &sampled.placement).collect();
    placements.dedup();
    let on = |placement: &CpuSet| OnPlacement {
        name: placement.to_string(),
        samples: samples.iter().filter(|sampled| sampled.placement == *placement).collect(),
    };
    let on: Vec<OnPlacement<'_>> = placements.into_iter().map(on).collect();
    MicrocostFindings {
        rows: on.iter().flat_map(OnPlacement::rows).collect(),
        amortised: on.iter().flat_map(OnPlacement::amortised).collect(),
        noise: sentences::noise(samples),
    }
}

/// What was sampled on one placement.
struct OnPlacement<'a> {
    name: String,
    samples: Vec<&'a MicrocostRounds>,
}

impl OnPlacement<'_> {
    fn rows(&self) -> Vec<MicrocostRow> {
        let mut rows = Vec::new();
        for operation in Operation::ALL {
            if operation == Operation::SystemCalls {
                rows.extend(self.system_calls());
                rows.extend(self.pairs(WITHOUT_SYSTEM_CALLS, |kind| self.without_system_calls(kind)));
            } else {
                rows.extend(self.pairs(operation.name(), |kind| self.spread(operation, kind)));
            }
        }
        rows
    }

    /// Threads beside each kind of task.
    fn pairs(&self, operation: &'static str, spread: impl Fn(Runner) -> Option<RoundSpread>) -> Vec<MicrocostRow> {
        let pair = |task: Runner| {
            let first = Side { name: Runner::Thread.name(), spread_ns: spread(Runner::Thread)? };
            let second = Side { name: task.name(), spread_ns: spread(task)? };
            Some(finding(&self.name, operation, first, second))
        };
        [Runner::Task, Runner::TaskOnMany].into_iter().filter_map(pair).collect()
    }

    fn amortised(&self) -> Vec<MicrocostRow> {
        let of = |kind: Runner| {
            let side =
                |operation: Operation| Some(Side { name: kind.name(), spread_ns: self.spread(operation, kind)? });
            let (one, all) = (side(Operation::OneReady)?, side(Operation::AllReady)?);
            Some(finding(&self.name, sentences::AMORTISED, one, all))
        };
        [Runner::Thread, Runner::Task, Runner::TaskOnMany].into_iter().filter_map(of).collect()
    }

    fn system_calls(&self) -> Option<MicrocostRow> {
        let first = Side { name: "either", spread_ns: self.spread(Operation::SystemCalls, Runner::Thread)? };
        let sentence = sentences::system_calls(&self.name, &first.spread_ns);
        let operation = Operation::SystemCalls.name();
        let placement = self.name.clone();
        Some(MicrocostRow { placement, operation, first, second: None, times: None, first_costs: None, sentence })
    }

    /// Subtracted round by round, so that a slow round takes its own system calls off.
    fn without_system_calls(&self, kind: Runner) -> Option<RoundSpread> {
        let whole = self.rounds(Operation::Socket, kind)?;
        let calls = self.rounds(Operation::SystemCalls, Runner::Thread)?;
        RoundSpread::of(&whole.iter().zip(calls).map(|(whole, calls)| whole - calls).collect::<Vec<f64>>())
    }

    fn spread(&self, operation: Operation, kind: Runner) -> Option<RoundSpread> {
        RoundSpread::of(self.rounds(operation, kind)?)
    }

    fn rounds(&self, operation: Operation, kind: Runner) -> Option<&[f64]> {
        let of_it =
            |sampled: &&&MicrocostRounds| sampled.subject.operation == operation && sampled.subject.kind == kind;
        self.samples.iter().find(of_it).map(|sampled| sampled.rounds_ns.as_slice())
    }
}

/// A row with its verdict and sentence.
pub(super) fn finding(placement: &str, operation: &'static str, first: Side, second: Side) -> MicrocostRow {
    let (times, verdict) = compare(&first.spread_ns, &second.spread_ns);
    let sentence = sentences::compared(placement, operation, (&first, &second), (times, verdict));
    MicrocostRow {
        placement: placement.to_owned(),
        operation,
        first,
        second: Some(second),
        times,
        first_costs: Some(verdict),
        sentence,
    }
}

/// What the first of two costs, beside the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CostVerdict {
    /// The first is dearer.
    More,
    /// The first is cheaper.
    Less,
    /// The rounds do not say.
    CannotTell,
}

/// How many times the second the first is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CostRatio {
    /// Geometric mean of the rounds' ratios.
    pub value: f64,
    /// Its 95% interval over the rounds; absent with one round.
    pub interval: Option<(f64, f64)>,
}

/// Compares round by round. Differences are told only where the middle halves of the rounds do not overlap *and* the
/// interval of the ratio excludes one: the first is about what is seen again and again, the second about how many rounds
/// there were. There is no ratio where a figure is not positive, as what is left of a subtraction may not be.
pub(super) fn compare(first: &RoundSpread, second: &RoundSpread) -> (Option<CostRatio>, CostVerdict) {
    let pairs: Vec<(f64, f64)> = first.rounds.iter().copied().zip(second.rounds.iter().copied()).collect();
    let Ok(ratio) = paired_ratio(&pairs) else { return (None, CostVerdict::CannotTell) };
    let times = Some(CostRatio { value: ratio.value, interval: ratio.interval });
    let verdict = match times.and_then(|times| times.interval) {
        _ if first.overlaps(second) => CostVerdict::CannotTell,
        Some((lo, _)) if lo > 1.0 => CostVerdict::More,
        Some((_, hi)) if hi < 1.0 => CostVerdict::Less,
        _ => CostVerdict::CannotTell,
    };
    (times, verdict)
}

/// A figure over rounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoundSpread {
    /// The middle round, or the mean of the two in the middle.
    pub median: f64,
    /// A quarter of the rounds are at or below it, interpolated.
    pub lower_quartile: f64,
    /// Three quarters are.
    pub upper_quartile: f64,
    /// The least of all rounds.
    pub least: f64,
    /// The greatest.
    pub most: f64,
    /// The rounds themselves, in the order in which they were taken.
    pub rounds: Vec<f64>,
}

impl RoundSpread {
    /// Absent without a round.
    pub fn of(rounds: &[f64]) -> Option<RoundSpread> {
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(RoundSpread {
            median: at(&sorted, 0.5)?,
            lower_quartile: at(&sorted, 0.25)?,
            upper_quartile: at(&sorted, 0.75)?,
            least: *sorted.first()?,
            most: *sorted.last()?,
            rounds: rounds.to_vec(),
        })
    }

    /// Whether the middle halves of the rounds have a value in common.
    pub fn overlaps(&self, other: &RoundSpread) -> bool {
        self.lower_quartile <= other.upper_quartile && other.lower_quartile <= self.upper_quartile
    }
}

/// Between the two nearest ranks in proportion.
fn at(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = share * (sorted.len().checked_sub(1)?) as f64;
    let (below, above) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
    Some(below + (above - below) * rank.fract())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::microcosts::Microcost;

    /// Threads take ten times what tasks take, but tasks on many are as threads; sockets cost 100 ns of system calls.
    fn samples(rounds: usize) -> Vec<MicrocostRounds> {
        let ns = |subject: Microcost| match (subject.operation, subject.kind) {
            (Operation::SystemCalls, _) => 100.0,
            (_, Runner::Task) => 110.0,
            (_, Runner::Thread | Runner::TaskOnMany) => 1_100.0,
        };
        let sampled = |subject| MicrocostRounds {
            placement: CpuSet { cpus: vec![4] },
            subject,
            rounds_ns: (0..rounds).map(|round| ns(subject) + round as f64).collect(),
        };
        Microcost::all().map(sampled).collect()
    }

    #[test]
    fn each_operation_has_a_row_for_each_runtime_and_the_system_calls_one() {
        let findings = conclude(&samples(5));
        assert_eq!((findings.rows.len(), findings.amortised.len()), (6 * 2 + 1 + 2, 3));
        for row in &findings.rows {
            let expected = match row.second.as_ref().map(|side| side.name) {
                None => None,
                Some("tasks (current-thread)") => Some(CostVerdict::More),
                Some(_) => Some(CostVerdict::CannotTell),
            };
            assert_eq!(row.first_costs, expected, "{}", row.sentence);
            assert!(row.sentence.starts_with("On CPU 4, ") && row.sentence.ends_with('.'), "{}", row.sentence);
        }
    }

    #[test]
    fn the_system_calls_are_taken_off_both_sides() {
        let findings = conclude(&samples(5));
        let row = findings.rows.iter().find(|row| row.operation == WITHOUT_SYSTEM_CALLS).unwrap();
        let medians = (row.first.spread_ns.median, row.second.as_ref().unwrap().spread_ns.median);
        assert_eq!(medians, (1_000.0, 10.0));
        assert!((row.times.unwrap().value - 100.0).abs() < 1e-9);
    }

    #[test]
    fn one_round_tells_nothing_apart() {
        let findings = conclude(&samples(1));
        assert!(findings.rows.iter().all(|row| matches!(row.first_costs, None | Some(CostVerdict::CannotTell))));
        assert!(findings.noise.contains("One round"), "{}", findings.noise);
    }

    #[test]
    fn what_was_not_measured_is_in_no_row() {
        let mut samples = samples(3);
        samples
            .retain(|sampled| sampled.subject.kind != Runner::Task && sampled.subject.operation != Operation::AllReady);
        let findings = conclude(&samples);
        assert!(findings.amortised.is_empty());
        assert!(findings.rows.iter().all(|row| row.operation != Operation::AllReady.name()));
        assert!(conclude(&[]).rows.is_empty());
    }

    fn compared(first: &[f64], second: &[f64]) -> (Option<CostRatio>, CostVerdict) {
        compare(&RoundSpread::of(first).unwrap(), &RoundSpread::of(second).unwrap())
    }

    #[test]
    fn what_is_clear_is_told_whichever_it_is() {
        let (dear, cheap) = ([10.0, 11.0, 10.5, 10.2], [1.0, 1.1, 1.0, 1.05]);
        let (times, verdict) = compared(&dear, &cheap);
        assert!((times.unwrap().value - 10.0).abs() < 0.5 && verdict == CostVerdict::More);
        let (times, verdict) = compared(&cheap, &dear);
        assert!((times.unwrap().value - 0.1).abs() < 0.005 && verdict == CostVerdict::Less);
    }

    #[test]
    fn what_overlaps_varies_or_was_seen_once_is_not_told() {
        assert_eq!(compared(&[1.0, 2.0, 3.0, 4.0], &[2.0, 3.0, 1.0, 4.0]).1, CostVerdict::CannotTell);
        // The middle halves are apart, and the interval of the ratio still reaches one.
        assert_eq!(compared(&[1.0, 20.0, 20.0], &[9.0, 9.0, 9.0]).1, CostVerdict::CannotTell);
        let (times, verdict) = compared(&[10.0], &[1.0]);
        assert_eq!((times.unwrap().interval, verdict), (None, CostVerdict::CannotTell));
    }

    #[test]
    fn nothing_left_after_a_subtraction_has_no_ratio() {
        assert_eq!(compared(&[5.0, 6.0], &[1.0, -0.5]), (None, CostVerdict::CannotTell));
    }

    #[test]
    fn median_and_quartiles_are_those_of_the_textbook() {
        let spread = RoundSpread::of(&[9.0, 1.0, 5.0, 3.0, 7.0]).unwrap();
        assert_eq!([spread.least, spread.lower_quartile, spread.median], [1.0, 3.0, 5.0]);
        assert_eq!([spread.upper_quartile, spread.most], [7.0, 9.0]);
        assert_eq!(spread.rounds, [9.0, 1.0, 5.0, 3.0, 7.0]);
        assert_eq!(RoundSpread::of(&[1.0, 2.0, 3.0, 4.0]).unwrap().median, 2.5);
        assert_eq!(RoundSpread::of(&[]), None);
    }

    #[test]
    fn one_wild_round_shows_in_the_extremes_and_many_in_the_quartiles() {
        let one = RoundSpread::of(&[1.0, 1.0, 1.0, 1.0, 50.0]).unwrap();
        assert_eq!((one.upper_quartile, one.most), (1.0, 50.0));
        let many = RoundSpread::of(&[1.0, 40.0, 1.0, 45.0, 50.0]).unwrap();
        assert_eq!((many.lower_quartile, many.upper_quartile), (1.0, 45.0));
    }

    #[test]
    fn overlap_goes_both_ways() {
        let [low, high] = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].map(|rounds| RoundSpread::of(&rounds).unwrap());
        let middle = RoundSpread::of(&[2.0, 4.5, 6.0]).unwrap();
        assert!(!low.overlaps(&high) && !high.overlaps(&low));
        assert!(middle.overlaps(&high) && high.overlaps(&middle) && low.overlaps(&low));
    }
}
