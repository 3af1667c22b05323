//! Two contenders in one figure, block by block: how many times better the second is, and what may be said of it.
//!
//! What is more than could be measured is a bound, and so is a ratio with it: it decides only in the direction in which it is
//! open. Must not know: which rows there are. Beside it: `../verdict/judge.rs`.

use super::{Remedy, ScorecardRow, Topic};
use crate::format::Unit;
use crate::stats::{BlockValue, NoRatio, Ratio, geometric_mean, mean, paired_ratio};
use crate::verdict::{BLOCKS_FOR_A_CLAIM, BlockValues, Floor, Verdict, judge_each, paired};

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
}

/// The figures of a row, not judged yet.
pub(super) struct Duel {
    pub(super) topic: Topic,
    pub(super) unit: Unit,
    pub(super) better: Direction,
    pub(super) sides: [BlockValues; 2],
    pub(super) floor: Floor,
    pub(super) blocks_needed: usize,
    pub(super) stand_ins: [Option<String>; 2],
    /// What helps either of the two.
    pub(super) remedies: [Option<Remedy>; 2],
    pub(super) experiment: String,
    pub(super) metric: Option<&'static str>,
}

/// The rows, all judged together. Those without a block that has both are left out.
pub(super) fn judged(duels: Vec<Duel>) -> Vec<ScorecardRow> {
    let rows: Vec<(Duel, Standoff)> = duels
        .into_iter()
        .filter_map(|duel| Some((Standoff::of(&duel)?, duel)))
        .map(|(standoff, duel)| (duel, standoff))
        .collect();
    let ratios = rows.iter().filter_map(|(duel, it)| {
        let ratio = it.ratio.ok()?;
        Some((ratio, duel.floor, blocks_needed(&ratio, duel.blocks_needed)))
    });
    let mut verdicts = judge_each(&ratios.collect::<Vec<_>>()).into_iter();
    let row = |(duel, standoff): (Duel, Standoff)| {
        let verdict = match standoff.ratio {
            Err(why) => RowVerdict::CannotTell(Undecided::NoRatio(why)),
            Ok(ratio) => match verdicts.next() {
                Some(judged) => said(judged.verdict, &ratio, standoff.open),
                None => RowVerdict::CannotTell(Undecided::NoLimit),
            },
        };
        row_of(duel, &standoff, verdict)
    };
    rows.into_iter().map(row).collect()
}

/// Nobody doubts that twice as much is more, where even the nearer end of the interval is.
const BEYOND_DOUBT: f64 = 2.0;

/// Blocks that a verdict takes: of two that are many times apart for sure, as few as of a claim.
fn blocks_needed(ratio: &Ratio, usually: usize) -> usize {
    let is_clear = ratio.interval.is_some_and(|(low, high)| low >= BEYOND_DOUBT || high <= 1.0 / BEYOND_DOUBT);
    if is_clear { usually.min(BLOCKS_FOR_A_CLAIM) } else { usually }
}

/// Which end of a ratio is open: the first has a bound only, the second has.
type Open = [bool; 2];

/// Two sides in the blocks that both have.
struct Standoff {
    /// How many times better the second is; of bounds where a side is open.
    ratio: Result<Ratio, NoRatio>,
    /// Whether the ratio may be less, and whether it may be more.
    open: Open,
    values: [Option<SideValue>; 2],
    blocks: usize,
}

