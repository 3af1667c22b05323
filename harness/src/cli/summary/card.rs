//! The scorecard on a terminal: twenty lines of eighty columns at the most, the report's path and the next command among
//! them.
//!
//! Must not know: how a verdict is found, or worded. Beside it: `card/columns.rs`, how wide what is; `../summary.rs`, the other formats.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::ValueEnum;
use reports::record::Purpose;
use reports::record::store::Run;
use reports::scorecard::{Scorecard, ScorecardRow};
use reports::words::advice::advice;
use reports::words::answer::answer;
use reports::words::scorecard as words;

use self::columns::{CardColumns, fitted, wrapped};
use crate::cli::output::COLUMNS;
use crate::cli::progress::rough;
use crate::plan::Preset;
use crate::run::{build, commit};

mod columns;

const LINES: usize = 20;
/// What stands under a row.
const INDENT: &str = "    ";

/// Answer, rows, the path of the report, and what to type next.
pub(super) fn text(card: &Scorecard, (next, report): (&str, &str), doubts: &str) -> String {
    let shorts = card.shorts();
    let columns = CardColumns::of(card);
    let rows: Vec<Vec<String>> = card.rows.iter().map(|row| columns.lines(row, shorts)).collect();
    let end = [String::new(), format!("next: {next}"), format!("report: {report}")];
    // The rows come first; what else fits is said in the order of its weight.
    let mut room = LINES.saturating_sub(1 + rows.iter().map(Vec::len).sum::<usize>() + end.len());
    let mut take = |lines: Vec<String>| -> Vec<String> {
        let fits = lines.len() <= room;
        room -= if fits { lines.len() } else { 0 };
        if fits { lines } else { Vec::new() }
    };
    let said = take([wrapped(&answer(card).join(" ")), vec![String::new()]].concat());
    let names = take(names(card));
    let advice = take(advice(card).iter().flat_map(|sentence| wrapped(sentence)).collect());
    let doubts: String = doubts.split_whitespace().collect::<Vec<_>>().join(" ");
    let doubts = take(if doubts.is_empty() { Vec::new() } else { wrapped(&doubts) });
    // Each reason under its row or, where so many lines don't fit, each once.
    let mut reasons: Vec<Vec<String>> = card.rows.iter().map(|row| under(words::would_take(row))).collect();
    let mut told_once = Vec::new();
    if take(reasons.concat()).is_empty() {
        reasons.iter_mut().for_each(Vec::clear);
        told_once = take(all_reasons(card));
    }
    let known: Vec<Vec<String>> = card.rows.iter().map(|row| take(under(known_besides(row, shorts)))).collect();
    let whole_rows =
        rows.into_iter().zip(reasons).zip(known).flat_map(|((row, why), known)| [row, why, known].concat());
    let (spoken, parting) = said.split_at(said.len().saturating_sub(1));
    let lines = spoken
        .iter()
        .cloned()
        .chain(advice)
        .chain(parting.iter().cloned())
        .chain(names)
        .chain([columns.header(shorts)])
        .chain(whole_rows)
        .chain(told_once)
        .chain(doubts)
        .chain(end);
    lines.map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Who the two are, where a word does not say it since they have options: `threads: threaded:stack=64KiB`.
fn names(card: &Scorecard) -> Vec<String> {
    let with_options = card.protagonists.iter().filter(|it| it.label.contains(':') && it.label != it.short);
    let names: Vec<String> = with_options.map(|it| format!("{}: {}", it.short, it.label)).collect();
    if names.is_empty() { Vec::new() } else { wrapped(&names.join("; ")) }
}

/// The line of what is said under a row, if there is anything.
fn under(said: Option<String>) -> Vec<String> {
    said.iter().map(|said| fitted(&format!("{INDENT}{said}"), COLUMNS)).collect()
}

/// What verdicts would take, without their rows.
fn all_reasons(card: &Scorecard) -> Vec<String> {
    let reasons: BTreeSet<String> = card.rows.iter().filter_map(words::would_take).collect();
    reasons.iter().map(|why| fitted(&format!("cannot tell: {why}"), COLUMNS)).collect()
}

/// What is known beside the values.
fn known_besides(row: &ScorecardRow, shorts: [&str; 2]) -> Option<String> {
    let measured = words::stand_ins(row, shorts).map(|who| format!("measured: {who}"));
    let known = [measured, words::remedy(row, shorts), words::disturbed(row)];
    let known: Vec<String> = known.into_iter().flatten().collect();
    (!known.is_empty()).then(|| known.join("; "))
}

/// What decides more or, where nothing does, what shows more. Only a comparison can go on, and only with the build that made
/// it; another one makes a new run of the same plan. What was typed of other machines is no command to copy.
pub(super) fn next(card: &Scorecard, run: &Run, report: &str) -> String {
    let manifest = &run.manifest;
    let folder = report.strip_suffix("/report.html").unwrap_or(report);
    let is_a_comparison = Preset::from_str(&manifest.preset, false).is_ok();
    let is_same_version = (&*manifest.harness_version, &manifest.commit) == (env!("CARGO_PKG_VERSION"), &commit());
    // A run from before builds were noted is told by its version alone.
    let is_of_this_build = is_same_version && (manifest.build.is_none() || manifest.build == build());
    let planned = |name: &str| {
        let experiment = manifest.experiments.iter().find(|experiment| experiment.name == name);
        experiment.and_then(|experiment| experiment.blocks).unwrap_or(manifest.blocks) as usize
    };
    match card.blocks_to_decide(planned).filter(|_| is_a_comparison && manifest.hosts.is_empty()) {
        Some(blocks) if is_of_this_build => {
            let time = rough(time_of_more(run, blocks as u32));
            format!("harness compare --resume {folder} --blocks {blocks} # {time}")
        }
        Some(blocks) => format!("harness compare --like {folder} --blocks {blocks}"),
        None => format!("harness report {folder} --format table"),
    }
}

/// How long it takes to have so many blocks of everything: each further one takes as long as the first, in which all play.
fn time_of_more(run: &Run, blocks: u32) -> Duration {
    let measured = || run.cells.iter().filter(|cell| cell.purpose == Purpose::Measure);
    let whole: u64 = measured().filter(|cell| cell.block == 0).map(|cell| cell.elapsed_ns).sum();
    let spent = measured().map(|cell| cell.elapsed_ns).sum();
    Duration::from_nanos(whole.saturating_mul(u64::from(blocks)).saturating_sub(spent))
}

#[cfg(test)]
mod tests {
    use reports::format::Unit;
    use reports::scorecard::{Direction, Protagonist, Remedy, RowSource, RowVerdict, SideValue, Topic, Undecided};

    use super::*;

    const LONG: &str = "async-multi:placement=spawn-blocking,stack=64KiB,workers=4";

    fn row(topic: Topic, verdict: RowVerdict) -> ScorecardRow {
        let side = |value| Some(SideValue { value, at_least: true });
        let remedy = Remedy { helps: 1, options: LONG.into(), value: SideValue { value: 1e5, at_least: false } };
        ScorecardRow {
            topic,
            unit: Unit::PerSecond,
            better: Direction::Less,
            values: [side(123_456.0), side(123_456_789.0)],
            ratio: Some(0.02),
            low: Some(0.01),
            high: None,
            verdict,
            blocks: 10,
            disturbed: 0,
            stand_ins: [None, Some(LONG.into())],
            remedy: Some(remedy),
            experiment: "e".into(),
            metric: None,
            source: RowSource::default(),
        }
    }

    /// As many rows as there are topics, as long as they get.
    pub(super) fn longest(shorts: [&str; 2]) -> Scorecard {
        let protagonist = |(index, short): (usize, &str)| Protagonist {
            index,
            colour: index,
            label: short.into(),
            name: short.into(),
            short: short.into(),
        };
        let better = |who| RowVerdict::Better { who, times: 123.0, at_least: true };
        let open = RowVerdict::CannotTell(Undecided::TooFewBlocks { have: 1, needed: 10 });
        let rows = vec![
            row(Topic::MemoryPerConnection, better(1)),
            row(Topic::CpuPerRequest { load: 123_456.0, connections: Some(10_000) }, better(1)),
            row(Topic::Waiting { for_ns: 5_000_000, at_backend: true, offered: Some(123_456.0) }, better(1)),
            row(Topic::FewClients { load: 92.0, waits_ns: None }, RowVerdict::Alike { within: 1.05 }),
            row(Topic::TailUnderLoad { load: Some(123_456.0) }, open),
            row(Topic::HeldUp { blocking: 1, for_ns: 50_000_000 }, better(0)),
            row(Topic::Held { what: "idle connections".into(), memory_bytes: None }, better(0)),
            row(Topic::Computation { at: "computation".into() }, better(0)),
        ];
        Scorecard { protagonists: [(0, shorts[0]), (1, shorts[1])].map(protagonist), rows, server_cpus: Some(1) }
    }

    #[test]
    fn twenty_lines_of_eighty_columns_hold_every_row() {
        for shorts in [["threads", "tokio"], [LONG, "threaded:idle-timeout=100ms,stack=64KiB"]] {
            let said = text(&longest(shorts), ("harness compare", "runs/1/report.html"), "\ndoubtful: much; see\n");
            let lines: Vec<&str> = said.lines().collect();
            assert!(lines.len() <= LINES, "{} lines:\n{said}", lines.len());
            assert!(lines.iter().all(|line| line.chars().count() <= COLUMNS), "{said}");
            let rows = [
                "memory per",
                "CPU time",
                "requests/s",
                "median response",
                "p99 response time",
                "wait while another",
                "idle connections",
                "computation",
            ];
            assert!(rows.iter().all(|row| lines.iter().any(|line| line.contains(row))), "{said}");
            assert_eq!(lines.last(), Some(&"report: runs/1/report.html"));
        }
    }

    #[test]
    fn what_a_verdict_would_take_stands_under_its_row() {
        const REASON: &str = "measured once; 10 times would decide";
        let mut card = longest(["threads", "tokio"]);
        card.rows.drain(..3);
        let said = |card: &Scorecard| text(card, ("harness compare", "runs/1/report.html"), "");
        let one = said(&card);
        let lines: Vec<&str> = one.lines().collect();
        let row = lines.iter().position(|line| line.starts_with("p99 response time")).unwrap();
        assert_eq!(lines[row + 1], format!("    {REASON}"), "{one}");
        // Where all rows are open, there is no room under each.
        let open = card.rows[1].verdict;
        card.rows.iter_mut().for_each(|row| row.verdict = open);
        let rows = card.rows.clone();
        card.rows.extend(rows);
        let all = said(&card);
        assert_eq!(all.matches(&format!("cannot tell: {REASON}")).count(), 1, "{all}");
    }

    #[test]
    fn options_are_said_where_the_word_does_not_say_them() {
        let mut card = longest(["threads", "tokio"]);
        assert_eq!(names(&card), [""; 0]);
        card.protagonists[0].label = "threaded:stack=64KiB".into();
        assert_eq!(names(&card), ["threads: threaded:stack=64KiB"]);
    }

    #[test]
    fn more_blocks_take_as_long_as_the_first_and_what_there_is_takes_nothing() {
        let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../reports/samples/default-run");
        let run = reports::record::store::RunFolder::open(samples).unwrap().read().unwrap();
        // Its first block took 34.9 s of 74.6 s.
        assert_eq!((time_of_more(&run, 1), time_of_more(&run, 20).as_secs()), (Duration::ZERO, 623));
    }
}
