//! Runs of lessons as records that a test writes down: with the value that it wants to have been measured.
//!
//! The lessons' own tests include it too, so it names the crate as others do.

use harness::plan::TaskKind;
use harness::workshop::course::experiment;
use harness::workshop::lesson::{Lesson, LessonSetup};
use hdrhistogram::Histogram;
use reports::record::store::Run;
use reports::record::{
    Cell, ContenderRecord, DisturbanceRecord, Ending, Fate, HistogramRecord, Ledger, Machine, Manifest, Phase,
    PlacementKind, PlacementRecord, RequestEvent, Sample, ServerUsage, Stage, Traffic, ValueOf,
};

const MS: u64 = 1_000_000;

/// A label as the name of a file has it.
fn safe(label: &str) -> String {
    label.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

/// A contender's cell in which a metric has a value.
fn cell(setup: &LessonSetup, name: &str, of: &ValueOf, value: f64, block: u32) -> Cell {
    let is_its = |task: &&harness::plan::Task| {
        let is_held = matches!(task.kind, TaskKind::Hold(_));
        (is_held || task.variation == of.variation) && of.workload.as_ref().is_none_or(|key| task.workload == *key)
    };
    let task = setup.tasks.iter().find(is_its).unwrap();
    let mut cell = Cell {
        id: format!("{}.{}.{}.b{block}", safe(&of.contender), of.metric, of.variation.unwrap_or(0.0)),
        experiment: name.to_owned(),
        workload: task.workload.to_string(),
        contender: of.contender.clone(),
        block,
        variation: task.variation,
        ..Cell::new(task.kind.to_record())
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
        cell.disturbance =
            Some(DisturbanceRecord { name: "so".to_owned(), until_ns: 10_000 * MS, ..DisturbanceRecord::default() });
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

pub(crate) fn saved(lesson: &Lesson, setup: &LessonSetup, cells: Vec<Cell>) -> Run {
    let contender =
        |label: &String| ContenderRecord { label: label.clone(), model: label.clone(), ..ContenderRecord::default() };
    let cpus = PlacementRecord { kind: PlacementKind::Isolated, server_cpus: vec![0], generator_cpus: vec![1] };
    let machine = Machine { cpus: 2, ..Machine::default() };
    let manifest = Manifest {
        run: lesson.name.to_owned(),
        preset: "lesson".to_owned(),
        blocks: setup.blocks,
        ending: Ending::Completed,
        experiments: vec![experiment(lesson, setup).to_record(setup.contenders.clone())],
        contenders: setup.contenders.iter().map(contender).collect(),
        planned_cells: cells.len() as u32,
        ..Manifest::new(machine, cpus)
    };
    Run { manifest, cells, timelines: Vec::new(), predictions: Vec::new() }
}

/// What the lesson's quantity is a multiple of, in the records below.
const UNIT: f64 = 1e6;

/// A run in which the quantity has these values, one for each block.
pub(crate) fn measured(lesson: &Lesson, setup: &LessonSetup, values: &[f64]) -> Run {
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
pub(crate) fn amid(setup: &LessonSetup, answer: usize) -> f64 {
    let bounds = &setup.bounds;
    let most = if setup.quantity.value.metric == "probe_success" { 1.0 } else { 4.0 * bounds[bounds.len() - 1] };
    let from = answer.checked_sub(1).map_or(bounds[0] / 2.0, |before| bounds[before]);
    let to = bounds.get(answer).copied().unwrap_or(most);
    (from + to) / 2.0
}
