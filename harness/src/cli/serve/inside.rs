//! What a server saw of its own inside: as it is said to the parent and saved, and in words for a person.

use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use instruments::clock::thread_cpu_ns;
use reports::format::{counted, share};
use reports::record::{InsideAnswer, RuntimeAnswer, UnstableAnswer, WorkerAnswer};
use servers::{
    HistogramBucket, RuntimeSnapshot, Server, ServerMonitor, ServerSnapshot, UnstableMetrics, WorkerSnapshot,
};

use crate::cli::output::tell;

/// Tells a person once a second how things stand, on a thread that lives as long as the process.
///
/// # Errors
/// Where no thread can be had.
pub(super) fn narrate(server: &Arc<Server>) -> io::Result<()> {
    let mut monitor = ServerMonitor::new(Arc::clone(server));
    let narrate = move || {
        let mut before = monitor.snapshot();
        loop {
            thread::sleep(Duration::from_secs(1));
            let now = monitor.snapshot();
            tell(&words(&before, &now));
            before = now;
        }
    };
    thread::Builder::new().name("inside".into()).spawn(narrate).map(drop)
}

/// How things stand, and what was done since the look before.
fn words(before: &ServerSnapshot, now: &ServerSnapshot) -> String {
    let ended = now.requests_ended.saturating_sub(before.requests_ended);
    let under_way = now.requests_begun.saturating_sub(now.requests_ended);
    let mut words = format!(
        "{} open, {} waiting; {} ended, {under_way} under way",
        counted(now.open_connections, "connection"),
        now.waiting_connections,
        counted(ended, "request"),
    );
    if let (Some(from), Some(to)) = (&before.runtime, &now.runtime) {
        let engaged =
            |runtime: &RuntimeSnapshot| runtime.workers.iter().map(|one| one.busy_ns + one.still_ns).sum::<u64>();
        let time_ns = now.at_ns.saturating_sub(before.at_ns).max(1) as f64 * to.workers.len().max(1) as f64;
        let busy = (engaged(to).saturating_sub(engaged(from)) as f64 / time_ns).min(1.0);
        words.push_str(&format!("; {}, workers busy {}", counted(to.alive_tasks, "task"), share(busy)));
        let away = to.workers.iter().filter(|worker| worker.still_ns > 0).count() as u64;
        if away > 0 {
            words.push_str(&format!(", {} not coming back from a task", counted(away, "worker")));
        }
    }
    words
}

/// The answer of the thread that looked, with what it has cost by now.
pub(super) fn answer(inside: ServerSnapshot) -> InsideAnswer {
    InsideAnswer {
        at_ns: inside.at_ns,
        open_connections: inside.open_connections,
        waiting_connections: inside.waiting_connections,
        requests_begun: inside.requests_begun,
        requests_ended: inside.requests_ended,
        accept_errors: inside.accept_errors,
        runtime: inside.runtime.map(of_runtime),
        own_cpu_ns: thread_cpu_ns(),
    }
}

fn of_runtime(runtime: RuntimeSnapshot) -> RuntimeAnswer {
    RuntimeAnswer {
        alive_tasks: runtime.alive_tasks,
        global_queue_depth: runtime.global_queue_depth,
        workers: runtime.workers.into_iter().map(of_worker).collect(),
        unstable: runtime.unstable.map(of_unstable),
    }
}

fn of_unstable(unstable: UnstableMetrics) -> UnstableAnswer {
    let pairs =
        |buckets: Vec<HistogramBucket>| buckets.into_iter().map(|bucket| (bucket.below_ns, bucket.count)).collect();
    UnstableAnswer {
        stolen_tasks: unstable.stolen_tasks,
        poll_times: pairs(unstable.poll_times),
        schedule_latencies: pairs(unstable.schedule_latencies),
    }
}

fn of_worker(worker: WorkerSnapshot) -> WorkerAnswer {
    let WorkerSnapshot { busy_ns, parks, is_parked, still_ns } = worker;
    WorkerAnswer { busy_ns, parks, is_parked, still_ns }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(at_ns: u64, requests_ended: u64, workers: Vec<WorkerSnapshot>) -> ServerSnapshot {
        ServerSnapshot {
            at_ns,
            open_connections: 3,
            waiting_connections: 1,
            requests_begun: requests_ended + 2,
            requests_ended,
            accept_errors: 0,
            runtime: (!workers.is_empty()).then_some(RuntimeSnapshot {
                alive_tasks: 3,
                global_queue_depth: 0,
                workers,
                unstable: None,
            }),
        }
    }

    #[test]
    fn a_person_reads_what_was_done_since_and_how_things_stand() {
        let told = words(&inside(0, 10, Vec::new()), &inside(1_000, 15, Vec::new()));
        assert_eq!(told, "3 connections open, 1 waiting; 5 requests ended, 2 under way");
    }

    #[test]
    fn a_worker_that_stands_still_is_busy_and_named() {
        let worker = |busy_ns, still_ns| WorkerSnapshot { busy_ns, parks: 1, is_parked: false, still_ns };
        let (from, to) = (vec![worker(100, 0), worker(0, 0)], vec![worker(100, 500), worker(0, 0)]);
        let told = words(&inside(0, 1, from), &inside(1_000, 1, to));
        assert!(told.ends_with("; 3 tasks, workers busy 25%, 1 worker not coming back from a task"), "{told}");
    }
}
