//! Every lesson is whole, fits a minute and a laptop, and says the right thing of literal records.

use std::collections::{BTreeMap, BTreeSet};

use hdrhistogram::Histogram;
use reports::record::store::Run;
use reports::record::{
    Cell, ContenderRecord, DisturbanceRecord, Ending, Fate, HistogramRecord, Ledger, Machine, Manifest, Phase,
    PlacementKind, PlacementRecord, RequestEvent, SCHEMA_VERSION, Sample, ServerUsage, Stage, Traffic, ValueOf,
    Warning,
};
use servers::Contender;

use super::*;
use crate::plan::{Preset, TaskKind};
use crate::workshop::course::{LONGEST_RUN, experiment, sizes};
use crate::workshop::lesson::{LessonSettings, LessonSetup};
use crate::workshop::settle::{LessonFindings, settle};
use crate::workshop::source::side_by_side;

const MS: u64 = 1_000_000;

fn usual(lesson: &Lesson) -> (LessonSettings, LessonSetup) {
    let settings = LessonSettings::usual(lesson.controls);
    let setup = (lesson.setup)(&settings);
    (settings, setup)
}

/// All that a lesson may be set to at the ends of its controls.
fn extremes(lesson: &Lesson) -> Vec<LessonSettings> {
    let ends = |end: fn(&crate::workshop::lesson::Control) -> u32| {
        let changed: Vec<(String, u32)> =
            lesson.controls.iter().map(|control| (control.kind.name().to_owned(), end(control))).collect();
        LessonSettings::with(lesson.controls, &changed).unwrap()
    };
    vec![ends(|control| control.least), ends(|control| control.usual), ends(|control| control.most)]
}

#[test]
fn every_file_is_in_the_table_under_its_name() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/workshop/lessons");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().replace('_', "-"))
        .filter(|name| name != "mod" && name != "tests")
        .collect();
    let names: BTreeSet<String> = LESSONS.iter().map(|lesson| lesson.name.to_owned()).collect();
    assert_eq!(files, names);
    assert!(LESSONS.len() >= 12);
    assert_eq!(LESSONS.iter().filter(|lesson| lesson.is_core).count(), 7);
    let minutes: u32 = LESSONS.iter().filter(|lesson| lesson.is_core).map(|lesson| lesson.script.minutes).sum();
    assert!((90..=110).contains(&minutes), "{minutes} of 120 minutes, with a break and an end");
}

#[test]
fn every_lesson_is_whole() {
    for lesson in LESSONS {
        let story = (lesson.story)();
        let answers = story.possible_answers.len();
        let name = lesson.name;
        assert!((3..=4).contains(&answers) && lesson.beliefs.len() == answers, "{name}");
        assert!(story.finds_out.ends_with('?') && story.question.ends_with('?'), "{name}");
        assert!((story.pictures)().iter().all(|picture| !picture.metrics.is_empty()), "{name}");
        assert!(side_by_side(lesson.models).is_some(), "{name}: no source of {:?}", lesson.models);
        assert!(!lesson.look.is_empty() && (1..=2).contains(&lesson.controls.len()), "{name}");
        let script = &lesson.script;
        assert!(!script.ask.is_empty() && !script.press.is_empty() && !script.goes_wrong.is_empty(), "{name}");
        assert!(script.wrong_ideas.iter().all(|(idea, from)| idea.ends_with('.') && from.ends_with('.')), "{name}");
        for settings in extremes(lesson) {
            let setup = (lesson.setup)(&settings);
            assert_eq!(setup.bounds.len() + 1, answers, "{name}");
            assert!(setup.bounds.is_sorted() && setup.bounds[0] > 0.0, "{name}: {:?}", setup.bounds);
            assert!(setup.question.ends_with('?') && setup.blocks >= 3, "{name}");
            for label in &setup.contenders {
                assert_eq!(Contender::parse(label).unwrap().label(), label, "{name}");
            }
            for value in [Some(&setup.quantity.value), setup.quantity.over.as_ref()].into_iter().flatten() {
                assert!(reports::metrics::metric(&value.metric).is_some(), "{name}: {value:?}");
                assert!(setup.contenders.contains(&value.contender), "{name}: {value:?}");
                let is_run = |task: &crate::plan::Task| {
                    let is_held = matches!(task.kind, TaskKind::Hold(_));
                    (is_held || task.variation == value.variation)
                        && value.workload.as_ref().is_none_or(|key| task.workload == *key)
                };
                assert!(setup.tasks.iter().any(is_run), "{name}: nothing measures {value:?}");
            }
        }
        assert_eq!((lesson.setup)(&LessonSettings::usual(lesson.controls)).question, story.question, "{name}");
    }
}

