//! What a row measured as records, so that the same statistics speak of it that speak of a saved run.

use instruments::clock::nanoseconds;
use instruments::load::{LoadOutcome, LoadSpec};
use reports::metrics::{Reading, response_quantile};
use reports::record::store::Run;
use reports::record::{
    Cell, ContenderRecord, Ending, ExperimentRecord, Machine, Manifest, PlacementKind, PlacementRecord, WorkloadRecord,
};
use reports::study::Pool;

use super::lateness::Lateness;
use crate::run::warnings;

const EXPERIMENT: &str = "selftest";
const WORKLOAD: &str = "known";

/// The cell of a load, with every doubt that a run would have of it.
pub(crate) fn of_load(spec: &LoadSpec, outcome: LoadOutcome) -> Cell {
    let LoadOutcome { traffic, generator, .. } = outcome;
    let cell = Cell { traffic: Some(traffic), generator: Some(generator), ..empty(spec) };
    Cell { warnings: warnings(&cell, PlacementKind::Isolated), ..cell }
}

/// A cell in which nothing was seen yet.
pub(crate) fn empty(spec: &LoadSpec) -> Cell {
    Cell {
        id: EXPERIMENT.to_owned(),
        experiment: EXPERIMENT.to_owned(),
        workload: WORKLOAD.to_owned(),
        elapsed_ns: nanoseconds(spec.longest()),
        ..Cell::new(spec.to_record())
    }
}

/// How late the generator was at most, which delays whatever was due then.
pub(crate) fn lateness(cell: &Cell) -> Lateness {
    let mut late = Lateness::default();
    let lag = cell.traffic.as_ref().and_then(|traffic| traffic.schedule_lag.as_ref()?.to_histogram().ok());
    late.note(lag.map_or(0, |lag| lag.max()));
    late
}

/// A percentile of the response time as the report has it, in nanoseconds; absent where it has none. Where it lies beyond the
/// timeout it is no less than that, and held against its truth so: what delayed it must explain that much.
pub(crate) fn response_percentile(cell: &Cell, p: f64) -> Option<f64> {
    match response_quantile(&Pool::of(vec![cell]), p) {
        Reading::Beyond(ns) => Some(ns as f64),
        reading => reading.value(),
    }
}

/// The cells as a run of the contenders that they name.
pub(crate) fn run(placement: &PlacementRecord, machine: &Machine, cells: Vec<Cell>) -> Run {
    let mut labels: Vec<&str> = cells.iter().map(|cell| cell.contender.as_str()).collect();
    labels.sort_unstable();
    labels.dedup();
    let contender = |label: &&str| ContenderRecord {
        label: (*label).to_owned(),
        model: (*label).to_owned(),
        ..ContenderRecord::default()
    };
    let manifest = Manifest {
        run: EXPERIMENT.to_owned(),
        harness_version: env!("CARGO_PKG_VERSION").to_owned(),
        preset: EXPERIMENT.to_owned(),
        blocks: cells.iter().map(|cell| cell.block + 1).max().unwrap_or(0),
        ending: Ending::Completed,
        experiments: vec![experiment()],
        contenders: labels.iter().map(contender).collect(),
        planned_cells: cells.len() as u32,
        ..Manifest::new(machine.clone(), placement.clone())
    };
    Run { manifest, cells, timelines: Vec::new(), predictions: Vec::new() }
}

fn experiment() -> ExperimentRecord {
    let (key, label) = (WORKLOAD.to_owned(), WORKLOAD.to_owned());
    let workload = WorkloadRecord { key, label, description: String::new(), demand: None };
    ExperimentRecord { name: EXPERIMENT.to_owned(), workloads: vec![workload], ..ExperimentRecord::default() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hdrhistogram::Histogram;
    use instruments::load::{ArrivalProcess, LoadSpec};
    use reports::record::{HistogramRecord, Ledger, Traffic};

    use super::*;

    #[test]
    fn a_percentile_beyond_the_timeout_is_as_long_as_that_and_of_nothing_there_is_none() {
        let spec = LoadSpec {
            timeout: Duration::from_secs(3),
            ..LoadSpec::of_a_second(ArrivalProcess::Constant { rate_rps: 10_000.0 })
        };
        assert_eq!(response_percentile(&empty(&spec), 0.5), None);
        let mut quick = Histogram::<u64>::new(3).unwrap();
        quick.record_n(1_000, 9_800).unwrap();
        let quick = HistogramRecord::from_histogram(&quick, 9_800_000);
        let ledger = Ledger { scheduled: 10_000, ok: 9_800, timeout: 200, ..Ledger::default() };
        let traffic = Traffic { ledger, response_time: Some(quick.clone()), ..Traffic::new(quick) };
        let cell = Cell { traffic: Some(traffic), ..empty(&spec) };
        assert_eq!(response_percentile(&cell, 0.99), Some(3e9));
        assert_eq!(response_percentile(&cell, 0.5), Some(1_000.0));
    }
}
