//! The messages themselves, whatever their wire format. All text may borrow from the bytes it came in.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request<'a> {
    /// Do some work and reply with its result.
    RequestWork {
        /// The kind of work: `echo`, `call`, `sleep`, `block`, `spin`, `lock` or `reply`.
        #[serde(borrow)]
        request_message: Cow<'a, str>,
        /// The argument of the work: a text, a duration such as `5ms`, or a number of bytes.
        #[serde(borrow)]
        parameter: Cow<'a, str>,
        /// Anything the client wants back unchanged with the reply.
        #[serde(borrow)]
        sender_timestamp: Cow<'a, str>,
    },
    /// Reply once more and close the connection.
    CloseConnection {
        /// Comes back unchanged.
        #[serde(borrow)]
        initial_timestamp: Cow<'a, str>,
        /// Comes back unchanged.
        #[serde(borrow)]
        final_timestamp: Cow<'a, str>,
    },
}

impl<'a> Request<'a> {
    /// A request for work.
    pub fn work(
        request_message: impl Into<Cow<'a, str>>,
        parameter: impl Into<Cow<'a, str>>,
        sender_timestamp: impl Into<Cow<'a, str>>,
    ) -> Request<'a> {
        Request::RequestWork {
            request_message: request_message.into(),
            parameter: parameter.into(),
            sender_timestamp: sender_timestamp.into(),
        }
    }
}

/// What a server replies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response<'a> {
    /// The work is done.
    WorkDone {
        /// As the request had it.
        #[serde(borrow)]
        sender_timestamp: Cow<'a, str>,
        /// What the work gave: the echoed text, the bytes asked for, or nothing.
        #[serde(borrow)]
        result: Cow<'a, str>,
        /// When the read that completed the request returned, in nanoseconds of the server's monotonic clock. Our
        /// servers always say it, others need not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        server_received_ns: Option<u64>,
        /// Just before the reply was written, on the same clock. Absent as above.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        server_sent_ns: Option<u64>,
        /// How long the request waited within the server for a connection to its backend, in nanoseconds; absent where
        /// it had none to share.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        server_waited_ns: Option<u64>,
    },
    /// Nothing follows: the server closes the connection now.
    ConnectionClosed {
        /// As the request had it.
        #[serde(borrow)]
        initial_timestamp: Cow<'a, str>,
        /// As the request had it.
        #[serde(borrow)]
        final_timestamp: Cow<'a, str>,
        /// How many requests on this connection were answered with `WorkDone`.
        requests_served: u64,
    },
    /// The request was not served.
    Error {
        /// The kind of fault. JSON lines do not carry it.
        #[serde(skip)]
        fault: Fault,
        /// Why not, for a person to read.
        #[serde(borrow)]
        reason: Cow<'a, str>,
    },
}

/// The kinds of fault that a wire format with numbers for them tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// The request makes no sense.
    #[default]
    BadRequest,
    /// There is no such work.
    UnknownWork,
    /// This way of asking exists in the wire format, and is not taken here.
    Method,
    /// The request is longer than may be.
    TooLong,
    /// The request did not come in time.
    Timeout,
    /// The client waits for leave to send the rest, which is not given here.
    Expectation,
    /// The server's own backend did not answer.
    Backend,
}
