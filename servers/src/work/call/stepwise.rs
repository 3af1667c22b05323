//! A call to the backend for an event loop, which must not wait: each step is taken once the socket is ready for it. Beside
//! it: `call.rs`, where a thread or a task waits. It knows neither the loop nor whose call this is.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::ops::ControlFlow::{self, Break, Continue};
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::{BackendError, BackendLink, prepare};
use crate::backend::{BackendCall, CALL_FRAME_BYTES};
use crate::server::Server;

/// A call that has no answer yet.
#[derive(Debug)]
pub(crate) struct SteppedCall {
    stream: TcpStream,
    address: SocketAddr,
    call: BackendCall,
    /// The request, and then what has come of the answer in its place.
    frame: [u8; CALL_FRAME_BYTES],
    stage: CallStage,
}

/// Where a call stands between two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallStage {
    Connecting,
    Sending { sent: usize },
    Receiving { received: usize },
}

impl SteppedCall {
    /// A call of which nothing is sent yet. `told` is who is told, and as what, when its socket is ready.
    pub(crate) fn begin(
        wait: Duration,
        link: &mut BackendLink<TcpStream>,
        (registry, token): (&Registry, Token),
        server: &Server,
    ) -> Result<SteppedCall, BackendError> {
        let (call, address) = link.begin(wait, server)?;
        let (stream, stage) = match link.stream.take() {
            Some(stream) => (stream, CallStage::Sending { sent: 0 }),
            None => {
                let connecting = connect(address, registry, token);
                let stream = connecting.map_err(|source| BackendError::Unreachable { address, source })?;
                (stream, CallStage::Connecting)
            }
        };
        Ok(SteppedCall { stream, address, call, frame: call.request(), stage })
    }

    /// Goes on as far as the socket lets it: what became of the call, or the call itself where it has to wait.
    pub(crate) fn poll(
        mut self,
        link: &mut BackendLink<TcpStream>,
    ) -> ControlFlow<Result<(), BackendError>, SteppedCall> {
        match self.go_on() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Continue(self),
            Err(source) if self.stage == CallStage::Connecting => {
                Break(Err(BackendError::Unreachable { address: self.address, source }))
            }
            ended => Break(link.end(self.stream, self.call, ended.map(|()| self.frame), self.address)),
        }
    }

    /// Ends once the answer is whole; an error of the kind `WouldBlock` says that it has to wait.
    fn go_on(&mut self) -> io::Result<()> {
        loop {
            self.stage = match self.stage {
                CallStage::Connecting => {
                    see_connected(&self.stream)?;
                    CallStage::Sending { sent: 0 }
                }
                CallStage::Sending { sent: CALL_FRAME_BYTES } => CallStage::Receiving { received: 0 },
                CallStage::Sending { sent } => match self.stream.write(&self.frame[sent..]) {
                    Ok(0) => return Err(ErrorKind::WriteZero.into()),
                    count => CallStage::Sending { sent: sent + count_of(count)? },
                },
                CallStage::Receiving { received: CALL_FRAME_BYTES } => return Ok(()),
                CallStage::Receiving { received } => match self.stream.read(&mut self.frame[received..]) {
                    Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                    count => CallStage::Receiving { received: received + count_of(count)? },
                },
            };
        }
    }
}

/// Begins to connect. The kernel tells under this token when that has come to an end, and later of each answer.
fn connect(address: SocketAddr, registry: &Registry, token: Token) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    prepare(&stream)?;
    registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
    Ok(stream)
}

/// An error where it is not connected: why, or `WouldBlock` where that is not decided yet.
fn see_connected(stream: &TcpStream) -> io::Result<()> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Err(error) if error.kind() == ErrorKind::NotConnected => Err(ErrorKind::WouldBlock.into()),
        peer => peer.map(|_| ()),
    }
}

/// The bytes that were read or written; none where a signal came between, which is tried again.
fn count_of(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
        other => other,
    }
}
