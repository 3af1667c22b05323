//! The answer of a whole scorecard, in sentences that a person would say aloud.
//!
//! Everything follows from verdicts: what is not decided is in no answer. Must not know: HTML. Beside it: `scorecard.rs`, which
//! says the rows; `advice.rs`, whom to choose.

use super::scorecard::value;
use crate::format;
use crate::scorecard::{RowVerdict, Scorecard, ScorecardRow, Topic};

/// The answer in at most three sentences.
pub fn answer(card: &Scorecard) -> Vec<String> {
    let shorts = card.shorts();
    if card.decided() == 0 {
        return vec![match card.rows.len() {
            0 => "This run measured nothing that tells the two apart.".into(),
            _ => "Nothing is decided yet: these figures are estimates.".into(),
        }];
    }
    let mut sentences = Vec::new();
    for who in [1, 0] {
        let clauses = card.rows.iter().filter_map(|row| match row.verdict {
            RowVerdict::Better { who: better, times, at_least } if better == who => {
                Some(clause(row, who, (times, at_least)))
            }
            _ => None,
        });
        let clauses: Vec<String> = clauses.take(MOST_CLAUSES).collect();
        if !clauses.is_empty() {
            let start = if sentences.is_empty() { "On this machine, with" } else { "With" };
            sentences.push(format!("{start} {} {}.", shorts[who], format::list(&clauses)));
        }
    }
    let alike = card.rows.iter().filter(|row| matches!(row.verdict, RowVerdict::Alike { .. }));
    let alike: Vec<&str> = alike.map(|row| subject(&row.topic)).take(MOST_CLAUSES).collect();
    if !alike.is_empty() {
        let start = if sentences.is_empty() { "On this machine, the two" } else { "The two" };
        sentences.push(format!("{start} are alike in {}.", format::list(&alike)));
    }
    sentences
}

/// The answer of one row, in a sentence; absent where there is no verdict.
pub(crate) fn said(row: &ScorecardRow, shorts: [&str; 2]) -> Option<String> {
    match row.verdict {
        RowVerdict::Better { who, times, at_least } => {
            Some(format!("With {} {}.", shorts[who], clause(row, who, (times, at_least))))
        }
        RowVerdict::Alike { .. } => Some(format!("The two are alike in {}.", subject(&row.topic))),
        RowVerdict::CannotTell(_) => None,
    }
}

/// So many things a sentence says at the most.
const MOST_CLAUSES: usize = 3;

/// What is so with the better one.
fn clause(row: &ScorecardRow, who: usize, (by, at_least): (f64, bool)) -> String {
    let part = part_of(by, at_least);
    let many = if at_least { format!("at least {}", plain_times(by)) } else { plain_times(by) };
    let [of_it, of_the_other] =
        [who, 1 - who].map(|side| value(row.values[side], row.unit).replace("≥\u{a0}", "at least "));
    match &row.topic {
        Topic::MemoryPerConnection => format!("an idle connection takes {part} of the memory"),
        Topic::CpuPerRequest { .. } => format!("a request takes {part} of the CPU time"),
        Topic::Waiting { at_backend: true, .. } => {
            format!("{many} as many requests that wait for a backend get through")
        }
        Topic::Waiting { .. } => format!("{many} as many requests that wait get through"),
        Topic::FewClients { .. } => format!("a few clients are answered in {part} of the time"),
        Topic::NearTheLimit { .. } => format!("the slowest answers near the limit take {part} of the time"),
        Topic::HeldUp { blocking, .. } => {
            let block = if *blocking == 1 { "one request blocks".into() } else { format!("{blocking} requests block") };
            format!("others wait {of_it} while {block}, instead of {of_the_other}")
        }
        Topic::Held { what, .. } => format!("{many} as many {what} are held until a newcomer gets no answer"),
        Topic::Computation { .. } => format!("{many} as much is computed"),
    }
}

