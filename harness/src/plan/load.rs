//! What is asked of the generator, as plain data: when requests are due, what a connection does, and for how long.

use std::borrow::Cow;
use std::time::Duration;

use clap::ValueEnum;
use reports::record::{self, Demand};
use servers::protocol::{MAX_RESULT_BYTES, Wire};
use servers::service::{WorkOrder, decide};

use super::experiment::demand;

/// Everything the generator needs to know, apart from the address.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadSpec {
    /// When requests or sessions are due.
    pub arrivals: ArrivalProcess,
    /// What one connection does.
    pub shape: Shape,
    /// What each request asks for.
    pub work: Work,
    /// Seed of the arrivals; equal for all contenders of a load point.
    pub seed: u64,
    /// Scheduled first, and not recorded.
    pub warm_up: Duration,
    /// What is scheduled in this time is recorded.
    pub window: Duration,
    /// How long after its intended start a request without a reply has timed out.
    pub timeout: Duration,
}

#[cfg(test)]
impl LoadSpec {
    /// A second of echoes on one connection.
    pub(crate) fn of_a_second(arrivals: ArrivalProcess) -> LoadSpec {
        LoadSpec {
            arrivals,
            shape: Shape::Connections { connections: 1 },
            work: Work::new("echo", "hi"),
            seed: 1,
            warm_up: Duration::ZERO,
            window: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
        }
    }
}

impl LoadSpec {
    /// Requests per second on average; absent in closed loop, which offers whatever the server takes.
    pub fn offered_load_rps(&self) -> Option<f64> {
        match self.arrivals {
            ArrivalProcess::Poisson { rate_rps } | ArrivalProcess::Constant { rate_rps } => Some(rate_rps),
            ArrivalProcess::Closed => None,
        }
    }

    /// The most connections that are open at once.
    pub fn peak_connections(&self) -> u32 {
        match self.shape {
            Shape::Connections { connections } => connections,
            Shape::Sessions { concurrent, .. } => concurrent,
        }
    }

    /// Whether clients connect anew for each request, as fast as they are served.
    pub fn comes_and_goes(&self) -> bool {
        self.arrivals == ArrivalProcess::Closed && matches!(self.shape, Shape::Sessions { requests: 1, .. })
    }

    /// Has at most so many connections open at once.
    pub fn limit_connections(&mut self, ceiling: u32) {
        match &mut self.shape {
            Shape::Connections { connections } => *connections = (*connections).min(ceiling),
            Shape::Sessions { concurrent, .. } => *concurrent = (*concurrent).min(ceiling),
        }
    }

    /// The most time the load takes: what is scheduled last may still take the timeout, twice for a session that
    /// was about to time out when its next request began.
    pub fn longest(&self) -> Duration {
        self.warm_up + self.window + 2 * self.timeout
    }

    /// As it is saved.
    pub fn to_record(&self) -> record::Load {
        record::Load {
            arrivals: match self.arrivals {
                ArrivalProcess::Poisson { .. } => record::ArrivalsRecord::Poisson,
                ArrivalProcess::Constant { .. } => record::ArrivalsRecord::Constant,
                ArrivalProcess::Closed => record::ArrivalsRecord::Closed,
            },
            shape: match self.shape {
                Shape::Connections { connections } => record::ShapeRecord::Connections { connections },
                Shape::Sessions { requests, think_time, concurrent } => {
                    record::ShapeRecord::Sessions { requests, think_time_ns: nanoseconds(think_time), concurrent }
                }
            },
            offered_load_rps: self.offered_load_rps(),
            work: self.work.to_string(),
            seed: self.seed,
            warm_up_ns: nanoseconds(self.warm_up),
            window_ns: nanoseconds(self.window),
            timeout_ns: nanoseconds(self.timeout),
        }
    }
}

/// When requests (or sessions, at the rate that makes the same number of requests) are due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ArrivalProcess {
    /// Exponential gaps: many independent clients.
    Poisson {
        /// Requests per second.
        rate_rps: f64,
    },
    /// Equal gaps.
    Constant {
        /// Requests per second.
        rate_rps: f64,
    },
    /// The next as soon as the last has ended. Measures capacity; has no response time.
    Closed,
}

