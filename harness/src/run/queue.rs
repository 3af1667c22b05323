//! The cells of a block that are still to be run, those that were disturbed, or are invalid for the generator's sake, once
//! more behind the others: what disturbs a machine lasts.
//!
//! Whether a cell was disturbed says `validity.rs`, from the machine and the generator alone: none that is measured is run
//! again for its result. One invalid block of twenty would leave a comparison that takes twenty without a verdict, so an
//! invalid cell is run more often than one that is valid and flagged. And how long cells take, before any of them is run; what
//! comes before and after them adds `cli/forecast.rs`.

use std::collections::VecDeque;
use std::time::Duration;

use reports::record::{ArrivalsRecord, Cell, Outcome, Warning};

use super::validity;
use crate::plan::{RunPlan, Sizes, TaskKind, Turn};

/// The most often a disturbed cell is run.
const MOST_ATTEMPTS: u32 = 4;

/// The most often a cell is run that is invalid because of the generator.
const MOST_ATTEMPTS_IF_INVALID: u32 = 8;

/// A quota that stopped the generator for less than this part of a cell is one that the cell just met.
const PART_OF_A_CELL: u64 = 10;

/// Cells in the order in which they are run.
pub(super) struct Queue {
    waiting: VecDeque<WaitingCell>,
}

/// A cell that is still to be run, or to be run again.
#[derive(Debug)]
pub(super) struct WaitingCell {
    pub(super) turn: Turn,
    /// How often it has been run.
    pub(super) attempts: u32,
    /// What came of the last time.
    disturbed: Option<Cell>,
}

impl Queue {
    pub(super) fn new(turns: Vec<Turn>) -> Queue {
        let first = |turn| WaitingCell { turn, attempts: 0, disturbed: None };
        Queue { waiting: turns.into_iter().map(first).collect() }
    }

    /// The next to be run.
    pub(super) fn next(&mut self) -> Option<WaitingCell> {
        self.waiting.pop_front()
    }

    /// Takes what came of the last attempt, nothing where it was interrupted, and how many cells may still be run again,
    /// nothing where there is no time for it. Returns the cell where that is the end of it: a disturbed one that may be run no
    /// more, or can't be, is better than none, and says that it was disturbed.
    pub(super) fn settle(
        &mut self,
        last: WaitingCell,
        cell: Option<Cell>,
        retries_left: Option<&mut u32>,
    ) -> Option<Cell> {
        let attempts = last.attempts + 1;
        let Some(cell) = cell else { return last.disturbed };
        // Probes are few and short, and without an answer to one all else is in vain: they are not counted.
        let is_unanswered = validity::is_unanswered_probe(&cell);
        match retries_left.filter(|_| attempts < most_attempts(&cell)) {
            Some(_) if is_unanswered => {}
            Some(left) if *left > 0 => *left -= 1,
            _ => return Some(cell),
        }
        let turn = if is_unanswered { twice_as_long(last.turn) } else { last.turn };
        self.waiting.push_back(WaitingCell { turn, attempts, disturbed: Some(cell) });
        None
    }
}

fn twice_as_long(mut turn: Turn) -> Turn {
    if let TaskKind::Load(spec) = &mut turn.task.kind {
        spec.warm_up *= 2;
        spec.window *= 2;
        spec.timeout *= 2;
    }
    turn
}

/// How often a cell that came out so may be run in all.
fn most_attempts(cell: &Cell) -> u32 {
    match (is_invalid_for_the_generator(cell), validity::is_disturbed(cell)) {
        (true, _) => MOST_ATTEMPTS_IF_INVALID,
        (false, true) => MOST_ATTEMPTS,
        (false, false) => 1,
    }
}

/// Whether the generator did not keep to its schedule or had no CPU left, and nothing else is wrong with the cell. In
/// closed loop a generator without CPU left is what a fast server makes of it, every time anew.
fn is_invalid_for_the_generator(cell: &Cell) -> bool {
    let is_its_fault = |warning: &Warning| match warning {
        Warning::GeneratorFellBehind { .. }
        | Warning::ScheduleLag { .. }
        | Warning::BackendLag { .. }
        | Warning::BackendSlowedClients { .. } => true,
        // A quota that was met now and then may not be met again.
        Warning::GeneratorThrottled(throttled) => throttled.stopped_ns < cell.elapsed_ns / PART_OF_A_CELL,
        Warning::GeneratorSaturated { .. } | Warning::BackendSaturated { .. } => {
            cell.load.arrivals != ArrivalsRecord::Closed
        }
        _ => false,
    };
    let mut invalidating = cell.warnings.iter().filter(|warning| warning.invalidates()).peekable();
    cell.outcome == Outcome::Completed && invalidating.peek().is_some() && invalidating.all(is_its_fault)
}