#[test]
fn a_lesson_ends_within_a_minute_and_fits_a_laptop() {
    for lesson in LESSONS {
        for settings in extremes(lesson) {
            let setup = (lesson.setup)(&settings);
            let each: Duration = setup.tasks.iter().map(|task| task.kind.usual_duration() + OVERHEAD).sum();
            let all = each * setup.contenders.len() as u32 * setup.blocks;
            assert!(all < LONGEST_RUN * 9 / 10, "{}: {all:?} with {settings:?}", lesson.name);
            let most = setup.tasks.iter().map(|task| task.kind.peak_connections()).max().unwrap();
            assert!(most <= 4_000, "{}: {most} connections", lesson.name);
            assert!(sizes(Preset::Quick.sizes(), &setup).retries > 0);
        }
    }
}

/// Besides its task a cell takes about this.
const OVERHEAD: Duration = Duration::from_millis(250);

/// A contender's cell in which a metric has a value.
fn cell(setup: &LessonSetup, name: &str, of: &ValueOf, value: f64, block: u32) -> Cell {
    let is_its = |task: &&crate::plan::Task| {
        let is_held = matches!(task.kind, TaskKind::Hold(_));
        (is_held || task.variation == of.variation) && of.workload.as_ref().is_none_or(|key| task.workload == *key)
    };
    let task = setup.tasks.iter().find(is_its).unwrap();
    let load = match &task.kind {
        TaskKind::Load(spec) => spec.to_record(),
        TaskKind::Disturbed(spec) => spec.probe.to_record(),
        TaskKind::Hold(_) => asking_again(Work::new("echo", "hi"), 1).to_record(),
    };
    let mut cell = Cell {
        id: format!("{}.{}.{block}", of.contender, of.metric),
        experiment: name.to_owned(),
        workload: task.workload.to_string(),
        contender: of.contender.clone(),
        block,
        variation: task.variation,
        ..Cell::new(load)
    };
    let times = |value_ns: f64| {
        let mut times = Histogram::<u64>::new_with_bounds(1, 60_000 * MS, 3).unwrap();
        times.record_n(value_ns.max(1.0) as u64, 1_000).unwrap();
        HistogramRecord::from_histogram(&times, 1_000 * value_ns as u64)
    };
    let window_s = cell.load.window_ns as f64 / 1e9;
    let mut traffic = Traffic::new(times(1e6));
    traffic.ledger = Ledger { scheduled: 1_000, ok: 1_000, ..Ledger::default() };
    traffic.ok_within_window = 1_000;
    match of.metric.as_str() {
        "memory_per_connection" => {
            cell.load.arrivals = reports::record::ArrivalsRecord::Held;
            let stage = |connections: u64| Stage {
                phase: Phase::Idle,
                connections,
                answered: None,
                sample: Sample { resident_bytes: 1_000_000 + (value * connections as f64) as u64, ..Sample::default() },
                socket_buffer_bytes: None,
                settled: true,
            };
            cell.stages = [250, 500, 1_000].map(stage).into();
            return cell;
        }
        "achieved_rps" => traffic.ok_within_window = (value * window_s).round() as u64,
        "peak_threads" => cell.server = ServerUsage { peak_threads: Some(value as u64), ..ServerUsage::default() },
        "response_time_p99" => traffic.response_time = Some(times(value)),
        "service_time_p99" => traffic.service_time = times(value),
        "probe_longest_wait" | "probe_p50" | "probe_p99" => traffic.events = probed(|_| (value as u64, Fate::Ok)),
        "probe_success" => {
            let answered = (value * 1_000.0) as u64;
            traffic.events = probed(|n| (MS, if n < answered { Fate::Ok } else { Fate::Timeout }));
        }
        other => panic!("no literal record of {other}"),
    }
    if of.metric.starts_with("probe") {
        cell.disturbance = Some(DisturbanceRecord {
            name: "so".to_owned(),
            from_ns: 0,
            until_ns: 10_000 * MS,
            stop_asked_ns: None,
            course: Vec::new(),
            traffic: None,
        });
    }
    cell.traffic = Some(traffic);
    cell
}

