//! A run that never happened, with numbers of the size that real ones have. Everything follows from formulas.
//!
//! Beside it: `fixture_cells.rs`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use reports::record::store::{Run, RunFolder};
use reports::record::{
    Cell, ContenderRecord, Demand, Ending, ExperimentRecord, Limit, Machine, Manifest, Picture, PictureKind,
    PlacementKind, PlacementRecord, Scale, Swept, WorkloadRecord,
};
use reports::site::{Entry, SiteContents};

use crate::fixture_cells::{held, loaded, probe};

pub(crate) const SECOND: u64 = 1_000_000_000;

/// A contender of the fixture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FixtureModel {
    pub(crate) label: &'static str,
    /// Requests per second that it can serve: echo, sleep 5 ms.
    pub(crate) capacity: [f64; 2],
    /// CPU time of a request in µs at its capacity.
    pub(crate) cpu_us: f64,
    /// Bytes of an idle connection: resident, page tables, kernel stacks, socket buffers.
    pub(crate) connection_bytes: [u64; 4],
    /// Connections that it can serve at once; 0 is all.
    pub(crate) serves: u64,
}

/// The six models with capacities as on a small machine.
pub(crate) const MODELS: [FixtureModel; 6] = [
    model("sequential", [26e3, 195.0], 31.0, [310, 8, 0, 0], 1),
    model("threaded", [27e3, 15e3], 38.0, [9_300, 2_000, 16_384, 0], 0),
    model("thread-pool", [30e3, 790.0], 33.0, [320, 8, 0, 0], 4),
    model("rayon-pool", [29e3, 780.0], 34.0, [330, 8, 0, 0], 4),
    model("async-single", [48e3, 29e3], 19.0, [1_700, 16, 0, 0], 0),
    model("async-multi", [44e3, 27e3], 22.0, [1_900, 18, 0, 0], 0),
];

const fn model(
    label: &'static str,
    capacity: [f64; 2],
    cpu_us: f64,
    connection_bytes: [u64; 4],
    serves: u64,
) -> FixtureModel {
    FixtureModel { label, capacity, cpu_us, connection_bytes, serves }
}

/// How large a fixture is.
#[derive(Debug, Clone)]
pub(crate) struct Size {
    pub(crate) models: Vec<FixtureModel>,
    pub(crate) loads: Vec<f64>,
    pub(crate) blocks: u32,
    pub(crate) workloads: usize,
    /// Values a histogram is made of.
    pub(crate) steps: u32,
}

/// A run of all models over six loads in two blocks.
pub(crate) fn whole() -> Run {
    let loads = vec![60.0, 200.0, 700.0, 2_400.0, 8_000.0, 24_000.0];
    run(&Size { models: MODELS.to_vec(), loads, blocks: 2, workloads: 2, steps: 160 })
}

/// A site of these runs whose address on the web is not known, nothing compared.
pub(crate) fn contents(entries: &[Entry]) -> SiteContents {
    SiteContents { entries: entries.to_vec(), ..SiteContents::default() }
}

/// A small run: three models over three loads, one workload.
pub(crate) fn small() -> Run {
    let models = vec![MODELS[0], MODELS[1], MODELS[5]];
    run(&Size { models, loads: vec![60.0, 700.0, 8_000.0], blocks: 2, workloads: 1, steps: 40 })
}

/// Twice as many contenders as there are colours, with names that are long and values that are close.
pub(crate) fn crowded() -> Run {
    let labels = [
        "threaded:stack=64KiB",
        "threaded:stack=8MiB",
        "threaded:idle-timeout=100ms",
        "thread-pool:workers=64",
        "thread-pool:workers=256",
        "async-multi:workers=1",
    ];
    let close = labels.into_iter().zip(MODELS).map(|(label, like)| FixtureModel { label, ..like });
    let models = MODELS.into_iter().chain(close).collect();
    run(&Size { models, loads: vec![60.0, 700.0, 8_000.0], blocks: 2, workloads: 1, steps: 40 })
}

