//! Two contenders in one figure, block by block: how many times better the second is, and what may be said of it.
//!
//! What is more than could be measured is a bound, and so is a ratio with it: it decides only in the direction in which it is
//! open. Must not know: which rows there are. Beside it: `../verdict/judge.rs`.

use std::collections::BTreeSet;

use super::{Remedy, RowSource, ScorecardRow, Topic};
use crate::format::Unit;
use crate::metrics::fewest_blocks_for_a_verdict;
use crate::stats::{BlockValue, NoRatio, Ratio, geometric_mean, mean, paired_ratio};
use crate::verdict::{BLOCKS_FOR_A_CLAIM, BlockValues, Floor, Judged, Verdict, judge_each, paired};

/// What is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Less of it.
    Less,
    /// More of it.
    More,
}

/// The value of one side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SideValue {
    /// In the row's unit.
    pub value: f64,
    /// Whether it is a lower bound: there was no more to try.
    pub at_least: bool,
}

/// What may be said of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RowVerdict {
    /// One of the two is better.
    Better {
        /// Its place among the protagonists.
        who: usize,
        /// How many times, more than 1.
        times: f64,
        /// Whether it may be more.
        at_least: bool,
    },
    /// The difference is too small to matter.
    Alike {
        /// The largest ratio that does not matter.
        within: f64,
    },
    /// Neither.
    CannotTell(Undecided),
}

/// Why nothing can be said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Undecided {
    /// It was measured too few times.
    TooFewBlocks {
        /// This often.
        have: usize,
        /// A verdict takes so many.
        needed: usize,
    },
    /// The two are too close for so few blocks.
    TooClose {
        /// So many would do; absent where not even a thousand would.
        decided_by: Option<usize>,
    },
    /// Neither came to its limit, or only the one that is behind did not.
    NoLimit,
    /// A block has no number.
    NoRatio(NoRatio),
    /// Both were tried, and in no block are both valid, nor do they both keep up where it takes that.
    NoCommonBlock,
}

/// The figures of a row, not judged yet.
pub(super) struct Duel {
    pub(super) topic: Topic,
    pub(super) unit: Unit,
    pub(super) better: Direction,
    pub(super) sides: [BlockValues; 2],
    /// Blocks in which something disturbed the machine under one of the two, or nobody could see whether.
    pub(super) disturbed: BTreeSet<u32>,
    pub(super) floor: Floor,
    pub(super) blocks_needed: usize,
    pub(super) stand_ins: [Option<String>; 2],
    /// What helps either of the two.
    pub(super) remedies: [Option<Remedy>; 2],
    pub(super) experiment: String,
    pub(super) metric: Option<&'static str>,
    pub(super) source: RowSource,
}

impl Duel {
    /// The blocks that both have.
    fn pairs(&self) -> Vec<(BlockValue, BlockValue)> {
        paired(&self.sides[0], &self.sides[1])
    }

    /// How many of them have a number or a bound of both.
    pub(super) fn numbers(&self) -> usize {
        let is_known = |value: &BlockValue| *value != BlockValue::Missing;
        self.pairs().iter().filter(|(first, second)| is_known(first) && is_known(second)).count()
    }
}

/// The rows, all judged together.
pub(super) fn judged(duels: Vec<Duel>) -> Vec<ScorecardRow> {
    let rows: Vec<(Standoff, Duel)> = duels.into_iter().map(|duel| (Standoff::of(&duel), duel)).collect();
    let ratios = rows.iter().map(|(standoff, duel)| {
        let ratio = standoff.ratio.ok()?;
        Some((ratio, duel.floor, blocks_needed(&ratio, duel.blocks_needed)))
    });
    let verdicts = judge_each(&ratios.collect::<Vec<_>>());
    let row = |((standoff, duel), judged): ((Standoff, Duel), Option<Judged>)| {
        let verdict = match (standoff.ratio, judged) {
            (Err(why), _) => RowVerdict::CannotTell(why),
            (Ok(ratio), Some(judged)) => said(judged.verdict, &ratio, standoff.open),
            (Ok(_), None) => RowVerdict::CannotTell(Undecided::NoLimit),
        };
        row_of(duel, &standoff, verdict)
    };
    rows.into_iter().zip(verdicts).map(row).collect()
}

/// Nobody doubts that twice as much is more, where even the nearer end of the interval is.
const BEYOND_DOUBT: f64 = 2.0;

/// Blocks that a verdict takes: of two that are many times apart for sure, as few as of a claim. Tails, which take more than
/// others, scatter too much for that.
fn blocks_needed(ratio: &Ratio, usually: usize) -> usize {
    let is_clear = ratio.interval.is_some_and(|(low, high)| low >= BEYOND_DOUBT || high <= 1.0 / BEYOND_DOUBT);
    if is_clear && usually <= fewest_blocks_for_a_verdict() { usually.min(BLOCKS_FOR_A_CLAIM) } else { usually }
}

/// Which end of a ratio is open: the first has a bound only, the second has.
type Open = [bool; 2];

