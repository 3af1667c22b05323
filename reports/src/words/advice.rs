//! Whom to choose, made of verdicts and nothing else.
//!
//! Beside it: `scorecard.rs`, which says the verdicts.

use crate::scorecard::{RowVerdict, Scorecard, ScorecardRow, Topic};

/// So many reasons are named for either.
const MOST_REASONS: usize = 3;

/// `Choose threads if your code blocks; tokio if you hold many idle connections.` Absent where nobody is better in
/// anything.
pub fn advice(card: &Scorecard) -> Option<String> {
    let shorts = card.shorts();
    let reasons = |who: usize| -> Vec<&'static str> {
        let better =
            card.rows.iter().filter(|row| matches!(row.verdict, RowVerdict::Better { who: it, .. } if it == who));
        better.map(reason).take(MOST_REASONS).collect()
    };
    let joined = |reasons: &[&str]| match reasons {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, other] => format!("{one} or {other}"),
        [first @ .., last] => format!("{}, or {last}", first.join(", ")),
    };
    match [reasons(0), reasons(1)] {
        [first, second] if first.is_empty() && second.is_empty() => None,
        [first, second] if second.is_empty() => Some(format!("Choose {} if {}.", shorts[0], joined(&first))),
        [first, second] if first.is_empty() => Some(format!("Choose {} if {}.", shorts[1], joined(&second))),
        [first, second] => {
            Some(format!("Choose {} if {}; {} if {}.", shorts[0], joined(&first), shorts[1], joined(&second)))
        }
    }
}

/// What one would choose the better one for.
pub(super) fn reason(row: &ScorecardRow) -> &'static str {
    match row.topic {
        Topic::MemoryPerConnection => "you hold many connections",
        Topic::CpuPerRequest { .. } => "CPU time is what you pay for",
        Topic::Waiting { .. } => "most requests wait for a database or another service",
        Topic::FewClients { .. } => "you serve few clients and count microseconds",
        Topic::NearTheLimit { .. } => "the slowest answers near the limit matter",
        Topic::HeldUp { .. } if row.remedy.is_some() => "some of your code blocks and you cannot change that",
        Topic::HeldUp { .. } => "some of your code blocks",
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
            advice(&card(rows)).unwrap(),
            "Choose threads if some of your code blocks; tokio if you hold many connections or CPU time is what you pay for."
        );
    }

    #[test]
    fn nobody_is_advised_for_what_is_not_decided() {
        let open = RowVerdict::CannotTell(Undecided::NoLimit);
        assert_eq!(advice(&card(vec![row(CPU, open), row(HELD_UP, RowVerdict::Alike { within: 1.05 })])), None);
        let one = advice(&card(vec![row(CPU, open), row(HELD_UP, better(1, 3.0))])).unwrap();
        assert_eq!(one, "Choose tokio if some of your code blocks.");
    }
}
