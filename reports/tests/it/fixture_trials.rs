//! A run of experiments that put a claim to the test: a flood with a victim, a survivor, a server that died and an
//! invalid cell; a sweep of a variable of its own in two blocks; a value per contender.
//!
//! Beside it: `fixture.rs`, whose manifest this is built from.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use reports::record::store::Run;
use reports::record::{
    ArrivalsRecord, Bound, BoundValue, Cell, Condition, ConnectionLedger, ContenderRecord, Decision, Demand,
    DisturbanceProgress, DisturbanceRecord, ExperimentRecord, FailedPart, Fate, HistogramRecord, Ledger, Outcome,
    Picture, PictureKind, Relation, RequestEvent, Scale, ServerCounters, ShapeRecord, Swept, Traffic, ValueOf, Warning,
};

use crate::fixture::{self, SECOND};
use crate::fixture_cells::blank;

pub(crate) const MS: u64 = SECOND / 1_000;
/// The disturbance lasts from here ...
pub(crate) const FROM: u64 = 2 * SECOND;
/// ... to here, of the load's twelve seconds; the probe asks every 20 ms.
pub(crate) const UNTIL: u64 = 10 * SECOND;
const END: u64 = 12 * SECOND;
const EVERY: u64 = 20 * MS;

/// Every request of a probe, the fate of each by when it is due.
pub(crate) fn events(fate: impl Fn(u64) -> (u64, Fate)) -> Vec<RequestEvent> {
    let due = (0..END / EVERY).map(|n| n * EVERY);
    let mut events: Vec<RequestEvent> = due
        .map(|at_ns| {
            let (took_ns, fate) = fate(at_ns);
            RequestEvent { at_ns, took_ns, fate, connection: None }
        })
        .collect();
    events.sort_by_key(|event| event.at_ns + event.took_ns);
    events
}

/// An answer in about a millisecond, a little different each time.
pub(crate) fn answered(at_ns: u64) -> (u64, Fate) {
    let rough = (at_ns / EVERY).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 45;
    (MS * 9 / 10 + rough, Fate::Ok)
}

/// Idle connections, three hundred more each second, up to those the server can't take.
fn flood() -> DisturbanceRecord {
    let course = (0..=80).map(|tenth: u64| DisturbanceProgress {
        at_ns: FROM + tenth * SECOND / 10,
        held: tenth * 30,
        refused: tenth / 20,
        ended_by_server: 0,
    });
    DisturbanceRecord {
        name: "idle connections".into(),
        from_ns: FROM,
        until_ns: UNTIL,
        course: course.collect(),
        ..DisturbanceRecord::default()
    }
}

/// Traffic with these requests.
pub(crate) fn traffic(events: Vec<RequestEvent>) -> Traffic {
    let mut response = Histogram::<u64>::new_with_bounds(1, 60 * SECOND, 3).unwrap();
    events.iter().for_each(|event| response.record(event.took_ns.max(1)).unwrap());
    let sum = events.iter().map(|event| event.took_ns).sum();
    let response = HistogramRecord::from_histogram(&response, sum);
    let count = |fate| events.iter().filter(|event| event.fate == fate).count() as u64;
    let ledger = Ledger {
        scheduled: events.len() as u64,
        ok: count(Fate::Ok),
        timeout: count(Fate::Timeout) + count(Fate::NeverAnswered),
        refused: count(Fate::Refused),
        reset: count(Fate::Reset),
        ..Ledger::default()
    };
    Traffic {
        ledger,
        ok_within_window: ledger.ok,
        connections: ConnectionLedger { attempted: 600, established: 600, ..ConnectionLedger::default() },
        ok_in_all: ledger.ok,
        response_time: Some(response.clone()),
        events,
        ..Traffic::new(response)
    }
}

/// A cell of a probe and a disturbance.
pub(crate) fn disturbed(
    experiment: &str,
    contender: &str,
    disturbance: DisturbanceRecord,
    events: Vec<RequestEvent>,
) -> Cell {
    let mut cell = blank(&format!("{experiment}-{contender}"), experiment, "newcomers", contender);
    cell.load.arrivals = ArrivalsRecord::Constant;
    cell.load.shape = ShapeRecord::Sessions { requests: 1, think_time_ns: 0, concurrent: 100 };
    cell.load.offered_load_rps = Some(50.0);
    (cell.load.warm_up_ns, cell.load.window_ns) = (0, END);
    cell.disturbance = Some(disturbance);
    cell.bounds = vec![
        Bound { resource: "threads".into(), value: 1_000, enforced_by: "cgroup v2 (pids.max)".into() },
        Bound { resource: "memory".into(), value: 256 << 20, enforced_by: "watchdog".into() },
    ];
    cell.server.peak_threads = Some(12);
    cell.server.counters = Some(ServerCounters { accepted: 600, ..ServerCounters::default() });
    cell.traffic = Some(traffic(events));
    cell
}