/// A thousand requests of a probe, with what became of each.
fn probed(fate: impl Fn(u64) -> (u64, Fate)) -> Vec<RequestEvent> {
    let event = |n: u64| {
        let (took_ns, fate) = fate(n);
        RequestEvent { at_ns: n * MS, took_ns, fate, connection: None }
    };
    (0..1_000).map(event).collect()
}

fn saved(lesson: &Lesson, setup: &LessonSetup, cells: Vec<Cell>) -> Run {
    let contender = |label: &String| ContenderRecord {
        label: label.clone(),
        model: label.clone(),
        options: BTreeMap::new(),
        summary: String::new(),
        twin_of: None,
        display: None,
        command: None,
    };
    let cpus = PlacementRecord { kind: PlacementKind::Isolated, server_cpus: vec![0], generator_cpus: vec![1] };
    let machine = Machine {
        cpu_model: String::new(),
        cpus: 2,
        memory_bytes: 0,
        kernel: String::new(),
        clock_source: String::new(),
        congestion_control: String::new(),
        virtualised: None,
        governor: None,
        allocator: String::new(),
        kernel_stack_bytes_per_thread: 0,
    };
    let manifest = Manifest {
        schema_version: SCHEMA_VERSION,
        run: lesson.name.to_owned(),
        harness_version: String::new(),
        commit: None,
        argv: Vec::new(),
        preset: "lesson".to_owned(),
        seed: 1,
        blocks: setup.blocks,
        placement: cpus,
        started_at: String::new(),
        resumed_at: Vec::new(),
        elapsed_s: None,
        ending: Ending::Completed,
        machine,
        built_with: BTreeMap::new(),
        limits: Vec::new(),
        warnings: Vec::new(),
        experiments: vec![experiment(lesson, setup).to_record(setup.contenders.clone())],
        contenders: setup.contenders.iter().map(contender).collect(),
        protagonists: None,
        against: None,
        page: None,
        planned_cells: cells.len() as u32,
    };
    Run { manifest, cells, timelines: Vec::new(), predictions: Vec::new() }
}

/// What the lesson's quantity is a multiple of, in the records below.
const UNIT: f64 = 1e6;

/// A run in which the quantity has these values, one for each block.
fn measured(lesson: &Lesson, setup: &LessonSetup, values: &[f64]) -> Run {
    let quantity = &setup.quantity;
    let mut cells = Vec::new();
    for (block, value) in (0..).zip(values) {
        match &quantity.over {
            None => cells.push(cell(setup, lesson.name, &quantity.value, *value, block)),
            // The two clocks of one cell.
            Some(over) if over.contender == quantity.value.contender && over.variation == quantity.value.variation => {
                let mut both = cell(setup, lesson.name, &quantity.value, value * UNIT, block);
                let service_time = cell(setup, lesson.name, over, UNIT, block).traffic.unwrap().service_time;
                both.traffic.as_mut().unwrap().service_time = service_time;
                cells.push(both);
            }
            Some(over) => {
                cells.push(cell(setup, lesson.name, &quantity.value, value * UNIT, block));
                cells.push(cell(setup, lesson.name, over, UNIT, block));
            }
        }
    }
    saved(lesson, setup, cells)
}

/// Amid an answer, and at its edge to the next.
fn amid(setup: &LessonSetup, answer: usize) -> f64 {
    let bounds = &setup.bounds;
    let most = if setup.quantity.value.metric == "probe_success" { 1.0 } else { 4.0 * bounds[bounds.len() - 1] };
    let from = answer.checked_sub(1).map_or(bounds[0] / 2.0, |before| bounds[before]);
    let to = bounds.get(answer).copied().unwrap_or(most);
    (from + to) / 2.0
}

#[test]
fn the_answer_that_holds_the_whole_interval_is_right() {
    for lesson in LESSONS {
        let (settings, setup) = usual(lesson);
        for answer in 0..=setup.bounds.len() {
            let value = amid(&setup, answer);
            let run = measured(lesson, &setup, &[value * 0.99, value, value * 1.01, value]);
            let findings = LessonFindings::of(&run, &settings);
            let (result, at) = settle(&findings, &setup);
            let of = format!("{}, {value}: {result:?}", lesson.name);
            assert_eq!((result.right, result.points_to), (Some(answer), Some(answer)), "{of}");
            assert!(result.undecided.is_none() && at.is_some(), "{of}");
            assert!(result.measured.starts_with(&setup.quantity.says) && result.measured.ends_with('.'), "{of}");
        }
    }
}

