//! What a wire format is: how messages stand in a stream of bytes, how long they may be, and what was found at its front.
//! Beside it: `message.rs`, what messages say; `json_lines.rs` and `http/`, the two formats.

use super::message::{Fault, Request, Response};

/// The longest request in bytes, all of its framing included: a line and its newline, or a head and its body. A longer
/// one costs the client its connection.
pub const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// The longest result a client may ask for, in bytes.
pub const MAX_RESULT_BYTES: usize = 1024 * 1024;

/// The longest reply in bytes that can come from one of our servers: the longest result, or an echo, and
/// the echoed timestamps, which together fit a request; then the field names and numbers around them.
pub const MAX_RESPONSE_BYTES: usize = MAX_RESULT_BYTES + MAX_REQUEST_BYTES + 512;

/// The most that one read may ask of the socket, in bytes.
pub const MAX_READ_BUFFER_BYTES: usize = 64 * 1024;

/// What one read asks of the socket where no option says otherwise, and what a connection holds while it is idle, in
/// bytes.
///
/// One constant for threads and tasks alike, since it decides what an idle connection costs: 8 KiB
/// would drown the difference between the two worlds in buffer.
pub const READ_BUFFER_BYTES: usize = 512;

/// What stands at the front of a byte stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded<T> {
    /// No whole message yet: read more.
    Incomplete,
    /// A message.
    Message {
        /// What it says.
        message: T,
        /// How many bytes it took, its framing included.
        consumed: usize,
        /// Whether the connection outlives it.
        then: Persistence,
    },
    /// A whole frame that is not a message of this protocol. The next frame may well be one.
    Malformed {
        /// The kind of fault.
        fault: Fault,
        /// What is wrong with it, for a person to read.
        reason: String,
        /// How many bytes the frame took.
        consumed: usize,
        /// Whether the connection outlives it.
        then: Persistence,
    },
    /// A frame beyond a limit, or one whose end cannot be trusted. Where the next one would begin is unknown:
    /// the connection must close.
    Broken {
        /// The kind of fault.
        fault: Fault,
        /// What it broke, for a person to read.
        reason: String,
    },
}

/// Whether a connection outlives a request and the reply to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// The next request may follow.
    KeepAlive,
    /// The server closes once the reply is out.
    Close,
}

/// One way of writing requests and responses as bytes.
///
/// Stateless: each call looks at the bytes not yet consumed, from the front, and decoded text borrows
/// from them wherever it can.
pub trait WireFormat: Copy + Send + Sync + 'static {
    /// The request at the front of `bytes`, for a server.
    fn decode_request<'a>(&self, bytes: &'a [u8]) -> Decoded<Request<'a>>;

    /// Appends `request` to `out`.
    fn encode_request(&self, request: &Request<'_>, out: &mut Vec<u8>);

    /// The response at the front of `bytes`, for a client.
    fn decode_response<'a>(&self, bytes: &'a [u8]) -> Decoded<Response<'a>>;

    /// Appends `response` to `out`, which says what becomes of the connection where the format has words for it.
    fn encode_response(&self, response: &Response<'_>, then: Persistence, out: &mut Vec<u8>);

    /// Whether decoding `bytes` again is worth the while after `bytes[..seen]` was `Incomplete`.
    ///
    /// Lets a buffer look at each byte once where a message trickles in. "Yes" is always a safe answer.
    fn worth_decoding(&self, bytes: &[u8], seen: usize) -> bool {
        bytes.len() > seen
    }

    /// How long the request at the front of `bytes`, which was `Incomplete`, will be in bytes. None where that is not
    /// known yet; `worth_decoding` is asked then.
    fn announced_bytes(&self, _bytes: &[u8]) -> Option<usize> {
        None
    }
}
