//! What a row of a scorecard says: the question, the verdict in a word or two, and what it would take where there is none.
//!
//! Must not know: HTML, columns. Beside it: `../scorecard/`, whose rows are told; `answer.rs`, what all of them say.

use super::options;
use crate::format::{self, Unit, often};
use crate::scorecard::{RowVerdict, ScorecardRow, SideValue, Topic, Undecided};

/// What people want to know, with the load, the work or the bound that it was measured under.
pub fn question(topic: &Topic) -> String {
    let under = match topic {
        Topic::MemoryPerConnection => String::new(),
        Topic::CpuPerRequest { load, connections } => {
            let on = connections
                .map_or(String::new(), |count| format!(" on {}", format::counted(u64::from(count), "connection")));
            format!(", at {}{on}", Unit::PerSecond.show(*load))
        }
        Topic::Waiting { offered, .. } => {
            offered.map_or(String::new(), |load| format!(", of {} offered", Unit::PerSecond.show(load)))
        }
        Topic::FewClients { load, waits_ns } => {
            let waiting = waits_ns.map_or(String::new(), |ns| format!(", {} waits", time(ns)));
            format!(" ({}{waiting})", Unit::PerSecond.show(*load))
        }
        Topic::TailUnderLoad { load } => {
            load.map_or(String::new(), |load| format!(" ({})", Unit::PerSecond.show(load)))
        }
        Topic::HeldUp { for_ns, .. } => format!(" {} at a time", time(*for_ns)),
        Topic::Held { memory_bytes, .. } => {
            memory_bytes.map_or(String::new(), |bytes| format!(" ({})", Unit::Bytes.show(bytes as f64)))
        }
        Topic::Computation { at } => format!(" ({at})"),
    };
    format!("{}{under}", bare_question(topic))
}

/// The same without what it was measured under, as on paper before a run.
pub fn bare_question(topic: &Topic) -> String {
    match topic {
        Topic::MemoryPerConnection => "Memory per idle connection".into(),
        Topic::CpuPerRequest { .. } => "CPU time per request".into(),
        Topic::Waiting { for_ns, at_backend, .. } => {
            let wait = if *at_backend { " for a backend" } else { "" };
            format!("Requests per second when each waits {}{wait}", time(*for_ns))
        }
        Topic::FewClients { .. } => "Median response time, few clients".into(),
        Topic::TailUnderLoad { .. } => "p99 response time, highest load both carried".into(),
        Topic::HeldUp { blocking: 1, .. } => "p99 wait while another handler blocks".into(),
        Topic::HeldUp { blocking, .. } => format!("p99 wait while {blocking} handlers block"),
        Topic::Held { what, .. } => format!("{} held before new clients fail", format::capitalised(what)),
        Topic::Computation { .. } => "Computation per second".into(),
    }
}

/// The same in at most 38 characters, for a terminal.
pub fn short_question(topic: &Topic) -> String {
    match topic {
        Topic::CpuPerRequest { load, .. } => format!("CPU time per request at {}", Unit::PerSecond.show(*load)),
        Topic::Waiting { for_ns, .. } => format!("requests/s when each waits {}", time(*for_ns)),
        Topic::Held { what, .. } => format!("{what} until new ones fail"),
        Topic::Computation { at } => format!("computation per second ({at})"),
        Topic::MemoryPerConnection | Topic::FewClients { .. } => format::uncapitalised(&bare_question(topic)),
        Topic::TailUnderLoad { .. } => "p99 response time, highest load".into(),
        Topic::HeldUp { .. } => bare_question(topic),
    }
}

fn time(ns: u64) -> String {
    Unit::Nanoseconds.show(ns as f64)
}

/// `≥ 42,000/s`, which no line may break; a dash where there is no number.
pub fn value(value: Option<SideValue>, unit: Unit) -> String {
    match value {
        Some(SideValue { value, at_least }) => format!("{}{}", if at_least { "≥\u{a0}" } else { "" }, unit.show(value)),
        None => "–".into(),
    }
}

/// `1,000×`, `16×`, `4.6×`, `1.52×`; of 1 or more.
pub fn times(times: f64) -> String {
    format!("{}×", how_many(times))
}

/// The same as a number alone.
pub(super) fn how_many(times: f64) -> String {
    match times {
        times if times >= 9.95 => format::ratio(times),
        times if times >= 1.995 => format!("{times:.1}"),
        times => format!("{times:.2}"),
    }
}

/// The verdict in a word: `tokio 16×`, `alike`, `cannot tell`.
pub fn verdict(row: &ScorecardRow, shorts: [&str; 2]) -> String {
    match row.verdict {
        RowVerdict::Better { who, times: by, at_least } => {
            format!("{} {}{}", shorts[who], if at_least { "≥\u{a0}" } else { "" }, times(by))
        }
        RowVerdict::Alike { .. } => "alike".into(),
        RowVerdict::CannotTell(_) => "cannot tell".into(),
    }
}

