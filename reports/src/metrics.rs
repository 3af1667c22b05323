//! The one table of what can be measured, shown and ranked. A new metric is one entry here.
//!
//! Experiments name these in their pictures. Must not know: contenders, charts. Beside it: `study.rs`, whose pools and
//! stages the entries read.

use crate::format::Unit;
use crate::record::{Stage, TimeSplit};
use crate::stats::Quantile;
use crate::study::Pool;

/// One thing that can be shown.
#[derive(Debug)]
pub struct Metric {
    /// What pictures call it.
    pub name: &'static str,
    /// For an axis or a column.
    pub label: &'static str,
    /// What its numbers count.
    pub unit: Unit,
    /// One sentence for a reader who meets it the first time.
    pub how_to_read: &'static str,
    /// Blocks that a verdict on it takes.
    pub blocks_for_verdict: usize,
    /// Where it comes from.
    pub of: Of,
}

/// Where a metric comes from.
#[derive(Debug)]
pub enum Of {
    /// Cells under load, their blocks together.
    Load(fn(&Pool<'_>) -> Reading),
    /// A stage at which connections are held; in the metric's unit.
    Stage(fn(&Stage) -> Option<u64>),
}

/// A value, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// A number, with its 95% interval where there is one; an upper end that is absent lies beyond the timeout.
    Measured(f64, Option<(f64, Option<f64>)>),
    /// No correct reply within this many nanoseconds.
    Beyond(u64),
    /// The sample would have to have this size.
    TooFew(u64),
    /// Not measured.
    Absent,
}

impl Reading {
    /// The number, where there is one.
    pub fn value(&self) -> Option<f64> {
        match self {
            Reading::Measured(value, _) => Some(*value),
            _ => None,
        }
    }

    /// As text, without the interval.
    pub fn show(&self, unit: Unit) -> String {
        match self {
            Reading::Measured(value, _) => unit.show(*value),
            Reading::Beyond(timeout) => format!("> {}", unit.show(*timeout as f64)),
            Reading::TooFew(_) => "too few samples".into(),
            Reading::Absent => "-".into(),
        }
    }

    /// The interval, or why there is no number.
    pub fn remark(&self, unit: Unit) -> Option<String> {
        match self {
            Reading::Measured(_, Some((lo, Some(hi)))) => Some(unit.range(*lo, *hi)),
            Reading::Measured(_, Some((lo, None))) => Some(format!("{} to beyond the timeout", unit.show(*lo))),
            Reading::Measured(_, None) => None,
            Reading::Beyond(ns) => Some(format!("no correct reply within {}", unit.show(*ns as f64))),
            Reading::TooFew(needed) => Some(format!("needs {} samples", crate::format::count(*needed))),
            Reading::Absent => Some("not measured".into()),
        }
    }
}

/// The metric that a picture names; a `-` is as good as a `_`.
pub fn metric(name: &str) -> Option<&'static Metric> {
    let name = name.replace('-', "_");
    METRICS.iter().find(|metric| metric.name == name)
}

/// Every metric, in the order of the glossary.
pub const METRICS: &[Metric] = &[
    response("response_time_p50", "median response time", 10, |pool| response_quantile(pool, 0.5)),
    response("response_time_p99", "p99 response time", 20, |pool| response_quantile(pool, 0.99)),
    response("response_time_p999", "p99.9 response time", 20, |pool| response_quantile(pool, 0.999)),
    service("service_time_p50", "median service time", 10, |pool| service_quantile(pool, 0.5)),
    service("service_time_p99", "p99 service time", 20, |pool| service_quantile(pool, 0.99)),
    Metric {
        name: "achieved_rps",
        label: "achieved throughput",
        unit: Unit::PerSecond,
        how_to_read: "Correct replies per second. Below the offered load, work piles up or is lost.",
        blocks_for_verdict: 10,
        of: Of::Load(|pool| plain(pool.achieved_rps())),
    },
    Metric {
        name: "cpu_per_request",
        label: "server CPU time per request",
        unit: Unit::Nanoseconds,
        how_to_read: "CPU time of the whole server process over correct replies. At low load waiting inflates it: \
                      compare it where servers are busy.",
        blocks_for_verdict: 10,
        of: Of::Load(cpu_per_request),
    },
    Metric {
        name: "switches_per_request",
        label: "context switches per request",
        unit: Unit::Count,
        how_to_read: "Times a CPU left a thread of the server for another task, over the whole life of the server and all \
                      its correct replies, warm-up included.",
        blocks_for_verdict: 10,
        of: Of::Load(switches_per_request),
    },
    stage("resident", "resident", Unit::Bytes, "Pages of the process in memory: heap and touched stack.", |stage| {
        Some(stage.sample.resident_bytes)
    }),
    stage("page_tables", "page tables", Unit::Bytes, "What the kernel needs to map those pages.", |stage| {
        Some(stage.sample.page_table_bytes)
    }),
    stage("kernel_stacks", "kernel stacks", Unit::Bytes, "The kernel's own stack, one for each thread.", |stage| {
        Some(stage.sample.kernel_stack_bytes)
    }),
    stage(
        "socket_buffers",
        "socket buffers",
        Unit::Bytes,
        "Bytes that wait in the kernel to be read or sent.",
        |stage| stage.socket_buffer_bytes,
    ),
    stage("threads", "threads", Unit::Count, "Threads of the server process.", |stage| Some(stage.sample.threads)),
];

