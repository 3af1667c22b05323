//! Whom to choose, made of verdicts and nothing else.
//!
//! Beside it: `scorecard.rs`, which says the verdicts.

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
pub(super) fn reason(row: &ScorecardRow) -> &'static str {
    match row.topic {
        Topic::MemoryPerConnection => "you hold thousands of connections",
        Topic::CpuPerRequest { .. } => "CPU time is your limit",
        Topic::Waiting { .. } => "most requests wait for a database or another service",
        Topic::FewClients { .. } => "you have few clients and every microsecond counts",
        Topic::NearTheLimit { .. } => "the slowest answers near the limit matter",
        Topic::HeldUp { .. } if row.remedy.is_some() => {
            "your code makes blocking calls and you won't move them elsewhere"
        }
        Topic::HeldUp { .. } => "your code makes blocking calls",
        Topic::Held { .. } => "many clients connect and say nothing",
        Topic::Computation { .. } => "your requests compute",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorecard::Undecided;
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
}