#[test]
fn values_on_both_sides_of_an_edge_decide_nothing_and_say_what_to_do() {
    for lesson in LESSONS {
        let (settings, setup) = usual(lesson);
        let edge = setup.bounds[0];
        let run = measured(lesson, &setup, &[edge * 0.7, edge * 1.4, edge * 0.8, edge * 1.3]);
        let (result, _) = settle(&LessonFindings::of(&run, &settings), &setup);
        let why = result.undecided.unwrap();
        assert_eq!(result.right, None, "{}", lesson.name);
        assert!(result.points_to.is_some() && why.contains("again"), "{}: {why}", lesson.name);
    }
}

#[test]
fn a_noisy_machine_decides_nothing_and_still_points_somewhere() {
    for lesson in LESSONS {
        let (settings, setup) = usual(lesson);
        let answer = setup.bounds.len();
        let mut run = measured(lesson, &setup, &[amid(&setup, answer); 4]);
        let noise = Warning::NoisyMachine { what: "others used 90% of the CPUs".to_owned() };
        run.cells.iter_mut().for_each(|cell| cell.warnings.push(noise.clone()));
        let (result, at) = settle(&LessonFindings::of(&run, &settings), &setup);
        assert_eq!((result.right, result.points_to), (None, Some(answer)), "{}", lesson.name);
        let why = result.undecided.unwrap();
        assert!(why.contains("Others used the machine") && why.contains("Close"), "{}: {why}", lesson.name);
        assert!(at.is_some());
    }
}

#[test]
fn nothing_measured_is_said_and_explained_all_the_same() {
    for lesson in LESSONS {
        let (settings, setup) = usual(lesson);
        let run = saved(lesson, &setup, Vec::new());
        let findings = LessonFindings::of(&run, &settings);
        let (result, at) = settle(&findings, &setup);
        assert_eq!((result.right, result.points_to, at), (None, None, None), "{}", lesson.name);
        assert!(result.measured.contains("not measured") && result.undecided.is_some(), "{}", lesson.name);
        let said = (lesson.explanation)(&findings);
        assert!(said.len() >= 2 && said[0].contains("(not measured)"), "{}: {said:?}", lesson.name);
    }
}

#[test]
fn the_explanation_says_what_was_measured() {
    for lesson in LESSONS {
        let (settings, setup) = usual(lesson);
        let run = measured(lesson, &setup, &[amid(&setup, setup.bounds.len()); 4]);
        let findings = LessonFindings::of(&run, &settings);
        let quantity = &setup.quantity;
        let (alone, times) = (findings.say(&quantity.value), quantity.over.as_ref());
        let times = times.map(|over| findings.say_times(&quantity.value, over));
        let said = (lesson.explanation)(&findings).join(" ");
        let is_said = said.contains(&alone) || times.is_some_and(|times| said.contains(&times));
        assert!(is_said, "{}: {alone} is not in {said}", lesson.name);
    }
}

#[test]
fn what_is_set_changes_the_question_and_has_bounds() {
    for lesson in LESSONS {
        let usual = LessonSettings::usual(lesson.controls);
        for control in lesson.controls {
            let name = control.kind.name().to_owned();
            let set = |value: u32| LessonSettings::with(lesson.controls, &[(name.clone(), value)]);
            assert!(set(control.most + 1).is_err() && set(control.least).is_ok(), "{}", lesson.name);
            let changed = set(if control.usual == control.least { control.most } else { control.least }).unwrap();
            let (before, after) = ((lesson.setup)(&usual), (lesson.setup)(&changed));
            let differs = before.tasks != after.tasks || before.contenders != after.contenders;
            assert!(differs, "{}: {name} changes nothing", lesson.name);
        }
        let unknown = LessonSettings::with(lesson.controls, &[("patience".to_owned(), 1)]);
        assert!(unknown.unwrap_err().to_string().contains("no patience to set"), "{}", lesson.name);
    }
}
