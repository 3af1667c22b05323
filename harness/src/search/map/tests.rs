//! Maps of servers that are played.

use std::collections::BTreeMap;

use super::*;
use crate::search::played::{Played, play};

const SECOND: Duration = Duration::from_secs(1);

fn map() -> Map {
    let workloads = ["echo", "sleep 5ms"].map(|work| Workload::named(work, DESCRIPTION).unwrap());
    Map::new(experiment(workloads.into()), &[1, 64, 4_096], 7)
}

/// Threads serve more up to 64 connections, tasks beyond; each cell is off a little, by its block.
fn server(turn: &Turn) -> Played {
    let is_few = turn.task.kind.peak_connections() <= 64;
    let rps = if (turn.contender == 0) == is_few { 10_000.0 } else { 8_000.0 };
    let off = if turn.block.is_multiple_of(2) == (turn.contender == 0) { 1.15 } else { 1.0 };
    Played { rps: rps * off, response: Duration::from_millis(1), is_valid: true, took: SECOND }
}

/// How many cells each square got.
fn cells(chosen: &[Turn]) -> BTreeMap<(&'static str, &str), usize> {
    let mut cells = BTreeMap::new();
    chosen.iter().for_each(|turn| *cells.entry((turn.task.workload, turn.task.point.as_str())).or_default() += 1);
    cells
}

#[test]
fn squares_are_measured_in_pairs_that_share_a_block_and_take_turns() {
    let (chosen, _) = play(&mut map(), 200 * SECOND, server);
    let mut first = [0, 0];
    for pair in chosen.chunks_exact(2) {
        assert!(pair[0].task == pair[1].task && pair[0].block == pair[1].block, "{pair:?}");
        assert_ne!(pair[0].contender, pair[1].contender);
        first[pair[0].contender] += 1;
    }
    assert!(first.iter().all(|first| *first > 20), "{first:?}");
}

#[test]
fn the_budget_is_used_and_never_exceeded() {
    for seconds in [0, 7, 36, 100] {
        let (chosen, left) = play(&mut map(), seconds * SECOND, server);
        assert!(
            chosen.len().is_multiple_of(2) && left < 5 * SECOND,
            "{seconds}: {} cells, {left:?} left",
            chosen.len()
        );
    }
}

#[test]
fn all_squares_come_first_and_then_the_border() {
    let (chosen, _) = play(&mut map(), 42 * SECOND, server);
    assert!(cells(&chosen).values().all(|cells| *cells >= 2 * COARSE as usize), "{:?}", cells(&chosen));
    let (chosen, _) = play(&mut map(), 80 * SECOND, server);
    let cells = cells(&chosen);
    let (far, border) = (cells[&("echo-hi", "1-connections")], cells[&("echo-hi", "64-connections")]);
    assert!(border > far, "{cells:?}");
}

#[test]
fn steady_squares_end_the_map_before_the_budget_does() {
    let steady = |turn: &Turn| Played { rps: if turn.contender == 0 { 10_000.0 } else { 9_000.0 }, ..server(turn) };
    let (chosen, left) = play(&mut map(), 1_000 * SECOND, steady);
    assert_eq!(chosen.len(), 6 * 2 * PAIRS_FOR_WINNER);
    assert!(left > 800 * SECOND);
}

#[test]
fn a_lower_bound_makes_a_pair_with_what_is_known() {
    let bounded = |turn: &Turn| Played { is_valid: turn.contender == 0, ..server(turn) };
    let mut map = map();
    play(&mut map, 60 * SECOND, bounded);
    assert!(map.squares.known.iter().all(|known| known.pairs.len() == known.tried as usize));
}

#[test]
fn invalid_cells_make_no_pair_and_do_not_go_on_for_ever() {
    let invalid = |turn: &Turn| Played { is_valid: false, ..server(turn) };
    let mut map = map();
    let (chosen, _) = play(&mut map, 1_000 * SECOND, invalid);
    assert!(chosen.len() < 100 && map.squares.known.iter().all(|known| known.pairs.is_empty()));
}
