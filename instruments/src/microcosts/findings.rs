//! From rounds to rows: each with the figures of a thread and a task, their ratio, a verdict, and a sentence.
//!
//! Beside it: `comparison.rs`, which of two is the greater; `sentences.rs`, how that is said.

use reports::stats::Ratio;
use serde::{Serialize, Serializer};

use super::comparison::{CostVerdict, RoundSpread, RowSubject, Side, compare};
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
    pub operation: RowSubject,
    /// Threads; in `amortised`, one ready at a time.
    pub first: Side,
    /// Tasks; in `amortised`, all ready at once.
    pub second: Option<Side>,
    /// The first as a multiple of the second.
    #[serde(serialize_with = "value_and_interval")]
    pub times: Option<Ratio>,
    /// What the first costs beside the second; absent without a second.
    pub first_costs: Option<CostVerdict>,
    /// What that means.
    pub sentence: String,
}

/// Without what a row has no use for: rounds are not blocks.
fn value_and_interval<S: Serializer>(times: &Option<Ratio>, serializer: S) -> Result<S::Ok, S::Error> {
    let shown = |times: Ratio| serde_json::json!({ "value": times.value, "interval": times.interval });
    times.map(shown).serialize(serializer)
}

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
                rows.extend(self.pairs(RowSubject::WithoutSystemCalls, |kind| self.without_system_calls(kind)));
            } else {
                rows.extend(self.pairs(RowSubject::Measured(operation), |kind| self.spread(operation, kind)));
            }
        }
        rows
    }

    /// Threads beside each kind of task.
    fn pairs(&self, operation: RowSubject, spread: impl Fn(Runner) -> Option<RoundSpread>) -> Vec<MicrocostRow> {
        let pair = |task: Runner| {
            let first = Side { runner: Some(Runner::Thread), spread_ns: spread(Runner::Thread)? };
            let second = Side { runner: Some(task), spread_ns: spread(task)? };
            Some(finding(&self.name, operation, first, second))
        };
        [Runner::Task, Runner::TaskOnMany].into_iter().filter_map(pair).collect()
    }

    fn amortised(&self) -> Vec<MicrocostRow> {
        let of = |kind: Runner| {
            let side =
                |operation: Operation| Some(Side { runner: Some(kind), spread_ns: self.spread(operation, kind)? });
            let (one, all) = (side(Operation::OneReady)?, side(Operation::AllReady)?);
            Some(finding(&self.name, RowSubject::Amortised, one, all))
        };
        [Runner::Thread, Runner::Task, Runner::TaskOnMany].into_iter().filter_map(of).collect()
    }

    fn system_calls(&self) -> Option<MicrocostRow> {
        let first = Side { runner: None, spread_ns: self.spread(Operation::SystemCalls, Runner::Thread)? };
        let sentence = sentences::system_calls(&self.name, &first.spread_ns);
        let operation = RowSubject::Measured(Operation::SystemCalls);
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
pub(super) fn finding(placement: &str, operation: RowSubject, first: Side, second: Side) -> MicrocostRow {
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
            let expected = match row.second.as_ref().map(|side| side.runner) {
                None => None,
                Some(Some(Runner::Task)) => Some(CostVerdict::More),
                Some(_) => Some(CostVerdict::CannotTell),
            };
            assert_eq!(row.first_costs, expected, "{}", row.sentence);
            assert!(row.sentence.starts_with("On CPU 4, ") && row.sentence.ends_with('.'), "{}", row.sentence);
        }
    }

    #[test]
    fn the_system_calls_are_taken_off_both_sides() {
        let findings = conclude(&samples(5));
        let row = findings.rows.iter().find(|row| row.operation == RowSubject::WithoutSystemCalls).unwrap();
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
        assert!(findings.rows.iter().all(|row| row.operation != RowSubject::Measured(Operation::AllReady)));
        assert!(conclude(&[]).rows.is_empty());
    }
}
