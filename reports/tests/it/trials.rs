//! Experiments that put a claim to the test: what is drawn, said and counted is what the records hold, computed again
//! from the fixture's events without the code under test.

use reports::metrics::{Certainty, Reading, metric};
use reports::page::render;
use reports::record::store::Run;
use reports::record::{
    Cell, ExperimentRecord, FailedPart, Fate, Outcome, PictureKind, RequestEvent, ShapeRecord, Swept, Warning,
};
use reports::study::{Standing, counts, groups, is_failure};
use reports::summary::summarise;

use crate::fixture::{SECOND, save};
use crate::fixture_trials::{self as fixture, FROM, MS, UNTIL};
use crate::numbers::figure;

/// A metric of the flood's probe.
fn reading(run: &Run, name: &str, contender: &str) -> Reading {
    let groups = groups(run);
    let series = groups[0].series.iter().find(|series| series.contender.label == contender).unwrap();
    metric(name).unwrap().of_pool(&series.trials[0].pool)
}

fn events<'a>(run: &'a Run, contender: &str) -> &'a [RequestEvent] {
    &cell(run, contender).traffic.as_ref().unwrap().events
}

fn cell<'a>(run: &'a Run, contender: &str) -> &'a Cell {
    run.cells.iter().find(|cell| cell.contender == contender).unwrap()
}

fn told(run: &Run, topic: &str) -> String {
    summarise(run).answers.into_iter().find(|answer| answer.topic == topic).unwrap().sentence
}

#[test]
fn a_probe_is_measured_within_the_disturbance_and_apart_from_it() {
    let run = fixture::run();
    let events = events(&run, "threaded");
    let within: Vec<&RequestEvent> = events.iter().filter(|event| (FROM..UNTIL).contains(&event.at_ns)).collect();
    let ok = within.iter().filter(|event| event.fate == Fate::Ok).count();
    assert_eq!((within.len(), ok), (400, 170));
    assert_eq!(reading(&run, "probe_success", "threaded").value(), Some(170.0 / 400.0));
    assert_eq!(reading(&run, "undisturbed_success", "threaded").value(), Some(1.0));
    assert_eq!(reading(&run, "probe_p50", "threaded"), Reading::Beyond(SECOND), "what failed ranks last");
    assert_eq!(reading(&run, "undisturbed_p99", "threaded"), Reading::TooFew(368));
    let mut took: Vec<u64> = self::events(&run, "async-multi")
        .iter()
        .filter(|event| (FROM..UNTIL).contains(&event.at_ns))
        .map(|event| event.took_ns)
        .collect();
    took.sort_unstable();
    assert_eq!(reading(&run, "probe_p99", "async-multi").value(), Some(took[395] as f64));
    let longest = reading(&run, "probe_longest_wait", "async-multi");
    assert_eq!(longest, Reading::Measured(took[399] as f64, Certainty::Unknown));
    assert_eq!(reading(&run, "probe_longest_wait", "threaded"), Reading::Beyond(SECOND));
}

#[test]
fn the_first_failure_and_the_way_back_are_found() {
    let run = fixture::run();
    // Thirty more each tenth of a second; the last that was noted before 5.4 s is that of 5.4 s.
    assert_eq!(reading(&run, "held_at_first_failure", "threaded"), Reading::Measured(34.0 * 30.0, Certainty::Unknown));
    assert_eq!(reading(&run, "held_at_first_failure", "async-multi"), Reading::Beyond(2_400));
    let first_again = events(&run, "threaded").iter().find(|event| event.at_ns == UNTIL).unwrap();
    let recovery = (UNTIL + first_again.took_ns - FROM - 3_400 * MS) as f64;
    assert_eq!(reading(&run, "probe_recovery", "threaded"), Reading::Measured(recovery, Certainty::Unknown));
    assert_eq!(reading(&run, "probe_recovery", "async-multi"), Reading::Measured(0.0, Certainty::Unknown));
    assert_eq!(reading(&run, "probe_recovery", "thread-pool"), Reading::Beyond(12 * SECOND - FROM - 1_440 * MS));
}

