//! A solution of `frame-deadline`. Read the exercise first.
//!
//! The deadline is a point in time. A byte does not move it; an answer does.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use protocol::{Conversation, Step};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

/// Connections at a time.
const SEATS: usize = 32;
/// How long the server waits for a whole request.
const DEADLINE: Duration = Duration::from_millis(500);

fn main() -> io::Result<()> {
    protocol::on_one_thread(accept())
}

/// Takes clients for ever, each in a task of its own.
async fn accept() -> io::Result<()> {
    let listener = protocol::listen_task()?;
    let seats = Arc::new(Semaphore::new(SEATS));
    loop {
        let seat = Arc::clone(&seats).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let _ = serve(stream).await;
            drop(seat);
        });
    }
}

/// Serves one connection to its end.
async fn serve(mut stream: TcpStream) -> io::Result<()> {
    let mut conversation = Conversation::default();
    let mut bytes = [0; 512];
    let mut deadline = Instant::now() + DEADLINE;
    loop {
        match conversation.step() {
            Step::Read => match timeout_at(deadline, stream.read(&mut bytes)).await?? {
                0 => return Ok(()),
                count => conversation.received(&bytes[..count]),
            },
            Step::Work(request) => {
                stream.write_all(&conversation.done(request)).await?;
                deadline = Instant::now() + DEADLINE;
            }
            Step::Send(reply) => {
                stream.write_all(&reply).await?;
                deadline = Instant::now() + DEADLINE;
            }
            Step::SendAndClose(reply) => {
                stream.write_all(&reply).await?;
                return protocol::close_task(stream).await;
            }
        }
    }
}
