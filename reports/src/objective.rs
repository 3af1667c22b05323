//! Which loads keep an objective, cell by cell, and the highest that a contender carries, over blocks.
//!
//! A block is one search on fresh servers, and its result one number; what is said of a contender is their geometric mean
//! with an interval over blocks. Must not know: how loads are searched for. Beside it: `record/experiment.rs`.

use crate::format::{Unit, often};
use crate::metrics::{Reading, response_quantile};
use crate::record::{Cell, Objective};
use crate::stats::{Ratio, paired_ratio};
use crate::study::{Pool, Series, Standing, counts, standing_of};

/// What a cell says to an objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The percentile is below the bound, every request was answered, and the contender kept up.
    Yes,
    /// One of these is not so.
    No,
    /// The cell is not valid, or holds too few requests for the percentile.
    CannotTell,
}

/// Holds a cell against an objective.
pub fn kept(objective: &Objective, cell: &Cell) -> Kept {
    if !counts(cell) {
        return Kept::CannotTell;
    }
    let failed = cell.traffic.as_ref().is_none_or(|traffic| traffic.ledger.failed() > 0);
    // A queue that grows is below any bound for a while.
    if failed || standing_of(cell) != Standing::Sound {
        return Kept::No;
    }
    match response_quantile(&Pool::of(vec![cell]), objective.percentile) {
        Reading::Measured(value, _) if value < objective.below_ns as f64 => Kept::Yes,
        Reading::Measured(..) | Reading::Beyond(_) => Kept::No,
        Reading::TooFew(_) | Reading::Absent => Kept::CannotTell,
    }
}

/// The result of one block's search, in requests per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BlockResult {
    /// This load was carried, and the next higher was not.
    Carried(f64),
    /// This load was carried, and above it no valid cell tells.
    AtLeast(f64),
    /// Not even this load was carried, the lowest that is ever tried.
    LessThan(f64),
    /// The search did not come to its end.
    Unfinished,
}

/// What a contender carries under an objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Carries {
    /// A result per block.
    pub blocks: Vec<BlockResult>,
    /// Geometric mean of the loads carried, with its interval over blocks; absent where in some block none was. Against one
    /// request per second, so that the ratio is the load.
    pub load: Option<Ratio>,
    /// How many times a load the next higher one is that a search tries.
    pub step: f64,
}

/// What a contender's cells come to.
pub fn carries(objective: &Objective, series: &Series<'_>) -> Carries {
    let cells: Vec<&Cell> =
        series.points.iter().flat_map(|point| &point.blocks).flat_map(|pool| pool.cells.iter().copied()).collect();
    let mut numbers: Vec<u32> = cells.iter().map(|cell| cell.block).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let of_block = |block: &u32| found(objective, cells.iter().copied().filter(|cell| cell.block == *block));
    let blocks: Vec<BlockResult> = numbers.iter().map(of_block).collect();
    Carries::of(blocks, objective.step)
}

/// Rounding of loads makes steps a little unequal.
const ROUNDING: f64 = 1.02;

fn found<'a>(objective: &Objective, cells: impl Iterator<Item = &'a Cell>) -> BlockResult {
    let (mut carried, mut missed, mut doubtful) = (None::<f64>, None::<f64>, None::<f64>);
    for cell in cells {
        let Some(load) = cell.load.offered_load_rps else { continue };
        match kept(objective, cell) {
            Kept::Yes => carried = Some(carried.map_or(load, |most| most.max(load))),
            Kept::No => missed = Some(missed.map_or(load, |least| least.min(load))),
            Kept::CannotTell => doubtful = Some(doubtful.map_or(load, |most| most.max(load))),
        }
    }
    match (carried, missed, doubtful) {
        (Some(carried), Some(missed), _) if missed <= carried * objective.step * ROUNDING => {
            BlockResult::Carried(carried)
        }
        // A doubtful load that was tried again and then told stands between the two no more.
        (Some(carried), _, Some(doubtful)) if doubtful > carried => BlockResult::AtLeast(carried),
        (None, Some(missed), None) if objective.lowest_rps.is_none_or(|lowest| missed <= lowest * ROUNDING) => {
            BlockResult::LessThan(missed)
        }
        _ => BlockResult::Unfinished,
    }
}

impl Carries {
    fn of(blocks: Vec<BlockResult>, step: f64) -> Carries {
        let mut carries = Carries { load: None, blocks, step };
        // A mean of the others would be of blocks that were chosen by their result.
        if carries.least_missed().is_none() {
            carries.load = paired_ratio(&carries.carried().map(|load| (load, 1.0)).collect::<Vec<_>>()).ok();
        }
        carries
    }