/// In what two are alike.
pub(super) fn subject(topic: &Topic) -> &'static str {
    match topic {
        Topic::MemoryPerConnection => "the memory of a connection",
        Topic::CpuPerRequest { .. } => "the CPU time of a request",
        Topic::Waiting { .. } => "how many waiting requests they carry",
        Topic::FewClients { .. } => "response time with few clients",
        Topic::NearTheLimit { .. } => "response time near the limit",
        Topic::HeldUp { .. } => "how long others wait while requests block",
        Topic::Held { .. } => "how many idle clients they hold",
        Topic::Computation { .. } => "how much they compute",
    }
}

/// `twice`, `3 times`, `1.5 times`.
fn plain_times(times: f64) -> String {
    match times {
        times if (1.95..2.05).contains(&times) => "twice".into(),
        times if times >= 9.95 => format!("{} times", format::ratio(times)),
        times if (times - times.round()).abs() < 0.05 => format!("{times:.0} times"),
        times => format!("{times:.1} times"),
    }
}

/// What one in so many is called.
const PARTS: [&str; 20] = [
    "half",
    "a third",
    "a quarter",
    "a fifth",
    "a sixth",
    "a seventh",
    "an eighth",
    "a ninth",
    "a tenth",
    "an eleventh",
    "a twelfth",
    "a thirteenth",
    "a fourteenth",
    "a fifteenth",
    "a sixteenth",
    "a seventeenth",
    "an eighteenth",
    "a nineteenth",
    "a twentieth",
    "a twenty-first",
];

/// How much of the other's the better one takes: `a sixteenth`, `two thirds`, `86%`, `1/55`.
fn part_of(times: f64, at_least: bool) -> String {
    let near = |other: f64| (times / other - 1.0).abs() < 0.035;
    let part = match times {
        _ if near(1.5) => "two thirds".into(),
        _ if near(4.0 / 3.0) => "three quarters".into(),
        times if times < 1.93 => format!("{:.0}%", 100.0 / times),
        times if times < 21.5 => {
            PARTS.get(times.round() as usize - 2).map_or_else(String::new, |part| (*part).to_owned())
        }
        times => format!("1/{}", format::ratio(times)),
    };
    if at_least { format!("at most {part}") } else { part }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorecard::Undecided;
    use crate::words::scorecard::tests::{CPU, HELD_UP, better, card, row};

    #[test]
    fn parts_are_said_as_people_say_them() {
        let said = [1.1, 1.34, 1.5, 1.8, 2.0, 3.1, 16.2, 55.0, 1_017.0].map(|times| part_of(times, false));
        let expected =
            ["91%", "three quarters", "two thirds", "56%", "half", "a third", "a sixteenth", "1/55", "1/1,000"];
        assert_eq!(said, expected);
        assert_eq!(part_of(4.6, true), "at most a fifth");
        let said = [2.0, 4.0, 4.6, 16.2, 412.0].map(plain_times);
        assert_eq!(said, ["twice", "4 times", "4.6 times", "16 times", "410 times"]);
    }

    #[test]
    fn the_answer_holds_what_is_decided_and_nothing_else() {
        let few = Topic::FewClients { load: 92.0, waits_ns: None };
        let rows = vec![
            row(Topic::MemoryPerConnection, better(1, 16.2)),
            row(CPU, better(1, 1.5)),
            row(few, RowVerdict::Alike { within: 1.05 }),
            row(Topic::NearTheLimit { load: 1.0 }, RowVerdict::CannotTell(Undecided::TooClose { decided_by: None })),
            row(HELD_UP, better(0, 55.0)),
        ];
        assert_eq!(
            answer(&card(rows)),
            [
                "On this machine, with tokio an idle connection takes a sixteenth of the memory and a request takes \
                 two thirds of the CPU time.",
                "With threads others wait 900 µs while one request blocks, instead of at least 50 ms.",
                "The two are alike in response time with few clients.",
            ]
        );
    }

    #[test]
    fn without_a_verdict_there_is_no_answer() {
        let open = RowVerdict::CannotTell(Undecided::TooFewBlocks { have: 1, needed: 10 });
        assert_eq!(answer(&card(vec![row(CPU, open)])), ["Nothing is decided yet: these figures are estimates."]);
        assert_eq!(answer(&card(Vec::new())), ["This run measured nothing that tells the two apart."]);
    }
}
