//! In which order the cells of a block run: at random, from the seed, so that no contender is always first and a
//! drifting machine drifts for all of them.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use super::Task;

/// One cell to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Index of the experiment in the plan.
    pub experiment: usize,
    /// Index of the contender in the plan.
    pub contender: usize,
    /// Which repetition, from 0.
    pub block: u32,
    /// What is done.
    pub task: Task,
}

/// Shuffles one block. The contenders of one point stay together, in random order, because they are compared with one
/// another; the points follow one another in random order.
pub fn block_order(turns: Vec<Turn>, seed: u64, block: u32) -> Vec<Turn> {
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ (u64::from(block) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut points: Vec<Vec<Turn>> = Vec::new();
    for turn in turns {
        match points.iter_mut().find(|point| is_same_point(&point[0], &turn)) {
            Some(point) => point.push(turn),
            None => points.push(vec![turn]),
        }
    }
    points.shuffle(&mut random);
    for point in &mut points {
        point.shuffle(&mut random);
    }
    points.into_iter().flatten().collect()
}

fn is_same_point(a: &Turn, b: &Turn) -> bool {
    a.experiment == b.experiment && a.task.workload == b.task.workload && a.task.point == b.task.point
}

/// The seed of a point's arrivals in one block: the same for every contender, another for every point and block.
pub fn arrival_seed(run_seed: u64, experiment: &str, workload: &str, point: &str, block: u32) -> u64 {
    // FNV-1a: short, and fixed for ever, as old records need it to be.
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ run_seed;
    let block = block.to_string();
    for byte in [experiment, workload, point, &block].join("/").bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;
    use crate::plan::{HoldSpec, TaskKind};
    use instruments::load::Work;

    fn turns() -> Vec<Turn> {
        let task = |point: u32| {
            Task::new(
                "echo",
                point.to_string(),
                TaskKind::Hold(HoldSpec {
                    counts: vec![point],
                    work: Work::new("echo", "hi"),
                    give_up_after: Duration::ZERO,
                }),
            )
        };
        (0..4)
            .flat_map(|point| (0..6).map(move |contender| (point, contender)))
            .map(|(point, contender)| Turn { experiment: 0, contender, block: 0, task: task(point) })
            .collect()
    }

    #[test]
    fn a_block_keeps_every_cell_and_its_points_together() {
        let ordered = block_order(turns(), 7, 0);
        assert_eq!(ordered.len(), 24);
        for point in ordered.chunks(6) {
            assert!(point.iter().all(|turn| turn.task.point == point[0].task.point));
            let contenders: BTreeSet<usize> = point.iter().map(|turn| turn.contender).collect();
            assert_eq!(contenders.len(), 6);
        }
    }

    #[test]
    fn the_order_follows_from_seed_and_block() {
        assert_eq!(block_order(turns(), 7, 0), block_order(turns(), 7, 0));
        assert_ne!(block_order(turns(), 7, 0), block_order(turns(), 7, 1));
        assert_ne!(block_order(turns(), 7, 0), block_order(turns(), 8, 0));
    }

    #[test]
    fn arrival_seeds_are_fixed_and_differ_by_point_and_block() {
        let seed = arrival_seed(1, "latency-curve", "echo", "8000rps", 0);
        assert_eq!(seed, SEED_OF_AN_OLD_RUN);
        assert_ne!(seed, arrival_seed(1, "latency-curve", "echo", "8000rps", 1));
        assert_ne!(seed, arrival_seed(1, "latency-curve", "echo", "800rps", 0));
        assert_ne!(seed, arrival_seed(2, "latency-curve", "echo", "8000rps", 0));
    }

    const SEED_OF_AN_OLD_RUN: u64 = 5_030_587_966_339_024_279;
}
