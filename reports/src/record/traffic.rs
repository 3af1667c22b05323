//! What the generator sent and got in a cell, where response times went, a histogram of each part, and what it used for that.
//!
//! Times are in nanoseconds; `at_ns` counts from the start of the cell's load. Beside it: `cell.rs`, which holds these;
//! `../metrics/parts.rs`, what the parts of a response time are called and mean.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{HistogramRecord, Malformed, RequestEvent};

/// What the generator sent and got in the measurement window.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Traffic {
    /// What became of every request that was scheduled in the window.
    pub ledger: Ledger,
    /// Correct replies that arrived within the window, whenever they were scheduled: the achieved throughput is
    /// this over the window.
    pub ok_within_window: u64,
    /// What became of connections and sessions in the window.
    #[serde(default)]
    pub connections: ConnectionLedger,
    /// Correct replies over the whole life of the server, warm-up included.
    pub ok_in_all: u64,
    /// Requests given up over the whole life of the server, warm-up included: timed out, lost with their connection, or
    /// under way at the end. The server may have served them all the same.
    #[serde(default)]
    pub given_up_in_all: u64,
    /// Intended start to last byte of the reply; timed-out requests count as the timeout. Absent in closed loop.
    pub response_time: Option<HistogramRecord>,
    /// Send to last byte of the reply, of correct replies.
    pub service_time: HistogramRecord,
    /// Intended start to the moment the generator took the request up. Absent in closed loop.
    pub schedule_lag: Option<HistogramRecord>,
    /// Start of connect to established, of sessions.
    pub connect_time: Option<HistogramRecord>,
    /// Where the response time of correct replies went. Absent in closed loop, and in records of earlier versions where
    /// the server sends no timestamps.
    pub split: Option<TimeSplit>,
    /// Requests in the system on average, integrated over the window by counting, not from the histograms.
    pub mean_in_system: Option<f64>,
    /// Replies whose timestamps did not nest (intended, sent, server received, server sent, received).
    pub timestamps_out_of_order: u64,
    /// Response times over the window, in equal intervals.
    #[serde(default)]
    pub intervals: Vec<Interval>,
    /// Every request by itself, in the order of their ends; kept for a probe only, whose requests are few.
    #[serde(default)]
    pub events: Vec<RequestEvent>,
    /// Why replies were malformed, over the whole life of the server, warm-up included; a reason that did not occur is not
    /// there.
    #[serde(default)]
    pub malformed: Vec<Malformed>,
    /// Replies of HTTP servers by their status code, in the window. Interim replies (1xx) are not counted.
    #[serde(default)]
    pub statuses: BTreeMap<u16, u64>,
    /// Sizes of the correct replies that arrived within the window, head and body. Absent where there was none, and in
    /// records of earlier versions.
    #[serde(default)]
    pub reply_bytes: Option<ReplyBytes>,
    /// Requests that were due in the warm-up and had no end when the window began, and never got a reply. They are in no
    /// other count of this record but in [`Traffic::given_up_in_all`].
    #[serde(default)]
    pub hung_since_warm_up: u64,
    /// Correct replies that came in two parts some 40 ms apart, as where the sender waits for a delayed acknowledgement.
    #[serde(default)]
    pub delayed_in_the_middle: u64,
}

impl Traffic {
    /// No request at all, on servers whose correct replies took `service_time`.
    pub fn new(service_time: HistogramRecord) -> Traffic {
        Traffic { service_time, ..Traffic::default() }
    }
}

/// Sizes of replies, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReplyBytes {
    /// Of all of them together.
    pub total: u64,
    /// Of the smallest.
    pub least: u64,
    /// Of the largest.
    pub most: u64,
}

/// What became of every request scheduled in the window. `scheduled` equals the sum of the others, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ledger {
    /// Requests that the schedule held in the window.
    pub scheduled: u64,
    /// Correct replies in time.
    pub ok: u64,
    /// The server answered with an error.
    pub error: u64,
    /// No reply within the timeout.
    pub timeout: u64,
    /// A reply that does not answer its request, or is not a reply of the protocol.
    pub malformed: u64,
    /// The connection was refused, or in records of earlier versions reset.
    pub refused: u64,
    /// The connection was lost with the request on it.
    #[serde(default)]
    pub reset: u64,
    /// Never sent: no connection could be had for it, or its session had failed before.
    pub dropped: u64,
    /// Still without a reply when the cell ended early.
    pub in_flight: u64,
}

impl Ledger {
    /// Requests that have an end, plus those in flight; equals `scheduled` in a true ledger.
    pub fn accounted_for(&self) -> u64 {
        self.ends().iter().map(|(_, count)| count).sum()
    }

