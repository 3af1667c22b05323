//! A page that follows a run, and its figures for Prometheus, served on loopback by a thread of their own.
//!
//! The one place besides the microcosts that knows tokio: a current-thread runtime on a thread that keeps to the
//! generator's CPUs. Between two events it waits in epoll, without a timer. Must not know: runs, plans, servers; it is told
//! [`PageEvent`]s. Read in this order: `event.rs`, `notes.rs`, `board.rs`, `routes.rs`, and `page.html` with `page.js` (a run)
//! or `session.html` with `session.js` (servers that are watched). `metrics.rs` and `exposition.rs` are for scrapers.

mod board;
mod exposition;
mod metrics;
mod notes;
mod routes;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use axum::Router;
use tokio::sync::oneshot;

use crate::clock::thread_cpu_ns;
use crate::observe::restrict_this_thread;
use board::Board;

pub use board::{CellLabels, CellSummary, DrawnPieces, PageEvent, ServerFigures};
pub use metrics::Buckets;
pub use routes::PageView;

/// How long pages have to fetch what a run has to say at its end, where nobody wants it served any longer.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long what is being sent may take when the serving ends.
const GRACE: Duration = Duration::from_secs(1);

/// Why a page can't be served.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The port is taken, or not to be had.
    #[error(
        "127.0.0.1:{port} can't be listened on: {source}; choose another port with {option}, or 0 for any free one"
    )]
    Port {
        /// As asked for.
        port: u16,
        /// What another one is chosen with.
        option: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// The machine has no thread or descriptor for it.
    #[error("the live page can't be served: {0}; do without it, or free threads and descriptors")]
    Resources(#[from] io::Error),
}

/// A page that is being served. Dropped, it ends by itself and at once.
#[derive(Debug)]
pub struct Web {
    board: Arc<Board>,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Duration>,
}

impl Web {
    /// Listens on a port of 127.0.0.1, any free one for 0, and serves a page from a thread that keeps to these CPUs.
    ///
    /// # Errors
    /// Where the port can't be had, or a thread.
    pub fn start(view: PageView, port: u16, cpus: &[u32]) -> Result<Web, WebError> {
        let option = view.port_option();
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|source| WebError::Port { port, option, source })?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let board = Arc::new(Board::new());
        let (stop, stopped) = oneshot::channel();
        let (served, cpus) = (Arc::clone(&board), cpus.to_vec());
        let thread = thread::Builder::new().name("live-page".into()).spawn(move || {
            // Threads that are made by a thread keep to its CPUs anyway; where this fails they still do.
            let _ = restrict_this_thread(&cpus);
            runtime.block_on(serve(listener, routes::router(served, view), stopped));
            Duration::from_nanos(thread_cpu_ns())
        })?;
        Ok(Web { board, address, stop, thread })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shows what has happened to everybody who looks.
    pub fn tell(&self, event: PageEvent) {
        self.board.tell(event);
    }

    /// Says that the run is over, and serves on for so long, or until `is_enough`; where that is no time at all, until
    /// every page that looks has got the end and the report, and a moment at most. Returns the CPU time of the thread.
    pub fn finish(self, ending: &str, report: PathBuf, linger: Duration, is_enough: impl Fn() -> bool) -> Duration {
        let looking = self.board.readers();
        self.board.tell(PageEvent::Finished { ending: ending.to_owned(), report });
        let everybody_has_it = || self.board.readers() == 0 && self.board.reports_served() >= looking;
        let until = Instant::now() + if linger.is_zero() { FAREWELL } else { linger };
        while Instant::now() < until && !is_enough() && !(linger.is_zero() && everybody_has_it()) {
            thread::sleep(Duration::from_millis(10));
        }
        // It may have ended already, for want of something; then there is nobody to tell.
        let _ = self.stop.send(());
        self.thread.join().unwrap_or_default()
    }
}

/// Serves until it is stopped, and then what has been begun.
async fn serve(listener: TcpListener, router: Router, stopped: oneshot::Receiver<()>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let (ending, ended) = oneshot::channel::<()>();
    let no_more = async {
        let _ = ended.await;
    };
    let serving = axum::serve(listener, router).with_graceful_shutdown(no_more);
    let serving = tokio::spawn(serving.into_future());
    // Whoever would send this is gone, or has sent it.
    let _ = stopped.await;
    drop(ending);
    let _ = tokio::time::timeout(GRACE, serving).await;
}

#[cfg(test)]
mod tests;
