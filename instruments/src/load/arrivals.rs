//! When requests are due: pure functions of a seed, so that every contender gets the same arrivals to the
//! nanosecond, whatever the number of workers that send them.
//!
//! Must not know: sockets, clocks, what a request is.

use std::ops::Range;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, Exp1, Poisson};

/// The latest time there is: 292 years from the start. What is due later, or never, is due then, and a reading of the
/// clock can still be added to it.
const LATEST_NS: u64 = u64::MAX / 2;

/// As many arrivals as are still drawn one by one where only their number is wanted: a millisecond or so.
const COUNTED_ONE_BY_ONE: f64 = 100_000.0;

/// Times from the start of the load, in nanoseconds, in ascending order, without end.
#[derive(Debug)]
pub struct Arrivals {
    gaps: Gaps,
}

#[derive(Debug)]
enum Gaps {
    Exponential { mean_ns: f64, random: Box<ChaCha8Rng>, next_ns: f64 },
    Equal { gap_ns: f64, index: u64 },
}

impl Arrivals {
    /// Exponential gaps with the given mean rate per second, which is positive. ChaCha8 and the exponential
    /// sampler keep their streams across versions, so that a seed in an old record still gives its arrivals.
    pub fn poisson(rate_per_s: f64, seed: u64) -> Arrivals {
        let mut random = Box::new(ChaCha8Rng::seed_from_u64(seed));
        // Finite, so that no product with it is undefined.
        let mean_ns = (1e9 / rate_per_s).min(f64::MAX);
        let next_ns = exponential(mean_ns, &mut random);
        Arrivals { gaps: Gaps::Exponential { mean_ns, random, next_ns } }
    }

    /// Equal gaps; the first arrival is half a gap from the start, so that any window holds rate times window.
    pub fn constant(rate_per_s: f64) -> Arrivals {
        Arrivals { gaps: Gaps::Equal { gap_ns: (1e9 / rate_per_s).min(f64::MAX), index: 0 } }
    }

    /// Passes over so many.
    fn pass_over(&mut self, count: u64) {
        match &mut self.gaps {
            Gaps::Exponential { mean_ns, random, next_ns } => {
                (0..count).for_each(|_| *next_ns += exponential(*mean_ns, random));
            }
            Gaps::Equal { index, .. } => *index += count,
        }
    }

    /// Passes over all that are due before `end_ns`, and says how many those were. Of exponential gaps a large number is
    /// drawn from the Poisson distribution of its mean, with the random numbers that would have made the gaps: as likely
    /// as any other, and not the one that counting would have come to.
    fn pass_until(&mut self, end_ns: u64) -> u64 {
        let end_ns = end_ns.min(LATEST_NS);
        match &mut self.gaps {
            Gaps::Equal { gap_ns, index } => {
                let begun = *index;
                *index = equal_gaps_until(*gap_ns, end_ns).max(begun);
                *index - begun
            }
            Gaps::Exponential { mean_ns, random, next_ns } => {
                let mut count = 0;
                let expected = (end_ns as f64 - *next_ns) / *mean_ns;
                let drawn = if expected < COUNTED_ONE_BY_ONE { None } else { Poisson::new(expected).ok() };
                if let Some(number) = drawn {
                    // The next is known, and those behind it do not depend on when that is, nor those behind the end on
                    // any before it.
                    count = 1 + number.sample(random.as_mut()) as u64;
                    *next_ns = end_ns as f64 + exponential(*mean_ns, random);
                }
                while in_ns(*next_ns) < end_ns {
                    count += 1;
                    *next_ns += exponential(*mean_ns, random);
                }
                count
            }
        }
    }
}

impl Iterator for Arrivals {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        let due_ns = match &self.gaps {
            Gaps::Exponential { next_ns, .. } => in_ns(*next_ns),
            Gaps::Equal { gap_ns, index } => equal_gaps(*gap_ns, *index),
        };
        self.pass_over(1);
        Some(due_ns)
    }
}

#[inline]
fn exponential(mean_ns: f64, random: &mut ChaCha8Rng) -> f64 {
    let unit: f64 = Exp1.sample(random);
    mean_ns * unit
}

/// When the arrival of this number is due, where gaps are equal.
#[inline]
fn equal_gaps(gap_ns: f64, index: u64) -> u64 {
    in_ns((index as f64 + 0.5) * gap_ns)
}

/// How many of equal gaps are due before `end_ns`.
fn equal_gaps_until(gap_ns: f64, end_ns: u64) -> u64 {
    let mut count = (end_ns as f64 / gap_ns - 0.5).ceil() as u64;
    // A quotient is rounded, and the product decides.
    while count > 0 && equal_gaps(gap_ns, count - 1) >= end_ns {
        count -= 1;
    }
    while equal_gaps(gap_ns, count) < end_ns {
        count += 1;
    }
    count
}

#[inline]
fn in_ns(time_ns: f64) -> u64 {
    (time_ns as u64).min(LATEST_NS)
}

