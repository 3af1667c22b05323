//! The search for the highest rung of a ladder of loads that is still carried: a climb in long steps until one is not,
//! then bisection between the two.
//!
//! Rungs are numbers, so that blocks and contenders meet at the same loads. Pure. Beside it: `capacity.rs`.

/// A rung's load over that of the rung below: as finely as a result is known.
pub(super) const STEP: f64 = 1.05;

/// The load of rung 0, in requests per second.
const BASE_RPS: f64 = 100.0;

/// The load of a rung, at three digits.
pub(super) fn load_rps(rung: i32) -> f64 {
    let load = BASE_RPS * STEP.powi(rung);
    let unit = 10f64.powf(load.log10().floor() - 2.0);
    (load / unit).round() * unit
}

/// The lowest rung of at least this load.
pub(super) fn rung_at(load_rps: f64) -> i32 {
    ((load_rps / BASE_RPS).ln() / STEP.ln()).ceil() as i32
}

/// What a rung turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RungResult {
    Carried,
    Missed,
    /// Nothing valid could be measured there.
    CannotTell,
}

/// The rungs that may be tried, from the lowest to the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RungRange {
    pub(super) lowest: i32,
    pub(super) highest: i32,
}

/// One search.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ladder {
    reach: RungRange,
    start: i32,
    stride: i32,
    carried: Option<i32>,
    missed: Option<i32>,
    is_given_up: bool,
}

impl Ladder {
    /// Begins at a rung and goes `stride` rungs at a time until it has met both answers.
    pub(super) fn new(reach: RungRange, start: i32, stride: i32) -> Ladder {
        let start = start.clamp(reach.lowest, reach.highest);
        Ladder { reach, start, stride, carried: None, missed: None, is_given_up: false }
    }

    /// The rung to try next; nothing where the search has ended.
    pub(super) fn next(&self) -> Option<i32> {
        if self.is_given_up {
            return None;
        }
        let RungRange { lowest, highest } = self.reach;
        match (self.carried, self.missed) {
            (None, None) => Some(self.start),
            (Some(carried), None) => (carried < highest).then(|| (carried + self.stride).min(highest)),
            (None, Some(missed)) => (missed > lowest).then(|| (missed - self.stride).max(lowest)),
            (Some(carried), Some(missed)) => (missed - carried > 1).then(|| carried + (missed - carried) / 2),
        }
    }

    /// Notes what a rung turned out to be. Where that can't be told, the search ends: above what was carried, all is open.
    pub(super) fn answered(&mut self, rung: i32, answer: RungResult) {
        match answer {
            RungResult::Carried => self.carried = Some(rung),
            RungResult::Missed => self.missed = Some(rung),
            RungResult::CannotTell => self.is_given_up = true,
        }
    }

    /// The highest rung that was carried.
    pub(super) fn carried(&self) -> Option<i32> {
        self.carried
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REACH: RungRange = RungRange { lowest: 0, highest: 200 };

    /// Searches with a server that carries every rung up to `truth`; returns what was found and the tries it took.
    fn search(mut ladder: Ladder, truth: i32) -> (Ladder, u32) {
        let mut tries = 0;
        while let Some(rung) = ladder.next() {
            ladder.answered(rung, if rung <= truth { RungResult::Carried } else { RungResult::Missed });
            tries += 1;
            // With a stride of one, a climb may go over every rung there is.
            assert!(tries <= 2 * 201, "no end: {ladder:?}");
        }
        (ladder, tries)
    }

    proptest! {
        #[test]
        fn the_highest_rung_is_found_from_anywhere(truth in -1..=200i32, start in 0..=200i32, stride in 1..40i32) {
            let (ladder, tries) = search(Ladder::new(REACH, start, stride), truth);
            prop_assert_eq!(ladder.carried(), (truth >= 0).then_some(truth));
            let climb = (truth - start).abs() / stride + 2;
            prop_assert!(tries as i32 <= climb + 7, "{} tries", tries);
        }
    }

    #[test]
    fn a_climb_is_followed_by_bisection() {
        let mut ladder = Ladder::new(REACH, 20, 16);
        let mut tried = Vec::new();
        while let Some(rung) = ladder.next() {
            tried.push(rung);
            ladder.answered(rung, if rung <= 45 { RungResult::Carried } else { RungResult::Missed });
        }
        assert_eq!(tried, [20, 36, 52, 44, 48, 46, 45]);
    }

    #[test]
    fn where_nothing_can_be_told_the_search_ends_with_what_was_carried() {
        let mut ladder = Ladder::new(REACH, 20, 16);
        ladder.answered(20, RungResult::Carried);
        ladder.answered(36, RungResult::CannotTell);
        assert_eq!((ladder.next(), ladder.carried()), (None, Some(20)));
    }

    #[test]
    fn loads_rise_by_the_step_and_are_found_again() {
        for rung in -60..180 {
            let ratio = load_rps(rung + 1) / load_rps(rung);
            assert!((ratio / STEP - 1.0).abs() < 0.01, "{rung}: {ratio}");
            assert_eq!(rung_at(BASE_RPS * STEP.powi(rung) * 0.999), rung);
        }
        assert_eq!(load_rps(0), 100.0);
    }
}
