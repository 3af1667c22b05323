//! What to do on Monday: each verdict of a scorecard as a case and what to choose in it.
//!
//! Follows from verdicts and nothing else. Must not know: HTML. Beside it: `advice.rs`, the same in one sentence.

use super::advice::reason;
use super::answer::subject;
use super::scorecard::{question, remedy, value};
use crate::format;
use crate::scorecard::{RowVerdict, Scorecard, ScorecardRow};

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
    let open: Vec<String> = open.map(|row| question(&row.topic)).collect();
    if !open.is_empty() {
        rows.push(("Not decided here".into(), format!("{}: measure it yourself", format::list(&open))));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorecard::{Remedy, SideValue, Topic, Undecided};
    use crate::words::scorecard::tests::{CPU, HELD_UP, better, card, row};

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