    fn carried(&self) -> impl Iterator<Item = f64> {
        self.blocks.iter().filter_map(|found| match found {
            BlockResult::Carried(load) | BlockResult::AtLeast(load) => Some(*load),
            BlockResult::LessThan(_) | BlockResult::Unfinished => None,
        })
    }

    /// Whether some block could not tell what is above the load that it found.
    pub fn may_be_more(&self) -> bool {
        self.blocks.iter().any(|found| matches!(found, BlockResult::AtLeast(_)))
    }

    /// Blocks whose search came to an end.
    pub fn finished(&self) -> usize {
        self.blocks.iter().filter(|found| **found != BlockResult::Unfinished).count()
    }

    /// The load in words.
    pub fn show(&self) -> String {
        match &self.load {
            Some(load) if self.may_be_more() => format!("at least {}", Unit::PerSecond.show(load.value)),
            Some(load) => Unit::PerSecond.show(load.value),
            None => match self.least_missed() {
                Some(missed) => {
                    let less = format!("less than {}", Unit::PerSecond.show(missed));
                    let others = self.carried().count();
                    let all = self.finished();
                    if others == 0 { less } else { format!("{less} in {} of {all} searches", all - others) }
                }
                None => "cannot tell".into(),
            },
        }
    }

    /// The interval over blocks, or why there is none. Its upper end is a step higher than what the blocks differ by: a load
    /// between two that were tried may be carried too. It has none where some block knows a lower bound only.
    pub fn remark(&self) -> String {
        let searched = format!("searched {}", often(self.finished()));
        match self.load.and_then(|load| load.interval) {
            Some((lo, _)) if self.may_be_more() => format!("from {} on, {searched}", Unit::PerSecond.show(lo)),
            Some((lo, hi)) => format!("{}, {searched}", Unit::PerSecond.range(lo, hi * self.step)),
            None if self.finished() == 0 => "no search came to its end".into(),
            None if self.least_missed().is_some() => {
                let [least, most] = [f64::min, f64::max].map(|pick| self.carried().reduce(pick));
                let others = least.zip(most).map(|(least, most)| Unit::PerSecond.range(least, most));
                others.map_or(searched, |others| format!("{others} in the others"))
            }
            None => searched,
        }
    }

    fn least_missed(&self) -> Option<f64> {
        let missed = self.blocks.iter().filter_map(|found| match found {
            BlockResult::LessThan(load) => Some(*load),
            _ => None,
        });
        missed.reduce(f64::min)
    }
}

impl Objective {
    /// As in a sentence: `p99 below 20 ms`.
    pub fn words(&self) -> String {
        let percentile = format!("{:.3}", self.percentile * 100.0);
        let percentile = percentile.trim_end_matches('0').trim_end_matches('.');
        format!("p{percentile} below {}", Unit::Nanoseconds.show(self.below_ns as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carries(blocks: &[BlockResult]) -> Carries {
        Carries::of(blocks.to_vec(), 1.05)
    }

    #[test]
    fn what_is_carried_is_said_with_its_blocks() {
        let three =
            carries(&[BlockResult::Carried(1_000.0), BlockResult::Carried(1_050.0), BlockResult::Carried(1_000.0)]);
        assert_eq!(three.show(), "1,020/s");
        assert!(three.remark().ends_with("searched 3 times") && three.remark().contains(" to "), "{}", three.remark());
        let equal = carries(&[BlockResult::Carried(1_000.0); 3]);
        assert_eq!(equal.remark(), "1,000/s to 1,050/s, searched 3 times", "no finer than what was tried");
        let open = carries(&[BlockResult::Carried(1_000.0), BlockResult::AtLeast(1_000.0), BlockResult::Unfinished]);
        assert_eq!((open.show().as_str(), open.finished()), ("at least 1,000/s", 2));
        assert_eq!(open.remark(), "from 1,000/s on, searched twice");
        assert_eq!(carries(&[BlockResult::LessThan(120.0)]).show(), "less than 120/s");
        assert_eq!(carries(&[BlockResult::Unfinished]).show(), "cannot tell");
    }

    #[test]
    fn no_block_is_left_out_for_its_result() {
        let mixed =
            carries(&[BlockResult::Carried(1_000.0), BlockResult::LessThan(150.0), BlockResult::LessThan(150.0)]);
        assert_eq!(mixed.load, None);
        assert_eq!(
            (mixed.show(), mixed.remark()),
            ("less than 150/s in 2 of 3 searches".into(), "1,000/s to 1,000/s in the others".into())
        );
    }

    #[test]
    fn an_objective_reads_as_it_is_written() {
        let words = |percentile, below_ns| Objective { percentile, below_ns, step: 1.05, lowest_rps: None }.words();
        assert_eq!(words(0.99, 20_000_000), "p99 below 20 ms");
        assert_eq!(words(0.999, 500_000), "p99.9 below 500 µs");
    }
}
