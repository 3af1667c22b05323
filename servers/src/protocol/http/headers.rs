//! The headers of our own requests and replies, and how headers are written.

use super::target::percent_encode;

/// The most headers that a request or a reply may have.
pub(super) const MAX_HEADERS: usize = 64;

/// Anything the client wants back unchanged with the reply; visible ASCII characters.
pub(super) const SENDER_TIMESTAMP: &str = "Sender-Timestamp";
/// When the server had received the request, in nanoseconds of its monotonic clock.
pub(super) const SERVER_RECEIVED_NS: &str = "Server-Received-Ns";
/// Just before the server wrote the reply, on the same clock.
pub(super) const SERVER_SENT_NS: &str = "Server-Sent-Ns";
/// How long the request waited within the server for a connection to its backend, in nanoseconds.
pub(super) const SERVER_WAITED_NS: &str = "Server-Waited-Ns";
/// Of a request to close and the reply to it: comes back unchanged.
pub(super) const INITIAL_TIMESTAMP: &str = "Initial-Timestamp";
/// Of a request to close and the reply to it: comes back unchanged.
pub(super) const FINAL_TIMESTAMP: &str = "Final-Timestamp";
/// Of the reply to a request to close: how many requests the connection has had done.
pub(super) const REQUESTS_SERVED: &str = "Requests-Served";

/// Writes a header. Whatever the value holds, it stays one header: what is not visible is percent-encoded.
pub(super) fn write_header(name: &str, value: &str, out: &mut Vec<u8>) {
    write_name(name, out);
    for byte in value.bytes() {
        if byte.is_ascii_graphic() {
            out.push(byte);
        } else {
            percent_encode(byte, out);
        }
    }
    out.extend_from_slice(b"\r\n");
}

pub(super) fn write_number(name: &str, value: u64, out: &mut Vec<u8>) {
    write_name(name, out);
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn write_name(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
}
