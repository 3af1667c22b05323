//! Clients that send a byte of a request now and then, and never end it.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::stage::CheckError;

const PAUSE: Duration = Duration::from_millis(100);

/// They go on until they are told to end.
#[derive(Debug)]
pub(crate) struct Drip {
    is_over: Arc<AtomicBool>,
    clients: JoinHandle<usize>,
}

impl Drip {
    /// So many clients, each of which is connected and has sent its first byte.
    pub(crate) fn begin(address: &str, clients: usize) -> Result<Drip, CheckError> {
        let connect = || {
            let mut stream = TcpStream::connect(address)?;
            stream.write_all(b"{")?;
            stream.set_nonblocking(true)?;
            Ok(stream)
        };
        let mut streams: Vec<TcpStream> = (0..clients)
            .map(|_| connect())
            .collect::<std::io::Result<_>>()
            .map_err(|error| CheckError::new("the server takes no connection", &error))?;
        let is_over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_over);
        let clients = thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                thread::sleep(PAUSE);
                streams.retain_mut(|stream| stream.write_all(b" ").is_ok() && is_open(stream));
            }
            clients - streams.len()
        });
        Ok(Drip { is_over, clients })
    }

    /// Ends them; how many the server had sent away by then.
    pub(crate) fn end(self) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        self.clients.join().expect("they never panic")
    }
}

fn is_open(stream: &mut TcpStream) -> bool {
    let came = stream.read(&mut [0; 64]);
    came.is_ok_and(|bytes| bytes > 0) || stream.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}
