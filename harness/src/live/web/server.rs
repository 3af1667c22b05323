//! The thread that serves a page: from a port that is listened on to the end of the run.
//!
//! Must not know: what is shown. Beside it: `routes.rs`, what is served under which address;
//! `limits.rs`, how much of it; `board.rs`, what there is to see.

use std::fs::File;
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use axum::Router;
use instruments::clock::thread_cpu_ns;
use instruments::observe::restrict_this_thread;
use tokio::sync::oneshot;

use super::board::Board;
use super::desk::{self, Desk};
use super::event::PageEvent;
use super::limits::{PAGE_LIMITS, PageLimits, ROOM_LIMITS, serve};
use super::room::{self, PhoneLimits, Room};
use super::routes::{self, PageView};

/// How long pages have to fetch what a run has to say at its end, where nobody wants it served any longer.
const FAREWELL: Duration = Duration::from_secs(5);

/// Why a page can't be served.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The port is taken, or not to be had.
    #[error(
        "{address} can't be listened on: {source}; choose another port with {option} (0 takes any free one){besides}"
    )]
    Port {
        /// As asked for.
        address: SocketAddr,
        /// What else may help; empty where nothing does.
        besides: &'static str,
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
        Web::start_within(PAGE_LIMITS, view, port, cpus)
    }

    /// As [`Web::start`], with limits of one's own.
    pub(super) fn start_within(limits: PageLimits, view: PageView, port: u16, cpus: &[u32]) -> Result<Web, WebError> {
        let at = PageAddress { address: (Ipv4Addr::LOCALHOST, port).into(), option: view.port_option(), besides: "" };
        Web::start_router(limits, at, cpus, move |board| routes::router(board, view))
    }

    /// As [`Web::start`], with the page of a workshop, which `desk` has, at an address that ends with a word that nobody can
    /// guess.
    ///
    /// # Errors
    /// As [`Web::start`].
    pub fn start_workshop(desk: Arc<dyn Desk>, port: u16, cpus: &[u32]) -> Result<(Web, String), WebError> {
        let at = PageAddress { address: (Ipv4Addr::LOCALHOST, port).into(), option: "--port", besides: "" };
        Web::start_under_a_word(PAGE_LIMITS, at, cpus, move |board, word| desk::router(board, desk, word))
    }

    /// Serves the phones of a room, which can do nothing but vote, at an address of this machine that others may reach. It ends
    /// with a word of its own, which opens nothing else.
    ///
    /// # Errors
    /// As [`Web::start`].
    pub fn start_room(
        room: Arc<dyn Room>,
        address: SocketAddr,
        phones: PhoneLimits,
        cpus: &[u32],
    ) -> Result<(Web, String), WebError> {
        let besides = ", and an address of this machine with --room-address";
        let at = PageAddress { address, option: "--room-port", besides };
        Web::start_under_a_word(ROOM_LIMITS, at, cpus, move |_, word| room::router(room, word, phones))
    }

    /// Everything lies under a word that nobody can guess; returns the address that ends with it too.
    fn start_under_a_word(
        limits: PageLimits,
        at: PageAddress,
        cpus: &[u32],
        router: impl FnOnce(Arc<Board>, &str) -> Router + Send + 'static,
    ) -> Result<(Web, String), WebError> {
        let word = unguessable()?;
        let path = word.clone();
        let web = Web::start_router(limits, at, cpus, move |board| router(board, &path))?;
        let address = format!("http://{}/{word}/", web.address());
        Ok((web, address))
    }

    fn start_router(
        limits: PageLimits,
        PageAddress { address, option, besides }: PageAddress,
        cpus: &[u32],
        router: impl FnOnce(Arc<Board>) -> Router + Send + 'static,
    ) -> Result<Web, WebError> {
        let listener =
            TcpListener::bind(address).map_err(|source| WebError::Port { address, besides, option, source })?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let board = Arc::new(Board::new());
        let (stop, stopped) = oneshot::channel();
        let (served, cpus) = (Arc::clone(&board), cpus.to_vec());
        let thread = thread::Builder::new().name("live-page".into()).spawn(move || {
            // Threads that are made by a thread keep to its CPUs anyway; where this fails they still do.
            let _ = restrict_this_thread(&cpus);
            runtime.block_on(async {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                serve(listener, router(served), limits, stopped).await;
            });
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

/// Where a page is to be served, and what another port is chosen with.
struct PageAddress {
    address: SocketAddr,
    option: &'static str,
    besides: &'static str,
}

/// A word of 32 letters and digits that nobody can guess.
pub(super) fn unguessable() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpStream;
    use std::path::{Path, PathBuf};

    use super::*;

    const LONGEST_WAIT: Duration = Duration::from_secs(20);

    /// The folders of serving threads under `/proc`, of which those of pages before may be about to end.
    fn serving_threads() -> BTreeSet<PathBuf> {
        let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
        let is_it = |task: &PathBuf| fs::read_to_string(task.join("comm")).is_ok_and(|name| name == "live-page\n");
        tasks.filter(is_it).collect()
    }

    /// How often a thread has gone to sleep or lost its CPU, both of which take that it was awake.
    fn switches(thread: &Path) -> u64 {
        let status = fs::read_to_string(thread.join("status")).unwrap();
        let counts = status.lines().filter_map(|line| line.split_once("ctxt_switches:")?.1.trim().parse::<u64>().ok());
        counts.sum()
    }

    /// The count after it has been the same for a while.
    fn at_rest(thread: &Path) -> u64 {
        let until = Instant::now() + LONGEST_WAIT;
        let mut last = switches(thread);
        loop {
            thread::sleep(Duration::from_millis(100));
            let now = switches(thread);
            if now == last {
                return now;
            }
            assert!(Instant::now() < until, "it does not come to rest");
            last = now;
        }
    }

    /// A page that has got its first event.
    fn looking(web: &Web) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(web.address()).unwrap();
        stream.set_read_timeout(Some(LONGEST_WAIT)).unwrap();
        stream.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut page = BufReader::new(stream);
        let mut read = String::new();
        while !read.contains("data:") {
            page.read_line(&mut read).unwrap();
        }
        assert!(read.starts_with("HTTP/1.1 200 OK\r\n"), "{read}");
        page
    }

    #[test]
    fn nobody_wakes_the_thread_between_two_events_while_pages_look() {
        let _turn = super::super::flood::turn();
        let before = serving_threads();
        let web = Web::start(PageView::Run, 0, &[]).unwrap();
        web.tell(PageEvent::Begins { order: 0, what: "echo".to_owned() });
        let pages = [looking(&web), looking(&web), looking(&web)];
        let serving = serving_threads().difference(&before).next().unwrap().clone();
        let before = at_rest(&serving);
        // That nothing happens takes a while to see.
        thread::sleep(Duration::from_millis(500));
        assert_eq!(switches(&serving), before);
        web.tell(PageEvent::Begins { order: 1, what: "echo".to_owned() });
        assert!(at_rest(&serving) > before, "what it is told does wake it");
        drop(pages);
    }
}
