//! # Put a deadline on the whole frame
//!
//! This server has 32 seats and wants nobody to keep one for nothing. So each read has half a second. Along come 32 clients
//! who send a byte of a request every 100 ms and never end it. Each byte comes in time.
//!
//! **What to do.** Let the deadline be one for a whole request: half a second from when the server begins to wait for it to its
//! last byte. A client that is so slow is sent away. The seats stay 32.
//!
//! **What you should see.**
//!
//! ```text
//! ./check frame-deadline
//! ```
//!
//! Now the slow clients keep all the seats, and nobody else is answered. In the end they are all sent away, and everybody else
//! is answered.
//!
//! **To help you.** `tokio::time::timeout` takes a duration that begins anew with each call, `timeout_at` a point in time. When
//! does that point move?
//!
//! **Think on.** `harness lesson silent-clients` does this to a server without any deadline. What would a client on a slow train
//! say to half a second? And which deadline is missing here still? (Think of a client that asks and never reads.)

use std::io;
use std::sync::Arc;
use std::time::Duration;

use protocol::{Conversation, Step};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Connections at a time.
const SEATS: usize = 32;
/// How long the server waits for a client.
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
    loop {
        match conversation.step() {
            Step::Read => match timeout(DEADLINE, stream.read(&mut bytes)).await?? {
                0 => return Ok(()),
                count => conversation.received(&bytes[..count]),
            },
            Step::Work(request) => stream.write_all(&conversation.done(request)).await?,
            Step::Send(reply) => stream.write_all(&reply).await?,
            Step::SendAndClose(reply) => {
                stream.write_all(&reply).await?;
                return protocol::close_task(stream).await;
            }
        }
    }
}
