//! A few recorded moments of a traced window, one after another: what each thread does, which requests wait without one, and how
//! many clients nobody serves just then.
//!
//! Every moment is one at which something began in the window; nothing is made up in between. Must not know: sentences, pixels.
//! Beside it: `../record/timeline.rs`, what was recorded; `../words/card/windows.rs`, `../charts/moments.rs`.

use std::collections::BTreeSet;

use crate::record::{SpanState, Timeline};

/// As many as somebody steps through.
pub(crate) const MOST_MOMENTS: usize = 6;

/// How things stood at one moment of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TracedMoment {
    /// Nanoseconds since the start of the window.
    pub(crate) at_ns: u64,
    /// What each thread does that did anything in the window, in the order of its lanes.
    pub(crate) threads: Vec<ThreadAt>,
    /// The connections whose requests wait without a thread.
    pub(crate) suspended: Vec<u32>,
    /// Connections of which nothing goes on in the server: their request is not taken up, or their answer is on its way.
    pub(crate) unserved: u32,
}

/// What a thread does, and for which connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ThreadAt {
    Runs(u32),
    Parked(u32),
    Free,
}

impl TracedMoment {
    /// How things stood at a time.
    pub(crate) fn of(timeline: &Timeline, at_ns: u64) -> TracedMoment {
        let now = |state: SpanState| {
            let spans = timeline.spans(state).filter(move |(_, span)| span.from_ns <= at_ns && at_ns < span.until_ns);
            spans.map(|(lane, span)| (lane, span.connection))
        };
        let mut threads = vec![ThreadAt::Free; timeline.lanes.len()];
        now(SpanState::Parked).for_each(|(lane, connection)| threads[lane] = ThreadAt::Parked(connection));
        now(SpanState::Running).for_each(|(lane, connection)| threads[lane] = ThreadAt::Runs(connection));
        let suspended: BTreeSet<u32> = now(SpanState::Suspended).map(|(_, connection)| connection).collect();
        let mut served = suspended.clone();
        served.extend(threads.iter().filter_map(|thread| thread.connection()));
        TracedMoment {
            at_ns,
            threads,
            suspended: suspended.into_iter().collect(),
            unserved: timeline.connections.saturating_sub(served.len() as u32),
        }
    }

    pub(crate) fn running(&self) -> usize {
        self.threads.iter().filter(|thread| matches!(thread, ThreadAt::Runs(_))).count()
    }

    pub(crate) fn parked(&self) -> usize {
        self.threads.iter().filter(|thread| matches!(thread, ThreadAt::Parked(_))).count()
    }

    /// How different two are: by how many threads, requests and clients.
    fn apart(&self, other: &TracedMoment) -> usize {
        let counts = |one: &TracedMoment| [one.running(), one.parked(), one.suspended.len(), one.unserved as usize];
        counts(self).into_iter().zip(counts(other)).map(|(one, other)| one.abs_diff(other)).sum()
    }
}

impl ThreadAt {
    fn connection(self) -> Option<u32> {
        match self {
            ThreadAt::Runs(connection) | ThreadAt::Parked(connection) => Some(connection),
            ThreadAt::Free => None,
        }
    }
}

/// The first moment of a window, and those that differ most from each other, in their order. Fewer where little changes.
pub(crate) fn moments(timeline: &Timeline) -> Vec<TracedMoment> {
    let starts = timeline.lanes.iter().flat_map(|lane| &lane.spans).map(|span| span.from_ns);
    let times: BTreeSet<u64> = starts.filter(|at| *at < timeline.window_ns).collect();
    let all: Vec<TracedMoment> = times.into_iter().map(|at| TracedMoment::of(timeline, at)).collect();
    let mut chosen: Vec<&TracedMoment> = all.first().into_iter().collect();
    while chosen.len() < MOST_MOMENTS {
        let nearest = |one: &TracedMoment| chosen.iter().map(|other| one.apart(other)).min().unwrap_or(0);
        // Of those that are equally far the first, so that the same records give the same moments.
        let next = all.iter().rev().max_by_key(|one| nearest(one)).filter(|one| nearest(one) > 0);
        let Some(next) = next else { break };
        chosen.push(next);
    }
    chosen.sort_by_key(|one| one.at_ns);
    chosen.into_iter().cloned().collect()
}

/// The one that tells most by itself: in which most is waited for.
pub(crate) fn still(moments: &[TracedMoment]) -> usize {
    let waits = |one: &TracedMoment| (one.suspended.len() + one.parked(), one.unserved);
    let most = moments.iter().enumerate().rev().max_by_key(|(_, one)| waits(one));
    most.map_or(0, |(place, _)| place)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use SpanState::{Parked, Running, Suspended};

    /// One thread that leaves three requests to wait and takes the first up again.
    pub(crate) fn one_thread() -> Timeline {
        let spans = [
            (Running, 1, 0, 10),
            (Suspended, 1, 10, 60),
            (Running, 2, 10, 20),
            (Suspended, 2, 20, 90),
            (Running, 3, 20, 30),
            (Suspended, 3, 30, 95),
            (Running, 1, 60, 70),
        ];
        Timeline::of_lanes(4, &[&spans])
    }

    #[test]
    fn a_moment_accounts_for_every_connection() {
        let line = one_thread();
        let at = |at_ns| TracedMoment::of(&line, at_ns);
        assert_eq!(
            at(0),
            TracedMoment { at_ns: 0, threads: vec![ThreadAt::Runs(1)], suspended: Vec::new(), unserved: 3 }
        );
        let (busy, free) = (at(25), at(40));
        assert_eq!((&busy.threads[..], &busy.suspended[..], busy.unserved), (&[ThreadAt::Runs(3)][..], &[1, 2][..], 1));
        assert_eq!((&free.threads[..], &free.suspended[..], free.unserved), (&[ThreadAt::Free][..], &[1, 2, 3][..], 1));
        let held = Timeline::of_lanes(3, &[&[(Running, 1, 0, 10), (Parked, 1, 10, 90)]]);
        assert_eq!((TracedMoment::of(&held, 50).parked(), TracedMoment::of(&held, 50).unserved), (1, 2));
    }

    #[test]
    fn moments_are_recorded_ones_in_order_and_each_is_another() {
        let line = one_thread();
        let starts: Vec<u64> = line.lanes[0].spans.iter().map(|span| span.from_ns).collect();
        let found = moments(&line);
        assert!(found.len() > 2 && found[0].at_ns == 0, "{found:?}");
        assert!(found.is_sorted_by(|one, next| one.at_ns < next.at_ns && one.apart(next) > 0), "{found:?}");
        assert!(found.iter().all(|one| starts.contains(&one.at_ns)));
        assert_eq!(found[still(&found)].suspended, [1, 2, 3]);
        assert!(moments(&Timeline::of_lanes(3, &[])).is_empty());
        assert_eq!(moments(&Timeline::of_lanes(1, &[&[(Parked, 1, 0, 100)]])).len(), 1, "nothing changes");
    }

    #[test]
    fn a_long_window_has_no_more_moments_than_somebody_steps_through() {
        let spans: Vec<_> = (0..50).map(|n| (Suspended, n + 1, u64::from(n), 100)).collect();
        assert_eq!(moments(&Timeline::of_lanes(50, &[&spans])).len(), MOST_MOMENTS);
    }
}
