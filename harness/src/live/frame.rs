//! What is seen of several servers under the same load at one moment: the one thing that a live view is given, whether it
//! is drawn in a terminal or in a browser, recorded or played back.
//!
//! Must not know: how a figure was obtained, or how it is drawn. What was not measured is absent, never zero. Beside it:
//! `engine.rs`, which makes frames.

use std::collections::HashSet;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// All models at one moment. Rates and shares are those of the interval since the frame before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// When the interval ended: milliseconds since the session began, on the monotonic clock.
    pub at_ms: u64,
    /// The load that was asked for when the interval ended.
    pub asked: LiveLoad,
    /// In the order in which they were named; the same in every frame of a session.
    pub models: Vec<ModelFrame>,
}

/// The load that is asked for, the same for every model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LiveLoad {
    /// Connections that are held to each model.
    pub connections: u64,
    /// Requests per second that are due at each model; absent in closed loop, where each connection asks again as soon
    /// as it is answered.
    pub rate_rps: Option<f64>,
    /// `request_message` and `parameter` of the requests, `sleep 5ms`.
    pub work: String,
    /// Idle connections that are held to each model beside the load, at most; 0 where there is no flood.
    pub flood: u64,
    /// Whether no request is due until the load goes on.
    pub is_paused: bool,
}

/// One model in one interval.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ModelFrame {
    /// Label of the contender, `thread-pool:workers=8`; unique within a frame.
    pub contender: String,
    /// The number of its server's process while it runs. Not recorded.
    #[serde(skip)]
    pub pid: Option<u32>,
    /// Whether its server runs.
    pub state: ServerState,
    /// Correct replies per second.
    pub requests_per_s: f64,
    /// Requests per second that ended without a correct reply: errors, timeouts, lost connections.
    pub failed_per_s: f64,
    /// Correct replies of the interval; absent where nothing was counted.
    #[serde(default)]
    pub replies: Option<u64>,
    /// Requests of the interval that ended without one; absent likewise.
    #[serde(default)]
    pub failures: Option<u64>,
    /// Half of the correct replies came within this time of the intended start of their request, in nanoseconds. Two
    /// significant digits. Absent where none came, and in closed loop.
    pub response_time_p50_ns: Option<u64>,
    /// As `response_time_p50_ns`, for 99 in a hundred.
    pub response_time_p99_ns: Option<u64>,
    /// The longest of the interval, in nanoseconds.
    pub response_time_max_ns: Option<u64>,
    /// All response times of the interval, in nanoseconds, to two significant digits. Not recorded.
    #[serde(skip)]
    pub response_times: Option<Histogram<u64>>,
    /// Memory of the process when the interval ended; absent where there is no process.
    pub memory: Option<Memory>,
    /// Threads of the process when the interval ended; absent where there is no process.
    pub threads: Option<u64>,
    /// Context switches of all its threads per second, voluntary or not. Those of threads that ended within the interval
    /// are missing. Absent in the first interval of a process, and where there are too many threads to be read as often.
    pub switches_per_s: Option<f64>,
    /// CPU time of all its threads as a share of one CPU: 2 for two CPUs that were busy throughout.
    pub cpu_share: Option<f64>,
    /// Its threads, by their ids, in the order in which they were made; of many those that have used most CPU time since
    /// the server began.
    pub busy_threads: Vec<BusyThread>,
    /// What a reader must know before believing the figures: why no load is on the server, or that the generator was
    /// late. Absent where there is nothing to know.
    #[serde(default)]
    pub doubt: Option<String>,
}

/// Whether a server runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum ServerState {
    /// It runs.
    #[default]
    Running,
    /// It ended by itself.
    Died {
        /// With which signal or status, and what it said last where it panicked: `was killed by SIGKILL`.
        how: String,
        /// When it was found dead, in milliseconds since the session began.
        at_ms: u64,
    },
    /// It never listened.
    FailedToStart {
        /// One sentence.
        why: String,
    },
}