    /// Every end that a request can come to, by its name, with how many came to it. A correct reply is the first.
    pub fn ends(&self) -> [(&'static str, u64); 8] {
        let Ledger { scheduled: _, ok, error, timeout, malformed, refused, reset, dropped, in_flight } = *self;
        [
            ("ok", ok),
            ("error", error),
            ("timeout", timeout),
            ("malformed", malformed),
            ("refused", refused),
            ("reset", reset),
            ("dropped", dropped),
            ("in flight", in_flight),
        ]
    }

    /// Requests that did not get a correct reply in time.
    pub fn failed(&self) -> u64 {
        self.accounted_for() - self.ok
    }
}

/// What became of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConnectionLedger {
    /// Connections that were begun.
    pub attempted: u64,
    /// Established, as seen by the client: the kernel may have done so before the server accepted.
    pub established: u64,
    /// Refused, reset, or without a local port.
    pub failed: u64,
    /// Sessions whose CloseConnection was confirmed with the right number of requests served.
    pub closed_in_agreement: u64,
    /// Sessions whose CloseConnection was not confirmed, or with another number.
    pub closed_in_disagreement: u64,
    /// Established connections that never got a single answer.
    pub never_answered: u64,
    /// Held connections that the server closed between two requests, as an HTTP server may; the next request opened
    /// another.
    #[serde(default)]
    pub closed_by_server: u64,
}

/// One interval of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Interval {
    /// Its start.
    pub at_ns: u64,
    /// Correct replies whose intended start lies in it.
    pub ok: u64,
    /// Everything else that was scheduled in it.
    pub failed: u64,
    /// Their median response time; absent where there was none.
    pub p50_ns: Option<u64>,
    /// Their greatest response time.
    pub max_ns: Option<u64>,
}

/// What the generator itself used, window only.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GeneratorUsage {
    /// Worker threads.
    pub threads: u32,
    /// User CPU time of the whole generator.
    pub user_cpu_ns: u64,
    /// System CPU time of the whole generator.
    pub system_cpu_ns: u64,
    /// Of that, time spent polling for something to do.
    pub polling_ns: u64,
    /// Busiest worker's share of its CPU, polling left out, 0 to 1.
    pub busiest_worker: f64,
    /// Scheduled arrivals that were taken up by the end of the window, over all; 1 where it kept pace.
    pub kept_pace: f64,
}

/// Where the response time of correct replies went, in nanoseconds. What is known of a request covers its response time
/// without a gap, so the means of the parts add up to the mean response time of correct replies.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TimeSplit {
    /// Intended start to when the generator had the request in hand. Zero where the request waited behind an earlier
    /// one of its connection, as it would have without any lag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_lag: Option<HistogramRecord>,
    /// From there to the send: connecting, or waiting behind earlier requests of the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<HistogramRecord>,
    /// The two together, in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_send: Option<HistogramRecord>,
    /// Send to the server's receipt: the network, the accept queue, the socket buffer, the scheduler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<HistogramRecord>,
    /// Of the time between the server's receipt and its reply, what the request waited for a connection to the backend;
    /// absent where it had none to share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend_queue: Option<HistogramRecord>,
    /// The server's receipt to its reply, that wait left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<HistogramRecord>,
    /// The server's reply to its receipt by the generator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returning: Option<HistogramRecord>,
    /// Send to receipt by the generator, where the server sends no timestamps that would split it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answering: Option<HistogramRecord>,
    /// The parts of the slow and of the quick; absent in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_response_time: Option<PartSums>,
}

impl TimeSplit {
    /// Every part that is known, by name, in the order in which a request passes through them.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, &HistogramRecord)> {
        let all = [
            ("schedule_lag", &self.schedule_lag),
            ("connection", &self.connection),
            ("before_send", &self.before_send),
            ("waiting", &self.waiting),
            ("backend_queue", &self.backend_queue),
            ("service", &self.service),
            ("returning", &self.returning),
            ("answering", &self.answering),
        ];
        all.into_iter().filter_map(|(name, part)| Some((name, part.as_ref()?)))
    }

    /// A part by its name; absent where it is not known.
    pub fn part(&self, name: &str) -> Option<&HistogramRecord> {
        self.parts().find_map(|(known, part)| (known == name).then_some(part))
    }
}

/// The parts of correct replies, added up over those that took equally long: an entry per bucket of response times that
/// holds a reply, in ascending order. A bucket is at most a sixty-fourth of its least response time wide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartSums {
    /// The least response time of the bucket, in nanoseconds.
    pub least_ns: Vec<u64>,
    /// Replies in it.
    pub replies: Vec<u64>,
    /// By name of the part: its sum over these replies, in nanoseconds.
    pub sums_ns: BTreeMap<String, Vec<u64>>,
}

impl PartSums {
    /// Whether all columns are equally long, and the buckets in order and not empty.
    pub fn is_whole(&self) -> bool {
        let buckets = self.least_ns.len();
        self.least_ns.is_sorted_by(|a, b| a < b)
            && self.replies.len() == buckets
            && self.replies.iter().all(|&replies| replies > 0)
            && self.sums_ns.values().all(|sums| sums.len() == buckets)
    }
}
