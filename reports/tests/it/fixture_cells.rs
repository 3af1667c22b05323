//! The cells of the fixture: response times, CPU time and memory by formula.
//!
//! Beside it: `fixture.rs`, the run they are part of.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use reports::record::{
    ArrivalsRecord, Cell, ConnectionLedger, GeneratorUsage, HistogramRecord, Ledger, Load, Noise, PartSums, Phase,
    Purpose, Sample, ShapeRecord, Stage, TimeSplit, Traffic, Warning,
};

use crate::fixture::{FixtureModel, SECOND};

/// A cell without anything measured.
pub(crate) fn blank(id: &str, experiment: &str, workload: &str, contender: &str) -> Cell {
    let load = Load {
        arrivals: ArrivalsRecord::Poisson,
        shape: ShapeRecord::Sessions { requests: 10, think_time_ns: 0, concurrent: 1_000 },
        offered_load_rps: None,
        work: "echo hi".into(),
        seed: 7,
        warm_up_ns: SECOND / 2,
        window_ns: 5 * SECOND,
        timeout_ns: SECOND,
    };
    Cell {
        id: id.into(),
        experiment: experiment.into(),
        workload: workload.into(),
        contender: contender.into(),
        elapsed_ns: 6 * SECOND,
        noise: Noise { other_cpu_share: Some(0.004), ..Noise::default() },
        ..Cell::new(load)
    }
}

pub(crate) fn probe(model: &FixtureModel, key: &str, column: usize, steps: u32) -> Cell {
    let mut cell = loaded(model, key, column, model.capacity[column], 0, steps);
    cell.id = format!("probe-{key}-{}", model.label);
    cell.purpose = Purpose::CapacityProbe;
    cell.load.arrivals = ArrivalsRecord::Closed;
    cell.load.offered_load_rps = None;
    let traffic = cell.traffic.as_mut().unwrap();
    (traffic.response_time, traffic.schedule_lag, traffic.split) = (None, None, None);
    cell
}

/// Service time and waiting of one request at a quantile, in ns, below and beyond capacity.
struct Timing {
    service: f64,
    wait: f64,
    overload: f64,
}

impl Timing {
    fn of(model: &FixtureModel, column: usize, load: f64, block: u32) -> Timing {
        let busy = load / model.capacity[column];
        let jitter = 1.0 + 0.03 * f64::from(block) + 0.01 * (model.label.len() % 5) as f64;
        let floor = [90e3, 5.12e6][column] * jitter + model.cpu_us * 1e3;
        let mean_wait = model.cpu_us * 1e3 * busy.min(0.97) / (1.0 - busy.min(0.97));
        let scale = if model.serves > 0 && column == 1 { 5e6 / model.serves as f64 } else { 20e3 };
        Timing { service: floor, wait: mean_wait + scale * busy.min(1.0).powi(2), overload: (busy - 1.0).max(0.0) }
    }

    /// Waiting at a quantile from 0 to 1.
    fn waiting(&self, u: f64) -> f64 {
        let queue = -(1.0 - u).ln() * self.wait;
        // Beyond capacity the queue grows for the whole window.
        queue + self.overload / (1.0 + self.overload) * u * 5.0 * SECOND as f64
    }
}

