//! A moment of a traced window in words, and what a few of them show.
//!
//! Must not know: HTML, pixels. Beside it: `../mechanism/moments.rs`.

use super::Title;
use crate::format::{Unit, count, counted};
use crate::mechanism::moments::TracedMoment;
use crate::record::Timeline;

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
    use crate::mechanism::moments::tests::{one_thread, timeline};
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
        let held = timeline(2, &[&[(Parked, 1, 0, 90)], &[(Parked, 2, 0, 90)]]);
        assert_eq!(said(&TracedMoment::of(&held, 5)), "No thread runs. 2 threads are parked, each for one request.");
    }

    #[test]
    fn the_title_says_what_the_moments_show() {
        assert_eq!(title_of(&one_thread()), "3 requests wait without holding a thread");
        let threads = timeline(2, &[&[(Running, 1, 0, 5), (Parked, 1, 5, 90)], &[(Parked, 2, 0, 90)]]);
        assert_eq!(title_of(&threads), "2 threads wait, each for its own client");
        assert_eq!(
            title_of(&Timeline { waiting: 1, connections: 3, ..threads }),
            "All 2 threads are taken: 1 client gets none"
        );
        let one = timeline(8, &[&[(Running, 1, 0, 5), (Parked, 1, 5, 90)]]);
        assert_eq!(title_of(&one), "One thread waits, and 7 clients behind it");
        let runs = timeline(2, &[&[(Running, 1, 0, 5), (Running, 2, 5, 90)]]);
        assert_eq!(title_of(&runs), "Who serves whom, moment by moment");
    }
}