const RESPONSE: &str = "From the moment at which the request was due to the last byte of its reply, so it includes all \
                        waiting. Requests without a correct reply rank last.";
const SERVICE: &str = "From the send to the last byte of the reply. It leaves out what waited before the send.";

const fn response(name: &'static str, label: &'static str, blocks: usize, of: fn(&Pool<'_>) -> Reading) -> Metric {
    let unit = Unit::Nanoseconds;
    Metric { name, label, unit, how_to_read: RESPONSE, blocks_for_verdict: blocks, of: Of::Load(of) }
}

const fn service(name: &'static str, label: &'static str, blocks: usize, of: fn(&Pool<'_>) -> Reading) -> Metric {
    let unit = Unit::Nanoseconds;
    Metric { name, label, unit, how_to_read: SERVICE, blocks_for_verdict: blocks, of: Of::Load(of) }
}

const fn stage(
    name: &'static str,
    label: &'static str,
    unit: Unit,
    how_to_read: &'static str,
    of: fn(&Stage) -> Option<u64>,
) -> Metric {
    Metric { name, label, unit, how_to_read, blocks_for_verdict: 10, of: Of::Stage(of) }
}

impl Metric {
    /// The value for cells under load; absent for a metric of held connections.
    pub fn of_pool(&self, pool: &Pool<'_>) -> Reading {
        match self.of {
            Of::Load(of) => of(pool),
            Of::Stage(_) => Reading::Absent,
        }
    }

    /// The value at a stage; absent for a metric of load.
    pub fn of_stage(&self, stage: &Stage) -> Option<u64> {
        match self.of {
            Of::Load(_) => None,
            Of::Stage(of) => of(stage),
        }
    }
}

/// The percentile `p` of the response time of everything that was scheduled.
pub fn response_quantile(pool: &Pool<'_>, p: f64) -> Reading {
    if pool.response.is_empty() {
        return Reading::Absent;
    }
    let Some((scheduled, ok)) = pool.scheduled_and_ok() else { return Reading::Absent };
    Quantile::of_requests(&pool.response, ok, scheduled, pool.timeout_ns(), p).into()
}

fn service_quantile(pool: &Pool<'_>, p: f64) -> Reading {
    if pool.service.is_empty() {
        return Reading::Absent;
    }
    Quantile::of_recordings(&pool.service, p).into()
}

fn plain(value: Option<f64>) -> Reading {
    value.map_or(Reading::Absent, |value| Reading::Measured(value, None))
}

fn cpu_per_request(pool: &Pool<'_>) -> Reading {
    let cpu = pool.sum(|cell| cell.server.window_cpu_ns);
    let replies = pool.sum(|cell| Some(cell.traffic.as_ref()?.ok_within_window));
    plain(per(cpu, replies))
}

fn switches_per_request(pool: &Pool<'_>) -> Reading {
    let switches =
        pool.sum(|cell| Some(cell.server.voluntary_switches?.saturating_add(cell.server.involuntary_switches?)));
    let replies = pool.sum(|cell| Some(cell.traffic.as_ref()?.ok_in_all));
    plain(per(switches, replies))
}

fn per(total: Option<u64>, replies: Option<u64>) -> Option<f64> {
    let replies = replies.filter(|&replies| replies > 0)?;
    Some(total? as f64 / replies as f64)
}

impl From<Quantile> for Reading {
    fn from(quantile: Quantile) -> Reading {
        match quantile {
            Quantile::Measured { value, lo, hi } => {
                Reading::Measured(value as f64, Some((lo as f64, hi.map(|hi| hi as f64))))
            }
            Quantile::BeyondTimeout(ns) => Reading::Beyond(ns),
            Quantile::TooFewSamples { needed } => Reading::TooFew(needed),
        }
    }
}

/// The parts of a mean response time in the order in which a request passes through them, with a name and what
/// each is.
pub const TIME_PARTS: &[TimePart] = &[
    TimePart {
        name: "before_send",
        label: "before sending",
        meaning: "due, but not sent: connecting, being accepted, and earlier requests of the session",
        of: |split| (split.before_send.sum_ns, split.before_send.count),
    },
    TimePart {
        name: "waiting",
        label: "waiting to be read",
        meaning: "sent, but the server has not taken it up",
        of: |split| (split.waiting.sum_ns, split.waiting.count),
    },
    TimePart {
        name: "service",
        label: "service",
        meaning: "in the hands of the server",
        of: |split| (split.service.sum_ns, split.service.count),
    },
    TimePart {
        name: "returning",
        label: "returning",
        meaning: "replied, but not yet received",
        of: |split| (split.returning.sum_ns, split.returning.count),
    },
];

/// A part of the response time.
#[derive(Debug)]
pub struct TimePart {
    /// What pictures call it.
    pub name: &'static str,
    /// For the legend.
    pub label: &'static str,
    /// One phrase.
    pub meaning: &'static str,
    /// Sum in nanoseconds and number of correct replies.
    pub of: fn(&TimeSplit) -> (u64, u64),
}

impl TimePart {
    /// The mean over a pool in nanoseconds; absent where a cell has no split or nothing was answered.
    pub fn mean_ns(&self, pool: &Pool<'_>) -> Option<f64> {
        let sum = pool.sum(|cell| Some((self.of)(cell.traffic.as_ref()?.split.as_ref()?).0));
        let count = pool.sum(|cell| Some((self.of)(cell.traffic.as_ref()?.split.as_ref()?).1));
        per(sum, count)
    }
}
