//! One thread reads and writes for everybody, and a pool of threads does the work. Compared with thread_pool.rs, a worker has
//! a request and not a connection: idle clients cost no worker. Compared with reactor.rs, whoever computes or blocks holds up
//! no other connection, only a worker.
//!
//! Each request pays for that with two ways between threads: a queue that the workers share, and back another, and a
//! system call that wakes the loop. Work may block here as it likes, and code that does needs no `.await`. Many servers
//! are built so, with a pool for a database behind an event loop. Production code would bound the queue.

use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::channel;

use mio::{Token, Waker};

use super::reactor::Reactor;
use super::thread_pool::ThreadPool;
use super::{Concurrency, Model, OF_A_POOL, OF_OUR_LOOP};
use crate::connection::stepwise::HandOver;
use crate::containment::contain_panic;
use crate::server::Server;

/// What the kernel calls the bell that a worker rings. No connection has this number.
const WAKER: Token = Token(usize::MAX);

pub(super) const MODEL: Model = Model {
    name: "pool-per-request",
    title: "a pool of threads for requests",
    short: "pool per request",
    summary: "a reactor that hands requests, not connections, to a pool of threads",
    options: &[OF_OUR_LOOP, OF_A_POOL],
    runs_by_default: false,
    is_http_only: false,
    concurrency: Concurrency::Unbounded,
    run,
};

fn run(listener: TcpListener, server: &Arc<Server>) -> io::Result<()> {
    let mut reactor = Reactor::new(listener, server)?;
    let waker = Arc::new(Waker::new(reactor.registry(), WAKER)?);
    let pool = ThreadPool::new(server.options.workers, server.options.stack_bytes)?;
    let (done, results) = channel();
    let hand_over: HandOver<'_> = &|token, work| {
        let (server, waker, done) = (Arc::clone(server), Arc::clone(&waker), done.clone());
        pool.execute(move || {
            // A panic ends the connection that asked for it, as everywhere.
            let mut result = Err(ErrorKind::Other.into());
            contain_panic(|| result = work.perform(&server));
            // Nobody takes it any more where the server has ended meanwhile.
            let _ = done.send((token, result));
            let _ = waker.wake();
        });
    };
    while reactor.must_go_on() {
        reactor.wait()?;
        for (token, result) in results.try_iter() {
            reactor.bring_back(token, result);
        }
        reactor.let_all_go_on(Some(hand_over))?;
    }
    Ok(())
}
