//! The scorecard of whole runs: which rows there are, what they say, and that it comes first wherever a run is shown.

use reports::page;
use reports::record::store::Run;
use reports::record::{Cell, CommandRecord, Warning};
use reports::scorecard::{RowVerdict, Scorecard, ScorecardRow, Topic, Undecided};

use crate::{fixture, fixture_trials};

/// The run, about these two.
fn about(mut run: Run, two: [&str; 2]) -> Run {
    run.manifest.protagonists = Some(two.map(str::to_owned));
    run
}

fn rows(run: Run) -> Vec<ScorecardRow> {
    Scorecard::of(&run).unwrap().rows
}

#[test]
fn a_run_with_blocks_enough_decides_its_rows() {
    let card = Scorecard::of(&fixture::duel()).unwrap();
    let memory = &card.rows[0];
    assert_eq!(memory.topic, Topic::MemoryPerConnection);
    // Connections were held once.
    assert!(matches!(memory.verdict, RowVerdict::CannotTell(Undecided::TooFewBlocks { have: 1, needed: 10 })));
    let cpu = card.rows.iter().find(|row| matches!(row.topic, Topic::CpuPerRequest { .. })).unwrap();
    assert!(matches!(cpu.verdict, RowVerdict::Better { who: 1, at_least: false, .. }), "{cpu:?}");
    assert_eq!((cpu.blocks, cpu.topic.clone()), (10, Topic::CpuPerRequest { load: 24_000.0, connections: None }));
    let waiting = card.rows.iter().find(|row| matches!(row.topic, Topic::Waiting { for_ns: 5_000_000, .. })).unwrap();
    assert!(matches!(waiting.verdict, RowVerdict::Better { who: 1, at_least: true, .. }), "{waiting:?}");
    // The tail takes twenty.
    let tail = card.rows.iter().find(|row| matches!(row.topic, Topic::TailUnderLoad { .. })).unwrap();
    assert!(
        matches!(tail.verdict, RowVerdict::CannotTell(Undecided::TooFewBlocks { have: 10, needed: 20 })),
        "{tail:?}"
    );
    assert!(
        card.decided() >= 2 && card.blocks_to_decide(|_| 10) == Some(20) && card.blocks_to_decide(|_| 12) == Some(22),
        "{card:?}"
    );
}

/// The run with these cells invalid, for the generator's sake.
fn invalid(mut run: Run, which: impl Fn(&Cell) -> bool) -> Run {
    let cells = run.cells.iter_mut().filter(|cell| which(cell));
    cells.for_each(|cell| cell.warnings.push(Warning::GeneratorFellBehind { kept_pace: 0.2 }));
    run
}

#[test]
fn a_row_without_a_valid_block_of_both_stays_and_can_not_tell() {
    let topics = |rows: &[ScorecardRow]| rows.iter().map(|row| row.topic.key()).collect::<Vec<_>>();
    for whole in [fixture::duel(), about(fixture_trials::run(), ["threaded", "async-multi"])] {
        let without = rows(invalid(whole.clone(), |cell| cell.contender.starts_with("async-multi")));
        assert_eq!(topics(&without), topics(&rows(whole)));
        for row in without {
            assert_eq!(row.verdict, RowVerdict::CannotTell(Undecided::NoCommonBlock), "{row:?}");
            assert_eq!((row.values, row.ratio, row.blocks), ([None, None], None, 0));
        }
    }
}

/// Both are valid, and so is the reason: a p99 takes more requests.
#[test]
fn too_few_requests_for_a_percentile_are_the_reason_where_they_are() {
    let mut run = about(fixture_trials::run(), ["threaded", "async-multi"]);
    for cell in run.cells.iter_mut().filter(|cell| cell.experiment == "blocking-sleep") {
        let events = &mut cell.traffic.as_mut().unwrap().events;
        *events = events.drain(..).step_by(20).collect();
    }
    let held_up = rows(run).into_iter().find(|row| matches!(row.topic, Topic::HeldUp { .. })).unwrap();
    assert!(matches!(held_up.verdict, RowVerdict::CannotTell(Undecided::NoRatio(_))), "{held_up:?}");
}

#[test]
fn no_load_is_highest_where_both_keep_up_with_only_one() {
    let duel = fixture::duel();
    let tail = |run: Run| rows(run).into_iter().find(|row| matches!(row.topic, Topic::TailUnderLoad { .. })).unwrap();
    let whole = tail(duel.clone());
    let Topic::TailUnderLoad { load: Some(limit) } = whole.topic else { panic!("{whole:?}") };
    let of_curve = |cell: &Cell| cell.experiment == whole.experiment;
    let loads = duel.cells.iter().filter(|cell| of_curve(cell)).filter_map(|cell| cell.load.offered_load_rps);
    let lowest = loads.fold(f64::INFINITY, f64::min);
    assert!(lowest < limit);
    let one = tail(invalid(duel.clone(), |cell| of_curve(cell) && cell.load.offered_load_rps > Some(lowest)));
    assert_eq!(one.topic, Topic::TailUnderLoad { load: None });
    assert_eq!(one.verdict, RowVerdict::CannotTell(Undecided::NoCommonBlock));
    // Of the others the next is nearest.
    let next = tail(invalid(duel, |cell| of_curve(cell) && cell.load.offered_load_rps == Some(limit)));
    assert!(matches!(next.topic, Topic::TailUnderLoad { load: Some(load) } if load < limit), "{next:?}");
}