/// Served until a thousand connections are held, then nobody is, until they are let go.
fn victim() -> Cell {
    let broken = FROM + 3_400 * MS..UNTIL;
    let fate = |at| if broken.contains(&at) { (SECOND, Fate::NeverAnswered) } else { answered(at) };
    let mut cell = disturbed("idle-flood", "threaded", flood(), events(fate));
    cell.server.peak_threads = Some(1_000);
    cell.server.counters = Some(ServerCounters { accepted: 1_900, spawn_errors: 212, ..ServerCounters::default() });
    cell.warnings.push(Warning::ServerTurnedAway { accept_errors: 0, spawn_errors: 212 });
    cell
}

fn survivor() -> Cell {
    disturbed("idle-flood", "async-multi", flood(), events(answered))
}

/// Panics a second and a half after the flood began: open requests are reset, later ones refused.
pub(crate) fn dead() -> Cell {
    let died = FROM + 1_500 * MS;
    let fate = |at| match at {
        at if at < died - 60 * MS => answered(at),
        at if at < died => (died - at, Fate::Reset),
        _ => (MS / 10, Fate::Refused),
    };
    let mut cell = disturbed("idle-flood", "thread-pool", flood(), events(fate));
    let how = "was killed by signal 6 (SIGABRT)";
    cell.server.died_at_ns = Some(died);
    cell.server.counters = None;
    cell.warnings.push(Warning::ServerDied { how: how.into() });
    cell.outcome = Outcome::Failed {
        part: FailedPart::Server,
        reason: format!("the server {how}"),
        stderr: "thread 'main' panicked at src/pool.rs:31: failed to spawn thread\nnote: run with RUST_BACKTRACE=1\n"
            .into(),
    };
    cell
}

fn invalid() -> Cell {
    let mut cell = disturbed("idle-flood", "sequential", flood(), events(|_| (SECOND, Fate::Timeout)));
    cell.warnings.push(Warning::GeneratorFellBehind { kept_pace: 0.5 });
    cell
}

/// Blockers make every answer wait for them; with tasks beyond one of them all the more.
fn blocking(contender: &str, blockers: u64, block: u32) -> Cell {
    let wait = if contender == "threaded" { 0 } else { blockers * blockers * 20 * MS + u64::from(block) * MS };
    let fate = |at: u64| {
        let (took, fate) = answered(at);
        let hit = (FROM..UNTIL).contains(&at) && (at / EVERY).is_multiple_of(3);
        if hit && wait > SECOND { (SECOND, Fate::Timeout) } else { (took + if hit { wait } else { 0 }, fate) }
    };
    let traffic = Some(Traffic { ok_in_all: 8 * 40 * blockers, ..traffic(Vec::new()) });
    let disturbance = DisturbanceRecord { name: "clients that block".into(), course: Vec::new(), traffic, ..flood() };
    let mut cell = disturbed("blocking-sleep", contender, disturbance, events(fate));
    cell.id = format!("{}-{blockers}-{block}", cell.id);
    (cell.variation, cell.block) = (Some(blockers as f64), block);
    cell.bounds.clear();
    cell
}

fn plain(contender: &str, cpu_us: u64) -> Cell {
    let mut cell = blank(&format!("churn-{contender}"), "churn", "newcomers", contender);
    cell.load.offered_load_rps = Some(50.0);
    cell.server.window_cpu_ns = Some(cpu_us * 1_000 * 600);
    cell.traffic = Some(traffic(events(answered)));
    cell
}

fn picture(id: &str, kind: PictureKind, metrics: &[&str], x: Swept, y_scale: Scale) -> Picture {
    let x_label = (x == Swept::Variation).then(|| "clients that block".into());
    Picture { x_label, y_scale, ..fixture::picture(id, kind, metrics, x) }
}

fn experiment(name: &str, claim: &str, pictures: Vec<Picture>, contenders: &[&str]) -> ExperimentRecord {
    ExperimentRecord {
        name: name.into(),
        title: format!("The experiment {name}"),
        claim: claim.into(),
        claimed_in: "every other forum thread".into(),
        question: "How many does it take until a new client is no longer served?".into(),
        possible_answers: vec!["a thousand".into(), "as many as there is memory for".into()],
        look_at: "where the dots leave the floor".into(),
        conditions: vec!["The limits are low on purpose.".into()],
        workloads: vec![fixture::workload(
            "newcomers",
            "a new client every 20 ms",
            "Each connects, asks once and closes.",
            Some(Demand::Nothing),
        )],
        pictures,
        contenders: contenders.iter().map(|label| (*label).into()).collect(),
        ..ExperimentRecord::default()
    }
}

