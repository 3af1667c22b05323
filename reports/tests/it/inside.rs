//! The server from inside, from looks of which everything is known.

use reports::charts::{Figure, figures};
use reports::record::store::Run;
use reports::record::{
    Cell, InsideAnswer, InsideRecord, PictureKind, RuntimeAnswer, ThreadTimes, UnstableAnswer, WorkerAnswer,
};
use reports::study::{InsideOf, TRACKS, Track, below_ns, groups};

use crate::{fixture, fixture_trials};

const MS: u64 = 1_000_000;
/// Looks of the fixture, one every 100 ms from the start of the warm-up on.
const LOOKS: u64 = 55;

/// A server with so many threads to run all the time, that answers a thousand requests a second.
fn inside(runnable: u64, runtime: impl Fn(u64) -> Option<RuntimeAnswer>) -> InsideRecord {
    let answer = |look: u64| InsideAnswer {
        at_ns: look * 100 * MS,
        open_connections: 12,
        waiting_connections: 0,
        requests_begun: look * 100 + 8,
        requests_ended: look * 100,
        accept_errors: 0,
        runtime: runtime(look),
        own_cpu_ns: look * 50_000,
    };
    // Read between two answers. Each request is given a CPU twice.
    let times = |look: u64| ThreadTimes {
        at_ns: look * 100 * MS + 50 * MS,
        threads: 14,
        ran_ns: look * 100 * MS,
        waited_ns: look * 100 * MS * (runnable - 1),
        times_run: look * 200,
        process_cpu_ns: look * 105 * MS,
    };
    InsideRecord { answers: (0..LOOKS).map(answer).collect(), unanswered: 1, threads: (0..LOOKS).map(times).collect() }
}

/// Two workers, of which one blocks from the third second of the load to its end.
fn blocking(look: u64) -> Option<RuntimeAnswer> {
    let at_ns = look * 100 * MS;
    let blocked_ns = at_ns.saturating_sub(3_000 * MS);
    let blocked = WorkerAnswer { busy_ns: 7 * MS, parks: 3, is_parked: false, still_ns: blocked_ns };
    let idle = WorkerAnswer { busy_ns: 0, parks: look, is_parked: true, still_ns: 0 };
    Some(RuntimeAnswer { alive_tasks: 12, global_queue_depth: 0, workers: vec![blocked, idle], unstable: None })
}

/// Sequential was not looked at, threaded has five threads to run, async-multi a worker that blocks.
pub(crate) fn looked_at() -> Run {
    let mut run = fixture::small();
    for cell in &mut run.cells {
        match cell.contender.as_str() {
            "threaded" => cell.inside = Some(inside(5, |_| None)),
            "async-multi" => cell.inside = Some(inside(1, blocking)),
            _ => {}
        }
    }
    run
}

fn only(run: &Run) -> Figure {
    let figures = figures(run, &groups(run)).into_iter().filter(|figure| figure.kind == PictureKind::Inside);
    let [figure] = figures.collect::<Vec<_>>().try_into().unwrap();
    figure
}

fn track(name: &str) -> &'static Track {
    TRACKS.iter().find(|track| track.name == name).unwrap()
}

fn cell(inside: InsideRecord) -> Cell {
    let run = looked_at();
    let cell = run.cells.into_iter().find(|cell| cell.contender == "threaded" && cell.load.warm_up_ns > 0).unwrap();
    Cell { inside: Some(inside), ..cell }
}

fn mean(name: &str, inside: InsideRecord) -> Option<f64> {
    let cell = cell(inside);
    track(name).mean(&InsideOf::cell(&cell)?)
}

#[test]
fn totals_become_rates_over_the_window() {
    assert_eq!(mean("threads runnable", inside(5, |_| None)), Some(5.0));
    // Four of five threads wait at a thousand requests a second; each request is given a CPU twice.
    assert_eq!(mean("wait for a CPU", inside(5, |_| None)), Some(4e6));
    assert_eq!(mean("turns on a CPU", inside(5, |_| None)), Some(2.0));
    assert_eq!(mean("requests under way", inside(5, |_| None)), Some(8.0));
    assert_eq!(mean("workers busy", inside(5, |_| None)), None);
}

#[test]
fn the_warm_up_and_what_comes_after_the_window_are_left_out() {
    let cell = cell(inside(5, |_| None));
    let seen = InsideOf::cell(&cell).unwrap();
    let values = track("requests under way").values(&seen);
    // Half a second of warm-up, then five seconds; the last look of the fixture is within.
    assert_eq!((values.len(), values[0].0, values.last().unwrap().0), (50, 0, 4_900 * MS));
    let late = InsideRecord {
        answers: vec![InsideAnswer { at_ns: u64::MAX, ..InsideAnswer::default() }],
        ..InsideRecord::default()
    };
    assert!(InsideOf::cell(&Cell { inside: Some(late), ..cell }).is_none());
}

/// The known trap: the busy time of a blocked worker stands still.
#[test]
fn a_worker_that_blocks_is_busy_and_is_named() {
    // From 0.5 s to 5.4 s one of two workers is blocked for 2.4 s.
    let busy = mean("workers busy", inside(1, blocking)).unwrap();
    assert!((busy - 2.4 / 4.9 / 2.0).abs() < 1e-9, "{busy}");
    let figure = only(&looked_at());
    let multi = figure.panels.iter().find(|panel| panel.heading == "async-multi").unwrap();
    let said = multi.lines.join(" ");
    assert!(
        said.contains("did not come back for 2.40 s or more: a task on it blocked or computed, or others had its CPU"),
        "{said}"
    );
}

