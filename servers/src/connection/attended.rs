//! A connection in a task whose work ends when its client is gone: the task is dropped, and its work with it.
//!
//! Only a task can be ended from outside. A thread goes on until its work is done, which `max-work` bounds. A client that ends
//! its side may still want its replies, as `nc -N` does, and looks the same as one that is gone; so it has the time that the
//! option gives. Work that computes or blocks in the task itself is ended at its next `.await`, and not before. Without the
//! option nothing here runs. Beside it: `nonblocking.rs`, which serves the connection.

use std::future::poll_fn;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::net::TcpStream;

use super::nonblocking::serve;
use crate::accept::AcceptedConnection;
use crate::server::Server;

/// Looks at the client within the time that it has.
const LOOKS: u32 = 4;

/// As [`serve`], but given up once the client's side has been closed for at least this long, and a quarter more at most.
pub(crate) async fn serve_attended(accepted: AcceptedConnection<TcpStream>, server: Arc<Server>, limit: Duration) {
    // A descriptor of its own, since the connection has the other. Without one, its work goes on to its end.
    let watched = accepted.stream.as_fd().try_clone_to_owned();
    let mut serving = pin!(serve(accepted, server));
    let Ok(watched) = watched else { return serving.await };
    let mut gone = pin!(has_been_gone(watched, limit));
    poll_fn(|context| match serving.as_mut().poll(context) {
        Poll::Pending => gone.as_mut().poll(context),
        Poll::Ready(()) => Poll::Ready(()),
    })
    .await;
}

/// Returns when the client's side has been closed for so long.
async fn has_been_gone(socket: OwnedFd, limit: Duration) {
    let mut since = None;
    loop {
        tokio::time::sleep(limit / LOOKS).await;
        match (is_closed(&socket), since) {
            (false, _) => since = None,
            (true, None) => since = Some(Instant::now()),
            (true, Some(since)) if since.elapsed() >= limit => return,
            (true, Some(_)) => {}
        }
    }
}

/// Whether the client has ended its side, or all of the connection.
fn is_closed(socket: &OwnedFd) -> bool {
    let mut asked = [PollFd::new(socket, PollFlags::RDHUP)];
    // Where the kernel can't say, the client is there.
    poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|closed| closed > 0)
}