/// One worker's part of the arrivals: every `workers`-th, beginning with number `worker`.
#[derive(Debug)]
pub struct Share {
    arrivals: Arrivals,
    index: u64,
    worker: u64,
    workers: u64,
}

/// One arrival of a [`Share`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Its number in the whole schedule.
    pub(crate) index: u64,
    /// When it is due, from the start of the load.
    pub due_ns: u64,
}

impl Share {
    /// `worker` counts from 0 and is below `workers`.
    pub fn new(arrivals: Arrivals, worker: u32, workers: u32) -> Share {
        Share { arrivals, index: 0, worker: worker.into(), workers: workers.into() }
    }

    /// Passes over all arrivals that are due before `end_ns`, from the start of the load, and says how many of them were
    /// this worker's. Takes no time worth speaking of, however many they are: equal gaps are counted exactly, and so are
    /// exponential ones where they are fewer than some 100,000; a larger number of those is drawn at random and right on
    /// average.
    fn pass_until(&mut self, end_ns: u64) -> u64 {
        let begun = self.index;
        self.index += self.arrivals.pass_until(end_ns);
        numbered(self.worker, self.workers, self.index) - numbered(self.worker, self.workers, begun)
    }

    /// How many of this worker's arrivals are due within a time from the start of the load and numbered below `end`. Counted
    /// one by one, as a load takes them up, so that the number is exact; a machine sends some millions of them in a second at
    /// most. The share is used up.
    pub(crate) fn count_between(self, within: Range<u64>, end: u64) -> u64 {
        let due = self.take_while(|arrival| arrival.due_ns < within.end && arrival.index < end);
        due.filter(|arrival| arrival.due_ns >= within.start).count() as u64
    }

    /// What is left within a time from the start of the load, from `next` on, which was drawn last: the first of it and how
    /// many there are, numbered below `end` where that is what ends the load, and counted as in [`Share::pass_until`] elsewhere.
    /// Absent where nothing is left. The share is used up.
    pub(crate) fn left(mut self, next: Arrival, within: Range<u64>, end: Option<u64>) -> Option<(Arrival, u64)> {
        let mut first = next;
        if next.due_ns < within.start {
            self.pass_until(within.start);
            first = self.next()?;
        }
        let is_left = first.due_ns < within.end && end.is_none_or(|end| first.index < end);
        let behind = match end {
            Some(end) => self.left_below(end),
            None => self.pass_until(within.end),
        };
        is_left.then_some((first, 1 + behind))
    }

    /// How many of this worker's arrivals that are still to come are numbered below `end`.
    fn left_below(&self, end: u64) -> u64 {
        let begun = self.index.min(end);
        numbered(self.worker, self.workers, end) - numbered(self.worker, self.workers, begun)
    }
}

/// How many of the numbers below `end` are the worker's.
fn numbered(worker: u64, workers: u64, end: u64) -> u64 {
    end.saturating_sub(worker).div_ceil(workers)
}

impl Iterator for Share {
    type Item = Arrival;

    #[inline]
    fn next(&mut self) -> Option<Arrival> {
        let others = (self.worker + self.workers - self.index % self.workers) % self.workers;
        self.arrivals.pass_over(others);
        let index = self.index + others;
        let due_ns = self.arrivals.next()?;
        self.index = index + 1;
        Some(Arrival { index, due_ns })
    }
}

