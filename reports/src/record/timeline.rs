//! Who ran what: a short traced window of one server, thread by thread.
//!
//! Made by a server of its own that noted every step of every request, never while anything else was measured: notes
//! take time, and how much is part of the record. All times are nanoseconds since the start of the window.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Demand;

/// A traced window; a file under `timelines/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timeline {
    /// Version of the schema that it keeps to.
    pub schema_version: u32,
    /// Label of the contender.
    pub contender: String,
    /// What every request asked for, `sleep 5ms`.
    pub work: String,
    /// What that asks of a server; absent in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demand: Option<Demand>,
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Lane {
    /// The kernel's number of the thread.
    pub thread: u32,
    /// What the server calls it; absent where it has no name, and in older records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is the process's first.
    pub is_main: bool,
    /// What it did, by start. Spans that run or are parked do not overlap; suspended ones take no thread and may.
    pub spans: Vec<Span>,
}

/// A time in which a request was in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SpanState {
    /// The thread runs for it, or waits for a CPU to do so.
    Running,
    /// The thread waits for it and can do nothing else.
    Parked,
    /// It waits without a thread. The lane is that of the thread that it left.
    Suspended,
}

/// CPU time of the server per request under the same load, each from two windows on a server of its own, in the order
/// off, on, on, off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TracingCost {
    /// Length of both windows together.
    pub window_ns: u64,
    /// With the trace off.
    pub untraced_cpu_ns: f64,
    /// With the trace on.
    pub traced_cpu_ns: f64,
}

impl Lane {
    /// What it is called where it stands at this place, from 1.
    pub fn label(&self, place: usize) -> String {
        match &self.name {
            _ if self.is_main => "main".to_owned(),
            Some(name) => name.clone(),
            None => format!("thread {place}"),
        }
    }
}

impl Timeline {
    /// All spans in a state, with the place of their lane.
    pub fn spans(&self, state: SpanState) -> impl Iterator<Item = (usize, &Span)> {
        let lanes = self.lanes.iter().enumerate();
        lanes.flat_map(move |(place, lane)| {
            lane.spans.iter().filter(move |span| span.state == state).map(move |span| (place, span))
        })
    }

    /// From when until when each request, by connection and number, was under way in the window.
    pub fn requests(&self) -> BTreeMap<(u32, u32), (u64, u64)> {
        let mut found = BTreeMap::new();
        for span in self.lanes.iter().flat_map(|lane| &lane.spans) {
            let times = found.entry((span.connection, span.request)).or_insert((span.from_ns, span.until_ns));
            *times = (times.0.min(span.from_ns), times.1.max(span.until_ns));
        }
        found
    }

    /// The most requests that were under way at once.
    pub fn under_way(&self) -> u64 {
        let times = self.requests().into_values();
        // Where one ends when another begins, the end comes first.
        let mut steps: Vec<(u64, i64)> = times.flat_map(|(from, until)| [(from, 1), (until, -1)]).collect();
        steps.sort_unstable();
        let mut now = 0_i64;
        let counts = steps.into_iter().map(|(_, step)| {
            now += step;
            now
        });
        counts.max().unwrap_or(0).max(0) as u64
    }

    /// What part of their time the threads spent in a state, 0 to 1 for those that a thread can be in.
    pub fn share_of(&self, state: SpanState) -> f64 {
        let spent: f64 = self.spans(state).map(|(_, span)| span.until_ns.saturating_sub(span.from_ns) as f64).sum();
        let all = self.window_ns as f64 * self.lanes.len() as f64;
        if all > 0.0 { spent / all } else { 0.0 }
    }

    /// The same with a shorter window where it holds more than so many spans: a picture shows no more.
    #[must_use]
    pub fn at_most(mut self, most: usize) -> Timeline {
        let mut starts: Vec<u64> = self.lanes.iter().flat_map(|lane| &lane.spans).map(|span| span.from_ns).collect();
        if starts.len() <= most {
            return self;
        }
        starts.sort_unstable();
        self.window_ns = starts[most];
        for lane in &mut self.lanes {
            lane.spans.retain(|span| span.from_ns < self.window_ns);
            lane.spans.iter_mut().for_each(|span| span.until_ns = span.until_ns.min(self.window_ns));
        }
        self.lanes.retain(|lane| !lane.spans.is_empty());
        self
    }
}

#[cfg(test)]
impl Timeline {
    /// A window of these lanes, each of spans with a state, a connection, a start and an end.
    pub(crate) fn of_lanes(connections: u32, lanes: &[&[(SpanState, u32, u64, u64)]]) -> Timeline {
        let span = |&(state, connection, from_ns, until_ns): &(SpanState, u32, u64, u64)| Span {
            connection,
            request: 1,
            state,
            from_ns,
            until_ns,
        };
        let lane = |spans: &&[(SpanState, u32, u64, u64)]| Lane {
            thread: 1,
            name: None,
            is_main: false,
            spans: spans.iter().map(span).collect(),
        };
        Timeline {
            schema_version: super::SCHEMA_VERSION,
            contender: "a".into(),
            work: "sleep 5ms".into(),
            demand: None,
            connections,
            waiting: 0,
            server_cpus: 1,
            window_ns: 100,
            lanes: lanes.iter().map(lane).collect(),
            cost: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SpanState::{Parked, Running, Suspended};

    #[test]
    fn a_thread_goes_by_its_name_and_the_first_one_by_what_it_is() {
        let lane =
            |name: Option<&str>, is_main| Lane { thread: 7, name: name.map(str::to_owned), is_main, spans: Vec::new() };
        assert_eq!(lane(Some("worker 2"), false).label(1), "worker 2");
        assert_eq!(lane(Some("main"), true).label(1), "main");
        assert_eq!(lane(None, false).label(3), "thread 3", "as in records without names");
    }

    #[test]
    fn a_request_is_under_way_from_its_first_span_to_its_last() {
        let one = [(Running, 1, 0, 10), (Suspended, 1, 10, 50), (Running, 2, 20, 30)];
        let other = [(Running, 1, 50, 60), (Running, 3, 60, 70)];
        assert_eq!(Timeline::of_lanes(3, &[&one, &other]).under_way(), 2);
        assert_eq!(Timeline::of_lanes(3, &[&other]).under_way(), 1);
        assert_eq!(Timeline::of_lanes(3, &[]).under_way(), 0);
    }

    #[test]
    fn shares_are_of_the_time_of_all_threads() {
        let timeline = Timeline::of_lanes(3, &[&[(Running, 1, 0, 50)], &[(Parked, 2, 0, 100)]]);
        assert_eq!((timeline.share_of(Running), timeline.share_of(Parked)), (0.25, 0.5));
    }

    #[test]
    fn too_many_spans_shorten_the_window() {
        let timeline = Timeline::of_lanes(3, &[&[(Running, 1, 0, 40), (Running, 1, 60, 70)], &[(Parked, 2, 30, 90)]]);
        let kept = timeline.clone().at_most(2);
        assert_eq!((kept.window_ns, kept.lanes[0].spans.len(), kept.lanes[1].spans[0].until_ns), (60, 1, 60));
        assert_eq!(timeline.clone().at_most(3), timeline);
    }
}