pub(crate) fn loaded(model: &FixtureModel, key: &str, column: usize, load: f64, block: u32, steps: u32) -> Cell {
    let mut cell = blank(&format!("{key}-{load}-{}-{block}", model.label), "latency-curve", key, model.label);
    cell.block = block;
    cell.load.offered_load_rps = Some(load);
    cell.load.work = key.replace('-', " ");
    let shape = Timing::of(model, column, load, block);
    let scheduled = (load * 5.0).round() as u64;
    let timeout = cell.load.timeout_ns;
    let mut recorders: [Recorder; 7] = Default::default();
    let mut sums = BTreeMap::<u64, (u64, [u64; 5])>::new();
    let mut ok = 0;
    let mut done = 0;
    for step in 1..=steps {
        // Finer steps towards the tail, so that high percentiles are made of more than one value.
        let rest = (1.0 - f64::from(step) / f64::from(steps)).powi(2);
        let until = scheduled - (scheduled as f64 * rest).round() as u64;
        let (count, u) = (until - done, 1.0 - (rest + 0.5 / scheduled as f64).min(1.0));
        done = until;
        let (before, wait) = (0.3 * shape.waiting(u), 0.7 * shape.waiting(u));
        let parts = [before / 10.0, before * 0.9, wait, shape.service, 15e3].map(|ns| ns as u64 + 1);
        let response: u64 = parts.iter().sum();
        if count > 0 && response < timeout {
            ok += count;
            recorders[0].add(response, count);
            recorders[1].add(response - parts[0] - parts[1], count);
            (0..5).for_each(|part| recorders[2 + part].add(parts[part], count));
            let bucket = sums.entry(response).or_default();
            bucket.0 += count;
            (0..5).for_each(|part| bucket.1[part] += parts[part] * count);
        } else {
            recorders[0].add(timeout, count);
        }
    }
    let [response, service, parts @ ..] = recorders.map(Recorder::record);
    let ledger = Ledger { scheduled, ok, timeout: scheduled - ok, ..Ledger::default() };
    let cpu = ok as f64 * model.cpu_us * 1e3 * (1.0 + 0.5 * (1.0 - (load / model.capacity[column]).min(1.0)));
    cell.server.window_cpu_ns = Some(cpu as u64);
    cell.server.voluntary_switches = Some(ok * 2);
    cell.server.involuntary_switches = Some(ok / 50);
    cell.generator = Some(GeneratorUsage {
        threads: 1,
        user_cpu_ns: ok * 2_000,
        system_cpu_ns: ok * 9_000,
        polling_ns: 0,
        busiest_worker: 0.4,
        kept_pace: 1.0,
    });
    cell.traffic = Some(Traffic {
        ledger,
        ok_within_window: ok,
        connections: ConnectionLedger {
            attempted: scheduled / 10,
            established: scheduled / 10,
            closed_in_agreement: ok / 10,
            never_answered: (scheduled - ok) / 20,
            ..ConnectionLedger::default()
        },
        ok_in_all: ok + ok / 10,
        response_time: Some(response),
        split: Some(split(parts, &sums)),
        ..Traffic::new(service)
    });
    cell
}

/// The names of the parts in the order of the fixture's.
const PARTS: [&str; 5] = ["schedule_lag", "connection", "waiting", "service", "returning"];

fn split(parts: [HistogramRecord; 5], sums: &BTreeMap<u64, (u64, [u64; 5])>) -> TimeSplit {
    let part_sums = |(index, name): (usize, &&str)| {
        ((*name).to_owned(), sums.values().map(|(_, sums)| sums[index]).collect::<Vec<_>>())
    };
    let by_response_time = PartSums {
        least_ns: sums.keys().copied().collect(),
        replies: sums.values().map(|(replies, _)| *replies).collect(),
        sums_ns: PARTS.iter().enumerate().map(part_sums).collect(),
    };
    let [schedule_lag, connection, waiting, service, returning] = parts.map(Some);
    let by_response_time = Some(by_response_time);
    TimeSplit { schedule_lag, connection, waiting, service, returning, by_response_time, ..TimeSplit::default() }
}

struct Recorder(Histogram<u64>, u64);

impl Default for Recorder {
    fn default() -> Recorder {
        Recorder(Histogram::new_with_bounds(1, 60 * SECOND, 3).unwrap(), 0)
    }
}

impl Recorder {
    fn add(&mut self, value: u64, count: u64) {
        self.0.record_n(value, count).unwrap();
        self.1 += value * count;
    }

    fn record(self) -> HistogramRecord {
        HistogramRecord::from_histogram(&self.0, self.1)
    }
}

pub(crate) fn held(model: &FixtureModel) -> Cell {
    let mut cell = blank(&format!("memory-{}", model.label), "memory", "held", model.label);
    cell.load.arrivals = ArrivalsRecord::Held;
    cell.load.shape = ShapeRecord::Connections { connections: 10_000 };
    let answered = |held: u64| if model.serves > 0 { held.min(model.serves) } else { held };
    let [resident, tables, stacks, _] = model.connection_bytes;
    let stage = |phase, connections: u64, of: u64, asked: bool| {
        let threads = if stacks > 0 { of + 1 } else { 1 + model.serves.min(4) };
        // A little roughness, so that the fit is not exact.
        let rough = (of * 37) % 4_096;
        Stage {
            phase,
            connections,
            answered: asked.then(|| answered(connections)),
            sample: Sample {
                at_ns: SECOND,
                resident_bytes: 2_400_000 + resident * of + rough,
                page_table_bytes: 60_000 + tables * of,
                kernel_stack_bytes: 16_384 * threads,
                virtual_bytes: 70 << 20,
                threads,
                cpu_ns: 1_000,
            },
            socket_buffer_bytes: Some(0),
            settled: true,
        }
    };
    for connections in [0, 500, 1_000, 2_500, 5_000, 10_000] {
        cell.stages.push(stage(Phase::Idle, connections, connections, false));
    }
    cell.stages.push(stage(Phase::AfterRequest, 10_000, 10_000, true));
    cell.stages.push(stage(Phase::Closed, 0, 900, false));
    if answered(10_000) < 10_000 {
        cell.warnings.push(Warning::NotSettled { connections: 10_000 });
    }
    cell
}
