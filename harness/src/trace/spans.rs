//! From notes to lanes: what each thread did for which request, and when.
//!
//! Pure. Must not know: models. Beside it: `window.rs`, which has a server make the notes.

use std::collections::BTreeMap;
use std::ops::Range;

use reports::record::{Lane, Span, SpanState};
use servers::{Moment, TraceEvent, TraceRecord};

/// The lanes of a window on the monotonic clock, in the order in which their threads first did something in it, with
/// times since its start.
pub(super) fn lanes(trace: &TraceRecord, window: &Range<u64>) -> Vec<Lane> {
    let mut by_connection: BTreeMap<u64, Vec<&TraceEvent>> = BTreeMap::new();
    for event in &trace.events {
        by_connection.entry(event.connection).or_default().push(event);
    }
    let mut by_thread: BTreeMap<u32, Vec<Span>> = BTreeMap::new();
    for events in by_connection.values() {
        for (thread, span) in spans(events, window.end) {
            by_thread.entry(thread).or_default().push(span);
        }
    }
    let lane = |(thread, mut spans): (u32, Vec<Span>)| {
        spans.sort_by_key(|span| (span.from_ns, span.connection));
        part(&mut spans);
        let spans = joined(spans.into_iter().filter_map(|span| within(span, window)));
        let name = trace.names.get(&thread).filter(|name| !name.is_empty()).cloned();
        Lane { thread, name, is_main: thread == trace.pid, spans }
    };
    let mut lanes: Vec<Lane> = by_thread.into_iter().map(lane).filter(|lane| !lane.spans.is_empty()).collect();
    lanes.sort_by_key(|lane| (lane.spans.first().map(|span| span.from_ns), lane.thread));
    lanes
}

/// What one connection's notes say, each span with its thread. What has not ended goes on until `end_ns`.
fn spans(events: &[&TraceEvent], end_ns: u64) -> Vec<(u32, Span)> {
    let mut found = Vec::new();
    let mut request = 0;
    for (place, event) in events.iter().enumerate() {
        let next = events.get(place + 1);
        let next_is = |moment| next.is_some_and(|next| next.moment == moment);
        let until_next = next.map_or(end_ns, |next| next.at_ns);
        let (state, until_ns) = match event.moment {
            // Bytes that complete no request are none's.
            Moment::Read if next_is(Moment::Begun) => (SpanState::Running, until_next),
            Moment::Begun | Moment::Resumed => (SpanState::Running, until_next),
            // The thread stays parked while another does the job for it.
            Moment::Parked => {
                let same = events[place + 1..].iter().find(|other| other.thread == event.thread);
                (SpanState::Parked, same.map_or(end_ns, |same| same.at_ns))
            }
            Moment::Suspended => (SpanState::Suspended, until_next),
            Moment::Ended if next_is(Moment::Written) => (SpanState::Running, until_next),
            Moment::Accepted | Moment::Read | Moment::Ended | Moment::Written => continue,
        };
        request += u32::from(event.moment == Moment::Begun);
        let number = if event.moment == Moment::Read || next_is(Moment::Begun) { request + 1 } else { request };
        let connection = u32::try_from(event.connection).unwrap_or(u32::MAX);
        found.push((event.thread, Span { connection, request: number, state, from_ns: event.at_ns, until_ns }));
    }
    found
}

/// A thread does one thing at a time: what held it ends where the next thing on it begins. Only a reply that the
/// kernel would not take at once can seem otherwise, since its task waits without a note.
fn part(spans: &mut [Span]) {
    let mut next_ns = u64::MAX;
    for span in spans.iter_mut().rev().filter(|span| span.state != SpanState::Suspended) {
        span.until_ns = span.until_ns.min(next_ns);
        next_ns = span.from_ns;
    }
}

/// Spans of one request in one state that follow each other are one: to read and then to begin is to run.
fn joined(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last)
                if last.until_ns == span.from_ns
                    && Span { from_ns: last.from_ns, ..span } == Span { until_ns: span.until_ns, ..*last } =>
            {
                last.until_ns = span.until_ns;
            }
            _ => joined.push(span),
        }
    }
    joined
}