/// What a verdict would take, as the rest of a sentence; absent where there is one.
pub fn would_take(row: &ScorecardRow) -> Option<String> {
    let RowVerdict::CannotTell(why) = row.verdict else { return None };
    Some(match why {
        Undecided::TooFewBlocks { have, needed } => {
            format!("measured {}; {needed} times would decide", often(have))
        }
        Undecided::TooClose { decided_by: Some(blocks) } => {
            format!("measured {}; some {} would decide", often(row.blocks), format::count(blocks as u64))
        }
        Undecided::TooClose { decided_by: None } => {
            format!("measured {}, and not even a thousand times would decide", often(row.blocks))
        }
        Undecided::NoLimit => "not both came to their limit; more load would tell".into(),
        Undecided::NoRatio(_) => "some measurements gave no number; longer ones would".into(),
        Undecided::NoCommonBlock => match row.topic {
            Topic::TailUnderLoad { .. } => "not two valid loads that both kept up with; lower ones may tell".into(),
            Topic::CpuPerRequest { .. } | Topic::FewClients { .. } => {
                "no valid load that both kept up with; lower ones may tell".into()
            }
            _ => "nothing valid was measured of both; the warnings say why".into(),
        },
    })
}

/// What helps the worse of the two: `0.1 ms when tokio hands blocking calls to spawn_blocking`; absent where nothing is known.
pub fn remedy(row: &ScorecardRow, shorts: [&str; 2]) -> Option<String> {
    let remedy = row.remedy.as_ref()?;
    let who = shorts[remedy.helps];
    Some(match row.topic {
        // Its clients may have been sent away, so that fewer were held.
        Topic::Held { .. } if remedy.value.at_least => {
            format!("{who} with {} answered every newcomer", options::with(&remedy.options))
        }
        _ => format!("{} when {who} {}", value(Some(remedy.value), row.unit), options::does(&remedy.options)),
    })
}

/// `the machine was not seen to be quiet in 3 of 10 measurements`; absent where it always was.
pub fn disturbed(row: &ScorecardRow) -> Option<String> {
    let all = format::counted(row.blocks as u64, "measurement");
    (row.disturbed > 0).then(|| format!("the machine was not seen to be quiet in {} of {all}", row.disturbed))
}

