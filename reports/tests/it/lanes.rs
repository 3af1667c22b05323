//! Who ran what, from traced windows of which everything is known.

use reports::charts::{Figure, figures};
use reports::page::SoFar;
use reports::record::store::{Run, RunFolder};
use reports::record::{Lane, PictureKind, SCHEMA_VERSION, Span, SpanState, Timeline, TracingCost};
use reports::study::groups;

use crate::fixture;

const MS: u64 = 1_000_000;

fn span(state: SpanState, connection: u32, from_ns: u64, until_ns: u64) -> Span {
    Span { connection, request: 1, state, from_ns, until_ns }
}

fn timeline(contender: &str, lanes: Vec<Vec<Span>>) -> Timeline {
    let lane = |(place, spans): (usize, Vec<Span>)| Lane {
        thread: 100 + place as u32,
        name: None,
        is_main: place == 0,
        spans,
    };
    Timeline {
        schema_version: SCHEMA_VERSION,
        contender: contender.into(),
        work: "sleep 5ms".into(),
        demand: None,
        connections: 40,
        waiting: 0,
        server_cpus: 1,
        window_ns: 10 * MS,
        lanes: lanes.into_iter().enumerate().map(lane).collect(),
        cost: Some(TracingCost { window_ns: 150 * MS, untraced_cpu_ns: 40_000.0, traced_cpu_ns: 50_000.0 }),
    }
}

/// Forty threads, each parked for its request; one thread that forty requests leave; one that is held by one request.
pub(crate) fn traced() -> Run {
    let mut run = fixture::small();
    let labels: Vec<String> = run.manifest.contenders.iter().map(|contender| contender.label.clone()).collect();
    let parked = |n: u32| vec![span(SpanState::Running, n, 0, MS), span(SpanState::Parked, n, MS, 6 * MS)];
    let one = (1..=40).flat_map(|n| {
        let at = u64::from(n) * MS / 10;
        [span(SpanState::Running, n, at, at + MS / 10), span(SpanState::Suspended, n, at + MS / 10, 10 * MS)]
    });
    run.timelines = vec![
        timeline(&labels[0], (1..=40).map(parked).collect()),
        timeline(&labels[1], vec![one.collect()]),
        Timeline { waiting: 39, ..timeline(&labels[2], vec![parked(1)]) },
    ];
    run
}

fn figure(run: &Run) -> Figure {
    let figures = figures(run, &groups(run));
    let [figure] =
        figures.into_iter().filter(|one| one.kind == PictureKind::Lanes).collect::<Vec<_>>().try_into().unwrap();
    figure
}

#[test]
fn the_title_says_how_many_threads_it_took() {
    let run = traced();
    let [many, few] = [0, 1].map(|place| &run.manifest.contenders[place].label);
    assert_eq!(figure(&run).title, format!("{many}: 40 requests on 40 threads; {few}: 40 on 1"));
}

#[test]
fn a_panel_has_a_bounded_number_of_lanes_and_says_what_is_left_out() {
    let figure = figure(&traced());
    let svg = &figure.panels[0].svg;
    assert!(svg.contains(">thread 12<") && !svg.contains(">thread 13<") && svg.contains("and 28 threads more"));
    assert!(figure.notes.iter().any(|note| note.contains("12 threads")), "{:?}", figure.notes);
    assert_eq!(
        figure.panels[0].lines[..2],
        ["40 requests at once on 40 threads", "The threads: running 10% of the time, parked 50%."]
    );
}

#[test]
fn requests_that_wait_without_a_thread_lie_under_it_a_row_each() {
    let figure = figure(&traced());
    let (held, free) = (&figure.panels[2].svg, &figure.panels[1].svg);
    assert!(free.contains(">waiting<") && !held.contains(">waiting<"));
    assert_eq!(free.matches("opacity=\"0.35\"").count(), 40);
    assert!(
        figure.panels[2].lines[2].starts_with("39 connections waited all the time"),
        "{:?}",
        figure.panels[2].lines
    );
}

#[test]
fn the_numbers_and_what_tracing_cost_stand_under_it() {
    let figure = figure(&traced());
    assert_eq!(figure.table.rows.len(), 3);
    assert!(figure.table.rows.iter().all(|row| row.cells.len() == figure.table.columns.len()));
    assert_eq!(figure.table.rows[0].cells[8..], ["50 µs", "40 µs"]);
    assert!(figure.notes.iter().any(|note| note.contains("1.25 to 1.25 times")), "{:?}", figure.notes);
}

#[test]
fn windows_are_saved_beside_the_cells_and_read_in_their_order() {
    let home = tempfile::tempdir().unwrap();
    let (run, folder) = (traced(), RunFolder::create(home.path().join("run")).unwrap());
    folder.write_manifest(&run.manifest).unwrap();
    assert!(folder.read().unwrap().timelines.is_empty());
    for (number, timeline) in run.timelines.iter().enumerate() {
        folder.write_timeline(number, timeline).unwrap();
    }
    assert_eq!(folder.read().unwrap().timelines, run.timelines);
    assert!(reports::page::render(&run).contains("<h2>Who ran what</h2>"));
}

#[test]
fn a_window_that_makes_no_sense_is_drawn_within_its_frame() {
    let mut run = traced();
    let wild = (0..9_000).map(|n| span(SpanState::Suspended, n, u64::MAX, 0)).collect();
    run.timelines = vec![Timeline { window_ns: 0, ..timeline("nobody", vec![wild]) }];
    let figure = figure(&run);
    assert_eq!(figure.panels[0].contender, None);
    assert!(figure.panels[0].svg.len() < 300_000 && !figure.panels[0].svg.contains("NaN"));
}

#[test]
fn moments_can_be_stepped_through_without_a_script_and_one_is_printed() {
    let run = traced();
    let html = SoFar::of(&run).moments().unwrap();
    let figures = html.split("<figure").skip(1).collect::<Vec<_>>();
    let titles: Vec<&str> =
        figures.iter().map(|one| one.split("<h4>").nth(1).unwrap().split("</h4>").next().unwrap()).collect();
    // The third has one thread, and its window changes but once.
    assert_eq!(titles[..2], ["40 threads wait, each for its own client", "40 requests wait without holding a thread"]);
    assert!(titles.iter().all(|title| title.split_whitespace().count() <= 12), "{titles:?}");
    for figure in &figures {
        let (steps, inputs) = (figure.matches("<div class=\"step").count(), figure.matches("<input").count());
        assert!(steps >= 2 && steps == inputs && figure.matches("class=\"step still\"").count() == 1, "{figure}");
        assert_eq!(figure.matches(" checked>").count(), 1);
    }
    assert!(figures[1].contains("Requests that wait without a thread: 40"), "{}", figures[1]);
    let mut nothing = traced();
    nothing.timelines.clear();
    assert_eq!(SoFar::of(&nothing).moments(), None);
}
