//! Keeps the end of what a server writes to its standard error, and never lets it wait for a reader.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::process::ChildStderr;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes that are kept.
const KEPT: usize = 4096;

/// The last 4 KiB of a stream that a thread of its own reads to its end.
#[derive(Debug)]
pub(super) struct StderrTail {
    bytes: Arc<Mutex<VecDeque<u8>>>,
    ended: Receiver<()>,
}

impl StderrTail {
    /// Starts reading.
    pub(super) fn of(stderr: ChildStderr) -> io::Result<Self> {
        let bytes = Arc::new(Mutex::new(VecDeque::with_capacity(KEPT)));
        let (at_end, ended) = channel();
        let kept = Arc::clone(&bytes);
        thread::Builder::new().name("server-stderr".into()).spawn(move || {
            drain(stderr, &kept);
            drop(at_end);
        })?;
        Ok(Self { bytes, ended })
    }

    /// The end of the stream. Called once its writer is dead; waits a moment for the last bytes, and not longer,
    /// because a grandchild may hold the pipe open for ever.
    pub(super) fn text(&self) -> String {
        // Both outcomes, the end of the stream and the time-out, lead to what has been read so far.
        let _ = self.ended.recv_timeout(Duration::from_millis(200));
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes.iter().copied().collect::<Vec<_>>()).into_owned()
    }
}

fn drain(mut stream: impl Read, kept: &Mutex<VecDeque<u8>>) {
    let mut chunk = [0; KEPT];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return,
            Ok(count) => keep(&mut kept.lock().unwrap_or_else(PoisonError::into_inner), &chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn keep(kept: &mut VecDeque<u8>, new: &[u8]) {
    let surplus = (kept.len() + new.len()).saturating_sub(KEPT);
    kept.drain(..surplus.min(kept.len()));
    kept.extend(&new[new.len().saturating_sub(KEPT)..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_is_kept() {
        let kept = Mutex::new(VecDeque::new());
        let stream = [vec![b'a'; 3 * KEPT], b"the end".to_vec()].concat();
        drain(stream.as_slice(), &kept);
        let kept: Vec<u8> = kept.into_inner().unwrap().into();
        assert_eq!(kept.len(), KEPT);
        assert!(kept.ends_with(b"aathe end"));
    }
}
