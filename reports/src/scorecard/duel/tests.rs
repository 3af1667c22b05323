//! Two contenders in literal blocks. Beside it: `../duel.rs`.

use super::*;
use crate::stats::BlockValue::{Beyond, Is, Missing};

fn duel(better: Direction, first: &[BlockValue], second: &[BlockValue]) -> Duel {
    let side = |values: &[BlockValue]| (0..).zip(values.iter().copied()).collect::<BlockValues>();
    Duel {
        topic: Topic::MemoryPerConnection,
        unit: Unit::Bytes,
        better,
        sides: [side(first), side(second)],
        disturbed: BTreeSet::new(),
        floor: Floor::default(),
        blocks_needed: 10,
        stand_ins: [None, None],
        remedies: [None, None],
        experiment: "e".into(),
        metric: None,
        source: RowSource::default(),
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
fn what_no_block_has_of_both_is_a_row_without_a_number() {
    let mut apart = duel(Direction::Less, &[Is(30.0)], &[]);
    apart.sides[1] = [(1, Is(2.0))].into();
    for duel in [duel(Direction::Less, &ten(1.0), &[]), apart] {
        let row = judged(vec![duel]).remove(0);
        assert_eq!(row.verdict, RowVerdict::CannotTell(Undecided::NoCommonBlock));
        assert_eq!((row.values, row.ratio, row.low, row.high, row.blocks), ([None, None], None, None, None, 0));
    }
}

#[test]
fn disturbed_blocks_are_counted_where_both_have_them() {
    let mut duel = duel(Direction::Less, &ten(30.0), &ten(2.0));
    duel.sides[1].remove(&3);
    duel.disturbed = [0, 3, 9, 12].into();
    let row = judged(vec![duel]).remove(0);
    assert_eq!((row.blocks, row.disturbed), (9, 2));
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

#[test]
fn two_that_are_the_same_are_rarely_called_different() {
    // Ten blocks of each, noisy by a third, from a generator of Weyl's and a mixing by multiplication.
    let mut state = 0u64;
    let mut noise = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let sum: f64 = (0..4).map(|part| ((mixed >> (16 * part)) & 0xffff) as f64 / 65_536.0).sum();
        Is((0.5 * (sum - 2.0)).exp())
    };
    let mut side = || (0..10).map(|_| noise()).collect::<Vec<BlockValue>>();
    let wrong = (0..400).filter(|_| {
        let duels = (0..7).map(|_| duel(Direction::Less, &side(), &side())).collect();
        judged(duels).iter().any(|row| matches!(row.verdict, RowVerdict::Better { .. }))
    });
    let wrong = wrong.count();
    assert!((1..=30).contains(&wrong), "in {wrong} of 400 scorecards a row is called different");
}
