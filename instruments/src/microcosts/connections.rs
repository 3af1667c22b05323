//! Many connections, one thread or one task each, and one client that asks them in a ring.
//!
//! The client is the same plain thread for both kinds and is in the figure, with its own write and read. Where one
//! connection is ready at a time, every request is a wake-up. Where all are, one epoll wait can find many of them, and
//! one thread after the other can run without anyone waiting for it: what that saves is the point.

use std::hint::black_box;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Instant;

use super::subject::{Runtime, Timed};
use super::{tasks, threads};

/// How many connections there are.
pub const CONNECTIONS: usize = 1_000;

/// How many connections have a request to read at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadyConnections {
    One,
    All,
}

pub(super) fn serve_with_threads(count: u64, ready: ReadyConnections) -> io::Result<Timed> {
    let (mut clients, served) = pairs()?;
    let mut serving = Vec::with_capacity(CONNECTIONS);
    for stream in served {
        serving.push(thread::Builder::new().spawn(move || threads::echo(stream))?);
    }
    let timed = drive(&mut clients, count, ready);
    drop(clients);
    for thread in serving {
        thread.join().expect("it can't panic")?;
    }
    timed
}

pub(super) fn serve_with_tasks(count: u64, ready: ReadyConnections, runtime: Runtime) -> io::Result<Timed> {
    let (mut clients, served) = pairs()?;
    let serving = thread::Builder::new().spawn(move || runtime.run(serve(served)))?;
    let timed = drive(&mut clients, count, ready);
    drop(clients);
    serving.join().expect("it can't panic")??;
    timed
}

async fn serve(streams: Vec<UnixStream>) -> io::Result<()> {
    let mut serving = Vec::with_capacity(streams.len());
    for stream in streams {
        stream.set_nonblocking(true)?;
        serving.push(tokio::spawn(tasks::echo(tokio::net::UnixStream::from_std(stream)?)));
    }
    for task in serving {
        task.await.expect("it can't panic")?;
    }
    Ok(())
}

fn pairs() -> io::Result<(Vec<UnixStream>, Vec<UnixStream>)> {
    let pairs = (0..CONNECTIONS).map(|_| UnixStream::pair()).collect::<io::Result<Vec<_>>>()?;
    Ok(pairs.into_iter().unzip())
}

/// Sweeps over all connections. The first sweep is not timed: by its end everybody has been started and waits.
fn drive(clients: &mut [UnixStream], count: u64, ready: ReadyConnections) -> io::Result<Timed> {
    let at_once = match ready {
        ReadyConnections::One => 1,
        ReadyConnections::All => clients.len(),
    };
    let sweeps = count.div_ceil(clients.len() as u64);
    sweep(clients, at_once)?;
    let begun = Instant::now();
    for _ in 0..sweeps {
        sweep(clients, at_once)?;
    }
    Ok(Timed { time: begun.elapsed(), count: sweeps * clients.len() as u64 })
}

fn sweep(clients: &mut [UnixStream], at_once: usize) -> io::Result<()> {
    let mut reply = [0];
    for asked in clients.chunks_mut(at_once) {
        for client in asked.iter_mut() {
            client.write_all(black_box(&[1]))?;
        }
        for client in asked {
            client.read_exact(black_box(&mut reply))?;
        }
    }
    Ok(())
}
