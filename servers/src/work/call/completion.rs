//! A call to the backend where the kernel completes reads and writes. Beside it: `call.rs`, where a thread or a task of
//! tokio's waits.

use std::net::SocketAddr;
use std::time::Duration;

use compio::BufResult;
use compio::io::{AsyncReadExt, AsyncWriteExt};
use compio::net::TcpStream;

use super::{BackendError, BackendLink, prepare};
use crate::backend::{BackendCall, CALL_FRAME_BYTES};
use crate::server::Server;
use crate::trace::{ConnectionTrace, Moment};

/// Asks the backend to wait; other tasks run until it has answered.
pub(crate) async fn call_by_completion(
    wait: Duration,
    link: &mut BackendLink<TcpStream>,
    trace: &ConnectionTrace,
    server: &Server,
) -> Result<(), BackendError> {
    let (call, address) = link.begin(wait, server)?;
    trace.note(Moment::Suspended);
    let ended = exchange(call, address, link).await;
    trace.note(Moment::Resumed);
    ended
}

async fn exchange(
    call: BackendCall,
    address: SocketAddr,
    link: &mut BackendLink<TcpStream>,
) -> Result<(), BackendError> {
    let mut stream = match link.stream.take() {
        Some(stream) => stream,
        // In a box: it is needed once, and would add its size to every connection.
        None => Box::pin(TcpStream::connect(address))
            .await
            .and_then(|stream| prepare(&stream).map(|()| stream))
            .map_err(|source| BackendError::Unreachable { address, source })?,
    };
    let answer = match stream.write_all(call.request()).await.0 {
        Ok(()) => {
            let BufResult(read, frame) = stream.read_exact([0; CALL_FRAME_BYTES]).await;
            read.map(|()| frame)
        }
        Err(error) => Err(error),
    };
    link.end(stream, call, answer, address)
}