/// What a cell costs besides its task: starting, stopping and reaping the server, reading the last figures. Measured
/// on two cores; only forecasts depend on it.
const CELL_OVERHEAD: Duration = Duration::from_millis(40);

/// About how long the cells of `turns` take.
pub fn time_of(turns: &[Turn]) -> Duration {
    turns.iter().map(time_of_one).sum()
}

/// How much longer a plan takes at most for cells that are run again because the machine was disturbed.
pub fn time_of_retries(plan: &RunPlan<'_>) -> Duration {
    let of_a_block = |block: u32| {
        let turns = plan.at_its_fullest(block);
        let longest = turns.iter().map(time_of_one).max().unwrap_or(Duration::ZERO);
        longest * retries(&plan.sizes, block, turns.len())
    };
    (0..plan.most_blocks()).map(of_a_block).sum()
}

/// How many cells may be run again on account of a block of so many cells: of a further block half of them at most.
pub(super) fn retries(sizes: &Sizes, block: u32, cells: usize) -> u32 {
    if block == 0 { sizes.retries } else { sizes.retries.min((cells / 2) as u32) }
}

fn time_of_one(turn: &Turn) -> Duration {
    turn.task.kind.usual_duration() + CELL_OVERHEAD
}

#[cfg(test)]
mod tests {
    use reports::record::{FailedPart, Ledger, Purpose};

    use super::*;
    use crate::plan::Task;
    use crate::run::validity::tests::clean;
    use instruments::load::{ArrivalProcess, LoadSpec};

    fn turn(contender: usize) -> Turn {
        let task = Task::new("echo", "1", TaskKind::Load(LoadSpec::of_a_second(ArrivalProcess::Closed)));
        Turn { experiment: 0, contender, block: 0, task }
    }

    fn disturbed() -> Cell {
        let warnings = vec![Warning::NoisyMachine { what: "other processes used 40% of all CPUs".to_owned() }];
        Cell { warnings, ..clean() }
    }

    /// The contenders in the order in which they were run, and those whose cells were kept, with the number of attempts.
    fn play(retries: u32, attempt: impl Fn(&WaitingCell) -> Option<Cell>) -> (Vec<usize>, Vec<(usize, u32)>, u32) {
        let (mut queue, mut retries_left) = (Queue::new(vec![turn(0), turn(1), turn(2)]), retries);
        let (mut run, mut kept) = (Vec::new(), Vec::new());
        while let Some(waiting) = queue.next() {
            let (contender, attempts) = (waiting.turn.contender, waiting.attempts + 1);
            run.push(contender);
            let cell = attempt(&waiting);
            if queue.settle(waiting, cell, Some(&mut retries_left)).is_some() {
                kept.push((contender, attempts));
            }
        }
        (run, kept, retries_left)
    }

    #[test]
    fn a_disturbed_cell_is_run_again_behind_the_others() {
        let first_is_disturbed = |waiting: &WaitingCell| {
            let is_hit = waiting.turn.contender == 0 && waiting.attempts == 0;
            Some(if is_hit { disturbed() } else { clean() })
        };
        assert_eq!(play(12, first_is_disturbed), (vec![0, 1, 2, 0], vec![(1, 1), (2, 1), (0, 2)], 11));
    }

    #[test]
    fn a_disturbance_without_end_costs_no_cell() {
        let (run, kept, retries_left) = play(12, |_| Some(disturbed()));
        assert_eq!((run.len(), kept, retries_left), (12, vec![(0, 4), (1, 4), (2, 4)], 3));
        assert_eq!(play(0, |_| Some(disturbed())).1, [(0, 1), (1, 1), (2, 1)]);
    }