// That they fit their process, and that workers share them without loss, is a known answer: `selftest/rows/timing.rs`.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_gives_the_same_arrivals() {
        let first: Vec<u64> = Arrivals::poisson(1_000.0, 7).take(4).collect();
        assert_eq!(first, FIRST_OF_SEED_7, "the stream of a seed must not change: old records name it");
        let again: Vec<u64> = Arrivals::poisson(1_000.0, 7).take(4).collect();
        assert_eq!(first, again);
        assert_ne!(first, Arrivals::poisson(1_000.0, 8).take(4).collect::<Vec<_>>());
    }

    const FIRST_OF_SEED_7: [u64; 4] = [158_320, 632_676, 2_781_345, 3_187_667];

    const SECOND_NS: u64 = 1_000_000_000;

    /// Arrivals at this rate, of both kinds.
    fn both(rate_per_s: f64) -> [Arrivals; 2] {
        [Arrivals::poisson(rate_per_s, 7), Arrivals::constant(rate_per_s)]
    }

    #[test]
    fn equal_gaps_begin_with_half_of_one_and_stay_equal() {
        assert_eq!(Arrivals::constant(1_000.0).take(3).collect::<Vec<_>>(), [500_000, 1_500_000, 2_500_000]);
        let mut after_an_hour = Arrivals::constant(3e6);
        after_an_hour.pass_over(3 * 3_600 * 1_000_000);
        assert_eq!(after_an_hour.next(), Some(3_600 * SECOND_NS + 166));
    }

    #[test]
    fn what_is_never_due_is_due_at_the_latest_time_again_and_again() {
        for rate in [1e-12, 1e-300, f64::MIN_POSITIVE] {
            for arrivals in both(rate) {
                let due: Vec<u64> = arrivals.take(5).collect();
                assert!(due.is_sorted() && due[4] == LATEST_NS, "{rate}: {due:?}");
            }
            for arrivals in both(rate) {
                assert_eq!(Share::new(arrivals, 0, 1).pass_until(3_600 * SECOND_NS), 0, "{rate}");
            }
        }
    }

    #[test]
    fn the_rest_of_a_share_is_what_counting_comes_to() {
        for (rate, workers, begun) in
            [(1_000.0, 1, 0), (1_000.0, 7, 3), (333.3, 4, 100), (0.5, 3, 0), (9_999.9, 250, 1)]
        {
            for worker in [0, workers - 1] {
                for (mine, counted) in both(rate).into_iter().zip(both(rate)) {
                    let mut mine = Share::new(mine, worker, workers);
                    let mut counted = Share::new(counted, worker, workers);
                    mine.by_ref().take(begun).for_each(drop);
                    counted.by_ref().take(begun).for_each(drop);
                    let end_ns = 3 * SECOND_NS;
                    let count = counted.take_while(|arrival| arrival.due_ns < end_ns).count() as u64;
                    let rest = mine.pass_until(SECOND_NS) + mine.pass_until(end_ns);
                    assert_eq!(rest, count, "{rate} {worker} of {workers} after {begun}");
                    assert!(mine.next().unwrap().due_ns >= end_ns);
                }
            }
        }
    }

    /// What an overloaded generator had in its warm-up still to take up belongs to no count, and what lies behind it does.
    #[test]
    fn what_is_left_of_a_window_is_left_too_where_the_warm_up_did_not_come_to_its_end() {
        let window = || 2 * SECOND_NS..3 * SECOND_NS;
        for (worker, taken_up) in [(0, 0), (0, 100), (1, 700), (2, 800)] {
            for rate in [1_000.0, 30_000.0] {
                for (mut share, mut counted) in both(rate)
                    .into_iter()
                    .zip(both(rate))
                    .map(|(mine, counted)| (Share::new(mine, worker, 3), Share::new(counted, worker, 3)))
                {
                    share.by_ref().take(taken_up).for_each(drop);
                    let next = share.next().unwrap();
                    let in_window: Vec<Arrival> = counted
                        .by_ref()
                        .skip(taken_up)
                        .take_while(|arrival| arrival.due_ns < window().end)
                        .filter(|arrival| arrival.due_ns >= window().start)
                        .collect();
                    let (first, count) = share.left(next, window(), None).unwrap();
                    assert_eq!((first.index, first.due_ns), (in_window[0].index, in_window[0].due_ns));
                    assert_eq!(count, in_window.len() as u64, "{rate} {worker} after {taken_up}");
                }
            }
        }
        let mut numbered = Share::new(Arrivals::constant(1_000.0), 0, 1);
        let next = numbered.next().unwrap();
        let (first, count) = numbered.left(next, 0..u64::MAX, Some(700)).unwrap();
        assert_eq!((first.index, count), (0, 700));
    }

    #[test]
    fn the_rest_of_equal_gaps_is_exact_to_the_nanosecond() {
        for (end_ns, count) in [(0, 0), (50, 0), (51, 1), (150, 1), (151, 2), (3_600 * SECOND_NS, 36_000_000_000)] {
            assert_eq!(Share::new(Arrivals::constant(1e7), 0, 1).pass_until(end_ns), count, "{end_ns}");
        }
        let third = |worker: u32| Share::new(Arrivals::constant(1e7), worker, 3).pass_until(1_000);
        assert_eq!([0, 1, 2].map(third), [4, 3, 3]);
    }

    /// Were they counted one by one, this test would take an hour.
    #[test]
    fn a_rest_of_billions_is_drawn_with_the_right_mean() {
        const SEEDS: u64 = 400;
        let expected = 1e7 * 3_600.0;
        let share = |seed: u64| Share::new(Arrivals::poisson(1e7, seed), 1, 250);
        let rest = |seed: u64| share(seed).pass_until(3_600 * SECOND_NS) as f64;
        let drawn: Vec<f64> = (0..SEEDS).map(|seed| rest(seed) * 250.0).collect();
        let mean = drawn.iter().sum::<f64>() / SEEDS as f64;
        let variance = drawn.iter().map(|rest| (rest - mean).powi(2)).sum::<f64>() / SEEDS as f64;
        // Four standard errors of a mean; a Poisson number's variance is its mean.
        assert!((mean - expected).abs() < 4.0 * (expected / SEEDS as f64).sqrt(), "{mean}");
        assert!((0.7..1.4).contains(&(variance / expected)), "{variance}");
        assert_eq!(rest(5), rest(5), "a seed always gives the same");
        let mut share = share(5);
        share.pass_until(3_600 * SECOND_NS);
        let next = share.next().unwrap();
        assert!((next.index % 250, next.due_ns / SECOND_NS) == (1, 3_600), "{next:?}");
    }
}
