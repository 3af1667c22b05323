//! When there is time to draw: seldom, shortly, and never for more than a fortieth of the run.
//!
//! Must not know: what is drawn, or a clock; moments are given to it.

use std::time::{Duration, Instant};

/// Time between two turns at the least.
const INTERVAL: Duration = Duration::from_secs(2);

/// A turn begins no further picture after this.
const TURN: Duration = Duration::from_millis(50);

/// A turn is followed by this many times as long without one. Every turn has to gather the cells and draws a picture at
/// least, which takes longer the more cells there are; so the run is never longer by more than this share.
const REST: u32 = 40;

/// The turns taken so far.
#[derive(Debug, Default)]
pub(super) struct Pace {
    next: Option<Instant>,
    spent: Duration,
    longest: Duration,
    turns: u32,
}

impl Pace {
    /// Whether a turn may begin.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.next.is_none_or(|next| now >= next)
    }

    /// Whether a turn that began at `begun` may go on with another picture.
    pub(super) fn goes_on(begun: Instant, now: Instant) -> bool {
        now.saturating_duration_since(begun) < TURN
    }

    /// Notes a turn.
    pub(super) fn took(&mut self, begun: Instant, now: Instant) {
        let time = now.saturating_duration_since(begun);
        self.next = Some(now + INTERVAL.max(time * REST));
        self.spent += time;
        self.longest = self.longest.max(time);
        self.turns += 1;
    }

    pub(super) fn spent(&self) -> Duration {
        self.spent
    }

    pub(super) fn longest(&self) -> Duration {
        self.longest
    }

    pub(super) fn turns(&self) -> u32 {
        self.turns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn turns_are_short_and_seldom() {
        let mut pace = Pace::default();
        let begun = Instant::now();
        assert!(pace.is_due(begun), "the first may come at once");
        assert!(Pace::goes_on(begun, begun + 49 * MS) && !Pace::goes_on(begun, begun + 50 * MS));
        pace.took(begun, begun + 30 * MS);
        assert!(!pace.is_due(begun + 2_029 * MS) && pace.is_due(begun + 2_030 * MS));
    }

    #[test]
    fn a_slow_picture_gets_a_small_share_of_the_time() {
        let mut pace = Pace::default();
        let (mut now, begun) = (Instant::now(), Instant::now());
        for _ in 0..5 {
            pace.took(now, now + 400 * MS);
            now += 400 * MS;
            assert!(!pace.is_due(now + 15_999 * MS) && pace.is_due(now + 16_000 * MS));
            now += 16_000 * MS;
        }
        assert!(pace.spent() * REST <= now - begun);
        assert_eq!((pace.turns(), pace.longest()), (5, 400 * MS));
    }
}
