//! What is read from a probe, request by request: how it fared while something was done to its server, and apart from
//! that.
//!
//! Must not know: what was done. Beside it: `study/trial.rs`, which tells the two times apart.

use super::{Certainty, Reading};
use crate::record::{Cell, Fate, RequestEvent};
use crate::stats::{BlockValue, Quantile, median, proportion};
use crate::study::{During, Pool, ProbeTimes};

/// The share that got a correct reply in time.
pub(super) fn success(pool: &Pool<'_>, during: During) -> Reading {
    let times = pool.probe_times(during);
    proportion(times.answered.len(), times.requests).into()
}

/// An answer that takes more than so many times the median of the undisturbed probe is slow.
const SLOW: f64 = 10.0;

/// The share of answers that were slow, of all requests.
pub(super) fn slow(pool: &Pool<'_>) -> Reading {
    slow_answers(pool)
        .map_or(Reading::Absent, |slow| proportion(slow, pool.probe_times(During::Disturbance).requests).into())
}

/// How many answers were slow; absent where no undisturbed answer says what is usual.
pub(crate) fn slow_answers(pool: &Pool<'_>) -> Option<u64> {
    let usual_ns = response(pool, During::RestOfTheTime, 0.5).value()?;
    let is_slow = |event: &&RequestEvent| event.fate == Fate::Ok && event.took_ns as f64 > SLOW * usual_ns;
    Some(pool.probed(During::Disturbance).filter(is_slow).count() as u64)
}

/// A percentile of the response time; what got no correct reply ranks last.
pub(super) fn response(pool: &Pool<'_>, during: During, p: f64) -> Reading {
    let ProbeTimes { requests, answered } = pool.probe_times(during);
    if *requests == 0 {
        return Reading::Absent;
    }
    Quantile::of_requests(answered, answered.len(), *requests, pool.timeout_ns(), p).into()
}

/// The longest that a request of the disturbed time took to its end, however it ended.
pub(super) fn longest_wait(pool: &Pool<'_>) -> Reading {
    // Of two that took as long, one without a reply is the longer: it was still waiting.
    match pool.probed(During::Disturbance).max_by_key(|event| (event.took_ns, event.fate != Fate::Ok)) {
        Some(event) if event.fate == Fate::Ok => Reading::Measured(event.took_ns as f64, Certainty::Unknown),
        Some(event) => Reading::Beyond(event.took_ns),
        None => Reading::Absent,
    }
}

/// Connections that the disturbance held when the first failing request was due.
pub(super) fn held_at_first_failure(pool: &Pool<'_>) -> Reading {
    over_blocks(pool, |cell| match cell.first_failure() {
        Some(event) => cell.held_at(event.at_ns).map(exactly),
        None => most_held(cell).map(more_than),
    })
}

fn most_held(cell: &Cell) -> Option<u64> {
    cell.disturbance.as_ref()?.course.iter().map(|progress| progress.held).max()
}

/// From the first failure to the first correct reply after it; nothing to recover from takes no time.
pub(super) fn recovery(pool: &Pool<'_>) -> Reading {
    over_blocks(pool, |cell| {
        cell.probed(During::Disturbance).next()?;
        let Some(failed) = cell.first_failure() else { return Some(exactly(0)) };
        let never = more_than(cell.load.end_ns().saturating_sub(failed.at_ns));
        Some(cell.recovery_ns().map_or(never, exactly))
    })
}

/// What one block says.
pub(super) fn exactly(count: u64) -> BlockValue {
    BlockValue::Is(count as f64)
}

/// What one block says that could not tell how much more.
pub(super) fn more_than(count: u64) -> BlockValue {
    BlockValue::Beyond(count as f64)
}

/// The median over the blocks, and their range where there are several.
pub(super) fn over_blocks(pool: &Pool<'_>, of: impl Fn(&Cell) -> Option<BlockValue>) -> Reading {
    let blocks = pool.cells.iter().map(|cell| of(cell)).collect::<Option<Vec<BlockValue>>>();
    blocks.map_or(Reading::Absent, |blocks| middle(&blocks))
}

fn middle(blocks: &[BlockValue]) -> Reading {
    let numbers =
        || blocks.iter().filter_map(|block| if let BlockValue::Is(value) = block { Some(*value) } else { None });
    match (median(blocks.iter().copied()), numbers().reduce(f64::min)) {
        (BlockValue::Is(value), Some(lo)) if blocks.len() > 1 => {
            let hi = numbers().reduce(f64::max).filter(|_| numbers().count() == blocks.len());
            Reading::Measured(value, Certainty::Range { lo, hi })
        }
        (BlockValue::Is(value), _) => Reading::Measured(value, Certainty::Unknown),
        (BlockValue::Beyond(least), _) => Reading::Beyond(least as u64),
        (BlockValue::Missing, _) => Reading::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_show_their_middle_and_how_far_they_reach() {
        let (a, b, c) = (exactly(7), exactly(9), more_than(3));
        let range = |value, lo, hi| Reading::Measured(value, Certainty::Range { lo, hi });
        assert_eq!(middle(&[]), Reading::Absent);
        assert_eq!(middle(&[a]), Reading::Measured(7.0, Certainty::Unknown));
        assert_eq!(middle(&[a, b]), range(8.0, 7.0, Some(9.0)));
        assert_eq!(middle(&[b, a, a]), range(7.0, 7.0, Some(9.0)));
        assert_eq!(middle(&[c, b, a]), range(9.0, 7.0, None));
        assert_eq!(middle(&[c, c, a]), Reading::Beyond(3));
    }
}
