//! The numbers in pictures, tables and sentences are those of the records: parsed back and computed again from the
//! records without the code under test. What is invalid or not there stays so everywhere.

use hdrhistogram::Histogram;
use reports::charts::{Figure, figures};
use reports::format::Unit;
use reports::record::store::Run;
use reports::record::{
    BackendUsage, Cell, FailedPart, HistogramRecord, Ledger, Malformed, MalformedReason, Outcome, Phase, Purpose,
    ShapeRecord, Warning,
};
use reports::study::{Standing, groups};
use reports::summary::{BadgeState, Summary, TableValue, summarise};

use crate::fixture;

const LOADS: [f64; 3] = [60.0, 700.0, 8_000.0];

/// A picture of a run by its name.
pub(crate) fn figure(run: &Run, id: &str) -> Figure {
    let figures = figures(run, &groups(run));
    figures.into_iter().find(|figure| figure.id == id).unwrap_or_else(|| panic!("no figure {id}"))
}

/// Everything between two marks, at every place where both are found.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    text.split(from).skip(1).filter_map(|rest| rest.split(to).next()).collect()
}

/// The points of one contender in a picture.
fn points(svg: &str, contender: usize) -> Vec<(f64, Option<f64>)> {
    let start = format!("data-c=\"{contender}\"");
    let series = svg.split(&start).nth(1).unwrap().split("data-c=").next().unwrap();
    let x = between(series, "data-x=\"", "\"");
    let y = between(series, "data-y=\"", "\"");
    x.into_iter().zip(y).map(|(x, y)| (x.parse().unwrap(), y.parse().ok())).collect()
}

fn cells<'a>(run: &'a Run, contender: &str, load: f64) -> Vec<&'a Cell> {
    let wanted = |cell: &&Cell| cell.contender == contender && cell.load.offered_load_rps == Some(load);
    run.cells.iter().filter(wanted).filter(|cell| cell.purpose == Purpose::Measure).collect()
}

/// The percentile of the blocks together, straight from the saved histograms.
fn percentile(run: &Run, contender: &str, load: f64, p: f64) -> f64 {
    let mut sum = Histogram::<u64>::new_with_bounds(1, 60 * fixture::SECOND, 3).unwrap();
    for cell in cells(run, contender, load) {
        let response = cell.traffic.as_ref().unwrap().response_time.as_ref().unwrap();
        sum.add(response.to_histogram().unwrap()).unwrap();
    }
    sum.value_at_quantile(p) as f64
}

fn row<'a>(summary: &'a Summary, table: usize, contender: &str) -> Vec<(&'a str, &'a TableValue)> {
    let table = &summary.tables[table];
    let row = table.rows.iter().find(|row| row.contender == contender).unwrap();
    table.columns.iter().map(|column| column.label.as_str()).zip(&row.values).collect()
}

#[test]
fn curves_show_the_percentiles_of_the_records() {
    let run = fixture::small();
    let figure = figure(&run, "latency-curve-response-sleep-5ms");
    for (contender, label) in ["sequential", "threaded", "async-multi"].into_iter().enumerate() {
        for (panel, p) in figure.panels.iter().zip([0.5, 0.99]) {
            let points = points(&panel.svg, contender);
            assert_eq!(points.iter().map(|point| point.0).collect::<Vec<_>>(), LOADS);
            for (load, shown) in points {
                let expected = percentile(&run, label, load, p);
                let timeout = fixture::SECOND as f64;
                match shown {
                    Some(shown) => assert_eq!(shown, expected, "{label} at {load}"),
                    None => assert!(expected >= timeout, "{label} at {load}: {expected}"),
                }
            }
        }
    }
    let sequential: Vec<_> = figure.table.rows.iter().filter(|row| row.contender == 0).collect();
    assert_eq!(sequential[0].cells[3], Unit::Nanoseconds.show(percentile(&run, "sequential", 60.0, 0.5)));
    assert_eq!(sequential[2].cells[3], "> 1 s");
    assert_eq!(sequential[2].cells.last().unwrap(), "saturated");
}

