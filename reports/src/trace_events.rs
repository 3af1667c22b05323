//! A traced window in the trace event format of Chrome, which Perfetto and others open.
//!
//! The same requests stand there twice, as two processes: once by the thread that ran them, once by the connection
//! that asked. Only complete events (`X`) and names (`M`); on one row none overlaps another. Times are microseconds.
//! Must not know: files. Beside it: `record/timeline.rs`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::record::{Span, SpanState, Timeline};

/// Number of the process whose rows are threads.
const THREADS: u32 = 1;
/// Number of the process whose rows are connections.
const CONNECTIONS: u32 = 2;

/// The object form of the format: `traceEvents` and what belongs to all of them.
pub fn trace_events(timeline: &Timeline) -> Value {
    let of_contender = |rows: &str| format!("{}, {}: {rows}", timeline.contender, timeline.work);
    let mut events = vec![
        name("process_name", THREADS, 0, &of_contender("threads")),
        name("process_name", CONNECTIONS, 0, &of_contender("connections")),
    ];
    for (place, lane) in timeline.lanes.iter().enumerate() {
        events.push(name("thread_name", THREADS, lane.thread, &lane.label(place + 1)));
        let on_thread = lane.spans.iter().filter(|span| span.state != SpanState::Suspended);
        events.extend(on_thread.map(|span| {
            let text = format!("connection {}", span.connection);
            complete(&text, word(span.state), THREADS, lane.thread, (span.from_ns, span.until_ns), span)
        }));
    }
    let requests = timeline.requests();
    let connections: BTreeSet<u32> = requests.keys().map(|(connection, _)| *connection).collect();
    for (request, (from_ns, until_ns)) in requests {
        let text = format!("request {}", request.1);
        let span = Span { connection: request.0, request: request.1, state: SpanState::Running, from_ns, until_ns };
        events.push(complete(&text, "request", CONNECTIONS, request.0, (from_ns, until_ns), &span));
    }
    for connection in connections {
        events.push(name("thread_name", CONNECTIONS, connection, &format!("connection {connection}")));
    }
    json!({
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": { "contender": timeline.contender, "work": timeline.work, "connections": timeline.connections },
    })
}

fn word(state: SpanState) -> &'static str {
    match state {
        SpanState::Running => "running",
        SpanState::Parked => "parked",
        SpanState::Suspended => "suspended",
    }
}

fn complete(text: &str, category: &str, pid: u32, tid: u32, times_ns: (u64, u64), span: &Span) -> Value {
    let micros = |ns: u64| ns as f64 / 1e3;
    json!({
        "name": text, "cat": category, "ph": "X", "ts": micros(times_ns.0), "dur": micros(times_ns.1.saturating_sub(times_ns.0)),
        "pid": pid, "tid": tid, "args": { "connection": span.connection, "request": span.request },
    })
}

fn name(what: &str, pid: u32, tid: u32, text: &str) -> Value {
    json!({ "name": what, "ph": "M", "pid": pid, "tid": tid, "args": { "name": text } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_that_ends_before_it_begins_has_no_length() {
        let event = complete(
            "a",
            "running",
            1,
            2,
            (5_000, 4_000),
            &Span { connection: 1, request: 1, state: SpanState::Running, from_ns: 5_000, until_ns: 4_000 },
        );
        assert_eq!(event["dur"], json!(0.0));
    }

    #[test]
    fn threads_and_connections_have_their_rows() {
        use SpanState::{Running, Suspended};
        let spans = [(Running, 1, 0, 1_500), (Suspended, 1, 1_500, 9_000), (Running, 2, 1_500, 2_000)];
        let mut timeline = Timeline::of_lanes(2, &[&spans]);
        (timeline.lanes[0].thread, timeline.lanes[0].name) = (77, Some("worker 2".into()));
        let value = trace_events(&timeline);
        let events = value["traceEvents"].as_array().unwrap();
        let complete = |pid: u32| {
            let of_pid = events.iter().filter(move |event| event["ph"] == "X" && event["pid"] == pid);
            of_pid.map(|event| (&event["tid"], &event["cat"], &event["ts"], &event["dur"])).collect::<Vec<_>>()
        };
        assert_eq!(
            complete(THREADS),
            [
                (&json!(77), &json!("running"), &json!(0.0), &json!(1.5)),
                (&json!(77), &json!("running"), &json!(1.5), &json!(0.5))
            ]
        );
        assert_eq!(complete(CONNECTIONS)[0], (&json!(1), &json!("request"), &json!(0.0), &json!(9.0)));
        assert!(events.iter().any(|event| event["ph"] == "M" && event["args"]["name"] == "worker 2"));
    }
}
