//! A map that never happened: two contenders over four numbers of connections and two kinds of work, with a square of
//! every kind. Everything follows from formulas.
//!
//! Beside it: `fixture.rs`, whose manifest this is built from.

use reports::record::store::Run;
use reports::record::{
    ArrivalsRecord, Cell, ExperimentRecord, Picture, PictureKind, Scale, ShapeRecord, Swept, Traffic, Warning,
};

use crate::fixture::{self, SECOND};
use crate::fixture_cells::blank;
use crate::fixture_trials::traffic;

/// Whom the generator has no CPU to ask for more, threads and tasks.
const NONE: [bool; 2] = [false, false];
const BOTH: [bool; 2] = [true, true];
const THREADS: [bool; 2] = [true, false];
const TASKS: [bool; 2] = [false, true];

/// Work, connections, replies per second with threads and with tasks, blocks, and the spread of the blocks.
type Plan = (&'static str, u32, [f64; 2], u32, f64);

/// The squares, each with whom the generator could not ask for more.
const SQUARES: [(Plan, [bool; 2]); 8] = [
    (("echo", 1, [20_000.0, 16_000.0], 12, 0.02), NONE),
    (("echo", 64, [24_000.0, 25_900.0], 12, 0.3), NONE),
    (("echo", 512, [24_000.0, 30_000.0], 12, 0.02), BOTH),
    (("echo", 4_096, [15_000.0, 29_000.0], 12, 0.05), TASKS),
    (("sleep-5ms", 1, [193.0, 192.0], 10, 0.004), NONE),
    (("sleep-5ms", 64, [12_000.0, 13_000.0], 3, 0.02), NONE),
    (("sleep-5ms", 512, [20_000.0, 24_000.0], 12, 0.02), THREADS),
    (("sleep-5ms", 4_096, [14_000.0, 26_000.0], 1, 0.02), NONE),
];

/// The map; the only block of the last square is invalid, so that nothing can be said of it.
pub(crate) fn run() -> Run {
    let mut run = fixture::small();
    run.manifest.contenders.retain(|contender| contender.label != "sequential");
    run.manifest.experiments = vec![experiment()];
    run.cells.clear();
    for ((workload, connections, rates, blocks, spread), busy) in SQUARES {
        for block in 0..blocks {
            for (index, rate) in rates.into_iter().enumerate() {
                // Of twelve blocks, each contender is off in others.
                let off = f64::from((block * 5 + index as u32 * 7) % 12) / 11.0 - 0.5;
                let mut cell = cell(workload, ["threaded", "async-multi"][index], connections, block);
                cell.traffic = Some(replies(rate * (1.0 + spread * off)));
                if busy[index] {
                    cell.warnings.push(Warning::GeneratorSaturated { busiest_worker: 0.97 });
                }
                if blocks == 1 && index == 0 {
                    cell.warnings.push(Warning::ScheduleLag { lag_p99_ns: 9_000_000, allowed_ns: 1_000_000 });
                }
                run.cells.push(cell);
            }
        }
    }
    (0..).zip(&mut run.cells).for_each(|(order, cell)| cell.order = order);
    run.manifest.planned_cells = run.cells.len() as u32;
    run
}

fn cell(workload: &str, contender: &str, connections: u32, block: u32) -> Cell {
    let mut cell = blank(&format!("map-{workload}-{contender}-{connections}-{block}"), "map", workload, contender);
    cell.load.arrivals = ArrivalsRecord::Closed;
    cell.load.shape = ShapeRecord::Connections { connections };
    cell.load.window_ns = SECOND;
    (cell.variation, cell.block) = (Some(f64::from(connections)), block);
    cell
}

fn replies(per_second: f64) -> Traffic {
    Traffic { ok_within_window: per_second.round() as u64, response_time: None, ..traffic(Vec::new()) }
}

fn experiment() -> ExperimentRecord {
    let picture = |id, kind| Picture {
        x_scale: Scale::Log,
        y_scale: Scale::Log,
        ..fixture::picture(id, kind, &["achieved_rps"], Swept::Connections)
    };
    let workload = |key, label| fixture::workload(key, label, "Each connection asks again when it is answered.", None);
    ExperimentRecord {
        name: "map".into(),
        title: "The map".into(),
        claim: "Tasks are for many connections.".into(),
        claimed_in: "every other forum thread".into(),
        question: "Where do tasks begin to serve more than threads?".into(),
        possible_answers: vec!["everywhere".into(), "nowhere".into()],
        look_at: "where the colour changes".into(),
        conditions: vec!["The work is small.".into()],
        workloads: vec![workload("echo", "echo"), workload("sleep-5ms", "sleep 5 ms")],
        pictures: vec![picture("grid", PictureKind::Crossover), picture("curve", PictureKind::Curve)],
        contenders: vec!["threaded".into(), "async-multi".into()],
        ..ExperimentRecord::default()
    }
}
