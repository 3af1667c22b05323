//! Who ran what: a short traced window of one server, thread by thread.
//!
//! Made by a server of its own that noted every step of every request, never while anything else was measured: notes
//! take time, and how much is part of the record. All times are nanoseconds since the start of the window.

use serde::{Deserialize, Serialize};

/// A traced window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// Label of the contender.
    pub contender: String,
    /// What every request asked for, `sleep 5ms`.
    pub work: String,
    /// Connections that asked, each again as soon as it was answered.
    pub connections: u32,
    /// Of those, the ones for which no thread did anything in the window: not accepted, or in a queue.
    pub waiting: u32,
    /// CPUs that the server was allowed.
    pub server_cpus: u32,
    /// Length of the window.
    pub window_ns: u64,
    /// The threads that did something for a request in the window, in the order in which they first did.
    pub lanes: Vec<Lane>,
    /// What tracing cost; absent where it was not measured.
    #[serde(default)]
    pub cost: Option<TracingCost>,
}

/// One OS thread of a traced server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// The kernel's number of the thread.
    pub thread: u32,
    /// Whether it is the process's first.
    pub is_main: bool,
    /// What it did, by start. Spans that run or are parked do not overlap; suspended ones take no thread and may.
    pub spans: Vec<Span>,
}

/// A time in which a request was in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The connection, from 1 in the order of their acceptance.
    pub connection: u32,
    /// Which of the connection's requests, from 1.
    pub request: u32,
    /// Its state.
    pub state: SpanState,
    /// Start.
    pub from_ns: u64,
    /// End. A span that was cut off by the window ends with it.
    pub until_ns: u64,
}

/// What a request does to the thread of its lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpanState {
    /// The thread runs for it, or waits for a CPU to do so.
    Running,
    /// The thread waits for it and can do nothing else.
    Parked,
    /// It waits without a thread. The lane is that of the thread that it left.
    Suspended,
}

/// CPU time of the server per request, in two windows of equal length under the same load, on a server each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TracingCost {
    /// Length of each window.
    pub window_ns: u64,
    /// With the trace off.
    pub untraced_cpu_ns: f64,
    /// With the trace on.
    pub traced_cpu_ns: f64,
}

impl Timeline {
    /// All spans in a state, with the place of their lane.
    pub fn spans(&self, state: SpanState) -> impl Iterator<Item = (usize, &Span)> {
        let lanes = self.lanes.iter().enumerate();
        lanes.flat_map(move |(place, lane)| {
            lane.spans.iter().filter(move |span| span.state == state).map(move |span| (place, span))
        })
    }
}
