//! A server of pages that follows a script: right ones, and such as lie about themselves. It counts what it was asked.
//!
//! A thread for each connection, since nothing here depends on when a reply comes. Beside it: `synthetic.rs`, where that is
//! what matters.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use instruments::observe::restrict_this_thread;

use super::lateness::Obstacle;

/// What is done about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageReply {
    /// A right page.
    Right,
    /// The same, twice.
    Twice,
    /// One that ends with the connection before its length is reached.
    CutOff,
    /// One with a length that no number holds.
    Endless,
    /// None.
    Nothing,
}

/// What to do about the request of this number, from 0.
pub(crate) type PageScript = fn(u64) -> PageReply;

/// The server on threads of this process.
pub(crate) struct Pages {
    pub(crate) address: SocketAddr,
    read: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Pages {
    /// Serves on these CPUs until it is ended.
    pub(crate) fn start(cpus: &[u32], script: PageScript) -> Result<Pages, Obstacle> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (read, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, stopped, cpus) = (Arc::clone(&read), Arc::clone(&stop), cpus.to_vec());
        let thread = thread::Builder::new().name("pages".into()).spawn(move || {
            // Elsewhere it would disturb the generator, which has time to spare here. Its threads inherit it.
            let _ = restrict_this_thread(&cpus);
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let counted = Arc::clone(&counted);
                // Where no thread can be had, the connection is closed, which the client sees.
                let _ = thread::Builder::new().spawn(move || converse(&stream, script, &counted));
            }
        })?;
        Ok(Pages { address, read, stop, thread })
    }

    /// Ends it, and says how many requests it has read.
    pub(crate) fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        // It waits for a connection, and this is one. Where that fails, it has ended.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        let _ = self.thread.join();
        self.read.load(Ordering::SeqCst)
    }
}

/// Serves a connection until the client leaves.
fn converse(mut stream: &TcpStream, script: PageScript, read: &AtomicU64) {
    let _ = stream.set_nodelay(true);
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while lines.any(|line| line.is_empty()) {
        let reply_kind = script(read.fetch_add(1, Ordering::SeqCst));
        let reply = match reply_kind {
            PageReply::Right => PAGE.to_owned(),
            PageReply::Twice => PAGE.repeat(2),
            PageReply::CutOff => PAGE.replace("Content-Length: 5", "Content-Length: 9"),
            PageReply::Endless => PAGE.replace("Content-Length: 5", "Content-Length: 18446744073709551616"),
            PageReply::Nothing => String::new(),
        };
        if stream.write_all(reply.as_bytes()).is_err() || reply_kind == PageReply::CutOff {
            return;
        }
    }
}

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
