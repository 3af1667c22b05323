//! The latest of everything that a page shows, for whoever comes when.
//!
//! A reader gets what has changed since it last looked, so one that is slow misses states in between and never holds
//! anybody up, and one that comes late, or again, gets everything there is. Beside it: `notes.rs`, what is on it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use super::event::PageEvent;
use super::notes::{Note, NoteKind, PageNotes};

/// The board. Who writes does so between cells; who reads waits for a change.
#[derive(Debug)]
pub(super) struct Board {
    notes: Mutex<PageNotes>,
    changed: watch::Sender<u64>,
    readers: AtomicUsize,
    reports_served: AtomicUsize,
}

impl Board {
    pub(super) fn new() -> Board {
        Board {
            notes: Mutex::new(PageNotes::new()),
            changed: watch::Sender::new(0),
            readers: AtomicUsize::new(0),
            reports_served: AtomicUsize::new(0),
        }
    }

    /// Takes in what has happened, and wakes the readers.
    pub(super) fn tell(&self, event: PageEvent) {
        let mut notes = self.notes();
        notes.take_in(event, Instant::now());
        self.changed.send_replace(notes.version());
    }

    /// The metrics in OpenMetrics text.
    pub(super) fn metrics(&self) -> String {
        self.notes().metrics().to_owned()
    }

    /// The report's file, once there is one. Whoever asks is counted as having it.
    pub(super) fn report(&self) -> Option<PathBuf> {
        let report = self.notes().report().map(PathBuf::from);
        self.reports_served.fetch_add(usize::from(report.is_some()), Ordering::Relaxed);
        report
    }

    /// Pages that have the event stream open.
    pub(super) fn readers(&self) -> usize {
        self.readers.load(Ordering::Relaxed)
    }

    /// Times that the report was asked for.
    pub(super) fn reports_served(&self) -> usize {
        self.reports_served.load(Ordering::Relaxed)
    }

    fn notes(&self) -> MutexGuard<'_, PageNotes> {
        // Every change leaves them whole, so a writer that panicked has spoilt nothing.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who looks at a board until the run is over. Counted as long as there is one.
#[derive(Debug)]
pub(super) struct Reader {
    board: Arc<Board>,
    changed: watch::Receiver<u64>,
    seen: u64,
    waiting: VecDeque<Note>,
    has_ended: bool,
}

impl Reader {
    pub(super) fn new(board: Arc<Board>) -> Reader {
        board.readers.fetch_add(1, Ordering::Relaxed);
        let changed = board.changed.subscribe();
        Reader { board, changed, seen: 0, waiting: VecDeque::new(), has_ended: false }
    }

    /// The next note, when there is one; nothing after the last.
    pub(super) async fn next(&mut self) -> Option<Note> {
        while self.waiting.is_empty() {
            let seen = self.seen;
            if self.has_ended || self.changed.wait_for(|version| *version > seen).await.is_err() {
                return None;
            }
            let notes = self.board.notes();
            (self.seen, self.waiting) = (notes.version(), notes.since(seen));
        }
        let note = self.waiting.pop_front();
        self.has_ended = note.as_ref().is_some_and(|note| note.kind == NoteKind::End);
        note
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.board.readers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_comes_last_and_ends_the_reading() {
        let board = Arc::new(Board::new());
        board.tell(PageEvent::Begins { order: 0, what: "echo threaded".to_owned() });
        assert_eq!(board.report(), None);
        board.tell(PageEvent::Finished { ending: "completed".to_owned(), report: "runs/x/report.html".into() });
        let mut reader = Reader::new(Arc::clone(&board));
        assert_eq!(board.readers(), 1);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut seen = Vec::new();
        while let Some(note) = runtime.block_on(reader.next()) {
            seen.push(note.kind.name());
        }
        assert_eq!(seen, ["state", "end"]);
        drop(reader);
        assert_eq!((board.readers(), board.reports_served()), (0, 0));
        assert_eq!(board.report(), Some("runs/x/report.html".into()));
        assert_eq!(board.reports_served(), 1);
    }
}
