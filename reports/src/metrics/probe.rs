//! What is read from a probe, request by request: how it fared while something was done to its server, and apart from
//! that.
//!
//! Must not know: what was done. Beside it: `study/trial.rs`, which tells the two times apart.

use super::{Certainty, Reading};
use crate::record::{Cell, Fate, RequestEvent};
use crate::stats::{Distribution, Quantile, proportion};
use crate::study::Pool;

/// Which requests of a probe are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum During {
    Disturbance,
    RestOfTheTime,
}

fn events<'a>(pool: &'a Pool<'_>, during: During) -> Vec<&'a RequestEvent> {
    let disturbed = pool.cells.iter().filter(|cell| cell.disturbance.is_some());
    let of_cell = |cell: &&'a Cell| -> Vec<&'a RequestEvent> {
        match during {
            During::Disturbance => cell.disturbed().collect(),
            During::RestOfTheTime => cell.undisturbed().collect(),
        }
    };
    disturbed.flat_map(of_cell).collect()
}

/// The share that got a correct reply in time.
pub(super) fn success(pool: &Pool<'_>, during: During) -> Reading {
    let events = events(pool, during);
    let ok = events.iter().filter(|event| event.fate == Fate::Ok).count();
    proportion(ok as u64, events.len() as u64).into()
}

/// An answer that takes more than so many times the median of the undisturbed probe is slow.
const SLOW: f64 = 10.0;

/// The share of answers that were slow, of all requests.
pub(super) fn slow(pool: &Pool<'_>) -> Reading {
    slow_answers(pool)
        .map_or(Reading::Absent, |slow| proportion(slow, events(pool, During::Disturbance).len() as u64).into())
}

/// How many answers were slow; absent where no undisturbed answer says what is usual.
pub(crate) fn slow_answers(pool: &Pool<'_>) -> Option<u64> {
    let usual_ns = response(pool, During::RestOfTheTime, 0.5).value()?;
    let is_slow = |event: &&&RequestEvent| event.fate == Fate::Ok && event.took_ns as f64 > SLOW * usual_ns;
    Some(events(pool, During::Disturbance).iter().filter(is_slow).count() as u64)
}

/// A percentile of the response time; what got no correct reply ranks last.
pub(super) fn response(pool: &Pool<'_>, during: During, p: f64) -> Reading {
    let events = events(pool, during);
    if events.is_empty() {
        return Reading::Absent;
    }
    let answered = Distribution::of_values(events.iter().filter(|e| e.fate == Fate::Ok).map(|event| event.took_ns));
    Quantile::of_requests(&answered, answered.len(), events.len() as u64, pool.timeout_ns(), p).into()
}

/// The longest that a request of the disturbed time took to its end, however it ended.
pub(super) fn longest_wait(pool: &Pool<'_>) -> Reading {
    let events = events(pool, During::Disturbance);
    // Of two that took as long, one without a reply is the longer: it was still waiting.
    match events.iter().max_by_key(|event| (event.took_ns, event.fate != Fate::Ok)) {
        Some(event) if event.fate == Fate::Ok => Reading::Measured(event.took_ns as f64, Certainty::Unknown),
        Some(event) => Reading::Beyond(event.took_ns),
        None => Reading::Absent,
    }
}

/// Connections that the disturbance held when the first failing request was due.
pub(super) fn held_at_first_failure(pool: &Pool<'_>) -> Reading {
    over_blocks(pool, |cell| match cell.first_failure() {
        Some(event) => cell.held_at(event.at_ns).map(Block::Is),
        None => most_held(cell).map(Block::Above),
    })
}

fn most_held(cell: &Cell) -> Option<u64> {
    cell.disturbance.as_ref()?.course.iter().map(|progress| progress.held).max()
}

/// From the first failure to the first correct reply after it; nothing to recover from takes no time.
pub(super) fn recovery(pool: &Pool<'_>) -> Reading {
    over_blocks(pool, |cell| {
        cell.disturbed().next()?;
        let Some(failed) = cell.first_failure() else { return Some(Block::Is(0)) };
        let end_ns = cell.load.warm_up_ns.saturating_add(cell.load.window_ns);
        let never = Block::Above(end_ns.saturating_sub(failed.at_ns));
        Some(cell.recovery_ns().map_or(never, Block::Is))
    })
}

/// What one block says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    Is(u64),
    /// More than it could tell.
    Above(u64),
}

/// The median over the blocks, and their range where there are several. A block that could not tell ranks last.
pub(super) fn over_blocks(pool: &Pool<'_>, of: impl Fn(&Cell) -> Option<Block>) -> Reading {
    let blocks = pool.cells.iter().map(|cell| of(cell)).collect::<Option<Vec<Block>>>();
    blocks.map_or(Reading::Absent, median)
}

/// Of an even number the mean of the middle two.
fn median(mut blocks: Vec<Block>) -> Reading {
    blocks.sort_by_key(|block| match block {
        Block::Is(value) => (false, *value),
        Block::Above(value) => (true, *value),
    });
    let end = |block: &Block| match block {
        Block::Is(value) => Some(*value as f64),
        Block::Above(_) => None,
    };
    let ([first, .., last] | [first @ last]) = blocks.as_slice() else { return Reading::Absent };
    let (lower, upper) = (blocks[(blocks.len() - 1) / 2], blocks[blocks.len() / 2]);
    let value = match (lower, upper) {
        (Block::Is(lower), Block::Is(upper)) => lower as f64 / 2.0 + upper as f64 / 2.0,
        // The upper one is no less than the lower, and more than it could tell.
        (Block::Is(lower) | Block::Above(lower), Block::Above(upper) | Block::Is(upper)) => {
            return Reading::Beyond(lower.midpoint(upper.max(lower)));
        }
    };
    match end(first) {
        Some(lo) if blocks.len() > 1 => Reading::Measured(value, Certainty::Range { lo, hi: end(last) }),
        _ => Reading::Measured(value, Certainty::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_could_not_tell_ranks_last() {
        let (a, b, c) = (Block::Is(7), Block::Is(9), Block::Above(3));
        assert_eq!(median(vec![]), Reading::Absent);
        assert_eq!(median(vec![a]), Reading::Measured(7.0, Certainty::Unknown));
        let range = |value, lo, hi| Reading::Measured(value, Certainty::Range { lo, hi });
        assert_eq!(median(vec![c, b, a]), range(9.0, 7.0, None));
        assert_eq!(median(vec![b, a, a]), range(7.0, 7.0, Some(9.0)));
        assert_eq!(median(vec![c, c, a]), Reading::Beyond(3));
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let is = |values: &[u64]| median(values.iter().copied().map(Block::Is).collect());
        assert_eq!(is(&[9, 1, 4, 3]).value(), Some(3.5));
        assert_eq!(is(&[8, 2]), Reading::Measured(5.0, Certainty::Range { lo: 2.0, hi: Some(8.0) }));
        // One of the middle two is more than could be told, and no less than the other.
        assert_eq!(median(vec![Block::Is(10), Block::Above(30)]), Reading::Beyond(20));
        assert_eq!(median(vec![Block::Is(10), Block::Above(4)]), Reading::Beyond(10));
    }
}
