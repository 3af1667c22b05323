//! When a server had each of several requests, by its own clock: what it did at the same time, and for how long.

use std::thread;
use std::time::Duration;

use crate::running::RunningServer;

/// What the server says of each of `clients` requests sent at the same time: when it received it and when it replied.
pub(crate) fn intervals(running: &RunningServer, clients: usize, work: &str, parameter: &str) -> Vec<(u64, u64)> {
    let threads: Vec<_> = (0..clients)
        .map(|_| {
            let mut client = running.connect();
            let bytes = running.request(work, parameter, "1");
            thread::spawn(move || {
                client.send(&bytes);
                let done = &client.reply().unwrap()["WorkDone"];
                (done["server_received_ns"].as_u64().unwrap(), done["server_sent_ns"].as_u64().unwrap())
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

/// How many of the requests the server had at the same time, at most.
pub(crate) fn most_at_once(intervals: &[(u64, u64)]) -> usize {
    let overlapping = |(begin, _): &(u64, u64)| intervals.iter().filter(|(b, e)| b <= begin && begin < e).count();
    intervals.iter().map(overlapping).max().unwrap()
}

/// From the first request received to the last reply.
pub(crate) fn whole_time(intervals: &[(u64, u64)]) -> Duration {
    let first = intervals.iter().map(|(begin, _)| begin).min().unwrap();
    let last = intervals.iter().map(|(_, end)| end).max().unwrap();
    Duration::from_nanos(last - first)
}