/// Two sides in the blocks that both have.
struct Standoff {
    /// How many times better the second is; of bounds where a side is open.
    ratio: Result<Ratio, Undecided>,
    /// Whether the ratio may be less, and whether it may be more.
    open: Open,
    values: [Option<SideValue>; 2],
    blocks: usize,
}

impl Standoff {
    fn of(duel: &Duel) -> Standoff {
        let pairs = duel.pairs();
        let sides = [0, 1].map(|side| {
            pairs.iter().map(|(first, second)| if side == 0 { *first } else { *second }).collect::<Vec<BlockValue>>()
        });
        let is_bound = |side: &Vec<BlockValue>| side.iter().any(|value| matches!(value, BlockValue::Beyond(_)));
        let bounds = [is_bound(&sides[0]), is_bound(&sides[1])];
        let of_bounds: Vec<(BlockValue, BlockValue)> =
            pairs.iter().map(|(a, b)| (as_bound(*a), as_bound(*b))).collect();
        let first_by_second = paired_ratio(&of_bounds);
        let (ratio, open) = match duel.better {
            // The second is as many times better as the first has more.
            Direction::Less => (first_by_second, [bounds[1], bounds[0]]),
            Direction::More => (first_by_second.map(Ratio::inverse).map_err(NoRatio::inverse), [bounds[0], bounds[1]]),
        };
        let ratio = if pairs.is_empty() { Err(Undecided::NoCommonBlock) } else { ratio.map_err(Undecided::NoRatio) };
        let values = [0, 1].map(|side| side_value(&sides[side], bounds[side]));
        Standoff { ratio, open, values, blocks: pairs.len() }
    }
}

fn as_bound(value: BlockValue) -> BlockValue {
    match value {
        BlockValue::Beyond(least) => BlockValue::Is(least),
        other => other,
    }
}

fn side_value(blocks: &[BlockValue], at_least: bool) -> Option<SideValue> {
    let number = |value: &BlockValue| match as_bound(*value) {
        BlockValue::Is(value) => Some(value),
        BlockValue::Beyond(_) | BlockValue::Missing => None,
    };
    let numbers = blocks.iter().map(number).collect::<Option<Vec<f64>>>()?;
    let value = geometric_mean(&numbers).or_else(|| mean(&numbers))?.value;
    Some(SideValue { value, at_least })
}

fn said(verdict: Verdict, ratio: &Ratio, [may_be_less, may_be_more]: Open) -> RowVerdict {
    let second = ratio.value > 1.0;
    // Open towards where it would be undone.
    let against = if second { may_be_less } else { may_be_more };
    let along = if second { may_be_more } else { may_be_less };
    match verdict {
        _ if may_be_less && may_be_more => RowVerdict::CannotTell(Undecided::NoLimit),
        Verdict::TooFewBlocks { have, needed } => RowVerdict::CannotTell(Undecided::TooFewBlocks { have, needed }),
        Verdict::Different if !against => {
            RowVerdict::Better { who: usize::from(second), times: ratio.apart(), at_least: along }
        }
        Verdict::Equivalent { within } if !against && !along => RowVerdict::Alike { within },
        _ if against || along => RowVerdict::CannotTell(Undecided::NoLimit),
        Verdict::Indistinguishable { decided_by, .. } => RowVerdict::CannotTell(Undecided::TooClose { decided_by }),
        Verdict::Different | Verdict::Equivalent { .. } => RowVerdict::CannotTell(Undecided::NoLimit),
    }
}

fn row_of(duel: Duel, standoff: &Standoff, verdict: RowVerdict) -> ScorecardRow {
    let ratio = standoff.ratio.ok();
    let ends = ratio.and_then(|ratio| ratio.interval);
    let [may_be_less, may_be_more] = standoff.open;
    let behind = match (verdict, ratio) {
        (RowVerdict::Better { who, .. }, _) => Some(1 - who),
        (_, Some(ratio)) if ratio.value != 1.0 => Some(usize::from(ratio.value < 1.0)),
        _ => None,
    };
    let of_both = duel.sides[0].keys().filter(|block| duel.sides[1].contains_key(block));
    let disturbed = of_both.filter(|block| duel.disturbed.contains(block)).count();
    let [first, second] = duel.remedies;
    let remedy = match behind {
        Some(0) => first,
        Some(_) => second,
        None => first.or(second),
    };
    ScorecardRow {
        topic: duel.topic,
        unit: duel.unit,
        better: duel.better,
        values: standoff.values,
        ratio: ratio.map(|ratio| ratio.value).filter(|_| !(may_be_less && may_be_more)),
        low: ends.map(|(low, _)| low).filter(|_| !may_be_less),
        high: ends.map(|(_, high)| high).filter(|_| !may_be_more),
        verdict,
        blocks: standoff.blocks,
        disturbed,
        stand_ins: duel.stand_ins,
        remedy,
        experiment: duel.experiment,
        metric: duel.metric,
        source: duel.source,
    }
}

#[cfg(test)]
mod tests;