/// A run of all models in as many blocks as verdicts take.
pub(crate) fn decided() -> Run {
    run(&Size { models: MODELS.to_vec(), loads: vec![60.0, 700.0], blocks: 20, workloads: 1, steps: 20 })
}

/// Two of the models in ten blocks of both workloads, and that is what the run is about.
pub(crate) fn duel() -> Run {
    let models = vec![MODELS[1], MODELS[5]];
    let mut run = run(&Size { models, loads: vec![60.0, 8_000.0, 24_000.0], blocks: 10, workloads: 2, steps: 40 });
    run.manifest.protagonists = Some([MODELS[1].label, MODELS[5].label].map(str::to_owned));
    run
}

/// A run of this size, which is made up once: most tests begin with one.
pub(crate) fn run(size: &Size) -> Run {
    static MADE_UP: Mutex<BTreeMap<String, Run>> = Mutex::new(BTreeMap::new());
    MADE_UP.lock().unwrap().entry(format!("{size:?}")).or_insert_with(|| made_up(size)).clone()
}

fn made_up(size: &Size) -> Run {
    let workloads = [("sleep-5ms", "sleep 5 ms", 1), ("echo", "echo", 0)];
    let workloads = &workloads[..size.workloads];
    let mut cells = Vec::new();
    for &(key, _, column) in workloads {
        for model in &size.models {
            let mut cell = probe(model, key, column, size.steps);
            cell.order = cells.len() as u32;
            cells.push(cell);
        }
    }
    for block in 0..size.blocks {
        for &(key, _, column) in workloads {
            for model in &size.models {
                for &load in &size.loads {
                    let mut cell = loaded(model, key, column, load, block, size.steps);
                    cell.order = cells.len() as u32;
                    cells.push(cell);
                }
            }
        }
    }
    for model in &size.models {
        let mut cell = held(model);
        cell.order = cells.len() as u32;
        cells.push(cell);
    }
    Run {
        manifest: manifest(size, workloads, cells.len() as u32),
        cells,
        timelines: Vec::new(),
        predictions: Vec::new(),
    }
}

/// Saves a run in a new folder.
pub(crate) fn save(run: &Run, to: &Path) -> RunFolder {
    let folder = RunFolder::create(to).unwrap();
    folder.write_manifest(&run.manifest).unwrap();
    run.cells.iter().for_each(|cell| folder.write_cell(cell).unwrap());
    run.timelines.iter().enumerate().for_each(|(number, it)| folder.write_timeline(number, it).unwrap());
    folder
}

/// The position of a cell by experiment, workload, contender, load and block.
pub(crate) fn find(run: &Run, workload: &str, contender: &str, load: f64, block: u32) -> usize {
    let wanted = |cell: &Cell| {
        cell.workload == workload
            && cell.contender == contender
            && cell.load.offered_load_rps == Some(load)
            && cell.block == block
    };
    run.cells.iter().position(wanted).unwrap()
}

/// A contender by its label.
pub(crate) fn contender(label: &str) -> ContenderRecord {
    ContenderRecord {
        label: label.into(),
        model: label.into(),
        options: BTreeMap::from([("buffer".into(), "1 KiB".into())]),
        summary: format!("what runs a connection in {label}"),
        ..ContenderRecord::default()
    }
}

pub(crate) fn workload(key: &str, label: &str, description: &str, demand: Option<Demand>) -> WorkloadRecord {
    WorkloadRecord { key: key.into(), label: label.into(), description: description.into(), demand }
}

/// A picture of all workloads on linear scales.
pub(crate) fn picture(id: &str, kind: PictureKind, metrics: &[&str], x: Swept) -> Picture {
    Picture {
        id: id.into(),
        kind,
        workload: None,
        metrics: metrics.iter().map(|metric| (*metric).into()).collect(),
        x,
        x_label: None,
        x_scale: Scale::Linear,
        y_scale: Scale::Linear,
    }
}

