//! Where response times went: a histogram of each part, and the parts added up by how long the response took, so that
//! those of the slowest can be held against those of the median.
//!
//! Beside it: `outcome.rs` saves them.

use std::array;

use super::ends::Answered;
use crate::load::tally::{self, Tally};

/// Response times are told apart to one part in 64 to 128. What is said of a median is allowed one in twenty.
const BITS: u32 = 7;

/// What a response time is taken into. All are durations in nanoseconds; the names are those of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResponseParts {
    schedule_lag: u64,
    connection: u64,
    answer: AnswerParts,
}

/// What follows the send: as much as the server says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AnswerParts {
    Stamped { waiting: u64, backend_queue: Option<u64>, service: u64, returning: u64 },
    Unstamped { answering: u64 },
}

impl ResponseParts {
    /// Of a correct reply; absent where its moments are not in the order in which they must have come.
    #[inline]
    pub(super) fn of(answered: &Answered) -> Option<ResponseParts> {
        let Answered { intended_ns, taken_up_ns, sent_ns, server_ns, server_waited_ns, received_ns, .. } = *answered;
        let answer = match server_ns {
            Some((server_received_ns, server_sent_ns)) => AnswerParts::Stamped {
                waiting: server_received_ns.checked_sub(sent_ns)?,
                backend_queue: server_waited_ns,
                service: server_sent_ns.checked_sub(server_received_ns)?.checked_sub(server_waited_ns.unwrap_or(0))?,
                returning: received_ns.checked_sub(server_sent_ns)?,
            },
            None => AnswerParts::Unstamped { answering: received_ns.checked_sub(sent_ns)? },
        };
        Some(ResponseParts {
            schedule_lag: taken_up_ns.checked_sub(intended_ns)?,
            connection: sent_ns.checked_sub(taken_up_ns)?,
            answer,
        })
    }
}

/// The parts of the replies in one bucket of response times: on a cache line, which is all that adding a reply touches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(align(64))]
pub(crate) struct Sums {
    pub(crate) replies: u64,
    pub(crate) schedule_lag_ns: u64,
    pub(crate) connection_ns: u64,
    pub(crate) waiting_ns: u64,
    pub(crate) backend_queue_ns: u64,
    pub(crate) service_ns: u64,
    pub(crate) returning_ns: u64,
    pub(crate) answering_ns: u64,
}

/// What one worker notes down of the parts.
#[derive(Debug, Clone)]
pub(crate) struct SplitTally {
    pub(crate) schedule_lag: Tally,
    pub(crate) connection: Tally,
    pub(crate) waiting: Tally,
    pub(crate) backend_queue: Tally,
    pub(crate) service: Tally,
    pub(crate) returning: Tally,
    pub(crate) answering: Tally,
    by_response_time: Box<[Sums]>,
}

impl SplitTally {
    /// Empty.
    pub(super) fn new() -> SplitTally {
        let [schedule_lag, connection, waiting, backend_queue, service, returning, answering] =
            array::from_fn(|_| Tally::new());
        let by_response_time = vec![Sums::default(); tally::buckets::<BITS>()].into_boxed_slice();
        SplitTally { schedule_lag, connection, waiting, backend_queue, service, returning, answering, by_response_time }
    }

    /// Counts a reply.
    #[inline]
    pub(super) fn record(&mut self, answered: &Answered, parts: &ResponseParts) {
        let response_time_ns = answered.received_ns - answered.intended_ns;
        let sums = &mut self.by_response_time[tally::bucket::<BITS>(response_time_ns)];
        sums.replies += 1;
        sums.schedule_lag_ns += parts.schedule_lag;
        sums.connection_ns += parts.connection;
        self.schedule_lag.record(parts.schedule_lag);
        self.connection.record(parts.connection);
        match parts.answer {
            AnswerParts::Stamped { waiting, backend_queue, service, returning } => {
                if let Some(backend_queue) = backend_queue {
                    sums.backend_queue_ns += backend_queue;
                    self.backend_queue.record(backend_queue);
                }
                sums.waiting_ns += waiting;
                sums.service_ns += service;
                sums.returning_ns += returning;
                self.waiting.record(waiting);
                self.service.record(service);
                self.returning.record(returning);
            }
            AnswerParts::Unstamped { answering } => {
                sums.answering_ns += answering;
                self.answering.record(answering);
            }
        }
    }

    /// Adds what another worker noted down.
    pub(super) fn add(&mut self, other: &SplitTally) {
        let mine = [
            &mut self.schedule_lag,
            &mut self.connection,
            &mut self.waiting,
            &mut self.backend_queue,
            &mut self.service,
            &mut self.returning,
            &mut self.answering,
        ];
        let theirs = [
            &other.schedule_lag,
            &other.connection,
            &other.waiting,
            &other.backend_queue,
            &other.service,
            &other.returning,
            &other.answering,
        ];
        mine.into_iter().zip(theirs).for_each(|(mine, theirs)| mine.add(theirs));
        for (mine, theirs) in self.by_response_time.iter_mut().zip(&other.by_response_time) {
            mine.add(theirs);
        }
    }

    /// Every bucket that holds a reply, with the least response time in it, ascending.
    pub(crate) fn by_response_time(&self) -> impl Iterator<Item = (u64, &Sums)> {
        let all = self.by_response_time.iter().enumerate();
        all.filter(|(_, sums)| sums.replies > 0).map(|(index, sums)| (tally::least::<BITS>(index), sums))
    }
}

impl Sums {
    fn add(&mut self, other: &Sums) {
        let Sums {
            replies,
            schedule_lag_ns,
            connection_ns,
            waiting_ns,
            backend_queue_ns,
            service_ns,
            returning_ns,
            answering_ns,
        } = *other;
        self.replies += replies;
        self.schedule_lag_ns += schedule_lag_ns;
        self.connection_ns += connection_ns;
        self.waiting_ns += waiting_ns;
        self.backend_queue_ns += backend_queue_ns;
        self.service_ns += service_ns;
        self.returning_ns += returning_ns;
        self.answering_ns += answering_ns;
    }
}
