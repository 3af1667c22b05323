//! What a server says to a backend, and the backend to it: fixed-size frames over a TCP connection.
//!
//! A server sends a frame, and the backend answers once the time in it has passed since it came. Answers come when they
//! are due, so on a connection with several calls under way they may come in another order; the number tells which is
//! which. No I/O here. Beside it: `work/call.rs`, the server's side; the harness has the backend itself.
//!
//! | bytes | what |
//! |---|---|
//! | 0 to 3 | `call` from the server, `done` from the backend |
//! | 4 to 7 | the number of the call on this connection, little-endian |
//! | 8 to 15 | how long to wait, in nanoseconds, little-endian |

use std::time::Duration;

/// Bytes of a frame, in either direction.
pub const CALL_FRAME_BYTES: usize = 16;

/// Who speaks. An echo server in place of a backend would otherwise answer at once, and seem right.
const CALL: &[u8; 4] = b"call";
const DONE: &[u8; 4] = b"done";

/// A call that a server makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackendCall {
    /// Its number on this connection.
    pub number: u32,
    /// How long the backend is to wait, in nanoseconds.
    pub wait_ns: u64,
}

impl BackendCall {
    /// A call that waits for `wait`, which is cut off at some 584 years.
    pub fn new(number: u32, wait: Duration) -> BackendCall {
        BackendCall { number, wait_ns: u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX) }
    }

    /// The frame that asks for it.
    pub fn request(self) -> [u8; CALL_FRAME_BYTES] {
        self.frame(CALL)
    }

    /// The frame that answers it.
    pub fn reply(self) -> [u8; CALL_FRAME_BYTES] {
        self.frame(DONE)
    }

    /// The call that a frame asks for; none where it is no such frame.
    pub fn from_request(frame: &[u8; CALL_FRAME_BYTES]) -> Option<BackendCall> {
        let [number, low, high] = [1, 2, 3].map(|word| u32::from_le_bytes(word_of(frame, word)));
        let is_call = word_of(frame, 0) == *CALL;
        is_call.then_some(BackendCall { number, wait_ns: u64::from(high) << 32 | u64::from(low) })
    }

    fn frame(self, kind: &[u8; 4]) -> [u8; CALL_FRAME_BYTES] {
        let mut frame = [0; CALL_FRAME_BYTES];
        frame[..4].copy_from_slice(kind);
        frame[4..8].copy_from_slice(&self.number.to_le_bytes());
        frame[8..].copy_from_slice(&self.wait_ns.to_le_bytes());
        frame
    }
}

/// Four bytes of a frame, counted in fours.
fn word_of(frame: &[u8; CALL_FRAME_BYTES], word: usize) -> [u8; 4] {
    std::array::from_fn(|byte| frame[word * 4 + byte])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_what_the_table_says() {
        let call = BackendCall::new(0x0102_0304, Duration::from_millis(5));
        assert_eq!(call.request(), *b"call\x04\x03\x02\x01\x40\x4b\x4c\x00\x00\x00\x00\x00");
        assert_eq!(call.reply()[..4], *b"done");
        assert_eq!(call.reply()[4..], call.request()[4..]);
    }

    #[test]
    fn a_call_survives_its_frame() {
        for call in [BackendCall { number: u32::MAX, wait_ns: 1 << 40 }, BackendCall::new(0, Duration::MAX)] {
            assert_eq!(BackendCall::from_request(&call.request()), Some(call));
        }
    }

    #[test]
    fn an_answer_is_no_call_and_neither_is_anything_else() {
        assert_eq!(BackendCall::from_request(&BackendCall::new(1, Duration::ZERO).reply()), None);
        assert_eq!(BackendCall::from_request(b"GET / HTTP/1.1\r\n"), None);
    }
}
