//! The answer of a whole scorecard, in sentences that a person would say aloud; and a row of it as a vote: the answers that a
//! room can choose from, and which of them turned out right.
//!
//! Everything follows from verdicts: what is not decided is in no answer. The answers of a vote are the same for every row and
//! lie as on the scorecard's axis, so that they give nothing away. Must not know: HTML. Beside it: `scorecard.rs`, which says
//! the rows; `advice.rs`, whom to choose.

use super::scorecard::{how_many, value};
use crate::format::{self, Unit, two_digits};
use crate::scorecard::{RowVerdict, Scorecard, ScorecardRow, SideValue, Topic};

/// The answer in at most three sentences.
pub fn answer(card: &Scorecard) -> Vec<String> {
    if card.decided() == 0 {
        let has_figures = card.rows.iter().any(|row| row.blocks > 0);
        let said = if has_figures {
            "Nothing is decided yet: these figures are estimates."
        } else {
            "This run measured nothing that tells the two apart."
        };
        return vec![said.into()];
    }
    let mut sentences: Vec<String> = [1, 0].into_iter().filter_map(|who| in_favour_of(card, who)).collect();
    let alike = card.rows.iter().filter(|row| matches!(row.verdict, RowVerdict::Alike { .. }));
    let alike = format::listed(alike.map(|row| subject(&row.topic)).take(MOST_CLAUSES));
    sentences.extend(alike.map(|alike| format!("the two are alike in {alike}")));
    if let Some(first) = sentences.first_mut() {
        let place = card.server_cpus.map_or("this machine".into(), |cpus| format::counted(cpus as u64, "CPU"));
        first.insert_str(0, &format!("on {place}, "));
    }
    sentences.into_iter().map(|said| format!("{}.", format::capitalised(&said))).collect()
}

/// The answer of one row, in a sentence; absent where there is no verdict.
pub(crate) fn said(row: &ScorecardRow, shorts: [&str; 2]) -> Option<String> {
    let said = match row.verdict {
        RowVerdict::Better { .. } => joined(&[clause(row, shorts)?], shorts),
        RowVerdict::Alike { .. } => format!("the two are alike in {}", subject(&row.topic)),
        RowVerdict::CannotTell(_) => return None,
    };
    Some(format!("{}.", format::capitalised(&said)))
}

/// So many things a sentence says at the most.
const MOST_CLAUSES: usize = 3;

/// What speaks for one of the two, without a capital and a stop.
fn in_favour_of(card: &Scorecard, who: usize) -> Option<String> {
    let is_for = |row: &&ScorecardRow| matches!(row.verdict, RowVerdict::Better { who: better, .. } if better == who);
    let clauses = card.rows.iter().filter(is_for).filter_map(|row| clause(row, card.shorts()));
    let clauses: Vec<Clause> = clauses.take(MOST_CLAUSES).collect();
    (!clauses.is_empty()).then(|| joined(&clauses, card.shorts()))
}

/// One thing that is so.
struct Clause {
    /// With which of the two; absent where the words name both.
    with: Option<usize>,
    says: String,
}

/// Those of the same side stand together, whose name is said once.
fn joined(clauses: &[Clause], shorts: [&str; 2]) -> String {
    let of_side = |side: Option<usize>| {
        let says = clauses.iter().filter(|clause| clause.with == side).map(|clause| &clause.says);
        let with = side.map_or(String::new(), |side| format!("with {} ", shorts[side]));
        Some(format!("{with}{}", format::listed(says)?))
    };
    let all: Vec<String> = [Some(0), Some(1), None].into_iter().filter_map(of_side).collect();
    all.join("; ")
}

/// What a row says where one of the two is better: of the better one what it gains, of the other what it costs.
fn clause(row: &ScorecardRow, shorts: [&str; 2]) -> Option<Clause> {
    let RowVerdict::Better { who, times, at_least } = row.verdict else { return None };
    let times = format!("{}{}", bound(at_least), plain_times(times));
    let better = |says| Clause { with: Some(who), says };
    let worse = |says| Clause { with: Some(1 - who), says };
    Some(match &row.topic {
        Topic::MemoryPerConnection => worse(format!("an idle connection takes {times} the memory")),
        Topic::CpuPerRequest { .. } => worse(format!("a request takes {times} the CPU time")),
        Topic::Waiting { at_backend, .. } => {
            let wait = if *at_backend { " for a backend" } else { "" };
            better(format!("the server carries {times} as many requests that wait{wait}"))
        }
        Topic::FewClients { .. } => worse(format!("a few clients wait {times} as long for an answer")),
        Topic::TailUnderLoad { .. } => worse(format!("the slowest answers under load take {times} as long")),
        Topic::HeldUp { blocking, for_ns } => {
            let waits =
                [who, 1 - who].map(|side| format!("{} with {}", rounded(row.values[side], row.unit), shorts[side]));
            let block = if *blocking == 1 { "one handler blocks".into() } else { format!("{blocking} handlers block") };
            let each = Unit::Nanoseconds.show(*for_ns as f64);
            let says = format!("while {block} {each} at a time, the p99 of others is {}", format::list(&waits));
            Clause { with: None, says }
        }
        Topic::Held { what, .. } => better(format!("the server holds {times} as many {what} before new clients fail")),
        Topic::Computation { .. } => better(format!("the server computes {times} as much")),
    })
}

