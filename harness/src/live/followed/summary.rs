//! A record of a cell in the few figures that a scraper wants.

use std::time::Duration;

use reports::record::{Cell, Outcome, Traffic};

use crate::live::web::{Buckets, CellLabels, CellSummary, ServerFigures};

/// The figures of a cell.
pub fn summary_of(cell: &Cell) -> CellSummary {
    let last = cell.samples.last();
    let server = &cell.server;
    CellSummary {
        labels: CellLabels {
            contender: cell.contender.clone(),
            experiment: cell.experiment.clone(),
            workload: cell.workload.clone(),
        },
        outcome: if cell.outcome == Outcome::Completed { "completed" } else { "failed" },
        requests: cell.traffic.as_ref().map_or_else(Vec::new, |traffic| traffic.ledger.ends().into()),
        response_times: cell.traffic.as_ref().and_then(response_times),
        server: ServerFigures {
            resident_bytes: last.map(|sample| sample.resident_bytes),
            threads: last.map(|sample| sample.threads),
            user_cpu: server.user_cpu_ns.map(Duration::from_nanos),
            system_cpu: server.system_cpu_ns.map(Duration::from_nanos),
            voluntary_switches: server.voluntary_switches,
            involuntary_switches: server.involuntary_switches,
        },
    }
}

fn response_times(traffic: &Traffic) -> Option<Buckets> {
    let record = traffic.response_time.as_ref()?;
    let histogram = record.to_histogram().expect("this process made it from a histogram");
    Some(Buckets::of(&histogram, record.sum_ns))
}