/// How a generator thread waits for what is due next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Pacing {
    /// Sleep, and wake about 50 us late.
    ///
    /// For CPUs shared with the server, which polling would rob.
    Sleeping,
    /// Sleep, but poll through the last tenth of a millisecond.
    ///
    /// For CPUs that the generator has to itself.
    Precise,
    /// Never sleep; takes a whole CPU per thread.
    ///
    /// It is late by less than a microsecond.
    Spinning,
    /// Wake once a millisecond; takes the least CPU time, and requests and replies are up to a millisecond late.
    ///
    /// The schedule lag and the times of replies show that.
    Ticking,
}

impl Pacing {
    /// Whether a thread looks for something to do while it waits, and so takes more of its CPU than it needs.
    pub fn polls(self) -> bool {
        matches!(self, Pacing::Precise | Pacing::Spinning)
    }
}

/// What one connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Connections are opened before the load and stay open; requests take turns on them.
    Connections {
        /// How many.
        connections: u32,
    },
    /// Connect, send some requests one after another, send CloseConnection.
    Sessions {
        /// Requests of one session.
        requests: u32,
        /// Pause between a reply and the next request.
        think_time: Duration,
        /// The most sessions under way at once; a session due beyond that is dropped and counted.
        concurrent: u32,
    },
}

/// What a request asks for, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Work of one of our own servers, which says in its reply what it did.
    Asked {
        /// How messages are written.
        wire: Wire,
        /// `echo`, `sleep`, ...
        request_message: String,
        /// `hi`, `5ms`, ...
        parameter: String,
    },
    /// A page of any HTTP server. A reply is right when it is whole and its status is 200 to 299.
    Page(PageRequest),
}

/// A request to any HTTP server. Its parts are written as they are: whoever makes one has looked at them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// `GET`, `POST`, ...: no spaces.
    pub method: String,
    /// Begins with a slash, and holds no spaces.
    pub path: String,
    /// What the `Host` header says: host and port as they were typed. Where it is none, the address.
    pub host: Option<String>,
    /// Further headers, as in `Accept: text/html`, without line ends.
    pub headers: Vec<String>,
    /// Sent behind the head, with its length said there. Where it is none, no length is.
    pub body: Option<Vec<u8>>,
}

impl PageRequest {
    /// `GET` of a path, and nothing besides.
    pub fn get(path: &str) -> PageRequest {
        PageRequest { method: "GET".to_owned(), path: path.to_owned(), host: None, headers: Vec::new(), body: None }
    }
}

impl Work {
    /// As in `Work::new("sleep", "5ms")`, in JSON lines.
    pub fn new(request_message: &str, parameter: &str) -> Work {
        Work::Asked {
            wire: Wire::JsonLines,
            request_message: request_message.to_owned(),
            parameter: parameter.to_owned(),
        }
    }

    /// As it is typed, `sleep 5ms`, in JSON lines. Whether any server knows it is not looked at.
    pub fn typed(text: &str) -> Work {
        let (request_message, parameter) = text.split_once(' ').unwrap_or((text, ""));
        Work::new(request_message, parameter)
    }

    /// How messages are written.
    pub fn wire(&self) -> Wire {
        match self {
            Work::Asked { wire, .. } => *wire,
            Work::Page(_) => Wire::Http,
        }
    }

    /// Whether the server asks its backend for it.
    pub fn calls_backend(&self) -> bool {
        let Work::Asked { request_message, parameter, .. } = self else { return false };
        matches!(decide(request_message, Cow::Borrowed(parameter)), Ok(WorkOrder::Call(_)))
    }

    /// What it asks of a server; absent where that is not known.
    pub fn demand(&self) -> Option<Demand> {
        match self {
            Work::Asked { request_message, parameter, .. } => demand((request_message, parameter)),
            Work::Page(_) => None,
        }
    }