#[test]
fn what_nobody_was_left_behind_by_tells_nothing() {
    let rows = rows(about(fixture::decided(), ["threaded", "async-multi"]));
    let waiting = rows.iter().find(|row| matches!(row.topic, Topic::Waiting { .. })).unwrap();
    assert_eq!(waiting.verdict, RowVerdict::CannotTell(Undecided::NoLimit), "both carry 700/s");
    assert!(waiting.values.iter().all(|value| value.unwrap().at_least) && waiting.ratio.is_none());
}

#[test]
fn swapped_protagonists_swap_the_row() {
    let of = |two| rows(about(fixture::whole(), two)).into_iter();
    let there = of(["threaded", "async-multi"]);
    let back = of(["async-multi", "threaded"]);
    assert!(there.len() >= 4);
    for (there, back) in there.zip(back) {
        assert_eq!(there.topic, back.topic);
        assert_eq!(there.values, [back.values[1], back.values[0]]);
        if let (Some(there), Some(back)) = (there.ratio, back.ratio) {
            assert!((there * back - 1.0).abs() < 1e-9, "{there} {back}");
        }
    }
}

#[test]
fn a_load_that_leaves_one_behind_shows_what_each_carries() {
    let rows = rows(about(fixture::whole(), ["threaded", "async-multi"]));
    let waiting = rows.iter().find(|row| matches!(row.topic, Topic::Waiting { .. })).unwrap();
    assert_eq!(waiting.topic, Topic::Waiting { for_ns: 5_000_000, at_backend: false, offered: Some(24_000.0) });
    let [threads, tasks] = waiting.values.map(Option::unwrap);
    assert!(!threads.at_least && threads.value < 20_000.0, "{threads:?}");
    assert!(tasks.at_least && tasks.value > 22_000.0, "{tasks:?}");
    assert!(waiting.low.is_some() && waiting.high.is_none());
}

#[test]
fn trials_fill_the_rows_on_others_and_on_connections_held() {
    let rows = rows(about(fixture_trials::run(), ["threaded", "async-multi"]));
    let held_up = rows.iter().find(|row| matches!(row.topic, Topic::HeldUp { .. })).unwrap();
    assert_eq!(held_up.experiment, "blocking-sleep");
    assert_eq!(held_up.metric, Some("probe_p99"));
}

#[test]
fn without_anybody_chosen_the_first_two_are_held_against_each_other() {
    let mut run = fixture::small();
    let labels = |run: &Run| Scorecard::of(run).map(|card| card.protagonists.map(|protagonist| protagonist.label));
    assert_eq!(labels(&run).unwrap(), ["sequential", "threaded"]);
    run.manifest.protagonists = Some(["threaded", "nobody"].map(str::to_owned));
    assert_eq!(labels(&run).unwrap(), ["sequential", "threaded"]);
    run.manifest.contenders.truncate(1);
    assert_eq!(labels(&run), None);
}

#[test]
fn servers_of_other_hands_are_asked_about_by_name() {
    let mut run = about(fixture::whole(), ["threaded", "async-multi"]);
    let asks = |run: &Run, question: &str| {
        let page = page::render(run);
        let slides = reports::slides::render(run);
        page.contains(&format!("<h1>{question}</h1>")) && slides.contains(&format!("<title>{question} Slides of"))
    };
    assert!(asks(&run, "tokio or OS threads?"));
    for contender in &mut run.manifest.contenders {
        contender.display = None;
        contender.command = Some(CommandRecord { command: "serve".into(), version: None });
    }
    assert!(asks(&run, "threaded or async-multi?"));
    run.manifest.contenders[0].command = None;
    assert!(asks(&run, "tokio or OS threads?"));
}

#[test]
fn who_stands_in_for_a_protagonist_is_named() {
    let mut run = about(fixture::whole(), ["threaded", "async-multi"]);
    let with_workers =
        |label: &str| if label == "async-multi" { "async-multi:workers=4".into() } else { label.to_owned() };
    for cell in run.cells.iter_mut().filter(|cell| cell.experiment == "memory") {
        cell.contender = with_workers(&cell.contender);
    }
    let multi = run.manifest.contenders.iter().find(|contender| contender.label == "async-multi").unwrap().clone();
    let mut other = multi.clone();
    other.label = with_workers(&multi.label);
    other.options.insert("workers".into(), "4".into());
    run.manifest.contenders.push(other);
    let rows = rows(run);
    assert_eq!(rows[0].topic, Topic::MemoryPerConnection);
    assert_eq!(rows[0].stand_ins, [None, Some("workers=4".into())]);
    assert!(rows[1..].iter().all(|row| row.stand_ins == [None, None]));
}

#[test]
fn the_report_begins_with_the_answer_and_without_words_of_the_house() {
    let page = page::render(&about(fixture::whole(), ["threaded", "async-multi"]));
    let (first_screen, _) = page.split_once("<details class=\"about\">").unwrap();
    let (_, first_screen) = first_screen.split_once("<body class=\"report\">").unwrap();
    let text: String = first_screen.split('<').filter_map(|piece| Some(piece.split_once('>')?.1)).collect();
    for word in [" block ", " blocks ", "block,", "cell", "probe", "model", "preset"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    let places = ["<h1>", "class=\"lede\"", "class=\"card\"", "class=\"trust\""].map(|mark| page.find(mark).unwrap());
    assert!(places.is_sorted(), "{places:?}");
    // Each row leads to its figure.
    for (_, rest) in first_screen.match_indices("<a href=\"#").map(|(at, _)| first_screen.split_at(at + 10)) {
        let (anchor, _) = rest.split_once('"').unwrap();
        assert!(page.contains(&format!("id=\"{anchor}\"")), "{anchor}");
    }
}
