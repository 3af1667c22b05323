//! Servers on threads of this process, each with one bad habit, which count what happens to them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// What a fake has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) accepted: AtomicU64,
    /// Connections that the other side ended.
    pub(crate) left: AtomicU64,
    pub(crate) bytes: AtomicU64,
    /// Bytes that no front of a request would have.
    pub(crate) strange: AtomicU64,
}

impl Seen {
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn left(&self) -> u64 {
        self.left.load(Ordering::SeqCst)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::SeqCst)
    }

    pub(crate) fn strange(&self) -> u64 {
        self.strange.load(Ordering::SeqCst)
    }
}

/// What it does with its connections.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Habit {
    /// Reads, and never says a word.
    Mute,
    /// Ends each connection as soon as it has read so many bytes.
    EndsAfter(u64),
    /// Ends everything, its listening socket too, when it accepts the n-th connection.
    DiesAt(u64),
}

/// Starts one. It lives as long as this process, or as its habit lets it.
pub(crate) fn start(habit: Habit) -> (SocketAddr, Arc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Seen::default());
    thread::spawn({
        let seen = Arc::clone(&seen);
        move || accept(&listener, habit, &seen)
    });
    (address, seen)
}

fn accept(listener: &TcpListener, habit: Habit, seen: &Arc<Seen>) {
    let mut kept = Vec::new();
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        let number = seen.accepted.fetch_add(1, Ordering::SeqCst) + 1;
        match habit {
            Habit::DiesAt(last) if number == last => return,
            Habit::DiesAt(_) => kept.push(stream),
            Habit::EndsAfter(0) => drop(stream),
            Habit::Mute | Habit::EndsAfter(_) => {
                let seen = Arc::clone(seen);
                thread::spawn(move || read(stream, habit, &seen));
            }
        }
    }
}

fn read(mut stream: TcpStream, habit: Habit, seen: &Seen) {
    let most = if let Habit::EndsAfter(bytes) = habit { bytes } else { u64::MAX };
    let front = br#"{"RequestWork":{"request_message":"echo","parameter":""#;
    let mut count = 0;
    let mut byte = [0];
    while count < most {
        if !matches!(stream.read(&mut byte), Ok(1)) {
            seen.left.fetch_add(1, Ordering::SeqCst);
            return;
        }
        let expected = front.get(count as usize).copied().unwrap_or(b'a');
        seen.strange.fetch_add(u64::from(byte[0] != expected), Ordering::SeqCst);
        seen.bytes.fetch_add(1, Ordering::SeqCst);
        count += 1;
    }
    // A last word, so that what is ended is not only what says nothing.
    let _ = stream.write_all(b"{\"Error\":{\"reason\":\"enough\"}}\n");
}
