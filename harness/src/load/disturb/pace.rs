//! When the connections of a disturbance are begun: a pure function of time, bounded in count.

use std::ops::Range;

/// How many connections may have been begun at a moment, and how many there may be at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pace {
    /// Begun at the start.
    at_once: u32,
    /// Further ones that may be begun, per second.
    per_second: f64,
    growth: Growth,
    /// The most there are at once.
    pub(super) at_most: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Growth {
    /// The same pace throughout.
    None,
    /// From nothing to the full pace, over so many seconds.
    Over(f64),
}

impl Pace {
    /// More and more, evenly up to `per_second` at the end of `span`.
    pub(super) fn growing(per_second: u32, span: &Range<u64>, at_most: u32) -> Pace {
        let seconds = (span.end - span.start) as f64 / 1e9;
        Pace { at_once: 0, per_second: f64::from(per_second), growth: Growth::Over(seconds), at_most }
    }

    /// All at the start, and none again.
    pub(super) fn at_once(connections: u32) -> Pace {
        Pace { at_once: connections, per_second: 0.0, growth: Growth::None, at_most: connections }
    }

    /// All at the start, and those that the server ends are made again, once a second on average.
    pub(super) fn at_once_and_again(connections: u32) -> Pace {
        Pace { per_second: f64::from(connections), ..Pace::at_once(connections) }
    }

    /// How many may have been begun `elapsed_ns` after the start, those included that are gone.
    pub(super) fn allowed(&self, elapsed_ns: u64) -> u64 {
        let seconds = elapsed_ns as f64 / 1e9;
        let later = match self.growth {
            Growth::Over(whole) if seconds < whole => self.per_second * seconds * seconds / (2.0 * whole),
            Growth::Over(whole) => self.per_second * (seconds - whole / 2.0),
            Growth::None => self.per_second * seconds,
        };
        u64::from(self.at_once) + later as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_growing_pace_begins_with_single_connections() {
        let pace = Pace::growing(1_600, &(0..3 * SECOND), 2_400);
        assert_eq!(pace.allowed(0), 0);
        // Square roots of time: the first at 61 ms, the second 26 ms later.
        assert_eq!((pace.allowed(SECOND / 20), pace.allowed(SECOND / 15), pace.allowed(SECOND / 11)), (0, 1, 2));
        assert_eq!(pace.allowed(3 * SECOND), 2_400);
        assert_eq!(pace.allowed(4 * SECOND), 4_000);
    }

    #[test]
    fn what_comes_at_once_is_made_again_only_where_it_should() {
        assert_eq!((Pace::at_once(7).allowed(0), Pace::at_once(7).allowed(9 * SECOND)), (7, 7));
        let again = Pace::at_once_and_again(7);
        assert_eq!((again.allowed(0), again.allowed(SECOND), again.at_most), (7, 14, 7));
    }
}
