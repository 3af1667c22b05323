//! Whom to choose, in a sentence for each, and what to do on Monday, case by case: made of verdicts and nothing else.
//!
//! Must not know: HTML. Beside it: `scorecard.rs`, which says the verdicts; `answer.rs`.

use super::answer::subject;
use super::scorecard::{question, remedy, value};
use crate::format;
use crate::scorecard::{RowVerdict, Scorecard, ScorecardRow, Topic};

/// So many reasons are named for either.
const MOST_REASONS: usize = 3;

/// `Choose threads if your code makes blocking calls.`, and the same of the other; nothing for who is better in nothing.
pub fn advice(card: &Scorecard) -> Vec<String> {
    let shorts = card.shorts();
    let of_side = |who: usize| {
        let better =
            card.rows.iter().filter(|row| matches!(row.verdict, RowVerdict::Better { who: it, .. } if it == who));
        let reasons: Vec<&str> = better.map(reason).take(MOST_REASONS).collect();
        let joined = match reasons.as_slice() {
            [] => return None,
            [one] => (*one).to_owned(),
            [one, other] => format!("{one} or {other}"),
            [first @ .., last] => format!("{}, or {last}", first.join(", ")),
        };
        Some(format!("Choose {} if {joined}.", shorts[who]))
    };
    [0, 1].into_iter().filter_map(of_side).collect()
}

/// What one would choose the better one for.
fn reason(row: &ScorecardRow) -> &'static str {
    match row.topic {
        Topic::MemoryPerConnection => "you hold thousands of connections",
        Topic::CpuPerRequest { .. } => "CPU time is your limit",
        Topic::Waiting { .. } => "most requests wait for a database or another service",
        Topic::FewClients { .. } => "you have few clients and every microsecond counts",
        Topic::TailUnderLoad { .. } => "the slowest answers under load matter",
        Topic::HeldUp { .. } if row.remedy.is_some() => {
            "your code makes blocking calls and you won't move them elsewhere"
        }
        Topic::HeldUp { .. } => "your code makes blocking calls",
        Topic::Held { .. } => "many clients connect and say nothing",
        Topic::Computation { .. } => "your requests compute",
    }
}

/// A case and what to do in it, a row each.
pub(crate) fn monday(card: &Scorecard) -> Vec<(String, String)> {
    let shorts = card.shorts();
    let of_row = |row: &ScorecardRow| match row.verdict {
        RowVerdict::Better { who, .. } => {
            let [of_it, of_the_other] = [who, 1 - who].map(|side| value(row.values[side], row.unit));
            let chosen = (format!("If {}", reason(row)), format!("{}: {of_it} instead of {of_the_other}", shorts[who]));
            let helped = remedy(row, shorts).map(|remedy| (format!("Or keep {}", shorts[1 - who]), remedy));
            [Some(chosen), helped]
        }
        RowVerdict::Alike { .. } => {
            let what = format!("If what counts is {}", subject(&row.topic));
            [Some((what, format!("whichever you know: {}", value(row.values[0], row.unit)))), None]
        }
        RowVerdict::CannotTell(_) => [None, None],
    };
    let mut rows: Vec<(String, String)> = card.rows.iter().flat_map(of_row).flatten().collect();
    let open = card.rows.iter().filter(|row| matches!(row.verdict, RowVerdict::CannotTell(_)));
    let open = format::listed(open.map(|row| question(&row.topic)));
    rows.extend(open.map(|open| ("Not decided here".into(), format!("{open}: measure it yourself"))));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorecard::{Remedy, SideValue, Undecided};
    use crate::words::scorecard::tests::{CPU, HELD_UP, better, card, row};

    #[test]
    fn either_is_advised_for_what_it_is_better_in() {
        let rows = vec![
            row(Topic::MemoryPerConnection, better(1, 16.0)),
            row(CPU, better(1, 1.5)),
            row(HELD_UP, better(0, 55.0)),
        ];
        assert_eq!(
            advice(&card(rows)),
            [
                "Choose threads if your code makes blocking calls.",
                "Choose tokio if you hold thousands of connections or CPU time is your limit.",
            ]
        );
    }

    #[test]
    fn nobody_is_advised_for_what_is_not_decided() {
        let open = RowVerdict::CannotTell(Undecided::NoLimit);
        assert_eq!(advice(&card(vec![row(CPU, open), row(HELD_UP, RowVerdict::Alike { within: 1.05 })])), [""; 0]);
        let one = advice(&card(vec![row(CPU, open), row(HELD_UP, better(1, 3.0))]));
        assert_eq!(one, ["Choose tokio if your code makes blocking calls."]);
    }

    #[test]
    fn every_verdict_is_a_case_and_what_is_open_is_said_once() {
        let remedy = Remedy {
            helps: 1,
            options: "placement=spawn-blocking".into(),
            value: SideValue { value: 1.21e6, at_least: false },
        };
        let rows = vec![
            row(Topic::MemoryPerConnection, better(1, 15.0)),
            row(Topic::FewClients { load: 400.0, waits_ns: None }, RowVerdict::Alike { within: 1.05 }),
            ScorecardRow { remedy: Some(remedy), ..row(HELD_UP, better(0, 464.0)) },
            row(CPU, RowVerdict::CannotTell(Undecided::NoLimit)),
        ];
        let said: Vec<String> =
            monday(&card(rows)).into_iter().map(|(case, choice)| format!("{case}: {choice}")).collect();
        assert_eq!(
            said,
            [
                "If you hold thousands of connections: tokio: ≥\u{a0}50 ms instead of 900 µs",
                "If what counts is response time with few clients: whichever you know: 900 µs",
                "If your code makes blocking calls and you won't move them elsewhere: threads: 900 µs instead of ≥\u{a0}50 ms",
                "Or keep tokio: 1.21 ms when tokio hands blocking calls to spawn_blocking",
                "Not decided here: CPU time per request, at 20,000/s on 256 connections: measure it yourself",
            ]
        );
    }
}
