//! What is said where TCP had to send something again during a load: a slow request may then have waited for the network and
//! not for the server.
//!
//! A sender hears of a lost segment by the answer that does not come. It waits 200 ms at the least on Linux, twice as long
//! each further time, and sends again. So a link that is cut for a moment is a stall of up to twice that moment, and no
//! figure of the server tells the two apart; the kernel's count does. Beside it: `notices.rs`, all other sentences.

use reports::format::{counted, list};

use super::times::Bounded;

/// What TCP sent again on a machine that sent a part of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SentAgain<'a> {
    /// What the machine calls itself; none for this one.
    pub(super) host: Option<&'a str>,
    pub(super) segments: u64,
}

/// The least that Linux waits before it sends again (TCP_RTO_MIN), in nanoseconds.
const SHORTEST_WAIT_NS: u64 = 200_000_000;

/// A sentence without its stop; none where nothing was sent again, or no request was as slow as waiting for that makes it.
pub(super) fn sent_again(machines: &[SentAgain<'_>], slowest: Option<Bounded>) -> Option<String> {
    // Beyond a timeout it may be anything.
    let is_slow = slowest.is_some_and(|slowest| slowest.value.is_none_or(|ns| ns >= SHORTEST_WAIT_NS));
    // Each by itself: two workers on one machine have counted the same.
    let counts = machines.iter().filter(|machine| machine.segments > 0).map(|machine| {
        let host = machine.host.map_or_else(String::new, |host| format!(" on {host}"));
        format!("{}{host}", counted(machine.segments, "segment"))
    });
    let counts: Vec<String> = counts.collect();
    (is_slow && !counts.is_empty()).then(|| {
        format!(
            "TCP sent {} again during the load, all programs together: times from 200 ms up may be the network's and not the \
             server's, since TCP waits that long before it sends again, and twice as long each further time; check whether the \
             link loses packets ('ip -s link')",
            list(&counts)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ns: u64) -> Option<Bounded> {
        Some(Bounded { value: Some(ns), ..Bounded::default() })
    }

    fn on(host: &str, segments: u64) -> SentAgain<'_> {
        SentAgain { host: Some(host), segments }
    }

    #[test]
    fn what_was_sent_again_is_told_with_its_place_where_it_can_be_the_reason() {
        let here = [SentAgain { host: None, segments: 16 }];
        let said = sent_again(&here, at(400_000_000)).unwrap();
        assert!(said.starts_with("TCP sent 16 segments again during the load, all"), "{said}");
        let workers = [SentAgain { host: None, segments: 0 }, on("gen-a", 0), on("gen-b", 1)];
        let said = sent_again(&workers, at(210_000_000)).unwrap();
        assert!(said.starts_with("TCP sent 1 segment on gen-b again during the load"), "{said}");
        let beyond_the_timeout = Some(Bounded { above: Some(100_000_000), ..Bounded::default() });
        let said = sent_again(&[on("gen-a", 3), on("gen-b", 2)], beyond_the_timeout).unwrap();
        assert!(said.starts_with("TCP sent 3 segments on gen-a and 2 segments on gen-b again"), "{said}");
    }

    #[test]
    fn nothing_is_said_where_it_can_not_be_the_reason() {
        assert_eq!(sent_again(&[on("gen-a", 16)], at(199_999_999)), None, "nobody waited that long");
        assert_eq!(sent_again(&[on("gen-a", 0)], at(900_000_000)), None);
        assert_eq!(sent_again(&[on("gen-a", 16)], None), None);
        assert_eq!(sent_again(&[], at(900_000_000)), None);
    }
}
