//! Where response times went: a histogram of each part, and the parts by how long the response took.
//!
//! Beside it: `traffic.rs`, which holds these; `../metrics/parts.rs`, what the parts are called and mean.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::HistogramRecord;

/// Where the response time of correct replies went, in nanoseconds. What is known of a request covers its response time
/// without a gap, so the means of the parts add up to the mean response time of correct replies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// The server's receipt to its reply.
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