/// A value of the flood's probe.
pub(crate) fn value(metric: &str, contender: &str) -> ValueOf {
    ValueOf { metric: metric.into(), contender: contender.into(), workload: None, variation: None, load: None }
}

/// A condition on a value.
pub(crate) fn condition(holds_for: &str, value: ValueOf, relation: Relation, bound: BoundValue) -> Condition {
    Condition { holds_for: holds_for.into(), value, relation, bound }
}

/// All of it.
pub(crate) fn run() -> Run {
    let mut run = fixture::small();
    run.manifest.experiments = vec![flood_experiment(), blocking_experiment(), churn_experiment()];
    let of = |label: &str| ContenderRecord { options: BTreeMap::new(), ..fixture::contender(label) };
    run.manifest.contenders = ["sequential", "threaded", "thread-pool", "async-multi"].map(of).into();
    run.cells = vec![invalid(), victim(), dead(), survivor(), plain("threaded", 61), plain("async-multi", 34)];
    for block in 0..2 {
        for blockers in [0, 1, 2, 4, 8] {
            run.cells.extend(["threaded", "async-multi"].map(|contender| blocking(contender, blockers, block)));
        }
    }
    (0..).zip(&mut run.cells).for_each(|(order, cell)| cell.order = order);
    run.manifest.planned_cells = run.cells.len() as u32;
    run
}

/// Every cell of the first block so many times, a block each. Those that are late in the order deviate by a few parts in
/// a thousand from the first.
pub(crate) fn with_blocks(run: Run, blocks: u32) -> Run {
    let first: Vec<Cell> = run.cells.iter().filter(|cell| cell.block == 0).cloned().collect();
    let cells = (0..blocks).flat_map(|block| {
        first.iter().cloned().map(move |mut cell| {
            cell.id = format!("{}-b{block}", cell.id);
            cell.block = block;
            for event in cell.traffic.iter_mut().flat_map(|traffic| &mut traffic.events) {
                event.took_ns += event.took_ns / 1_000 * u64::from(block);
            }
            cell
        })
    });
    let mut cells: Vec<Cell> = cells.collect();
    (0..).zip(&mut cells).for_each(|(order, cell)| cell.order = order);
    Run { cells, ..run }
}

fn flood_experiment() -> ExperimentRecord {
    let over_time = picture("over-time", PictureKind::ProbeOverTime, &["response_time"], Swept::Time, Scale::Log);
    let bars = ["held_at_first_failure", "probe_success"];
    let bars = picture("held", PictureKind::Bars, &bars, Swept::Nothing, Scale::Linear);
    let labels = ["sequential", "threaded", "thread-pool", "async-multi"];
    let claim = "Tasks are immune to clients that say nothing.";
    let mut flood = experiment("idle-flood", claim, vec![over_time, bars], &labels);
    let least = |holds_for, contender| {
        condition(holds_for, value("probe_success", contender), Relation::AtLeast, BoundValue::Number(0.9))
    };
    flood.decision = Some(Decision { conditions: vec![least("tasks", "async-multi"), least("threads", "threaded")] });
    flood
}

fn blocking_experiment() -> ExperimentRecord {
    let curve = ["probe_p50", "probe_p99"];
    let curve = picture("curve", PictureKind::Curve, &curve, Swept::Variation, Scale::Log);
    let bars = picture("bars", PictureKind::Bars, &["probe_p99"], Swept::Variation, Scale::Log);
    let claim = "A worker or two may block.";
    let mut blocking = experiment("blocking-sleep", claim, vec![curve, bars], &["threaded", "async-multi"]);
    blocking.workloads[0].demand = Some(Demand::Blocking { for_ns: 50 * MS });
    let at = |blockers: f64| ValueOf { variation: Some(blockers), ..value("probe_p99", "async-multi") };
    let bound = BoundValue::Times { factor: 10.0, of: at(0.0) };
    let conditions = vec![condition("two of eight workers", at(2.0), Relation::AtMost, bound)];
    blocking.decision = Some(Decision { conditions });
    blocking
}

fn churn_experiment() -> ExperimentRecord {
    let bars = ["cpu_per_connection", "response_time_p50", "peak_threads"];
    let bars = picture("cpu", PictureKind::Bars, &bars, Swept::Nothing, Scale::Linear);
    experiment("churn", "Spawning is expensive.", vec![bars], &["threaded", "async-multi"])
}