fn manifest(size: &Size, workloads: &[(&str, &str, usize)], planned_cells: u32) -> Manifest {
    Manifest {
        built_with: BTreeMap::from([("tokio".to_owned(), "1.52.2".to_owned())]),
        run: "fixture".into(),
        harness_version: "0.1.0".into(),
        commit: Some("0123abc".into()),
        argv: ["harness", "compare", "--seed", "7"].map(str::to_owned).into(),
        preset: "quick".into(),
        seed: 7,
        blocks: size.blocks,
        started_at: "2026-01-02T03:04:05Z".into(),
        elapsed_ns: Some(91_400_000_000),
        ending: Ending::Completed,
        limits: vec![Limit {
            name: "open files (RLIMIT_NOFILE)".into(),
            value: Some(20_000),
            needed: Some(10_100),
            remedy: "ulimit -n 20000".into(),
        }],
        experiments: vec![latency_curve(workloads), memory()],
        contenders: size.models.iter().map(|model| contender(model.label)).collect(),
        planned_cells,
        ..Manifest::new(machine(), placement())
    }
}

fn machine() -> Machine {
    Machine {
        cpu_model: "Example CPU @ 2.80GHz".into(),
        cpus: 2,
        memory_bytes: 8 << 30,
        kernel: "6.1.0".into(),
        clock_source: "tsc".into(),
        congestion_control: "cubic".into(),
        virtualised: Some(true),
        allocator: "system".into(),
        kernel_stack_bytes_per_thread: 16_384,
        ..Machine::default()
    }
}

fn placement() -> PlacementRecord {
    PlacementRecord { kind: PlacementKind::Isolated, server_cpus: vec![0], generator_cpus: vec![1] }
}

fn latency_curve(workloads: &[(&str, &str, usize)]) -> ExperimentRecord {
    let mut pictures = Vec::new();
    for (key, _, _) in workloads {
        let picture = |id: &str, kind, metrics: &[&str], x, y_scale| Picture {
            workload: Some((*key).into()),
            x_scale: Scale::Log,
            y_scale,
            ..picture(&format!("{id}-{key}"), kind, metrics, x)
        };
        let load = Swept::OfferedLoadRps;
        pictures.push(picture(
            "response",
            PictureKind::Curve,
            &["response_time_p50", "response_time_p99"],
            load,
            Scale::Log,
        ));
        pictures.push(picture("cpu", PictureKind::Curve, &["cpu_per_request"], load, Scale::Linear));
        pictures.push(picture("spectrum", PictureKind::PercentileSpectrum, &[], Swept::Percentile, Scale::Log));
        pictures.push(picture("split", PictureKind::TimeSplit, &[], load, Scale::Linear));
    }
    let workload = |(key, label, _): &(&str, &str, usize)| {
        let demand = if *key == "echo" { Demand::Nothing } else { Demand::Waiting { for_ns: 5_000_000 } };
        workload(key, label, "A session of ten requests.", Some(demand))
    };
    ExperimentRecord {
        name: "latency-curve".into(),
        title: "Response time and load".into(),
        claim: "async is faster".into(),
        claimed_in: "every other forum thread".into(),
        question: "Who answers sooner when requests come more often?".into(),
        possible_answers: vec!["tasks".into(), "threads".into(), "neither".into()],
        look_at: "where the lines leave the floor".into(),
        conditions: vec!["Few connections at a time.".into(), "The work is small.".into()],
        workloads: workloads.iter().map(workload).collect(),
        pictures,
        ..ExperimentRecord::default()
    }
}

fn memory() -> ExperimentRecord {
    let parts = ["resident", "page-tables", "kernel-stacks", "socket-buffers"];
    ExperimentRecord {
        name: "memory".into(),
        title: "Memory and connections".into(),
        claim: "threads are bound by memory".into(),
        claimed_in: "textbooks".into(),
        question: "What does one more idle connection cost?".into(),
        possible_answers: vec!["the stack of a thread".into()],
        look_at: "the slopes".into(),
        conditions: vec!["Buffers are small.".into()],
        workloads: vec![workload("held", "held connections", "Opened and held.", None)],
        pictures: vec![picture("parts", PictureKind::StackedParts, &parts, Swept::Connections)],
        ..ExperimentRecord::default()
    }
}
