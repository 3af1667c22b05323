//! Why replies were not taken for right ones, and what to do about each.
//!
//! Beside it: `traffic.rs`, which counts them.

use serde::{Deserialize, Serialize};

/// Replies that were wrong for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Malformed {
    /// Why.
    pub reason: MalformedReason,
    /// How many were.
    pub count: u64,
    /// The beginning of the first of them as it came, with everything but printable ASCII escaped. Empty where nothing had
    /// come.
    pub example: String,
}

/// Why a reply is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum MalformedReason {
    /// Bytes that no request asked for: behind a reply, or while none was outstanding.
    Surplus,
    /// No message of the protocol that was spoken.
    NotTheProtocol,
    /// The length of the reply is said in a way that can't be, or in two ways.
    BadLength,
    /// The framing of a chunked body does not hold.
    BadChunk,
    /// The head of the reply is longer than is read.
    HeadTooLong,
    /// Interim replies (1xx) without an end.
    EndlessInterim,
    /// The connection ended in the middle of the reply.
    CutShort,
    /// A reply of the protocol to another request, or to none.
    OtherRequest,
    /// The reply to this request, with a result that it should not have.
    WrongResult,
}

impl MalformedReason {
    /// All of them.
    pub const ALL: [MalformedReason; 9] = [
        MalformedReason::Surplus,
        MalformedReason::NotTheProtocol,
        MalformedReason::BadLength,
        MalformedReason::BadChunk,
        MalformedReason::HeadTooLong,
        MalformedReason::EndlessInterim,
        MalformedReason::CutShort,
        MalformedReason::OtherRequest,
        MalformedReason::WrongResult,
    ];

    /// What was wrong, as a sentence about "a reply" without its stop.
    pub fn describe(self) -> &'static str {
        match self {
            MalformedReason::Surplus => "more bytes came than belong to the reply that was asked for",
            MalformedReason::NotTheProtocol => "what came is no message of this protocol",
            MalformedReason::BadLength => "the reply says its length wrongly, or in two ways",
            MalformedReason::BadChunk => "a chunk of the body does not end where it says",
            MalformedReason::HeadTooLong => "the head of the reply is longer than 100 KiB",
            MalformedReason::EndlessInterim => "interim replies (1xx) came without an end",
            MalformedReason::CutShort => "the connection ended in the middle of the reply",
            MalformedReason::OtherRequest => "the reply is to another request",
            MalformedReason::WrongResult => "the reply has a wrong result",
        }
    }

    /// What to do about it, as a sentence without its stop.
    pub fn remedy(self) -> &'static str {
        match self {
            MalformedReason::Surplus => {
                "look for a place in the server that writes a reply twice, or a length that is too small"
            }
            MalformedReason::NotTheProtocol => "give the --wire that the server speaks, and --path for a page",
            MalformedReason::BadLength => "look at the Content-Length and Transfer-Encoding that the server sends",
            MalformedReason::BadChunk => "look at how the server writes its chunks",
            MalformedReason::HeadTooLong => "look at the headers that the server sends",
            MalformedReason::EndlessInterim => "look at why the server never comes to its reply",
            MalformedReason::CutShort => "look for a crash in the server, or a length that is too large",
            MalformedReason::OtherRequest => {
                "look at whether the server says back the sender_timestamp of each request"
            }
            MalformedReason::WrongResult => "look at what the server does for this work",
        }
    }
}
