//! What is seen in the traced windows of two: who kept a thread, who left it to others, and who waited.
//!
//! Beside it: `../why.rs`.

use super::{Sides, cost};
use crate::format::{count, counted};
use crate::mechanism::ServingCost;
use crate::record::{SpanState, Timeline};
use crate::scorecard::Topic;

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
