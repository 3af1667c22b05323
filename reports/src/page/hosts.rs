//! The machines of a run that is spread over several, as rows of its environment: who has the servers, who sends, how long
//! the way between them takes, and what part of a response time that is.
//!
//! Beside it: `content.rs`, which shows them; `record/workers.rs`, what is known of them.

use crate::format::{self, Unit, counted};
use crate::record::{Cell, HostRecord, HostRole, Purpose, WorkerRecord};
use crate::study::counts;

/// Name and value; nothing where all was done on one machine.
pub(super) fn rows(hosts: &[HostRecord], cells: &[Cell]) -> Vec<(String, String)> {
    let mut number = 0;
    let row = |host: &HostRecord| match host.role {
        HostRole::Server => ("Machine of the servers".to_owned(), described(host)),
        HostRole::Load => {
            number += 1;
            let path = host.path.map_or("an unknown way", |path| path.words());
            let reached = format!("{}; its way to the server is {path}", described(host));
            let told = way(cells, number).map(|way| format!("; {way}")).unwrap_or_default();
            (format!("Worker {number}"), format!("{reached}{told}"))
        }
    };
    hosts.iter().map(row).collect()
}

/// Host, CPUs, kernel, build, and how it was started.
fn described(host: &HostRecord) -> String {
    let HostRecord { host: name, cpus, kernel, version, build, command, .. } = host;
    let kernel = kernel.as_ref().map_or("kernel not told".to_owned(), |kernel| format!("Linux {kernel}"));
    // As many characters as tell two builds apart.
    let build = build
        .as_ref()
        .map_or("build not told".to_owned(), |build| format!("build {}", build.chars().take(12).collect::<String>()));
    format!(
        "{name}, {}, {kernel}, harness {version} ({build}), started by `{command}`",
        counted(u64::from(*cpus), "CPU")
    )
}

/// The way of one worker over all cells that count: `the way there and back takes 63 µs before a load and 65 µs after it, by TCP
/// connects; that is 12% of its median response time`.
fn way(cells: &[Cell], number: u32) -> Option<String> {
    let of_it = || {
        let cells = cells.iter().filter(|cell| cell.purpose == Purpose::Measure && counts(cell));
        cells.flat_map(|cell| cell.workers.iter()).filter(move |worker| worker.number == number)
    };
    let time = |of: fn(&WorkerRecord) -> Option<u64>| {
        let middle = median(of_it().filter_map(of).map(|ns| ns as f64).collect())?;
        Some(Unit::Nanoseconds.show(middle))
    };
    let (before, after) = (time(|it| it.way.before_ns)?, time(|it| it.way.after_ns)?);
    let share =
        |worker: &WorkerRecord| Some(worker.way.least_ns()? as f64 / worker.p50_ns.filter(|ns| *ns > 0)? as f64);
    let share = median(of_it().filter_map(share).collect());
    let share = share.map(|share| {
        // A server that answers faster than two kernels shake hands is possible, and then this says nothing.
        format!("; that is {} of its median response time", format::share(share.min(1.0)))
    });
    Some(format!(
        "the way there and back takes {before} before a load and {after} after it, by TCP connects{}",
        share.unwrap_or_default()
    ))
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{ArrivalsRecord, Load, PathKind, ShapeRecord, WayTimes};

    fn host(role: HostRole, path: Option<PathKind>) -> HostRecord {
        HostRecord {
            role,
            command: "ssh a".to_owned(),
            host: "gen-a".to_owned(),
            cpus: 4,
            kernel: Some("6.1.0".to_owned()),
            version: "0.1.0".to_owned(),
            build: Some("0123456789abcdef".to_owned()),
            path,
        }
    }

    #[test]
    fn a_machine_is_told_in_a_line() {
        let said = described(&host(HostRole::Server, None));
        assert_eq!(said, "gen-a, 4 CPUs, Linux 6.1.0, harness 0.1.0 (build 0123456789ab), started by `ssh a`");
    }

    #[test]
    fn the_middle_of_an_even_number_is_the_lower_one() {
        assert_eq!(median(vec![3.0, 1.0, 2.0, 9.0]), Some(2.0));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn a_way_is_told_with_its_part_of_the_response_time() {
        let load = Load {
            arrivals: ArrivalsRecord::Poisson,
            shape: ShapeRecord::Connections { connections: 1 },
            offered_load_rps: Some(1.0),
            work: String::new(),
            seed: 1,
            warm_up_ns: 0,
            window_ns: 1,
            timeout_ns: 1,
        };
        let worker: WorkerRecord = serde_json::from_value(serde_json::json!({
            "number": 1, "host": "gen-a", "clock_offset_ns": -5, "clock_bound_ns": 5, "p50_ns": 400_000,
            "way": WayTimes { before_ns: Some(100_000), after_ns: Some(120_000) },
        }))
        .unwrap();
        let cell = Cell { workers: vec![worker], ..Cell::new(load) };
        let hosts = vec![host(HostRole::Server, None), host(HostRole::Load, Some(PathKind::Network))];
        let rows = rows(&hosts, &[cell]);
        assert_eq!((rows[0].0.as_str(), rows[1].0.as_str()), ("Machine of the servers", "Worker 1"));
        assert!(
            rows[1].1.ends_with(
                "its way to the server is a network; the way there and back takes 100 µs before a load and 120 µs after it, by \
                 TCP connects; that is 25% of its median response time"
            ),
            "{}",
            rows[1].1
        );
    }
}
