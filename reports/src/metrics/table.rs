//! The one table of all metrics: what each is called, in what unit, how it is read, where it comes from, how a title says it,
//! which tables have it, and what a gate calls it. A new metric is one entry here.
//!
//! Must not know: contenders, charts. Beside it: the files that the entries take their values from.

use super::entry::{load, metric, response, stage, time};
use super::goodput::When;
use super::values::{
    cpu_per_connection, cpu_per_request, peak_memory, peak_threads, plain, service_quantile, success,
    switches_per_request,
};
use super::{Column, Measured, Metric, Of, WhenSaturated, disturbing, fairness, goodput, probe};
use crate::format::Unit;
use crate::study::During;

const SCHEDULED: &[Measured] = &[Measured::Scheduled];
const DISTURBED: &[Measured] = &[Measured::Disturbed];

/// Every metric, in the order of the glossary.
pub const METRICS: &[Metric] = &[
    response("response_time_p50", "median response time", 0.5)
        .short("p50")
        .within("half the requests", "half")
        .column(Column::AtOneLoad)
        .compared("p50", SCHEDULED, WhenSaturated::Meaningless),
    response("response_time_p90", "p90 response time", 0.9).short("p90").within("90% of requests", "90%"),
    response("response_time_p99", "p99 response time", 0.99)
        .short("p99")
        .within("99% of requests", "99%")
        .column(Column::AtOneLoad)
        .compared("p99", SCHEDULED, WhenSaturated::Meaningless)
        .of_a_tail(),
    response("response_time_p999", "p99.9 response time", 0.999)
        .short("p99.9")
        .within("99.9% of requests", "99.9%")
        .column(Column::AtOneLoad)
        .of_a_tail(),
    time("service_time_p50", "median service time", SERVICE, |pool| service_quantile(pool, 0.5)),
    time("service_time_p99", "p99 service time", SERVICE, |pool| service_quantile(pool, 0.99)).of_a_tail(),
    load(
        "achieved_rps",
        "throughput",
        Unit::PerSecond,
        "Correct replies per second. Below the offered load, work piles up or is lost.",
        |pool| plain(pool.achieved_rps()),
    )
    .did("served", "")
    .compared("throughput", &[Measured::ClosedLoop], WhenSaturated::Holds),
    time(
        "cpu_per_request",
        "server CPU time per request",
        "CPU time of the whole server process over correct replies. At low load waiting inflates it: compare \
         it where servers are busy.",
        cpu_per_request,
    )
    .short("CPU per request")
    .did("spent", " of CPU per request")
    .column(Column::AtOneLoad)
    .compared("cpu-per-request", &[Measured::Scheduled, Measured::ClosedLoop], WhenSaturated::Holds),
    load(
        "switches_per_request",
        "context switches per request",
        Unit::Count,
        "Times a CPU left a thread of the server for another task, over the whole life of the server and all \
         its correct replies, warm-up included.",
        switches_per_request,
    )
    .short("switches per request")
    .column(Column::AtOneLoad),
    load(
        "success",
        "share answered",
        Unit::Share,
        "Requests with a correct reply in time, of all that were due. The interval is of these requests only.",
        success,
    )
    .short("answered")
    .did("answered", " of requests"),
    load(
        "peak_threads",
        "most threads",
        Unit::Count,
        "The most threads that the server was seen with; one may be there only to answer questions on its inside.",
        peak_threads,
    )
    .did("ran up to", " threads"),
    load(
        "peak_memory",
        "most memory",
        Unit::Bytes,
        "The greatest resident size of the server's process in its life; of several measurements the median, with \
         their range. Buffers of sockets are the kernel's and not in it.",
        peak_memory,
    ),
    time(
        "cpu_per_connection",
        "server CPU time per connection",
        "CPU time of the whole server process over the connections that served in the window: sessions where \
         clients come and go, open connections where they stay.",
        cpu_per_connection,
    )
    .short("CPU per connection")
    .did("spent", " of CPU per connection"),
    load("probe_success", "share of others answered", Unit::Share, PROBE_SUCCESS, |pool| {
        probe::success(pool, During::Disturbance)
    })
    .short("others answered")
    .did("answered", " of other clients")
    .column(Column::OfProbes),
    time("probe_p50", "median response time of others", PROBE, |pool| probe::response(pool, During::Disturbance, 0.5))
        .short("median wait")
        .befell("Half of the others waited up to")
        .compared("probe-p50", DISTURBED, WhenSaturated::Meaningless),
    time("probe_p99", "p99 response time of others", PROBE, |pool| probe::response(pool, During::Disturbance, 0.99))
        .short("others waited")
        .befell("Others waited up to")
        .column(Column::OfProbes)
        .compared("probe-p99", DISTURBED, WhenSaturated::Meaningless),
    load("probe_slow", "share of others answered slowly", Unit::Share, PROBE_SLOW, probe::slow),
    time("probe_longest_wait", "longest wait of others", PROBE_WAIT, probe::longest_wait)
        .short("longest wait")
        .befell("Others waited up to")
        .column(Column::OfProbes),
    load("jains_index", "Jain's index over the others' connections", Unit::Count, JAIN, fairness::jains_index),
    time("worst_connection_p99", "p99 of the connection that was served worst", WORST, |pool| {
        fairness::of_the_worst(pool, 0.99)
    })
    .short("worst served")
    .befell("The client served worst waited up to")
    .of_a_tail(),
    load(
        "undisturbed_success",
        "share of others answered when undisturbed",
        Unit::Share,
        "As the share of others answered, of what was due before the disturbance or after it.",
        |pool| probe::success(pool, During::RestOfTheTime),
    ),
    time("undisturbed_p50", "median response time of others when undisturbed", UNDISTURBED, |pool| {
        probe::response(pool, During::RestOfTheTime, 0.5)
    }),
    time("undisturbed_p99", "p99 response time of others when undisturbed", UNDISTURBED, |pool| {
        probe::response(pool, During::RestOfTheTime, 0.99)
    }),
    load(
        "held_at_first_failure",
        "connections held at the first failure",
        Unit::Count,
        "Connections that the disturbance held when the first request of others was due that got no correct \
         reply. Of several measurements the median, with their range. Where none failed it is more than the most \
         that were held.",
        probe::held_at_first_failure,
    )
    .column(Column::OfFailures),
    time(
        "probe_recovery",
        "time from the first failure to the next answer",
        "From the moment at which the first failing request of others was due to the first correct reply to a \
         later one. Of several measurements the median, with their range. Nothing to recover from is zero.",
        probe::recovery,
    )
    .column(Column::OfFailures),
    load(
        "disturbance_rps",
        "throughput of the disturbing requests",
        Unit::PerSecond,
        "Correct replies per second to the requests that disturb the others.",
        disturbing::rps,
    ),
    load(
        "disturbance_success",
        "share of the disturbing requests answered",
        Unit::Share,
        "Requests with a correct reply in time, of those that disturb the others.",
        disturbing::success,
    ),
    time("connect_p99", "p99 of the time to connect", CONNECT, |pool| disturbing::connect(pool, 0.99)),
    time(
        "time_to_drain",
        "time until all were answered",
        "From the moment at which the clients came who disturb the others to the last reply to them. Of several \
         measurements the median, with their range. Where some gave up it is more than that.",
        disturbing::drained,
    ),
    load(
        "listen_overflows",
        "listen overflows",
        Unit::Count,
        "Times that a connect met a full accept queue, a second attempt of the same client included: the \
         kernel's own count, of the whole network namespace. Of several measurements the median, with their range.",
        disturbing::listen_overflows,
    ),
    load(
        "replies_lost",
        "replies lost",
        Unit::Count,
        "Requests that were sent whole before the server was told to stop, and never got their reply. Of \
         several measurements the median, with their range.",
        disturbing::lost,
    ),
    time(
        "time_to_stop",
        "time to stop",
        "From the signal to the end of the server's process, to some 5 ms. Of several measurements the \
         median, with their range.",
        disturbing::time_to_stop,
    ),
    load("goodput_before", "goodput before", Unit::PerSecond, GOODPUT, |pool| goodput::goodput(pool, When::Before)),
    load("goodput_meanwhile", "goodput meanwhile", Unit::PerSecond, GOODPUT, |pool| {
        goodput::goodput(pool, When::Meanwhile)
    }),
    load("goodput_after", "goodput after", Unit::PerSecond, GOODPUT, |pool| goodput::goodput(pool, When::After)),
    time(
        "goodput_recovery",
        "time until the goodput is back",
        "From the end of the disturbance to the first tenth of a second in which the share of others with a \
         correct reply in time is within 5% of what it was before. Of several measurements the median, with \
         their range.",
        goodput::recovery,
    ),
    metric(
        "memory_per_connection",
        "memory of one more idle connection",
        Unit::Bytes,
        "The slope of resident size, page tables, kernel stacks and socket buffers together over the connections \
         that are held.",
        Of::PerConnection,
    )
    .short("memory per connection")
    .compared("memory", &[Measured::Held], WhenSaturated::Holds),
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

const SERVICE: &str = "From the send to the last byte of the reply. It leaves out what waited before the send.";

const PROBE: &str = "Of the requests of others that were due while the server was disturbed, from that moment to the last byte of \
                     the reply. Requests without a correct reply rank last.";
const UNDISTURBED: &str = "As the response time of others, for what was due before the disturbance or after it.";
const PROBE_SUCCESS: &str = "Others are a few clients with a low, constant rate of requests, beside whatever disturbs the server. Of \
                             their requests that were due meanwhile, the share with a correct reply in time. The \
                             interval is of these requests only.";
const PROBE_SLOW: &str = "Of the requests of others that were due while the server was disturbed, the share with a correct reply that \
                          took more than ten times their median when undisturbed.";
const PROBE_WAIT: &str =
    "The longest from when a request of others was due to its end, whichever it was, while the server was disturbed.";

const JAIN: &str = "How evenly the server shared itself among connections that ask for the same: from the correct replies \
                    that each got to what was due while the server was disturbed. All alike is 1. Of eight \
                    connections 0.5 is what it is where four are served and four are not.";
const WORST: &str = "The p99 response time of each of the others' connections by itself, while the server was disturbed, and the \
                     longest of these. Requests without a correct reply rank last.";
const CONNECT: &str = "From the start of a connect to the connection, of the clients who disturb the others. Those who never got \
                       one rank last.";
const GOODPUT: &str = "Correct replies in time per second: before the disturbance, meanwhile or after it. Meanwhile those to the \
                       disturbing requests count as well as those to the others'.";
