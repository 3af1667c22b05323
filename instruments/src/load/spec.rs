//! What is asked of the generator, as plain data: when requests are due, what a connection does, and for how long.

use std::time::Duration;

use clap::ValueEnum;
use reports::record;
use serde::{Deserialize, Serialize};

use super::Work;
use crate::clock::nanoseconds;

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

impl LoadSpec {
    /// A load whose times are still to be said. Its seed is set when its cell is run, since it depends on the block.
    pub fn new(arrivals: ArrivalProcess, shape: Shape, work: Work) -> LoadSpec {
        let (warm_up, window, timeout) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        LoadSpec { arrivals, shape, work, seed: 0, warm_up, window, timeout }
    }

    /// A second of echoes on one connection.
    pub fn of_a_second(arrivals: ArrivalProcess) -> LoadSpec {
        let second = Duration::from_secs(1);
        let load = LoadSpec::new(arrivals, Shape::Connections { connections: 1 }, Work::new("echo", "hi"));
        LoadSpec { window: second, timeout: second, ..load }
    }

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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

impl Shape {
    /// Requests of a session, or the one that is due by itself.
    pub(crate) fn requests_per_arrival(self) -> u32 {
        match self {
            Shape::Connections { .. } => 1,
            Shape::Sessions { requests, .. } => requests,
        }
    }
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
}
