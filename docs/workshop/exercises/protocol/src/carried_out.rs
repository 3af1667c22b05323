//! A conversation carried out: `serve` on a thread, `serve_task` in a task. The same loop twice.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{Conversation, Step, Work};

/// How long a client that was told to go may still send.
const FAREWELL: Duration = Duration::from_secs(1);

/// Listens on the port in `PORT`, any free one where that is 0 or missing, and says where on stdout.
///
/// # Errors
/// Where `PORT` is no port, or is taken.
pub fn listen() -> io::Result<TcpListener> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "0".to_owned());
    let port: u16 = port.parse().map_err(|_| io::Error::other(format!("PORT is {port:?}; write a number")))?;
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on {}", listener.local_addr()?);
    Ok(listener)
}

/// The same for tasks.
///
/// # Errors
/// Where `PORT` is no port, or is taken.
pub fn listen_task() -> io::Result<tokio::net::TcpListener> {
    let listener = listen()?;
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

/// Runs a server on a tokio runtime that has one thread: this one.
///
/// # Errors
/// Where there can be no runtime, and whatever ends the server.
pub fn on_one_thread(server: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(server)
}

/// Serves one connection to its end on this thread; `work` does the work of each request.
///
/// # Errors
/// Where the connection breaks.
pub fn serve(mut stream: TcpStream, mut work: impl FnMut(Work)) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut conversation = Conversation::default();
    let mut bytes = [0; 4096];
    loop {
        match conversation.step() {
            Step::Read => match stream.read(&mut bytes)? {
                0 => return Ok(()),
                count => conversation.received(&bytes[..count]),
            },
            Step::Work(request) => {
                work(request.work.clone());
                stream.write_all(&conversation.done(request))?;
            }
            Step::Send(reply) => stream.write_all(&reply)?,
            Step::SendAndClose(reply) => {
                stream.write_all(&reply)?;
                return close(stream);
            }
        }
    }
}

/// Serves one connection to its end in a task; `work` does the work of each request.
///
/// # Errors
/// Where the connection breaks.
pub async fn serve_task<F: Future<Output = ()>>(
    mut stream: tokio::net::TcpStream,
    work: impl Fn(Work) -> F,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut conversation = Conversation::default();
    let mut bytes = [0; 4096];
    loop {
        match conversation.step() {
            Step::Read => match stream.read(&mut bytes).await? {
                0 => return Ok(()),
                count => conversation.received(&bytes[..count]),
            },
            Step::Work(request) => {
                work(request.work.clone()).await;
                stream.write_all(&conversation.done(request)).await?;
            }
            Step::Send(reply) => stream.write_all(&reply).await?,
            Step::SendAndClose(reply) => {
                stream.write_all(&reply).await?;
                return close_task(stream).await;
            }
        }
    }
}

/// Closes a connection so that what was sent last arrives: to close with bytes unread would destroy it on its way.
///
/// # Errors
/// Where the connection breaks.
pub fn close(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(FAREWELL))?;
    let mut bytes = [0; 4096];
    let until = Instant::now() + FAREWELL;
    while stream.read(&mut bytes)? > 0 && Instant::now() < until {}
    Ok(())
}

/// The same in a task.
///
/// # Errors
/// Where the connection breaks.
pub async fn close_task(mut stream: tokio::net::TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut bytes = [0; 4096];
    let read_on = async { while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {} };
    let _ = tokio::time::timeout(FAREWELL, read_on).await;
    Ok(())
}

/// Stands in for a computation: keeps a CPU busy for so long.
pub fn spin(duration: Duration) {
    let until = Instant::now() + duration;
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}