#[test]
fn markers_stand_where_the_axis_says() {
    let run = fixture::small();
    let figure = figure(&run, "latency-curve-response-sleep-5ms");
    let svg = &figure.panels[0].svg;
    let tick = |name: &str| -> f64 {
        let text = svg.split(&format!(">{name}</text>")).next().unwrap();
        text.rsplit(" y=\"").next().unwrap().split('"').next().unwrap().parse::<f64>().unwrap() - 4.0
    };
    let (low, high) = (tick("5 ms"), tick("10 ms"));
    let series = svg.split("data-c=\"0\"").nth(1).unwrap().split("data-c=").next().unwrap();
    let mut seen = 0;
    for point in series.split("class=\"pt\"").skip(1) {
        let Ok(value) = between(point, "data-y=\"", "\"")[0].parse::<f64>() else { continue };
        let marker = point.split("<circle class=\"mark\"").nth(1).or(point.split("<circle class=\"hollow\"").nth(1));
        let y: f64 = between(marker.unwrap(), "cy=\"", "\"")[0].parse().unwrap();
        let expected = low + (high - low) * (value / 5e6).log2();
        assert!((y - expected).abs() < 0.3, "{value} ns at {y}, not {expected}");
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn bars_and_stacks_show_the_sums_of_the_records() {
    let run = fixture::small();
    let split = figure(&run, "latency-curve-split-sleep-5ms");
    let shown = points(&split.panels[1].svg, 1);
    let together = |load: f64, bar: usize| {
        let at_load: Vec<f64> = shown.iter().filter(|point| point.0 == load).filter_map(|point| point.1).collect();
        at_load.chunks(5).nth(bar).map(|parts| parts.iter().sum::<f64>())
    };
    for load in [60.0, 700.0] {
        let (median, sum) = (percentile(&run, "threaded", load, 0.5), together(load, 0).unwrap());
        assert!((sum - median).abs() <= 0.05 * median, "the parts of the median add up to it: {sum} and {median}");
    }
    assert!(together(700.0, 1).unwrap() >= percentile(&run, "threaded", 700.0, 0.99), "the slowest are slow");

    let memory = figure(&run, "memory-parts");
    let shown = points(&memory.panels[1].svg, 1);
    let cell = run.cells.iter().find(|cell| cell.id == "memory-threaded").unwrap();
    let idle: Vec<_> = cell.stages.iter().filter(|stage| stage.phase == Phase::Idle).collect();
    assert_eq!(shown.len(), idle.len());
    for (stage, shown) in idle.into_iter().zip(shown) {
        let sample = stage.sample;
        let total = sample.resident_bytes + sample.page_table_bytes + sample.kernel_stack_bytes;
        assert_eq!(shown, (stage.connections as f64, Some(total as f64)));
    }
}

#[test]
fn what_stays_after_closing_is_held_against_what_connections_took() {
    let run = fixture::small();
    let memory = figure(&run, "memory-parts");
    // The fixture's servers are left with the memory of 900 connections of 10,000.
    let line = memory.panels[1].lines.iter().find(|line| line.contains("after all were closed")).unwrap();
    assert!(line.contains("10,000 connections") && line.ends_with("(9.00% of what they took)"), "{line}");
    let note = memory.notes.iter().find(|note| note.contains("still there")).unwrap();
    assert!(note.contains("9.00% for threaded"), "{note}");
}

#[test]
fn the_slope_of_a_thread_has_its_kernel_stack() {
    let summary = summarise(&fixture::small());
    let row = row(&summary, 1, "threaded");
    let value = |name: &str| row.iter().find(|(label, _)| *label == name).unwrap().1.number.unwrap();
    assert!((value("kernel stacks") - 16_384.0).abs() < 1.0);
    let parts: f64 = ["resident", "page tables", "kernel stacks", "socket buffers"].map(value).iter().sum();
    assert!((value("per idle connection") - parts).abs() < 1.0);
}

#[test]
fn the_summary_table_shows_the_records_at_the_load_it_names() {
    let run = fixture::small();
    let summary = summarise(&run);
    let table = &summary.tables[0];
    assert_eq!(table.title, "Response times at 8,000/s: sleep 5 ms");
    let note = &table.note;
    assert!(note.starts_with("the highest load that at least half of the servers kept up with"), "{note}");
    for label in ["threaded", "async-multi"] {
        let row = row(&summary, 0, label);
        assert_eq!(row[1].1.number, Some(percentile(&run, label, 8_000.0, 0.5)));
    }
    // No response time of a server that could not keep up stands beside those of servers that could.
    let saturated = row(&summary, 0, "sequential");
    assert_eq!((saturated[1].1.text.as_str(), saturated[1].1.number), ("saturated", None));
    assert_eq!(row(&summary, 0, "sequential")[0].1.text, "60/s");
    assert_eq!(row(&summary, 0, "async-multi")[0].1.text, "8,000/s");
}

#[test]
fn what_is_invalid_is_struck_through_and_in_no_ranking() {
    let mut run = fixture::small();
    for block in 0..2 {
        let at = fixture::find(&run, "sleep-5ms", "async-multi", 8_000.0, block);
        run.cells[at].warnings.push(Warning::GeneratorFellBehind { kept_pace: 0.5 });
    }
    let summary = summarise(&run);
    assert_eq!(summary.validity.invalid_cells, 2);
    assert_eq!(row(&summary, 0, "async-multi")[0].1.text, "700/s");
    let sentences: Vec<&str> = summary.answers.iter().map(|answer| answer.sentence.as_str()).collect();
    assert!(
        sentences[0].contains("async-multi kept up with 700/s; above it nothing valid was measured"),
        "{sentences:?}"
    );
    let figure = figure(&run, "latency-curve-response-sleep-5ms");
    assert!(figure.panels[0].svg.contains("class=\"strike\""));
    let last = figure.table.rows.iter().rfind(|row| row.contender == 2).unwrap();
    assert_eq!(last.cells.last().unwrap(), "invalid");
}

#[test]
fn why_requests_had_no_right_reply_is_said_once_a_reason_with_what_to_do() {
    let mut run = fixture::small();
    let wrong = |reason, example: &str| Malformed { reason, count: 3, example: example.into() };
    for (place, example) in ["<html>", "<body>"].into_iter().enumerate() {
        let traffic = run.cells[place].traffic.as_mut().unwrap();
        traffic.malformed = vec![wrong(MalformedReason::NotTheProtocol, example), wrong(MalformedReason::Surplus, "x")];
        traffic.statuses = [(200, 5), (404, 3), (503, 1)].into();
        traffic.ledger.error = 4;
    }
    let doubts = summarise(&run).validity.doubts;
    let of = |what: &str| doubts.iter().filter(|doubt| doubt.what.contains(what)).collect::<Vec<_>>();
    let [foreign] = of("replies were wrong")[..] else { panic!("{doubts:?}") };
    assert_eq!(foreign.what, "replies were wrong: what came is no message of this protocol; one began with <html>");
    assert!(foreign.remedy.contains("--wire") && !foreign.invalidates && foreign.cells.len() == 2, "{foreign:?}");
    let [missing, overloaded] = of("status")[..] else { panic!("{doubts:?}") };
    assert_eq!((missing.what.as_str(), missing.cells.len()), ("replies had the status 404", 2));
    assert!(missing.remedy.contains("--path") && !overloaded.remedy.contains("--path"), "{overloaded:?}");
}

#[test]
fn one_invalid_block_leaves_the_other() {
    let mut run = fixture::small();
    let at = fixture::find(&run, "sleep-5ms", "threaded", 60.0, 1);
    run.cells[at].outcome =
        Outcome::Failed { part: FailedPart::Server, reason: "killed by signal 9".into(), stderr: String::new() };
    let kept = fixture::find(&run, "sleep-5ms", "threaded", 60.0, 0);
    let kept = run.cells[kept].traffic.as_ref().unwrap().response_time.as_ref().unwrap().to_histogram().unwrap();
    let figure = figure(&run, "latency-curve-response-sleep-5ms");
    assert_eq!(points(&figure.panels[0].svg, 1)[0].1, Some(kept.value_at_quantile(0.5) as f64));
    assert!(summarise(&run).validity.doubts.iter().any(|doubt| doubt.what.contains("signal 9")));
}

#[test]
fn what_was_not_measured_is_shown_as_not_there() {
    let mut run = fixture::small();
    for cell in &mut run.cells {
        cell.server.window_cpu_ns = None;
        cell.stages.iter_mut().for_each(|stage| stage.socket_buffer_bytes = None);
    }
    let cpu = figure(&run, "latency-curve-cpu-sleep-5ms");
    assert!(cpu.table.rows.iter().all(|row| row.cells[3] == "-"));
    assert!(!cpu.panels[0].svg.contains("data-y="), "a value that is not there has no marker");
    let memory = figure(&run, "memory-parts");
    assert!(memory.panels[0].lines.iter().any(|line| line.contains("socket buffers not measured")));
    let summary = summarise(&run);
    let socket = row(&summary, 1, "threaded").into_iter().find(|(label, _)| *label == "socket buffers").unwrap();
    assert_eq!((socket.1.text.as_str(), socket.1.number), ("-", None));
}

#[test]
fn a_picture_of_an_unheard_experiment_is_drawn_from_its_declaration() {
    let mut run = fixture::small();
    let mut other = run.manifest.experiments[0].clone();
    other.name = "never-heard-of".into();
    other.pictures.truncate(1);
    other.pictures[0].metrics = vec!["switches_per_request".into(), "no_such_metric".into()];
    run.manifest.experiments.push(other);
    let copies: Vec<Cell> = run.cells.iter().filter(|cell| cell.experiment == "latency-curve").cloned().collect();
    run.cells.extend(copies.into_iter().map(|cell| Cell { experiment: "never-heard-of".into(), ..cell }));
    let figure = figure(&run, "never-heard-of-response-sleep-5ms");
    assert_eq!(figure.panels.len(), 1);
    assert!(figure.notes.iter().any(|note| note.contains("no metric called no_such_metric")));
    assert!(points(&figure.panels[0].svg, 0)[0].1.is_some_and(|switches| switches > 1.0 && switches < 3.0));
}

#[test]
fn a_contender_without_a_cell_is_named_as_such() {
    let mut run = fixture::small();
    run.cells.retain(|cell| cell.contender != "threaded");
    let summary = summarise(&run);
    let answer = &summary.answers[0];
    assert!(answer.sentence.contains("Cannot tell for threaded: no valid measurement"), "{answer:?}");
    for table in 0..2 {
        assert!(row(&summary, table, "threaded").iter().all(|(_, value)| value.text == "no valid measurement"));
    }
    let figure = figure(&run, "latency-curve-response-sleep-5ms");
    assert!(figure.notes.iter().any(|note| note == "No valid measurement: threaded."));
}

#[test]
fn a_session_across_the_end_of_a_short_window_is_no_saturation() {
    let standing = |missing: u64| {
        let mut run = fixture::small();
        for block in 0..2 {
            let at = fixture::find(&run, "sleep-5ms", "threaded", 60.0, block);
            let cell = &mut run.cells[at];
            cell.load.shape = ShapeRecord::Sessions { requests: 10, think_time_ns: 0, concurrent: 8 };
            let traffic = cell.traffic.as_mut().unwrap();
            traffic.ledger = Ledger { scheduled: 160, ok: 160, ..Ledger::default() };
            traffic.ok_within_window = 160 - missing;
        }
        let groups = groups(&run);
        let series = groups[0].series.iter().find(|series| series.contender.label == "threaded").unwrap();
        series.at(60.0).unwrap().standing
    };
    assert_eq!(standing(28), Standing::Sound);
    assert_eq!(standing(29), Standing::Saturated);
}

#[test]
fn a_backend_is_judged_where_one_was_called_and_nowhere_else() {
    let mut run = fixture::whole();
    let badge = |run: &Run| {
        let badges = summarise(run).validity.badges;
        badges.into_iter().find(|badge| badge.label == "Backend").map(|badge| (badge.state, badge.detail))
    };
    assert_eq!(badge(&run), None);
    let mut lag = Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
    lag.record_n(100_000, 1_000).unwrap();
    let lag = HistogramRecord::from_histogram(&lag, 100_000_000);
    let usage = BackendUsage { calls: 1_000, lag, cpu_ns: 40_000_000, busy: 0.04 };
    let cells = run.cells.iter_mut().filter(|cell| cell.purpose == Purpose::Measure);
    cells.for_each(|cell| cell.backend = Some(usage.clone()));
    let (state, detail) = badge(&run).unwrap();
    assert_eq!(state, BadgeState::Good);
    assert!(
        detail.starts_with("on time in all ") && detail.ends_with("p99 of its lag 100 µs and 4.00% of a CPU at most"),
        "{detail}"
    );
    let at = fixture::find(&run, "sleep-5ms", "async-multi", 8_000.0, 0);
    run.cells[at].warnings.push(Warning::BackendLag { lag_p99_ns: 9_000_000, allowed_ns: 1_000_000 });
    let (state, detail) = badge(&run).unwrap();
    assert_eq!(state, BadgeState::Doubt);
    assert!(detail.starts_with("late or short of CPU in 1 of "), "{detail}");
}