/// Parts of a process's memory, in bytes; each as [`reports::record::Sample`] has it. They add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Memory {
    /// Pages in memory (VmRSS).
    pub resident_bytes: u64,
    /// Page tables (VmPTE).
    pub page_table_bytes: u64,
    /// Kernel stacks: threads times the stack of one.
    pub kernel_stack_bytes: u64,
}

impl ModelFrame {
    /// Whether no thread is told of twice, as none of a process is.
    pub(super) fn has_each_thread_once(&self) -> bool {
        let mut seen = HashSet::new();
        self.busy_threads.iter().all(|thread| seen.insert(thread.tid))
    }
}

impl Memory {
    /// All parts together, in bytes.
    pub fn total_bytes(&self) -> u64 {
        self.resident_bytes + self.page_table_bytes + self.kernel_stack_bytes
    }

    /// Whether the parts together can be counted, as those of any process can.
    pub(super) fn is_countable(&self) -> bool {
        let parts = [self.resident_bytes, self.page_table_bytes, self.kernel_stack_bytes];
        parts.into_iter().try_fold(0, u64::checked_add).is_some()
    }
}

/// One OS thread of a server in one interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BusyThread {
    /// The kernel's id of the thread.
    pub tid: u32,
    /// Its name, 15 bytes at most; that of the process where it was given none.
    pub name: String,
    /// Its CPU time as a share of the interval, 0 to 1.
    pub cpu_share: f64,
    /// How often it went to sleep or gave way, per second.
    pub switches_per_s: f64,
    /// What it was doing at the moment of the frame.
    pub activity: Activity,
}

/// What a thread is doing at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activity {
    /// It has a CPU, or waits for one.
    Running,
    /// It waits for something else.
    Sleeping,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_line_of_json_and_comes_back() {
        let frame = Frame {
            at_ms: 250,
            asked: LiveLoad {
                connections: 64,
                rate_rps: Some(500.0),
                work: "sleep 5ms".to_owned(),
                ..LiveLoad::default()
            },
            models: vec![ModelFrame {
                contender: "threaded".to_owned(),
                state: ServerState::Died { how: "was killed by SIGKILL".to_owned(), at_ms: 200 },
                requests_per_s: 12.5,
                replies: Some(3),
                response_time_p50_ns: Some(5_100_000),
                memory: Some(Memory { resident_bytes: 4, page_table_bytes: 2, kernel_stack_bytes: 1 }),
                threads: Some(66),
                cpu_share: Some(0.25),
                busy_threads: vec![BusyThread {
                    tid: 7,
                    name: "conn".to_owned(),
                    cpu_share: 0.125,
                    switches_per_s: 40.0,
                    activity: Activity::Sleeping,
                }],
                ..ModelFrame::default()
            }],
        };
        let line = serde_json::to_string(&frame).unwrap();
        assert_eq!(
            line,
            r#"{"at_ms":250,"asked":{"connections":64,"rate_rps":500.0,"work":"sleep 5ms","flood":0,"is_paused":false},"models":[{"contender":"threaded","state":{"is":"died","how":"was killed by SIGKILL","at_ms":200},"requests_per_s":12.5,"failed_per_s":0.0,"replies":3,"failures":null,"response_time_p50_ns":5100000,"response_time_p99_ns":null,"response_time_max_ns":null,"memory":{"resident_bytes":4,"page_table_bytes":2,"kernel_stack_bytes":1},"threads":66,"switches_per_s":null,"cpu_share":0.25,"busy_threads":[{"tid":7,"name":"conn","cpu_share":0.125,"switches_per_s":40.0,"activity":"sleeping"}],"doubt":null}]}"#
        );
        assert_eq!(serde_json::from_str::<Frame>(&line).unwrap(), frame);
        assert_eq!(frame.models[0].memory.unwrap().total_bytes(), 7);
    }
}
