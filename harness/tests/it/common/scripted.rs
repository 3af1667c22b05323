//! A server on threads of this process that answers JSON lines by a script.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::listen;

/// A server that answers request number `n` (counted over all connections) with what `reply` makes of the line.
pub(crate) fn scripted(reply: impl Fn(usize, &str) -> Option<String> + Send + Sync + 'static) -> SocketAddr {
    let count = AtomicUsize::new(0);
    listen(move |mut stream| {
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        while let Some(Ok(line)) = lines.next() {
            if let Some(reply) = reply(count.fetch_add(1, Ordering::Relaxed), &line)
                && stream.write_all(reply.as_bytes()).is_err()
            {
                return;
            }
        }
    })
}

/// The reply that a request asks for.
pub(crate) fn right(line: &str) -> String {
    let request: serde_json::Value = serde_json::from_str(line).unwrap();
    let asked = &request["RequestWork"];
    // Another order of the fields, and spaces: still right.
    format!(
        "{{ \"WorkDone\": {{\"result\":{}, \"sender_timestamp\":{}, \"server_received_ns\":0,\"server_sent_ns\":0}}}}\n",
        asked["parameter"], asked["sender_timestamp"]
    )
}