/// The part of a span in the window; nothing where there is none.
fn within(span: Span, window: &Range<u64>) -> Option<Span> {
    let (from_ns, until_ns) = (span.from_ns.max(window.start), span.until_ns.min(window.end));
    let is_in = from_ns < until_ns;
    is_in.then(|| Span { from_ns: from_ns - window.start, until_ns: until_ns - window.start, ..span })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Moment::*;

    const MAIN: u32 = 100;

    fn traced(notes: &[(u64, u64, u32, Moment)]) -> TraceRecord {
        let event = |&(at_ns, connection, thread, moment)| TraceEvent { at_ns, connection, thread, moment };
        TraceRecord {
            pid: MAIN,
            names: BTreeMap::from([(8, "worker 1".to_owned())]),
            lost: 0,
            events: notes.iter().map(event).collect(),
        }
    }

    /// Thread, connection, request, state and times of every span.
    fn shown(notes: &[(u64, u64, u32, Moment)], window: Range<u64>) -> Vec<(u32, u32, u32, SpanState, u64, u64)> {
        let lanes = lanes(&traced(notes), &window);
        let spans = lanes.iter().flat_map(|lane| lane.spans.iter().map(move |span| (lane.thread, span)));
        spans.map(|(thread, s)| (thread, s.connection, s.request, s.state, s.from_ns, s.until_ns)).collect()
    }

    #[test]
    fn a_thread_is_parked_for_its_whole_sleep() {
        let notes = [
            (10, 1, 7, Accepted),
            (20, 1, 8, Read),
            (21, 1, 8, Begun),
            (22, 1, 8, Parked),
            (60, 1, 8, Resumed),
            (61, 1, 8, Ended),
            (63, 1, 8, Written),
        ];
        assert_eq!(
            shown(&notes, 20..100),
            [
                (8, 1, 1, SpanState::Running, 0, 2),
                (8, 1, 1, SpanState::Parked, 2, 40),
                (8, 1, 1, SpanState::Running, 40, 43)
            ]
        );
    }

    #[test]
    fn a_suspended_request_leaves_the_thread_to_another_and_may_go_on_elsewhere() {
        let notes = [
            (0, 1, 8, Begun),
            (2, 1, 8, Suspended),
            (3, 2, 8, Begun),
            (5, 2, 8, Suspended),
            (9, 1, 9, Resumed),
            (11, 1, 9, Ended),
            (12, 1, 9, Written),
        ];
        assert_eq!(
            shown(&notes, 0..10),
            [
                (8, 1, 1, SpanState::Running, 0, 2),
                (8, 1, 1, SpanState::Suspended, 2, 9),
                (8, 2, 1, SpanState::Running, 3, 5),
                (8, 2, 1, SpanState::Suspended, 5, 10),
                (9, 1, 1, SpanState::Running, 9, 10)
            ]
        );
    }

    #[test]
    fn a_thread_stays_parked_while_another_computes_for_it() {
        let notes = [(1, 1, 8, Begun), (2, 1, 8, Parked), (3, 1, 9, Resumed), (6, 1, 9, Suspended), (7, 1, 8, Resumed)];
        assert_eq!(
            shown(&notes, 1..9),
            [
                (8, 1, 1, SpanState::Running, 0, 1),
                (8, 1, 1, SpanState::Parked, 1, 6),
                (8, 1, 1, SpanState::Running, 6, 8),
                (9, 1, 1, SpanState::Running, 2, 5),
                (9, 1, 1, SpanState::Suspended, 5, 6)
            ]
        );
    }

    #[test]
    fn requests_of_a_connection_are_numbered_and_half_a_request_is_none() {
        let notes = [(1, 1, 8, Read), (2, 1, 8, Read), (3, 1, 8, Begun), (4, 1, 8, Ended), (5, 1, 8, Written)];
        let again = notes.map(|(at, connection, thread, moment)| (at + 10, connection, thread, moment));
        let shown = shown(&[notes, again].concat(), 0..99);
        let numbers: Vec<(u32, u64)> = shown.iter().map(|span| (span.2, span.4)).collect();
        assert_eq!(numbers, [(1, 2), (2, 12)]);
    }

    #[test]
    fn a_lane_has_the_name_of_its_thread() {
        let notes = [(1, 1, 8, Begun), (2, 2, 9, Begun), (3, 1, 8, Ended), (4, 2, 9, Ended)];
        let names: Vec<String> = lanes(&traced(&notes), &(0..20)).iter().map(|lane| lane.label(5)).collect();
        assert_eq!(names, ["worker 1", "thread 5"]);
    }

    #[test]
    fn nothing_on_a_thread_overlaps() {
        let notes = [
            (1, 1, MAIN, Ended),
            (3, 2, MAIN, Begun),
            (5, 2, MAIN, Ended),
            (6, 2, MAIN, Written),
            (9, 1, MAIN, Written),
        ];
        let lanes = lanes(&traced(&notes), &(0..20));
        assert!(lanes[0].is_main && lanes.len() == 1);
        assert!(lanes[0].spans.windows(2).all(|pair| pair[0].until_ns <= pair[1].from_ns), "{lanes:?}");
    }
}