impl Standoff {
    fn of(duel: &Duel) -> Option<Standoff> {
        let pairs = paired(&duel.sides[0], &duel.sides[1]);
        if pairs.is_empty() {
            return None;
        }
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
        let values = [0, 1].map(|side| side_value(&sides[side], bounds[side]));
        Some(Standoff { ratio, open, values, blocks: pairs.len() })
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
        stand_ins: duel.stand_ins,
        remedy,
        experiment: duel.experiment,
        metric: duel.metric,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::BlockValue::{Beyond, Is, Missing};

    fn duel(better: Direction, first: &[BlockValue], second: &[BlockValue]) -> Duel {
        let side = |values: &[BlockValue]| (0..).zip(values.iter().copied()).collect::<BlockValues>();
        Duel {
            topic: Topic::MemoryPerConnection,
            unit: Unit::Bytes,
            better,
            sides: [side(first), side(second)],
            floor: Floor::default(),
            blocks_needed: 10,
            stand_ins: [None, None],
            remedies: [None, None],
            experiment: "e".into(),
            metric: None,
        }
    }

    fn row(better: Direction, first: &[BlockValue], second: &[BlockValue]) -> ScorecardRow {
        judged(vec![duel(better, first, second)]).remove(0)
    }

    /// Ten blocks around a value.
    fn ten(value: f64) -> Vec<BlockValue> {
        (0..10).map(|block| Is(value * (1.0 + 0.01 * f64::from(block % 3)))).collect()
    }

    #[test]
    fn the_better_one_wins_in_either_direction_and_of_either_side() {
        let who = |better, first, second| match row(better, &ten(first), &ten(second)).verdict {
            RowVerdict::Better { who, times, at_least: false } => (who, times.round()),
            other => panic!("{other:?}"),
        };
        assert_eq!(who(Direction::Less, 30.0, 2.0), (1, 15.0));
        assert_eq!(who(Direction::Less, 2.0, 30.0), (0, 15.0));
        assert_eq!(who(Direction::More, 30.0, 2.0), (0, 15.0));
        assert_eq!(who(Direction::More, 2.0, 30.0), (1, 15.0));
    }

    #[test]
    fn values_and_ratio_agree_and_more_than_one_is_better_for_the_second() {
        let row = row(Direction::Less, &ten(30.0), &ten(2.0));
        let [first, second] = row.values.map(|value| value.unwrap().value);
        assert!((row.ratio.unwrap() - first / second).abs() < 1e-9);
        assert!(row.low.unwrap() <= row.ratio.unwrap() && row.ratio.unwrap() <= row.high.unwrap());
        assert_eq!(row.blocks, 10);
    }

    #[test]
    fn the_same_is_alike_and_one_block_tells_nothing() {
        assert!(matches!(row(Direction::Less, &ten(5.0), &ten(5.0)).verdict, RowVerdict::Alike { .. }));
        let one = row(Direction::Less, &[Is(30.0)], &[Is(2.0)]);
        assert_eq!(one.verdict, RowVerdict::CannotTell(Undecided::TooFewBlocks { have: 1, needed: 10 }));
        assert_eq!((one.ratio, one.low, one.high), (Some(15.0), None, None));
    }

    #[test]
    fn many_times_apart_takes_three_blocks_and_less_takes_ten() {
        let three = |value: f64| ten(value).into_iter().take(3).collect::<Vec<_>>();
        let clear = row(Direction::Less, &three(30.0), &three(2.0)).verdict;
        assert!(matches!(clear, RowVerdict::Better { who: 1, .. }), "{clear:?}");
        let little = row(Direction::Less, &three(3.0), &three(2.0)).verdict;
        assert_eq!(little, RowVerdict::CannotTell(Undecided::TooFewBlocks { have: 3, needed: 10 }));
        let scattered = row(Direction::Less, &[Is(3.0), Is(30.0), Is(300.0)], &three(2.0)).verdict;
        assert_eq!(scattered, RowVerdict::CannotTell(Undecided::TooFewBlocks { have: 3, needed: 10 }));
        let two = row(Direction::Less, &three(30.0)[..2], &three(2.0)[..2]).verdict;
        assert!(matches!(two, RowVerdict::CannotTell(_)), "{two:?}");
    }

    #[test]
    fn a_bound_decides_only_in_its_own_direction() {
        let open: Vec<BlockValue> = vec![Beyond(42_000.0); 10];
        let ahead = row(Direction::More, &ten(9_000.0), &open);
        assert!(matches!(ahead.verdict, RowVerdict::Better { who: 1, at_least: true, .. }), "{ahead:?}");
        assert!(ahead.high.is_none() && ahead.low.is_some() && ahead.values[1].unwrap().at_least);
        let behind = row(Direction::More, &ten(90_000.0), &open);
        assert_eq!(behind.verdict, RowVerdict::CannotTell(Undecided::NoLimit));
        let neither = row(Direction::More, &open, &open);
        assert_eq!((neither.verdict, neither.ratio), (RowVerdict::CannotTell(Undecided::NoLimit), None));
        // Less of what is more than could be measured is worse.
        let waits = row(Direction::Less, &open, &ten(9_000.0));
        assert!(matches!(waits.verdict, RowVerdict::Better { who: 1, at_least: true, .. }), "{waits:?}");
    }

    #[test]
    fn a_block_without_a_number_is_not_left_out() {
        let mut first = ten(30.0);
        first[3] = Missing;
        let row = row(Direction::Less, &first, &ten(2.0));
        assert!(matches!(row.verdict, RowVerdict::CannotTell(Undecided::NoRatio(_))), "{row:?}");
        assert_eq!((row.values[0], row.ratio), (None, None));
    }

    #[test]
    fn what_nobody_has_both_of_is_no_row() {
        assert_eq!(judged(vec![duel(Direction::Less, &ten(1.0), &[])]), []);
    }

    #[test]
    fn rows_are_judged_together() {
        // Alone it would be a difference, among seven that are none it may be chance.
        let doubtful: Vec<BlockValue> = (0..10).map(|block| Is(if block % 3 == 0 { 0.95 } else { 1.3 })).collect();
        let noise: Vec<BlockValue> = (0..10).map(|block| Is(if block % 2 == 0 { 0.7 } else { 1.4 })).collect();
        let alone = row(Direction::Less, &doubtful, &ten(1.0));
        let mut all: Vec<Duel> = (0..7).map(|_| duel(Direction::Less, &noise, &ten(1.0))).collect();
        all.push(duel(Direction::Less, &doubtful, &ten(1.0)));
        let together = judged(all).pop().unwrap();
        assert!(matches!(alone.verdict, RowVerdict::Better { .. }), "{alone:?}");
        assert!(matches!(together.verdict, RowVerdict::CannotTell(Undecided::TooClose { .. })), "{together:?}");
    }
}
