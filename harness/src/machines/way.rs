//! The time of the way to a server and back: the fastest of some TCP connects, which are closed at once.
//!
//! The kernel of the server's machine answers a connect, and not the server, so that this is the way and nothing of the
//! server's own. It is the least of what a request's way takes: a queue on the way makes it longer.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use instruments::clock::now_ns;

/// So many connects, one after another.
const CONNECTS: u32 = 10;

/// A way that takes longer than this is not worth waiting for ten times.
const LONGEST: Duration = Duration::from_millis(250);

/// In nanoseconds; nothing where one does not succeed.
pub(super) fn way_ns(target: SocketAddr) -> Option<u64> {
    let connect = |_| {
        let begun_ns = now_ns();
        let stream = TcpStream::connect_timeout(&target, LONGEST).ok()?;
        let took_ns = now_ns().saturating_sub(begun_ns);
        drop(stream);
        Some(took_ns)
    };
    let took: Option<Vec<u64>> = (0..CONNECTS).map(connect).collect();
    took?.into_iter().min()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_way_takes_time_where_somebody_listens() {
        // Nobody accepts: the kernel answers all the same.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap();
        assert!(way_ns(target).is_some_and(|ns| ns > 0 && ns < 250_000_000));
        drop(listener);
        assert_eq!(way_ns(target), None);
    }
}