/// Who was measured in place of a protagonist: `tokio with 4 workers`; absent where both were themselves.
pub fn stand_ins(row: &ScorecardRow, shorts: [&str; 2]) -> Option<String> {
    let names = row.stand_ins.iter().zip(shorts).filter_map(|(options, short)| {
        let options = options.as_ref().filter(|options| !options.is_empty())?;
        Some(format!("{short} with {}", options::with(options)))
    });
    format::listed(names)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::scorecard::{Direction, Protagonist, Remedy, RowSource, Scorecard};

    pub(crate) fn row(topic: Topic, verdict: RowVerdict) -> ScorecardRow {
        ScorecardRow {
            topic,
            unit: Unit::Nanoseconds,
            better: Direction::Less,
            values: [Some(SideValue { value: 9e5, at_least: false }), Some(SideValue { value: 5e7, at_least: true })],
            ratio: Some(0.018),
            low: Some(0.016),
            high: None,
            verdict,
            blocks: 10,
            disturbed: 0,
            stand_ins: [None, None],
            remedy: None,
            experiment: "e".into(),
            metric: None,
            source: RowSource::default(),
        }
    }

    pub(crate) fn better(who: usize, times: f64) -> RowVerdict {
        RowVerdict::Better { who, times, at_least: false }
    }

    pub(crate) fn card(rows: Vec<ScorecardRow>) -> Scorecard {
        let of = |index: usize, short: &str| Protagonist {
            index,
            colour: index,
            label: short.into(),
            name: short.into(),
            short: short.into(),
        };
        Scorecard { protagonists: [of(0, "threads"), of(1, "tokio")], rows, server_cpus: Some(1) }
    }

    pub(crate) const HELD_UP: Topic = Topic::HeldUp { blocking: 1, for_ns: 50_000_000 };
    pub(crate) const CPU: Topic = Topic::CpuPerRequest { load: 20_000.0, connections: Some(256) };
    const SHORTS: [&str; 2] = ["threads", "tokio"];

    fn every_topic() -> Vec<Topic> {
        vec![
            Topic::MemoryPerConnection,
            CPU,
            Topic::Waiting { for_ns: 5_000_000, at_backend: true, offered: Some(42_000.0) },
            Topic::FewClients { load: 400.0, waits_ns: Some(5_000_000) },
            Topic::TailUnderLoad { load: Some(31_000.0) },
            HELD_UP,
            Topic::HeldUp { blocking: 4, for_ns: 50_000_000 },
            Topic::Held { what: "idle connections".into(), memory_bytes: Some(64 << 20) },
            Topic::Computation { at: "CPUs: 4".into() },
        ]
    }

    #[test]
    fn questions_are_in_plain_words_and_fit() {
        let asked = every_topic().iter().map(question).collect::<Vec<_>>();
        assert_eq!(asked[1], "CPU time per request, at 20,000/s on 256 connections");
        assert_eq!(asked[2], "Requests per second when each waits 5 ms for a backend, of 42,000/s offered");
        assert_eq!(asked[5], "p99 wait while another handler blocks 50 ms at a time");
        assert_eq!(asked[7], "Idle connections held before new clients fail (64 MiB)");
        for topic in every_topic() {
            let (asked, short) = (question(&topic), short_question(&topic));
            assert!(asked.split(' ').count() <= 14 && short.chars().count() <= 38, "{asked}, {short}");
            for word in ["blocks,", "cell", "probe", "model", "preset"] {
                assert!(!asked.contains(word), "{asked}");
            }
        }
    }

    #[test]
    fn a_verdict_is_a_word_and_a_number() {
        let said = |verdict| super::verdict(&row(CPU, verdict), SHORTS);
        assert_eq!(said(better(1, 16.2)), "tokio 16×");
        assert_eq!(said(RowVerdict::Better { who: 1, times: 4.6, at_least: true }), "tokio ≥\u{a0}4.6×");
        assert_eq!(said(better(0, 1.524)), "threads 1.52×");
        assert_eq!(said(better(0, 1_017.3)), "threads 1,000×", "no more digits than a run bears");
        assert_eq!(said(RowVerdict::Alike { within: 1.05 }), "alike");
        assert_eq!(said(RowVerdict::CannotTell(Undecided::NoLimit)), "cannot tell");
    }

    #[test]
    fn what_cannot_be_told_says_what_it_would_take() {
        let said = |why| would_take(&row(CPU, RowVerdict::CannotTell(why))).unwrap();
        assert_eq!(said(Undecided::TooFewBlocks { have: 1, needed: 10 }), "measured once; 10 times would decide");
        assert_eq!(said(Undecided::TooClose { decided_by: Some(40) }), "measured 10 times; some 40 would decide");
        assert_eq!(said(Undecided::NoCommonBlock), "no valid load that both kept up with; lower ones may tell");
        let held_up = row(HELD_UP, RowVerdict::CannotTell(Undecided::NoCommonBlock));
        assert_eq!(would_take(&held_up).unwrap(), "nothing valid was measured of both; the warnings say why");
        let nowhere = row(Topic::TailUnderLoad { load: None }, RowVerdict::CannotTell(Undecided::NoCommonBlock));
        assert_eq!(question(&nowhere.topic), "p99 response time, highest load both carried");
        assert_eq!(would_take(&nowhere).unwrap(), "not two valid loads that both kept up with; lower ones may tell");
        assert_eq!(would_take(&row(CPU, better(0, 2.0))), None);
    }

    #[test]
    fn a_remedy_says_what_it_does_and_for_whom() {
        let with = |topic, value, at_least, options: &str| {
            let value = SideValue { value, at_least };
            let remedy = Some(Remedy { helps: 1, options: options.into(), value });
            remedy_of(ScorecardRow { remedy, ..row(topic, better(0, 55.0)) })
        };
        assert_eq!(
            with(HELD_UP, 1e5, false, "placement=spawn-blocking"),
            "100 µs when tokio hands blocking calls to spawn_blocking"
        );
        let held = Topic::Held { what: "idle connections".into(), memory_bytes: None };
        assert_eq!(
            with(held, 687.0, true, "idle-timeout=1s"),
            "tokio with an idle timeout of 1 s answered every newcomer"
        );
    }

    #[test]
    fn a_machine_that_was_not_seen_to_be_quiet_is_named_in_the_row() {
        let of = |disturbed| super::disturbed(&ScorecardRow { disturbed, ..row(CPU, better(1, 2.0)) });
        assert_eq!(of(3).unwrap(), "the machine was not seen to be quiet in 3 of 10 measurements");
        assert_eq!(of(0), None);
    }

    fn remedy_of(row: ScorecardRow) -> String {
        remedy(&row, SHORTS).unwrap()
    }

    #[test]
    fn values_say_where_they_are_bounds() {
        let [first, second] = row(CPU, better(0, 2.0)).values;
        assert_eq!(value(first, Unit::Nanoseconds), "900 µs");
        assert_eq!(value(second, Unit::Nanoseconds), "≥\u{a0}50 ms");
        assert_eq!(value(None, Unit::Bytes), "–");
    }
}
