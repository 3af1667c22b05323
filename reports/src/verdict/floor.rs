//! How far apart a contender is from itself on this machine: what is less than that is no difference.
//!
//! One contender of an experiment is run twice in every block, under two names. Must not know: records, contenders.

use serde::Serialize;

/// Smaller differences are of no interest, however sure.
pub(super) const SMALLEST_THAT_MATTERS: f64 = 1.05;

/// The share of the differences between a contender and itself that is no more than the floor.
const COVERED: f64 = 0.95;

/// The smallest ratio that counts as a difference.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Floor {
    /// At least 1.05.
    pub ratio: f64,
    /// Blocks in which a contender was compared with itself; with none, 5% is a convention and not measured.
    pub blocks: usize,
}

impl Default for Floor {
    fn default() -> Floor {
        Floor { ratio: SMALLEST_THAT_MATTERS, blocks: 0 }
    }
}

impl Floor {
    /// Of ln(a / b) of a contender and its twin, a block each.
    pub fn of(log_ratios: &[f64]) -> Floor {
        let mut distances: Vec<f64> = log_ratios.iter().map(|d| d.abs()).collect();
        distances.sort_by(f64::total_cmp);
        // A hair less, so that 0.95 of 20 is 19 in floating point too.
        let rank = (COVERED * distances.len() as f64 - 1e-9).ceil() as usize;
        let noise = rank.checked_sub(1).and_then(|place| distances.get(place)).map_or(1.0, |distance| distance.exp());
        Floor { ratio: noise.max(SMALLEST_THAT_MATTERS), blocks: distances.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_what_19_of_20_stay_below() {
        let logs: Vec<f64> = (1..=20).map(|at| 0.01 * f64::from(at) * if at % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let floor = Floor::of(&logs);
        assert!((floor.ratio - 0.19f64.exp()).abs() < 1e-12 && floor.blocks == 20, "{floor:?}");
    }

    #[test]
    fn a_quiet_machine_still_has_a_floor() {
        assert_eq!(Floor::of(&[0.001, -0.002]), Floor { ratio: 1.05, blocks: 2 });
        assert_eq!(Floor::of(&[]), Floor::default());
    }
}
