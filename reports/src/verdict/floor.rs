//! How far apart a contender is from itself on this machine: what is less than that is no difference.
//!
//! One contender of an experiment is run twice in every block, under two names. What is judged is the mean of some number
//! of blocks, so the floor is how far the mean of as many of its blocks is from one for sure, and not how far a single
//! block gets. Must not know: records, contenders.

use serde::Serialize;

use crate::stats::Ratio;

/// Smaller differences are of no interest, however sure.
pub(super) const SMALLEST_THAT_MATTERS: f64 = 1.05;

/// The smallest ratio that counts as a difference.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Floor {
    /// For a mean of as many blocks as the contender was compared with itself in; at least 1.05.
    pub ratio: f64,
    /// Blocks in which a contender was compared with itself; with none, 5% is a convention and not measured.
    pub blocks: usize,
    /// How many times its twin's value the contender's is.
    #[serde(skip)]
    twin: Option<Ratio>,
}

impl Default for Floor {
    fn default() -> Floor {
        Floor { ratio: SMALLEST_THAT_MATTERS, blocks: 0, twin: None }
    }
}

impl Floor {
    /// Of a contender held against its twin.
    pub fn of(twin: Ratio) -> Floor {
        Floor { ratio: bound(&twin), blocks: twin.blocks, twin: Some(twin) }
    }

    /// The highest floor of several, such as one in either of two runs; the convention where there is none.
    pub fn highest(twins: impl IntoIterator<Item = Ratio>) -> Floor {
        twins.into_iter().map(Floor::of).max_by(|a, b| a.ratio.total_cmp(&b.ratio)).unwrap_or_default()
    }

    /// For a mean of so many blocks.
    pub(super) fn at(&self, blocks: usize) -> f64 {
        self.twin.map_or(self.ratio, |twin| bound(&twin.with_blocks(blocks)))
    }

    /// What it comes down to with ever more blocks.
    pub(super) fn least(&self) -> f64 {
        self.twin.map_or(self.ratio, |twin| twin.apart().max(SMALLEST_THAT_MATTERS))
    }
}

/// The farther end of the 95% interval of the mean; the mean itself of one block, which has none.
fn bound(twin: &Ratio) -> f64 {
    let farther = twin.interval.map_or(twin.apart(), |(lo, hi)| hi.max(1.0 / lo));
    farther.max(SMALLEST_THAT_MATTERS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::paired_ratio;

    fn twin(logs: &[f64]) -> Ratio {
        paired_ratio(&logs.iter().map(|log| (log.exp(), 1.0)).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn the_floor_is_the_farther_end_of_the_interval_of_the_mean() {
        // Logarithms 0.1, -0.1, 0.2, 0: mean 0.05, spread 0.1291, half width t(3) * 0.1291 / 2 = 0.2054.
        let floor = Floor::of(twin(&[0.1, -0.1, 0.2, 0.0]));
        assert!((floor.ratio.ln() - 0.255_4).abs() < 1e-3 && floor.blocks == 4, "{floor:?}");
        // With blocks without end the mean is left.
        assert!((floor.at(1_000_000).ln() - 0.05).abs() < 1e-3 && (floor.least().ln() - 0.05).abs() < 1e-12);
        let other_way = Floor::of(twin(&[-0.1, 0.1, -0.2, 0.0]));
        assert!((other_way.ratio - floor.ratio).abs() < 1e-12);
    }

    #[test]
    fn more_blocks_lower_it_though_single_blocks_scatter_as_before() {
        let scattered = |blocks: usize| -> Vec<f64> { [0.1, -0.1].into_iter().cycle().take(blocks).collect() };
        let [ten, twenty] = [10, 20].map(|blocks| Floor::of(twin(&scattered(blocks))).ratio);
        assert!(ten > twenty && twenty < 1.06 && ten < 1.1, "{ten} {twenty}");
        assert!((Floor::of(twin(&scattered(20))).at(10) - ten).abs() < 0.005);
    }

    #[test]
    fn a_quiet_machine_still_has_a_floor_and_the_highest_of_several_counts() {
        let quiet = Floor::of(twin(&[0.001, -0.002, 0.001]));
        assert_eq!((quiet.ratio, quiet.blocks), (1.05, 3));
        assert_eq!(Floor::highest([]), Floor::default());
        let of_both = Floor::highest([twin(&[0.001, -0.002]), twin(&[0.2, 0.21, 0.2])]);
        assert!(of_both.blocks == 3 && of_both.ratio > 1.2, "{of_both:?}");
    }
}
