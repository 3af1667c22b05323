//! What is seen in traced windows: of two, who kept a thread, who left it to others, and who waited; of one, what its moments
//! show.
//!
//! Must not know: HTML, pixels. Beside it: `why.rs`; `../../mechanism/moments.rs`.

use super::why::{Sides, cost};
use crate::format::{Unit, count, counted};
use crate::mechanism::ServingCost;
use crate::mechanism::moments::TracedMoment;
use crate::record::{SpanState, Timeline};
use crate::scorecard::Topic;
use crate::words::Title;

pub(super) fn lanes_title(timelines: &[&Timeline; 2], sides: &Sides<'_>) -> String {
    let [behind, ahead] = sides.order;
    let [worse, better] = [behind, ahead].map(|side| sides.shorts[side]);
    let [held, other] = [behind, ahead].map(|side| timelines[side]);
    let others = others_waiting(held);
    match sides.row.topic {
        Topic::HeldUp { .. } if others > 0 && held.lanes.len() == 1 => {
            format!("With {worse} one blocked request keeps the only thread")
        }
        Topic::HeldUp { .. } if others > 0 => {
            format!("With {worse} blocked requests keep all {} threads", held.lanes.len())
        }
        _ => on_threads([held, other], better),
    }
}

/// Of two traced windows under requests that wait, the one with more threads first.
pub(crate) fn lanes_seen([first, second]: [&Timeline; 2], shorts: [&str; 2]) -> String {
    if first.lanes.len() >= second.lanes.len() {
        on_threads([first, second], shorts[1])
    } else {
        on_threads([second, first], shorts[0])
    }
}

fn on_threads([one, other]: [&Timeline; 2], short_of_other: &str) -> String {
    let threads = counted(one.lanes.len() as u64, "thread");
    format!("{} wait on {threads}; with {short_of_other} on {}", counted(one.under_way(), "request"), other.lanes.len())
}

/// Clients whose requests were not under way while others' were.
fn others_waiting(timeline: &Timeline) -> u64 {
    u64::from(timeline.connections).saturating_sub(timeline.under_way())
}

pub(super) fn lanes(who: &str, timeline: &Timeline, side: &ServingCost, topic: &Topic) -> String {
    let (requests, others) = (timeline.under_way(), others_waiting(timeline));
    let threads = counted(timeline.lanes.len() as u64, "thread");
    let parked = timeline.spans(SpanState::Parked).count() > 0;
    let left = timeline.spans(SpanState::Suspended).count() > 0;
    let what = if matches!(topic, Topic::HeldUp { .. }) { "blocks" } else { "waits" };
    let served = match (parked, left) {
        (true, false) if others > 0 && timeline.lanes.len() == 1 => {
            format!("a request that {what} keeps the only thread")
        }
        (true, false) if others > 0 => format!("requests that {} keep all {threads}", what.trim_end_matches('s')),
        (true, false) => format!("a request that {what} keeps a thread, and no other request needs it"),
        (false, true) => format!("a request that {what} leaves its thread to the others"),
        _ => format!("a request that {what} keeps some threads and leaves others"),
    };
    let at_once = match others {
        0 => format!("{} at once on {threads}", count(requests)),
        others => format!("{} at a time, while the other {} waited", count(requests), count(others)),
    };
    let cost =
        if side.cpu_ns.is_some() { format!("; under the full load each took {}", cost(side)) } else { String::new() };
    format!("With {who} {served}: {at_once}{cost}.")
}

/// When it was: `1.2 ms`.
pub(crate) fn when(moment: &TracedMoment) -> String {
    if moment.at_ns == 0 {
        return "start".to_owned();
    }
    Unit::Nanoseconds.show(moment.at_ns as f64)
}

