//! Searches for a capacity that is known, with servers that are played.

use super::*;
use crate::search::played::{Played, play};

const SECOND: Duration = Duration::from_secs(1);

const ECHO: Workload = Workload::new("echo", "echo", DESCRIPTION, ("echo", "hi"));

fn goal(percentile: f64, blocks: u32) -> CapacityGoal {
    let objective = objective(percentile, Duration::from_millis(20));
    CapacityGoal { objective, blocks, seed: 7, concurrent: 100 }
}

fn echoing() -> Experiment {
    experiment(ECHO, goal(0.99, 1).objective, Vec::new)
}

fn search(blocks: u32) -> Capacity {
    Capacity::new(&echoing(), 2, goal(0.99, blocks))
}

fn rate(turn: &Turn) -> f64 {
    let TaskKind::Load(spec) = &turn.task.kind else { panic!() };
    spec.offered_load_rps().unwrap()
}

/// One carries 3,000/s, the other 9,000/s; beyond that they answer late.
fn server(turn: &Turn) -> Played {
    let most = [3_000.0, 9_000.0][turn.contender];
    let millis = if rate(turn) <= most { 2 } else { 200 };
    Played { rps: rate(turn), response: Duration::from_millis(millis), is_valid: true, took: SECOND }
}

/// The highest load tried that was carried, of a contender in a block.
fn carried(chosen: &[Turn], contender: usize, block: u32) -> f64 {
    let of = chosen.iter().filter(|turn| turn.contender == contender && turn.block == block);
    of.filter(|turn| server(turn).response < Duration::from_millis(20)).map(rate).fold(0.0, f64::max)
}

#[test]
fn every_block_finds_each_contenders_load_to_the_step() {
    let mut search = search(3);
    let (chosen, _) = play(&mut search, 1_000 * SECOND, server);
    assert_eq!(search.whole_blocks(), 3);
    for block in 0..3 {
        for (contender, truth) in [3_000.0, 9_000.0].into_iter().enumerate() {
            let found = carried(&chosen, contender, block);
            assert!(found <= truth && found * STEP * 1.01 > truth, "{found} of {truth}");
        }
    }
    let of = |block| chosen.iter().filter(|turn| turn.block == block).count();
    assert!(of(2) < of(0), "later blocks begin near what was found");
}

#[test]
fn searches_of_a_block_go_side_by_side() {
    let (chosen, _) = play(&mut search(1), 1_000 * SECOND, server);
    for round in chosen.chunks_exact(2).take(4) {
        assert_ne!(round[0].contender, round[1].contender);
    }
}

#[test]
fn a_load_without_a_valid_cell_is_tried_again_and_then_ends_the_search() {
    let invalid_above = |turn: &Turn| Played { is_valid: rate(turn) < 2_000.0, ..server(turn) };
    let (chosen, _) = play(&mut search(1), 1_000 * SECOND, invalid_above);
    let above: Vec<&Turn> = chosen.iter().filter(|turn| rate(turn) >= 2_000.0).collect();
    assert_eq!(above.len(), 2 * TRIES as usize);
    let points: std::collections::BTreeSet<_> = above.iter().map(|turn| (turn.contender, &turn.task.point)).collect();
    assert_eq!(points.len(), above.len(), "each try is a cell of its own");
}

#[test]
fn the_budget_ends_a_search_in_the_middle() {
    let mut search = search(50);
    let (chosen, left) = play(&mut search, 40 * SECOND, server);
    assert!(search.whole_blocks() < 50 && chosen.len() >= 38 && left < 2 * SECOND, "{left:?}");
}

#[test]
fn windows_hold_enough_requests_for_the_percentile() {
    let mut search = Capacity::new(&echoing(), 1, goal(0.999, 1));
    let turn = search.next(100 * SECOND).unwrap();
    let TaskKind::Load(spec) = &turn.task.kind else { panic!() };
    assert!(rate(&turn) * spec.window.as_secs_f64() > samples_needed(0.999) as f64);
}