    #[test]
    fn what_is_invalid_for_the_generator_is_run_until_it_is_valid_or_often_enough() {
        let late = |times: u32| {
            move |waiting: &WaitingCell| {
                let warnings = vec![Warning::GeneratorFellBehind { kept_pace: 0.9 }];
                let is_hit = waiting.turn.contender == 1 && waiting.attempts < times;
                Some(if is_hit { Cell { warnings, ..clean() } } else { clean() })
            }
        };
        assert_eq!(play(12, late(5)).1, [(0, 1), (2, 1), (1, 6)]);
        assert_eq!(play(12, late(99)), (vec![0, 1, 2, 1, 1, 1, 1, 1, 1, 1], vec![(0, 1), (2, 1), (1, 8)], 5));
        assert_eq!(play(2, late(99)).1, [(0, 1), (2, 1), (1, 3)], "no more than there is time for");
    }

    #[test]
    fn no_cell_is_run_again_for_what_came_of_it() {
        let of_the_result = [
            Warning::NothingRight,
            Warning::SurplusReplies { count: 3 },
            Warning::ServerDied { how: "by signal 6".to_owned() },
            Warning::CheckFailed { check: "algebra".to_owned(), detail: String::new() },
        ];
        for warning in of_the_result {
            let warnings = vec![Warning::GeneratorFellBehind { kept_pace: 0.9 }, warning];
            let cell = || Cell { warnings: warnings.clone(), ..clean() };
            assert_eq!(play(12, |_| Some(cell())).1, [(0, 1), (1, 1), (2, 1)], "{warnings:?}");
        }
        for of_the_server in [Warning::NothingRight, Warning::SurplusReplies { count: 3 }] {
            let mut broken = disturbed();
            broken.warnings.push(of_the_server);
            broken.traffic.as_mut().unwrap().ledger = Ledger { scheduled: 9, malformed: 9, ..Ledger::default() };
            let again = 12 - play(12, |_| Some(broken.clone())).2;
            assert_eq!(again, 0, "{:?}: a quiet machine mends no server", broken.warnings);
        }
        let mut silent = disturbed();
        silent.warnings.push(Warning::NothingRight);
        silent.traffic.as_mut().unwrap().ledger = Ledger { scheduled: 9, timeout: 9, ..Ledger::default() };
        assert_eq!(play(12, |_| Some(silent.clone())).2, 3, "who answered nobody may not have had a CPU");
        let mut closed = clean();
        closed.load.arrivals = ArrivalsRecord::Closed;
        closed.warnings = vec![Warning::GeneratorSaturated { busiest_worker: 0.99 }];
        assert_eq!(play(12, |_| Some(closed.clone())).2, 12, "the generator's limit is one every time");
        closed.warnings = vec![Warning::BackendSlowedClients { mean_lag_ns: 1, mean_service_time_ns: 2 }];
        assert_eq!(play(12, |_| Some(closed.clone())).2, 0, "a backend may not be late again");
    }

    #[test]
    fn a_probe_that_nobody_answered_is_run_for_longer() {
        let mut probe = Cell { purpose: Purpose::CapacityProbe, warnings: vec![Warning::NothingRight], ..clean() };
        probe.traffic.as_mut().unwrap().ok_within_window = 0;
        let unanswered_but_for_8_seconds = |waiting: &WaitingCell| {
            let TaskKind::Load(spec) = &waiting.turn.task.kind else { panic!("{waiting:?}") };
            assert_eq!(spec.timeout, spec.window);
            Some(if spec.window < Duration::from_secs(8) { probe.clone() } else { clean() })
        };
        let (_, kept, retries_left) = play(1, unanswered_but_for_8_seconds);
        assert_eq!((kept, retries_left), (vec![(0, 4), (1, 4), (2, 4)], 1), "whatever else may be run again");
        probe.traffic.as_mut().unwrap().ledger = Ledger { scheduled: 9, malformed: 9, ..Ledger::default() };
        assert_eq!(play(12, |_| Some(probe.clone())).1, [(0, 1), (1, 1), (2, 1)], "it answers, and wrongly");
        probe.traffic.as_mut().unwrap().ledger = Ledger::default();
        probe.outcome = Outcome::Failed { part: FailedPart::Server, reason: String::new(), stderr: String::new() };
        assert_eq!(play(12, |_| Some(probe.clone())).1, [(0, 1), (1, 1), (2, 1)], "it died");
    }

    #[test]
    fn an_interruption_keeps_what_waited_for_another_attempt() {
        let interrupted_after_the_first = |waiting: &WaitingCell| {
            let is_first = waiting.turn.contender == 0 && waiting.attempts == 0;
            is_first.then(disturbed)
        };
        assert_eq!(play(12, interrupted_after_the_first), (vec![0, 1, 2, 0], vec![(0, 2)], 11));
    }
}