/// Who does what, and who waits.
pub(crate) fn said(moment: &TracedMoment) -> String {
    let (running, parked, suspended) = (moment.running(), moment.parked(), moment.suspended.len());
    let (is, wait) = (
        |number: usize| if number == 1 { "is" } else { "are" },
        |number: usize| if number == 1 { "waits" } else { "wait" },
    );
    let threads = |number: usize| counted(number as u64, "thread");
    let mut said = Vec::new();
    match running {
        0 => said.push("No thread runs.".to_owned()),
        1 => said.push("1 thread runs.".to_owned()),
        more => said.push(format!("{} run.", threads(more))),
    }
    if parked > 0 {
        let each = if parked == 1 { "for one request" } else { "each for one request" };
        said.push(format!("{} {} parked, {each}.", threads(parked), is(parked)));
    }
    if suspended > 0 {
        said.push(format!("{} {} without a thread.", counted(suspended as u64, "request"), wait(suspended)));
    }
    if moment.unserved > 0 {
        let clients = counted(u64::from(moment.unserved), "client");
        said.push(format!("Nobody serves {clients} just then."));
    }
    said.join(" ")
}

/// What the moments of a window show, in which `still` is the most telling.
pub(crate) fn title(timeline: &Timeline, still: &TracedMoment) -> String {
    let (parked, suspended) = (still.parked(), still.suspended.len() as u64);
    let is_taken = parked == still.threads.len() && timeline.waiting > 0;
    let shown = if suspended > 0 {
        let wait = if suspended == 1 { "waits" } else { "wait" };
        Some(format!("{} {wait} without holding a thread", counted(suspended, "request")))
    } else if is_taken {
        let get = if timeline.waiting == 1 { "gets" } else { "get" };
        let taken = if parked == 1 {
            "The only thread is taken".to_owned()
        } else {
            format!("All {} threads are taken", count(parked as u64))
        };
        Some(format!("{taken}: {} {get} none", counted(u64::from(timeline.waiting), "client")))
    } else if parked > 1 {
        Some(format!("{} wait, each for its own client", counted(parked as u64, "thread")))
    } else if parked == 1 {
        Some(format!("One thread waits, and {} behind it", counted(u64::from(still.unserved), "client")))
            .filter(|_| still.unserved > 0 && still.threads.len() == 1)
    } else {
        None
    };
    Title::fitting(shown.into_iter().chain(["Who serves whom, moment by moment".to_owned()])).said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mechanism::moments::tests::one_thread;
    use crate::mechanism::moments::{moments, still};
    use crate::record::SpanState::{Parked, Running};

    fn title_of(timeline: &Timeline) -> String {
        let found = moments(timeline);
        title(timeline, &found[still(&found)])
    }

    #[test]
    fn a_moment_is_said_with_everybody_in_it() {
        let at = |at_ns| said(&TracedMoment::of(&one_thread(), at_ns));
        assert_eq!(at(0), "1 thread runs. Nobody serves 3 clients just then.");
        assert_eq!(at(25), "1 thread runs. 2 requests wait without a thread. Nobody serves 1 client just then.");
        assert_eq!(at(40), "No thread runs. 3 requests wait without a thread. Nobody serves 1 client just then.");
        let held = Timeline::of_lanes(2, &[&[(Parked, 1, 0, 90)], &[(Parked, 2, 0, 90)]]);
        assert_eq!(said(&TracedMoment::of(&held, 5)), "No thread runs. 2 threads are parked, each for one request.");
    }

    #[test]
    fn the_title_says_what_the_moments_show() {
        assert_eq!(title_of(&one_thread()), "3 requests wait without holding a thread");
        let threads = Timeline::of_lanes(2, &[&[(Running, 1, 0, 5), (Parked, 1, 5, 90)], &[(Parked, 2, 0, 90)]]);
        assert_eq!(title_of(&threads), "2 threads wait, each for its own client");
        assert_eq!(
            title_of(&Timeline { waiting: 1, connections: 3, ..threads }),
            "All 2 threads are taken: 1 client gets none"
        );
        let one = Timeline::of_lanes(8, &[&[(Running, 1, 0, 5), (Parked, 1, 5, 90)]]);
        assert_eq!(title_of(&one), "One thread waits, and 7 clients behind it");
        let runs = Timeline::of_lanes(2, &[&[(Running, 1, 0, 5), (Running, 2, 5, 90)]]);
        assert_eq!(title_of(&runs), "Who serves whom, moment by moment");
    }
}