#[test]
fn threads_that_came_and_went_unseen_leave_no_value() {
    let mut short_lived = inside(5, |_| None);
    short_lived.threads.iter_mut().for_each(|times| times.process_cpu_ns *= 2);
    assert_eq!(mean("threads runnable", short_lived.clone()), None);
    assert_eq!(mean("wait for a CPU", short_lived.clone()), None);
    let mut run = looked_at();
    for cell in run.cells.iter_mut().filter(|cell| cell.contender == "threaded") {
        cell.inside = Some(short_lived.clone());
    }
    let figure = only(&run);
    assert_eq!(figure.panels[0].lines[0], "Its threads came and went faster than they could be read.");
    assert!(!figure.title.contains("threads to run"), "{}", figure.title);
}

#[test]
fn totals_that_fall_are_no_negative_values() {
    let mut falling = inside(2, blocking);
    falling.answers.iter_mut().for_each(|answer| answer.requests_ended = 10_000 - answer.requests_ended);
    falling.threads.reverse();
    let at: Vec<u64> = falling.threads.iter().rev().map(|times| times.at_ns).collect();
    falling.threads.iter_mut().zip(at).for_each(|(times, at_ns)| times.at_ns = at_ns);
    let cell = cell(falling);
    let seen = InsideOf::cell(&cell).unwrap();
    for track in &TRACKS {
        let values = track.values(&seen);
        assert!(values.iter().all(|(_, value)| *value >= 0.0 && value.is_finite()), "{}: {values:?}", track.name);
    }
}

#[test]
fn a_panel_says_who_had_threads_to_run_and_what_looking_cost() {
    let mut run = looked_at();
    for cell in &mut run.cells {
        (cell.noise.sampler_cpu_share, cell.noise.channel_cpu_share) = (Some(0.002), Some(0.0005));
    }
    let figure = only(&run);
    assert!(figure.subtitle.starts_with("At 8,000/s. "), "{}", figure.subtitle);
    assert!(
        figure.panels[0].lines[0].starts_with("On average 5 threads ran or waited for a CPU"),
        "{:?}",
        figure.panels[0].lines
    );
    // Nobody looked into sequential, and nobody waited for a worker.
    assert_eq!(
        figure.panels.iter().map(|panel| panel.heading.as_str()).collect::<Vec<_>>(),
        ["threaded", "async-multi"]
    );
    let svg = &figure.panels[0].svg;
    assert!(svg.contains(">threads runnable<") && svg.contains(">0 to 5<") && !svg.contains(">connections waiting<"));
    assert!(figure.notes.contains(&"No answer came in the window from sequential.".to_owned()), "{:?}", figure.notes);
    assert!(figure.notes.iter().any(|note| note.contains("0.20%") && note.contains("0.05%")), "{:?}", figure.notes);
    assert!(figure.table.rows.iter().all(|row| row.cells.len() == figure.table.columns.len()));
    assert!(reports::page::render(&run).contains("<h2>The server from inside</h2>"));
}

#[test]
fn what_an_unstable_runtime_tells_is_said_in_words() {
    assert_eq!(
        [below_ns(&[(10, 50), (20, 49), (40, 1)], 0.5), below_ns(&[(10, 50), (20, 49), (40, 1)], 1.0)],
        [Some(10), Some(40)]
    );
    assert_eq!([below_ns(&[], 0.5), below_ns(&[(10, 0)], 0.5)], [None, None]);
    let unstable = UnstableAnswer {
        stolen_tasks: 7,
        poll_times: vec![(2_000, 60), (64_000, 40)],
        schedule_latencies: vec![(1_000, 98), (8_000_000, 2)],
    };
    let mut run = looked_at();
    for cell in run.cells.iter_mut().filter(|cell| cell.contender == "async-multi") {
        let told = |look| blocking(look).map(|told| RuntimeAnswer { unstable: Some(unstable.clone()), ..told });
        cell.inside = Some(inside(1, told));
    }
    let said = only(&run).panels[1].lines.join(" ");
    let polls = "half took less than 2 µs, 99% less than 64 µs";
    assert!(said.contains(polls) && said.contains("99% less than 8 ms; 7 tasks stolen"), "{said}");
}

#[test]
fn where_no_load_is_swept_the_greatest_value_is_shown() {
    let mut run = fixture_trials::run();
    run.cells.iter_mut().for_each(|cell| cell.inside = Some(inside(2, |_| None)));
    let figures = figures(&run, &groups(&run));
    let headings: Vec<&str> = figures
        .iter()
        .filter(|figure| figure.kind == PictureKind::Inside)
        .flat_map(|figure| figure.panels.iter().map(|panel| panel.heading.as_str()))
        .collect();
    let swept = headings.iter().filter(|heading| heading.contains("clients that block")).copied();
    let last = ["threaded, clients that block: 8", "async-multi, clients that block: 8"];
    assert_eq!(swept.collect::<Vec<_>>(), last, "{headings:?}");
}

#[test]
fn a_run_of_which_nobody_saw_the_inside_has_no_such_figure() {
    let run = fixture::small();
    assert!(figures(&run, &groups(&run)).iter().all(|figure| figure.kind != PictureKind::Inside));
    let cell = serde_json::to_string(&run.cells[0]).unwrap();
    assert!(!cell.contains("inside") && !cell.contains("channel_cpu_share"));
}
