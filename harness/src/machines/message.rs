//! What a worker and whoever started it say to each other: a line of JSON per message, each way.
//!
//! First both say hello, with the version of what they speak; another version is refused before anything is asked for.
//! Whoever reads trusts nothing: how long a line may be is decided by who reads it (`lines.rs`), what a plan may ask for in
//! `plan_message.rs`, and figures that can't be are refused here. Readings of a clock are those of the worker's own
//! monotonic clock, in nanoseconds, and mean nothing to another one.

use std::net::SocketAddr;
use std::time::Duration;

use hdrhistogram::Histogram;
use instruments::clock::nanoseconds;
use instruments::load::{LoadOutcome, Second, adds_up};
use instruments::observe::MachineSeen;
use reports::record::{GeneratorUsage, HistogramRecord, Noise, Traffic, Warning, WayTimes};
use serde::{Deserialize, Serialize};

use super::hello::Hello;
use super::plan_message::PlanMessage;
use super::serve_message::{ServeOrder, ServedMessage, Window, written_bytes};

/// To a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ToWorker {
    /// The first line.
    Hello(Box<Hello>),
    /// Asks for a reading of its clock.
    Ping {
        /// Said back.
        number: u32,
    },
    /// What it is to send; it opens its connections.
    Plan(Box<PlanMessage>),
    /// When it is to begin.
    Go {
        /// On the worker's own clock.
        start_ns: i64,
    },
    /// It is to end the load now, and say what there is.
    Stop,
    /// It is to start a server and watch it.
    Serve(Box<ServeOrder>),
    /// When the load on that server has its window.
    Window(Window),
    /// It is to stop that server, and say what it saw.
    End,
    /// Nothing more is wanted.
    Bye,
}

/// From a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FromWorker {
    /// The first line.
    Hello(Box<Hello>),
    /// A reading of its clock.
    Pong {
        /// Of the question.
        number: u32,
        /// Between hearing the question and answering.
        clock_ns: i64,
    },
    /// Its connections are open.
    Ready,
    /// It is still there, and how it goes.
    Signs {
        /// A request got a right reply.
        answered: bool,
        /// One was given up.
        given_up: bool,
    },
    /// What it sent and got.
    Result(Box<ResultMessage>),
    /// The server that it started listens.
    Listening {
        /// Where.
        address: SocketAddr,
    },
    /// That server has died.
    Died,
    /// What it saw of that server.
    Served(Box<ServedMessage>),
    /// It ends.
    Bye,
    /// It can't do what it was asked for.
    Error(Trouble),
}

/// Why a worker can't do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Whether the server is the reason, which did not accept its connections.
    pub is_the_servers: bool,
    /// A sentence without its stop, with the remedy.
    pub reason: String,
}

impl Trouble {
    /// One that is the worker's own, or its machine's.
    pub(super) fn own(reason: impl Into<String>) -> Trouble {
        Trouble { is_the_servers: false, reason: reason.into() }
    }
}

/// What a part of a load came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ResultMessage {
    /// When it began, on the worker's clock.
    pub(super) began_ns: i64,
    measured_ns: u64,
    opening_ns: Option<u64>,
    was_stopped: bool,
    polling_gave_way: Option<u32>,
    left_over: u64,
    traffic: Traffic,
    generator: GeneratorUsage,
    seconds: Vec<SecondMessage>,
    interval_times: Vec<HistogramRecord>,
    noise: Noise,
    unobserved: Vec<Warning>,
    /// How long the way to the server took, where that was asked for.
    #[serde(default)]
    pub(super) way: WayTimes,
}

/// A second of the window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SecondMessage {
    second: u64,
    times: HistogramRecord,
    failed: u64,
}

/// No count of requests and no CPU time of a load comes near it, and a thousand of them can be added.
const MOST: u64 = 1 << 52;

/// For what a worker could not observe. A cell's file has that of all workers, a thousand at the most.
const MOST_UNOBSERVED_BYTES: usize = 4 << 10;

impl ResultMessage {
    /// As it is sent.
    pub(super) fn new(outcome: LoadOutcome, machine: MachineSeen, began_ns: i64, way: WayTimes) -> ResultMessage {
        ResultMessage {
            began_ns,
            way,
            measured_ns: nanoseconds(outcome.measured),
            opening_ns: outcome.opening.map(nanoseconds),
            was_stopped: outcome.was_stopped,
            polling_gave_way: outcome.polling_gave_way,
            left_over: outcome.left_over,
            traffic: outcome.traffic,
            generator: outcome.generator,
            seconds: outcome.seconds.into_iter().map(second_message).collect(),
            interval_times: outcome.interval_times.iter().map(record).collect(),
            noise: machine.noise,
            unobserved: machine.unobserved,
        }
    }

    /// What it says, where that can be: its counts add up and its histograms are some.
    ///
    /// # Errors
    /// A clause that says what can't be.
    pub(super) fn read(self) -> Result<(LoadOutcome, MachineSeen), String> {
        let ledger = &self.traffic.ledger;
        if !adds_up(ledger) || ledger.scheduled > MOST || self.left_over > ledger.dropped {
            return Err("its requests do not add up".to_owned());
        }
        if written_bytes(&self.unobserved) > MOST_UNOBSERVED_BYTES {
            return Err("what it could not observe is more than there is to observe".to_owned());
        }
        let usage = &self.generator;
        if !(0.0..=1.0).contains(&usage.kept_pace) || !(0.0..=1e6).contains(&usage.busiest_worker) {
            return Err("what it says of its generator can't be".to_owned());
        }
        let split = self.traffic.split.as_ref();
        if split.and_then(|split| split.by_response_time.as_ref()).is_some_and(|sums| !sums.is_whole()) {
            return Err("the parts of its response times do not fit together".to_owned());
        }
        let histogram = |record: &HistogramRecord| record.to_histogram().map_err(|error| error.to_string());
        let times = [Some(&self.traffic.service_time), self.traffic.response_time.as_ref()];
        times.into_iter().flatten().try_for_each(|record| histogram(record).map(drop))?;
        let second = |message: SecondMessage| -> Result<Second, String> {
            Ok(Second { second: message.second, times: histogram(&message.times)?, failed: message.failed })
        };
        let outcome = LoadOutcome {
            opening: self.opening_ns.map(Duration::from_nanos),
            measured: Duration::from_nanos(self.measured_ns),
            was_stopped: self.was_stopped,
            polling_gave_way: self.polling_gave_way,
            left_over: self.left_over,
            interval_times: self.interval_times.iter().map(histogram).collect::<Result<_, _>>()?,
            seconds: self.seconds.into_iter().map(second).collect::<Result<_, _>>()?,
            traffic: self.traffic,
            generator: self.generator,
        };
        Ok((outcome, MachineSeen::told(self.noise, self.unobserved)))
    }
}

fn second_message(second: Second) -> SecondMessage {
    SecondMessage { second: second.second, times: record(&second.times), failed: second.failed }
}

/// Of histograms whose exact sum nobody asks for.
fn record(histogram: &Histogram<u64>) -> HistogramRecord {
    HistogramRecord::from_histogram(histogram, 0)
}