/// What stands before a number that may be more.
fn bound(at_least: bool) -> &'static str {
    if at_least { "at least " } else { "" }
}

/// At two digits, as people say a number.
fn rounded(side: Option<SideValue>, unit: Unit) -> String {
    let Some(side) = side else { return value(None, unit) };
    format!("{}{}", bound(side.at_least), unit.show(two_digits(side.value)))
}

/// In what two are alike.
pub(super) fn subject(topic: &Topic) -> &'static str {
    match topic {
        Topic::MemoryPerConnection => "the memory of an idle connection",
        Topic::CpuPerRequest { .. } => "the CPU time of a request",
        Topic::Waiting { .. } => "how many waiting requests they carry",
        Topic::FewClients { .. } => "response time with few clients",
        Topic::TailUnderLoad { .. } => "p99 response time under load",
        Topic::HeldUp { .. } => "how long others wait while a handler blocks",
        Topic::Held { .. } => "how many idle connections they hold",
        Topic::Computation { .. } => "how much they compute",
    }
}

/// `twice`, `3.1 times`, as the row's verdict has it.
fn plain_times(times: f64) -> String {
    match times {
        times if (1.95..2.05).contains(&times) => "twice".into(),
        times => format!("{} times", how_many(times)),
    }
}

/// What divides a little from a lot.
const A_LOT: f64 = 2.0;

/// From the first far ahead to the second far ahead.
pub(crate) fn choices([first, second]: [&str; 2]) -> [String; 5] {
    [
        format!("{first}, by more than 2×"),
        format!("{first}, by less"),
        "alike".into(),
        format!("{second}, by less"),
        format!("{second}, by more than 2×"),
    ]
}

/// Which of them are right: two where a lower bound leaves both; none where it can't be told.
pub(crate) fn right(row: &ScorecardRow) -> [bool; 5] {
    let mut right = [false; 5];
    match row.verdict {
        RowVerdict::Alike { .. } => right[2] = true,
        RowVerdict::Better { who, times, at_least } => {
            let (little, much) = if who == 0 { (1, 0) } else { (3, 4) };
            right[much] = times > A_LOT || at_least;
            right[little] = times <= A_LOT;
        }
        RowVerdict::CannotTell(_) => {}
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorecard::Undecided;
    use crate::words::scorecard::tests::{CPU, HELD_UP, better, card, row};

    #[test]
    fn times_are_said_as_in_the_table() {
        assert_eq!(
            [1.28, 2.0, 4.6, 16.2, 412.0].map(plain_times),
            ["1.28 times", "twice", "4.6 times", "16 times", "410 times"]
        );
    }

    #[test]
    fn the_answer_holds_what_is_decided_and_nothing_else() {
        let few = Topic::FewClients { load: 92.0, waits_ns: None };
        let rows = vec![
            row(Topic::MemoryPerConnection, better(1, 16.2)),
            row(CPU, better(1, 1.5)),
            row(Topic::Waiting { for_ns: 5_000_000, at_backend: true, offered: None }, better(1, 2.0)),
            row(few, RowVerdict::Alike { within: 1.05 }),
            row(
                Topic::TailUnderLoad { load: Some(1.0) },
                RowVerdict::CannotTell(Undecided::TooClose { decided_by: None }),
            ),
            row(HELD_UP, better(0, 55.0)),
        ];
        assert_eq!(
            answer(&card(rows)),
            [
                "On 1 CPU, with threads an idle connection takes 16 times the memory and a request takes 1.50 times the \
                 CPU time; with tokio the server carries twice as many \
                 requests that wait for a backend.",
                "While one handler blocks 50 ms at a time, the p99 of others is 900 µs with threads and at least 50 ms with tokio.",
                "The two are alike in response time with few clients.",
            ]
        );
    }

    #[test]
    fn without_a_verdict_there_is_no_answer() {
        let open = RowVerdict::CannotTell(Undecided::TooFewBlocks { have: 1, needed: 10 });
        assert_eq!(answer(&card(vec![row(CPU, open)])), ["Nothing is decided yet: these figures are estimates."]);
        let nothing = ["This run measured nothing that tells the two apart."];
        assert_eq!(answer(&card(Vec::new())), nothing);
        let nowhere = ScorecardRow { blocks: 0, ..row(CPU, RowVerdict::CannotTell(Undecided::NoCommonBlock)) };
        assert_eq!(answer(&card(vec![nowhere])), nothing);
    }

    #[test]
    fn a_lower_bound_may_leave_two_answers_right() {
        let of = |verdict| {
            let right = right(&row(CPU, verdict));
            ('A'..).zip(right).filter(|(_, right)| *right).map(|(letter, _)| letter).collect::<String>()
        };
        assert_eq!([better(0, 464.0), better(0, 1.5), better(1, 1.14), better(1, 15.0)].map(of), ["A", "B", "D", "E"]);
        assert_eq!(of(RowVerdict::Better { who: 1, times: 1.87, at_least: true }), "DE");
        assert_eq!(of(RowVerdict::Alike { within: 1.05 }), "C");
        assert_eq!(of(RowVerdict::CannotTell(Undecided::NoLimit)), "");
    }
}
