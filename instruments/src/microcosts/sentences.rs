//! A finding in plain words, from its values alone.

use reports::format::{counted, number};
use reports::stats::Ratio;

use super::comparison::{CostVerdict, RoundSpread, RowSubject, Side};
use super::{MicrocostRounds, Operation};

/// What a row says of its two sides.
pub(super) fn compared(
    placement: &str,
    operation: RowSubject,
    (first, second): (&Side, &Side),
    (times, verdict): (Option<Ratio>, CostVerdict),
) -> String {
    let subject = activity(operation);
    let (one, other) = match operation {
        RowSubject::Amortised => {
            (format!("for {} with one ready at a time", first.name()), "with all ready at once".to_owned())
        }
        _ => (format!("with {}", first.name()), format!("with {}", second.name())),
    };
    let (times, (dear, cheap), (more, less)) = match (verdict, times) {
        (CostVerdict::More, Some(times)) => (times, (&one, &other), (first, second)),
        (CostVerdict::Less, Some(times)) => (times.inverse(), (&other, &one), (second, first)),
        _ => {
            let ranges = [first, second].map(|side| range(&side.spread_ns)).join(" against ");
            let why = if times.is_none() { "; in some round nothing was left" } else { "" };
            return format!(
                "On {placement}, the rounds cannot tell what {subject} costs more, {one} or {other}: {ranges} ns{why}."
            );
        }
    };
    let interval = times.interval.map(|(lo, hi)| format!(" (95%: {} to {})", number(lo), number(hi)));
    format!(
        "On {placement}, {subject} costs {} times{} as much {dear} as {cheap}: {} against {} ns.",
        number(times.value),
        interval.unwrap_or_default(),
        number(more.spread_ns.median),
        number(less.spread_ns.median),
    )
}

/// What the system calls cost that threads and tasks make alike.
pub(super) fn system_calls(placement: &str, spread: &RoundSpread) -> String {
    format!(
        "On {placement}, writing a byte to a socket and reading it takes {} ns when nobody waits: threads and tasks pay \
         that in every hand-off over a socket, and what is left without it is the waiting and waking.",
        number(spread.median)
    )
}

/// The figure whose rounds went furthest apart.
pub(super) fn noise(samples: &[MicrocostRounds]) -> String {
    let spreads = samples.iter().filter_map(|sampled| Some((sampled, RoundSpread::of(&sampled.rounds_ns)?)));
    let apart = |spread: &RoundSpread| spread.most / spread.least;
    let Some((sampled, spread)) = spreads.max_by(|(_, a), (_, b)| apart(a).total_cmp(&apart(b))) else {
        return "Nothing was measured.".to_owned();
    };
    if spread.rounds.len() == 1 {
        return "One round has no spread, so nothing is told apart here; take more with --rounds.".to_owned();
    }
    format!(
        "The least steady figure, {} of {} on {}, went from {} to {} ns over {}; all of this holds for this machine as \
         it was meanwhile.",
        sampled.subject.operation.name(),
        sampled.subject.kind.name(),
        sampled.placement,
        number(spread.least),
        number(spread.most),
        counted(spread.rounds.len() as u64, "round"),
    )
}

fn activity(subject: RowSubject) -> &'static str {
    match subject {
        RowSubject::Measured(operation) => match operation {
            Operation::Spawn => "spawning and joining one",
            Operation::Channel => "handing a message over a channel",
            Operation::Switch => "waking another and waiting to be woken",
            Operation::Socket => "handing a byte over a socket",
            Operation::SystemCalls => "writing a byte to a socket and reading it",
            Operation::OneReady => "a request to 1,000 connections, of which one is ready at a time,",
            Operation::AllReady => "a request to 1,000 connections, which are all ready at once,",
        },
        RowSubject::WithoutSystemCalls => "handing a byte over a socket, without its write and read,",
        RowSubject::Amortised => "a request to 1,000 connections",
    }
}

fn range(spread: &RoundSpread) -> String {
    format!("{} to {}", number(spread.lower_quartile), number(spread.upper_quartile))
}

#[cfg(test)]
mod tests {
    use super::super::findings::finding;
    use super::super::{CpuSet, Microcost, Runner};
    use super::*;

    fn said(first: &[f64], second: &[f64], operation: RowSubject) -> String {
        let side = |runner: Runner, rounds| Side { runner: Some(runner), spread_ns: RoundSpread::of(rounds).unwrap() };
        finding("CPU 0", operation, side(Runner::Thread, first), side(Runner::Task, second)).sentence
    }

    #[test]
    fn the_dearer_side_is_named_whichever_it_is() {
        let (dear, cheap) = ([1_000.0, 1_000.0], [250.0, 250.0]);
        assert_eq!(
            said(&dear, &cheap, RowSubject::Measured(Operation::Spawn)),
            "On CPU 0, spawning and joining one costs 4 times (95%: 4 to 4) as much with threads as with \
             tasks (current-thread): 1,000 against 250 ns."
        );
        assert_eq!(
            said(&cheap, &dear, RowSubject::Measured(Operation::Spawn)),
            "On CPU 0, spawning and joining one costs 4 times (95%: 4 to 4) as much with tasks \
             (current-thread) as with threads: 1,000 against 250 ns."
        );
        assert_eq!(
            said(&dear, &cheap, RowSubject::Amortised),
            "On CPU 0, a request to 1,000 connections costs 4 times (95%: 4 to 4) as much for threads with \
             one ready at a time as with all ready at once: 1,000 against 250 ns."
        );
    }

    #[test]
    fn what_overlaps_is_said_to() {
        assert_eq!(
            said(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0], RowSubject::Measured(Operation::Switch)),
            "On CPU 0, the rounds cannot tell what waking another and waiting to be woken costs more, with threads or \
             with tasks (current-thread): 1.50 to 2.50 against 1.50 to 2.50 ns."
        );
    }

    #[test]
    fn a_subtraction_that_leaves_nothing_is_said_to() {
        let said = said(&[3_000.0, 3_000.0], &[-10.0, 50.0], RowSubject::WithoutSystemCalls);
        assert!(said.ends_with("3,000 to 3,000 against 5 to 35 ns; in some round nothing was left."), "{said}");
    }

    #[test]
    fn noise_is_that_of_the_least_steady_figure() {
        let sampled = |operation, rounds_ns| MicrocostRounds {
            placement: CpuSet { cpus: vec![0] },
            subject: Microcost { operation, kind: Runner::Thread },
            rounds_ns,
        };
        let samples = [sampled(Operation::Spawn, vec![10.0, 11.0]), sampled(Operation::Switch, vec![5.0, 20.0])];
        let said = noise(&samples);
        let figure =
            "The least steady figure, switch without I/O of threads on CPU 0, went from 5 to 20 ns over 2 rounds";
        assert!(said.starts_with(figure), "{said}");
    }
}
