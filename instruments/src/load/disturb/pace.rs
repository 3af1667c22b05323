//! When the connections of a crowd are begun: a pure function of time, bounded in count.
//!
//! Beside it: `crowd.rs`, which begins them.

/// How many connections may have been begun at a moment, and how many there may be at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CrowdPace {
    /// How long it takes until all are there, faster and faster, in seconds; 0 where all come at the start.
    growing_s: f64,
    /// Further ones that may be begun, per second, once all have come.
    per_second: f64,
    /// The most there are at once.
    pub(super) at_most: u32,
}

impl CrowdPace {
    /// More and more until there are `at_most`, `per_second` on average.
    pub(super) fn growing(per_second: u32, at_most: u32) -> CrowdPace {
        let per_second = f64::from(per_second.max(1));
        CrowdPace { growing_s: f64::from(at_most) / per_second, per_second, at_most }
    }

    /// All at the start, and none again.
    pub(super) fn at_once(connections: u32) -> CrowdPace {
        CrowdPace { growing_s: 0.0, per_second: 0.0, at_most: connections }
    }

    /// All at the start, and those that the server ends are made again, once a second on average.
    pub(super) fn at_once_and_again(connections: u32) -> CrowdPace {
        CrowdPace { per_second: f64::from(connections), ..CrowdPace::at_once(connections) }
    }

    /// How many may have been begun `elapsed_ns` after the start, those included that are gone.
    pub(super) fn allowed(&self, elapsed_ns: u64) -> u64 {
        let seconds = elapsed_ns as f64 / 1e9;
        let all = f64::from(self.at_most);
        let allowed = if seconds < self.growing_s {
            // With the cube of time, the first handful comes some ten milliseconds apart and the last thousands in
            // hundreds of milliseconds.
            all * (seconds / self.growing_s).powi(3)
        } else {
            all + self.per_second * (seconds - self.growing_s)
        };
        allowed as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_growing_pace_begins_with_single_connections_and_goes_on_evenly() {
        let pace = CrowdPace::growing(500, 1_000);
        assert_eq!(pace.allowed(0), 0);
        // Two seconds in all, so the nth is begun after two seconds times the cube root of n thousandths.
        assert_eq!((pace.allowed(199 * MS), pace.allowed(201 * MS)), (0, 1));
        assert_eq!((pace.allowed(251 * MS), pace.allowed(253 * MS)), (1, 2));
        assert_eq!((pace.allowed(2_000 * MS), pace.allowed(3_000 * MS)), (1_000, 1_500));
    }

    #[test]
    fn what_comes_at_once_is_made_again_only_where_it_should() {
        assert_eq!((CrowdPace::at_once(7).allowed(0), CrowdPace::at_once(7).allowed(9_000 * MS)), (7, 7));
        let again = CrowdPace::at_once_and_again(7);
        assert_eq!((again.allowed(0), again.allowed(1_000 * MS), again.at_most), (7, 14, 7));
    }
}