#[test]
fn a_server_that_died_of_what_was_done_to_it_is_a_result() {
    let mut dead = fixture::dead();
    assert!(counts(&dead) && !is_failure(&dead));
    let found_at_the_end = Warning::ServerDied { how: "was killed by SIGKILL".to_owned() };
    (dead.server.died_at_ns, dead.warnings) = (None, vec![found_at_the_end]);
    assert!(counts(&dead) && !is_failure(&dead), "nobody looked between its death and the end");
    dead.disturbance = None;
    assert!(!counts(&dead) && is_failure(&dead), "nothing was done to it, so the cell tells nothing");
    let mut never_started = fixture::dead();
    (never_started.server.died_at_ns, never_started.warnings) = (None, Vec::new());
    assert!(!counts(&never_started) && is_failure(&never_started), "a server that never ran did not die of anything");
    let mut late = fixture::dead();
    late.warnings.push(Warning::GeneratorFellBehind { kept_pace: 0.2 });
    assert!(!counts(&late), "the generator's lateness is no result");

    let validity = summarise(&fixture::run()).validity;
    assert_eq!(validity.invalid_cells, 1);
    assert!(!validity.doubts.iter().any(|doubt| doubt.what.contains("signal 6")), "{:?}", validity.doubts);
}

#[test]
fn every_dot_stands_where_its_request_belongs_and_none_is_left_out() {
    let run = fixture::run();
    let figure = figure(&run, "idle-flood-over-time");
    assert_eq!(figure.kind, PictureKind::ProbeOverTime);
    let panel = figure.panels.iter().find(|panel| panel.heading == "threaded").unwrap();
    let tick = |name: &str, axis: &str, off: f64| -> f64 {
        let text = panel.svg.split(&format!(">{name}</text>")).next().unwrap().rsplit("<text").next().unwrap();
        text.split(&format!(" {axis}=\"")).nth(1).unwrap().split('"').next().unwrap().parse::<f64>().unwrap() - off
    };
    let (left, ten_seconds) = (tick("0", "x", 0.0), tick("10 s", "x", 0.0));
    let (low, high) = (tick("1 ms", "y", 4.0), tick("2 ms", "y", 4.0));
    let place = |event: &RequestEvent| {
        let x = left + (ten_seconds - left) * event.at_ns as f64 / (10 * SECOND) as f64;
        let y = low + (high - low) * (event.took_ns as f64 / MS as f64).log2();
        (x, y)
    };
    let path = panel.svg.split("class=\"pin\" d=\"M").nth(1).unwrap().split('"').next().unwrap();
    let dots: Vec<(f64, f64)> = path
        .split('M')
        .map(|dot| dot.strip_suffix("h0").unwrap().split_once(' ').unwrap())
        .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
        .collect();
    let near = |(x, y): (f64, f64), (a, b): (f64, f64)| (x - a).abs() < 0.7 && (y - b).abs() < 0.7;
    let answered: Vec<_> = events(&run, "threaded").iter().filter(|event| event.fate == Fate::Ok).map(place).collect();
    assert!(answered.iter().all(|&at| dots.iter().any(|&dot| near(at, dot))), "a request has no dot");
    assert!(dots.iter().all(|&dot| answered.iter().any(|&at| near(at, dot))), "a dot has no request");
    assert!(dots.len() <= answered.len() && dots.len() > 100);
    assert!(panel.svg.contains("<title>never answered: 230</title>"));
    let died = figure.panels.iter().find(|panel| panel.heading == "thread-pool").unwrap();
    assert!(died.svg.contains(">was killed by signal 6 (SIGABRT)</text>"));
}

