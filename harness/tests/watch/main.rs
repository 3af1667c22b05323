//! Watching servers under load: the session by itself, and the command on a terminal.

#![allow(clippy::unwrap_used, reason = "a panic in a test's helper is the test's failure")]

mod screen;
mod session;
mod terminal;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Longer than anything in here takes, on however busy a machine.
const PATIENT: Duration = Duration::from_secs(60);

/// One at a time: each keeps the machine busy.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks again and again until `seen`; false when it was not seen in time.
fn within(deadline: Duration, mut seen: impl FnMut() -> bool) -> bool {
    let give_up = Instant::now() + deadline;
    while !seen() {
        if Instant::now() >= give_up {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}
