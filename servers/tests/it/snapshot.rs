//! What a server says of its inside, held against clients of which everything is known.

use std::sync::Arc;
use std::time::Duration;

use servers::protocol::Wire;
use servers::{ServerMonitor, ServerSnapshot};

use crate::client::Client;
use crate::running::{RunningServer, wait_until, with_contenders, with_every_model};

/// Looks until the server is as expected; what was seen then.
fn wait_for(monitor: &mut ServerMonitor, what: &str, expected: impl Fn(&ServerSnapshot) -> bool) -> ServerSnapshot {
    let mut seen = monitor.snapshot();
    wait_until(what, || {
        seen = monitor.snapshot();
        expected(&seen)
    });
    seen
}

/// Asks for work, again and again, until `look` finds something before the reply has come. The reply is taken, too.
fn while_asked<T>(
    client: &mut Client,
    running: &RunningServer,
    (work, parameter): (&str, &str),
    mut look: impl FnMut() -> Option<T>,
) -> T {
    let mut found = None;
    wait_until("something is seen of the work", || {
        client.send(&running.request(work, parameter, "s"));
        while found.is_none() && !client.hears_within(Duration::from_millis(1)) {
            found = look();
        }
        client.reply().unwrap();
        found.is_some()
    });
    found.expect("it was waited for")
}

fn monitor(running: &RunningServer) -> ServerMonitor {
    ServerMonitor::new(Arc::clone(&running.server))
}

#[test]
fn connections_and_requests_are_counted_by_every_model() {
    with_every_model(|running| {
        let mut monitor = monitor(running);
        let mut clients: Vec<_> = (0..running.holds(3)).map(|_| running.connect()).collect();
        let open = clients.len() as u64;
        for client in &mut clients {
            client.work("echo", "hi");
            client.work("echo", "hi");
            client.send(&running.request("no such work", "", "s"));
            client.error();
        }
        let seen = monitor.snapshot();
        assert_eq!((seen.open_connections, seen.waiting_connections), (open, 0));
        assert_eq!((seen.requests_begun, seen.requests_ended, seen.accept_errors), (3 * open, 3 * open, 0));
        drop(clients);
        wait_for(&mut monitor, "all have left", |seen| seen.open_connections == 0);
    });
}

#[test]
fn a_request_that_waits_has_begun_and_not_ended() {
    with_every_model(|running| {
        let mut monitor = monitor(running);
        let mut client = running.connect();
        let seen = while_asked(&mut client, running, ("sleep", "100ms"), || {
            let seen = monitor.snapshot();
            (seen.requests_begun > seen.requests_ended).then_some(seen)
        });
        assert_eq!(seen.requests_begun, seen.requests_ended + 1);
        let seen = monitor.snapshot();
        assert_eq!(seen.requests_begun, seen.requests_ended);
    });
}

#[test]
fn whoever_waits_for_a_worker_is_in_the_queue() {
    with_contenders(["thread-pool:workers=2", "rayon-pool:workers=2"], Wire::JsonLines, |running| {
        let mut monitor = monitor(running);
        let clients: Vec<_> = (0..5).map(|_| running.connect()).collect();
        let seen = wait_for(&mut monitor, "two are served", |seen| {
            seen.open_connections == 5 && seen.waiting_connections == 3
        });
        assert_eq!(seen.runtime, None);
        drop(clients);
        wait_for(&mut monitor, "nobody waits", |seen| (seen.open_connections, seen.waiting_connections) == (0, 0));
    });
}

#[test]
fn a_runtime_tells_its_tasks_and_its_workers() {
    with_contenders(
        ["async-single", "async-multi:workers=3", "async-per-core:workers=3"],
        Wire::JsonLines,
        |running| {
            let mut monitor = monitor(running);
            let mut clients: Vec<_> = (0..4).map(|_| running.connect()).collect();
            clients.iter_mut().for_each(|client| drop(client.work("spin", "1ms")));
            let seen = wait_for(&mut monitor, "every worker is parked", |seen| {
                seen.runtime.iter().flat_map(|runtime| &runtime.workers).all(|worker| worker.is_parked)
            });
            let runtime = seen.runtime.unwrap();
            let workers = if running.contender.label() == "async-single" { 1 } else { 3 };
            assert_eq!((runtime.alive_tasks, runtime.global_queue_depth, runtime.workers.len()), (4, 0, workers));
            let busy_ns: u64 = runtime.workers.iter().map(|worker| worker.busy_ns).sum();
            assert!(busy_ns > 0 && runtime.workers.iter().all(|worker| worker.parks > 0 && worker.still_ns == 0));
        },
    );
}

/// The known trap: the busy time of a worker that blocks stands still, as if it were idle.
#[test]
fn a_worker_that_blocks_is_seen_to_stand_still() {
    with_contenders(["async-single", "async-multi:workers=2"], Wire::JsonLines, |running| {
        let mut monitor = monitor(running);
        let mut client = running.connect();
        let worst = |seen: &ServerSnapshot| {
            let workers = seen.runtime.iter().flat_map(|runtime| runtime.workers.clone());
            workers.max_by_key(|worker| worker.still_ns)
        };
        let long = Duration::from_millis(60).as_nanos() as u64;
        let blocked = while_asked(&mut client, running, ("block", "400ms"), || {
            worst(&monitor.snapshot()).filter(|worker| worker.still_ns > long)
        });
        assert!(!blocked.is_parked);
        wait_for(&mut monitor, "it goes on", |seen| worst(seen).is_some_and(|worker| worker.still_ns == 0));
    });
}

/// Run with `RUSTFLAGS="--cfg tokio_unstable"`; of a usual runtime these are absent, as the second test says.
#[cfg(tokio_unstable)]
#[test]
fn an_unstable_runtime_tells_how_long_tasks_were_polled_and_waited() {
    with_contenders(["async-single", "async-multi:workers=2"], Wire::JsonLines, |running| {
        let mut monitor = monitor(running);
        let mut client = running.connect();
        (0..20).for_each(|_| drop(client.work("spin", "100us")));
        let more = |seen: &ServerSnapshot| seen.runtime.as_ref()?.unstable.clone();
        let seen = wait_for(&mut monitor, "polls are told of", |seen| {
            more(seen).is_some_and(|more| more.poll_times.iter().map(|bucket| bucket.count).sum::<u64>() >= 20)
        });
        let more = more(&seen).unwrap();
        assert!(more.poll_times.is_sorted_by(|a, b| a.below_ns < b.below_ns), "{more:?}");
        assert!(more.schedule_latencies.iter().map(|bucket| bucket.count).sum::<u64>() >= 20, "{more:?}");
    });
}

#[cfg(not(tokio_unstable))]
#[test]
fn a_usual_runtime_tells_no_histograms() {
    with_contenders(["async-single", "async-multi:workers=2"], Wire::JsonLines, |running| {
        let mut monitor = monitor(running);
        running.connect().work("echo", "hi");
        let runtime = wait_for(&mut monitor, "it runs", |seen| seen.runtime.is_some()).runtime;
        assert_eq!(runtime.unwrap().unstable, None);
    });
}