#[test]
fn the_story_of_each_server_is_that_of_its_records() {
    let run = fixture::run();
    let victim = told(&run, "threaded");
    let broken = "answered all 170 requests of other clients until idle connections reached 1,020, then none of 230";
    assert!(victim.contains(broken) && victim.contains("could not spawn a thread 212 times"), "{victim}");
    let dead = told(&run, "thread-pool");
    assert!(dead.contains("325 refused") && dead.contains("killed by signal 6 (SIGABRT), 3.50 s after"), "{dead}");
    assert!(told(&run, "async-multi").contains("answered all 400 requests"));
    assert_eq!(told(&run, "sequential"), "Cannot tell for sequential: no valid measurement.");
    let page = render(&run);
    for part in ["1,000 threads, by cgroup v2 (pids.max)", "256 MiB memory, by watchdog", "failed to spawn thread"] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn the_title_follows_the_data_and_not_what_anyone_expects() {
    let mut run = fixture::run();
    let served = |run: &Run| figure(run, "idle-flood-over-time").title;
    assert_eq!(served(&run), "thread-pool answered 18% of newcomers, async-multi all");
    for cell in run.cells.iter_mut().filter(|cell| cell.disturbance.is_some()) {
        cell.traffic.as_mut().unwrap().events.iter_mut().for_each(|event| event.fate = Fate::Timeout);
    }
    assert_eq!(served(&run), "Nobody answered newcomers");
    run.cells.iter_mut().for_each(|cell| cell.warnings.push(Warning::GeneratorFellBehind { kept_pace: 0.1 }));
    assert_eq!(served(&run), "No valid measurement shows what newcomers got");
}

#[test]
fn trials_stay_out_of_the_series_over_the_offered_load() {
    let run = fixture::run();
    for group in groups(&run) {
        assert!(group.loads().is_empty());
        assert!(group.unmeasured.is_empty(), "an experiment misses nobody whom it does not put to the test");
    }
    let groups = groups(&run);
    let swept = &groups[1].series[0].trials;
    assert_eq!(
        swept.iter().map(|trial| trial.variation).collect::<Vec<_>>(),
        [0, 1, 2, 4, 8].map(|n| Some(f64::from(n)))
    );
    assert!(swept.iter().all(|trial| trial.blocks.len() == 2 && trial.standing == Standing::Sound));
}

#[test]
fn a_curve_over_connections_is_drawn_from_the_shape_of_the_load() {
    let mut run = fixture::run();
    let experiment = &mut run.manifest.experiments[2];
    experiment.pictures[0].kind = PictureKind::Curve;
    experiment.pictures[0].x = Swept::Connections;
    let plain: Vec<Cell> = run.cells.iter().filter(|cell| cell.experiment == "churn").cloned().collect();
    run.cells.retain(|cell| cell.experiment != "churn");
    for connections in [10, 1_000] {
        run.cells.extend(plain.iter().cloned().map(|mut cell| {
            cell.id = format!("{}-{connections}", cell.id);
            cell.load.shape = ShapeRecord::Connections { connections };
            cell
        }));
    }
    let figure = figure(&run, "churn-cpu");
    assert_eq!(figure.title, "threaded spent 36.6 µs of CPU per connection, async-multi 20.4 µs");
    assert!(figure.subtitle.starts_with("With 1,000 connections, "), "{}", figure.subtitle);
    // 61 µs for each of 600 connections, over 10 that stay.
    let row = figure.table.rows.iter().find(|row| row.cells[0] == "threaded" && row.cells[1] == "10").unwrap();
    assert!(row.cells.contains(&"3.66 ms".to_owned()), "{row:?}");
}

#[test]
fn bars_begin_at_zero_and_an_invalid_one_is_hollow() {
    let run = fixture::run();
    let figure = figure(&run, "idle-flood-held");
    let svg = &figure.panels[0].svg;
    let row = |label: &str| svg.split(&format!("<title>{label}: ")).nth(1).unwrap().split("</g>").next().unwrap();
    let edges = |label: &str| -> Vec<f64> {
        let path = row(label).split("d=\"M").nth(1).unwrap().split('Z').next().unwrap();
        path.split('L').map(|corner| corner.split(' ').next().unwrap().parse().unwrap()).collect()
    };
    assert!(row("sequential").contains("class=\"hollow\"") && row("sequential").contains(">invalid<"));
    let (victim, dead) = (edges("threaded"), edges("thread-pool"));
    assert_eq!(victim[0], dead[0]);
    let lengths = (victim[1] - victim[0]) / (dead[1] - dead[0]);
    assert!((lengths - 1_020.0 / 420.0).abs() < 0.02, "{lengths}");
}

#[test]
fn a_run_of_trials_comes_back_as_it_was_written() {
    let home = tempfile::tempdir().unwrap();
    let run = fixture::run();
    let folder = save(&run, &home.path().join("run"));
    assert_eq!(folder.read().unwrap(), run);
}

#[test]
fn ten_experiments_of_six_contenders_fit_into_the_page() {
    let mut run = fixture::run();
    let flood = run.manifest.experiments[0].clone();
    for copy in 1..10 {
        let name = format!("flood-{copy}");
        let cells: Vec<_> = run.cells.iter().filter(|cell| cell.experiment == "idle-flood").cloned().collect();
        run.cells.extend(cells.into_iter().chain([fixture::dead(), fixture::dead()]).map(|mut cell| {
            cell.experiment = name.clone();
            cell
        }));
        run.manifest.experiments.push(ExperimentRecord { name, ..flood.clone() });
    }
    let page = render(&run);
    assert!(page.len() <= 1_500_000, "{} bytes", page.len());
}

#[test]
fn a_cell_that_lacks_what_others_have_is_drawn_as_far_as_it_goes() {
    let mut run = fixture::run();
    for cell in &mut run.cells {
        if let Some(disturbance) = &mut cell.disturbance {
            disturbance.course.clear();
            (disturbance.from_ns, disturbance.until_ns) = (3 * SECOND, 3 * SECOND);
        }
        cell.server.died_at_ns = None;
        cell.bounds.clear();
    }
    assert!(render(&run).contains("was asked by no other client meanwhile"));
    run.cells.iter_mut().for_each(|cell| cell.traffic = None);
    assert!(!render(&run).contains("id=\"idle-flood-over-time\""), "no request, no picture of requests");
    run.cells.iter_mut().for_each(|cell| {
        cell.outcome =
            Outcome::Failed { part: FailedPart::Server, reason: "could not be started".into(), stderr: String::new() };
    });
    assert!(render(&run).contains("could not be started"));
}

#[test]
fn a_slow_answer_takes_ten_times_what_is_usual() {
    let run = fixture::run();
    let events = events(&run, "threaded");
    let is_within = |event: &&RequestEvent| (FROM..UNTIL).contains(&event.at_ns);
    let mut usual: Vec<u64> = events.iter().filter(|event| !is_within(event)).map(|event| event.took_ns).collect();
    usual.sort_unstable();
    let bound_ns = 10 * usual[(usual.len() - 1) / 2];
    let is_slow = |event: &&RequestEvent| event.fate == Fate::Ok && event.took_ns > bound_ns;
    let slow = events.iter().filter(is_within).filter(is_slow).count();
    assert_eq!(reading(&run, "probe_slow", "threaded").value(), Some(slow as f64 / 400.0));

    let mut run = run;
    let cell = run.cells.iter_mut().find(|cell| cell.contender == "threaded").unwrap();
    let answered = cell.traffic.as_mut().unwrap().events.iter_mut();
    answered.filter(|event| is_within(&&**event)).take(3).for_each(|event| event.took_ns = bound_ns + 1);
    assert_eq!(reading(&run, "probe_slow", "threaded").value(), Some((slow + 3) as f64 / 400.0));
}