    /// The `result` of a correct reply, as the protocol has it: the text of an echo, the bytes of a reply, and of
    /// everything else nothing.
    pub fn expected_result(&self) -> String {
        match self {
            Work::Asked { request_message, parameter, .. } => match request_message.as_str() {
                "echo" => parameter.clone(),
                "reply" => "x".repeat(parameter.parse().unwrap_or(0).min(MAX_RESULT_BYTES)),
                _ => String::new(),
            },
            Work::Page(_) => String::new(),
        }
    }
}

impl std::fmt::Display for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Work::Asked { request_message, parameter, .. } => write!(f, "{request_message} {parameter}"),
            Work::Page(page) => write!(f, "{} {}", page.method, page.path),
        }
    }
}

/// A duration in the unit of the records; saturates after 584 years.
pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(arrivals: ArrivalProcess, shape: Shape) -> LoadSpec {
        LoadSpec {
            arrivals,
            shape,
            work: Work::new("sleep", "5ms"),
            seed: 9,
            warm_up: Duration::from_millis(100),
            window: Duration::from_secs(2),
            timeout: Duration::from_millis(500),
        }
    }

    fn sessions(concurrent: u32) -> Shape {
        Shape::Sessions { requests: 10, think_time: Duration::from_millis(3), concurrent }
    }

    #[test]
    fn a_ceiling_lowers_and_never_raises() {
        for shape in [sessions(100), Shape::Connections { connections: 100 }] {
            let mut spec = spec(ArrivalProcess::Closed, shape);
            spec.limit_connections(200);
            assert_eq!(spec.peak_connections(), 100);
            spec.limit_connections(7);
            assert_eq!(spec.peak_connections(), 7);
        }
    }

    #[test]
    fn what_is_scheduled_last_has_time_to_end() {
        let spec = spec(ArrivalProcess::Poisson { rate_rps: 5.0 }, sessions(1));
        assert_eq!(spec.longest(), Duration::from_millis(3_100));
    }

    #[test]
    fn a_load_is_saved_in_nanoseconds_and_a_closed_loop_offers_no_rate() {
        let open = spec(ArrivalProcess::Poisson { rate_rps: 5.5 }, sessions(8)).to_record();
        assert_eq!((open.arrivals, open.offered_load_rps), (record::ArrivalsRecord::Poisson, Some(5.5)));
        assert_eq!((open.warm_up_ns, open.window_ns, open.timeout_ns), (100_000_000, 2_000_000_000, 500_000_000));
        assert_eq!((open.work.as_str(), open.seed), ("sleep 5ms", 9));
        assert_eq!(open.shape, record::ShapeRecord::Sessions { requests: 10, think_time_ns: 3_000_000, concurrent: 8 });
        let closed = spec(ArrivalProcess::Closed, Shape::Connections { connections: 3 }).to_record();
        assert_eq!((closed.arrivals, closed.offered_load_rps), (record::ArrivalsRecord::Closed, None));
        assert_eq!(closed.shape, record::ShapeRecord::Connections { connections: 3 });
        let constant = spec(ArrivalProcess::Constant { rate_rps: 2.0 }, sessions(1)).to_record();
        assert_eq!((constant.arrivals, constant.offered_load_rps), (record::ArrivalsRecord::Constant, Some(2.0)));
    }

    #[test]
    fn a_correct_reply_says_what_was_asked_for() {
        assert_eq!(Work::new("echo", "hi").expected_result(), "hi");
        assert_eq!(Work::new("reply", "3").expected_result(), "xxx");
        assert_eq!(Work::new("sleep", "5ms").expected_result(), "");
        assert_eq!(Work::new("reply", "99999999999999").expected_result().len(), MAX_RESULT_BYTES);
    }

    #[test]
    fn a_time_beyond_all_records_saturates() {
        assert_eq!(nanoseconds(Duration::from_micros(5)), 5_000);
        assert_eq!(nanoseconds(Duration::MAX), u64::MAX);
    }
}
