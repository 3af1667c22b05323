//! The latest of everything that a page shows, for whoever comes when.
//!
//! A reader gets what has changed since it last looked, so one that is slow misses states in between and never holds
//! anybody up, and one that comes late, or again, gets everything there is. Beside it: `notes.rs`, what is on it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::metrics::Buckets;
use super::notes::{Note, NoteKind, PageNotes};
use crate::live::Frame;

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

/// Something that happened in a run, or in a session in which several servers are watched.
#[derive(Debug)]
pub enum PageEvent {
    /// How many cells there will be and how long they should take is known, or known better than before.
    Planned {
        /// Cells of the whole run.
        cells: usize,
        /// Time from now on.
        time: Duration,
    },
    /// A cell begins.
    Begins {
        /// Its number in the run, from 0.
        order: u32,
        /// Workload, load and contender, in words.
        what: String,
    },
    /// A cell has ended.
    Ended(Box<CellSummary>),
    /// Some of the pictures have been drawn anew.
    Drawn(DrawnPieces),
    /// What was seen of the servers of a session at one moment.
    Frame(Box<Frame>),
    /// The run is over, and its report is there.
    Finished {
        /// How it ended, in a word or two.
        ending: String,
        /// The file.
        report: PathBuf,
    },
}

/// Pieces of a page that are to replace those of the same name.
#[derive(Debug, Default)]
pub struct DrawnPieces {
    /// The anchors of all pictures there are, in their order; a picture that is not among them is no more.
    pub pictures: Vec<String>,
    /// Anchor and HTML of those that were drawn anew.
    pub anew: Vec<(String, String)>,
    /// What can be said so far, as HTML, where that was said anew.
    pub sentences: Option<String>,
    /// How long the drawing took.
    pub took: Duration,
}

/// A cell in figures. What was not measured is absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CellSummary {
    /// What every figure of it is labelled with.
    pub labels: CellLabels,
    /// `completed` or `failed`.
    pub outcome: &'static str,
    /// How many requests came to each end.
    pub requests: Vec<(&'static str, u64)>,
    /// Intended start to last byte, where there was a schedule.
    pub response_times: Option<Buckets>,
    /// What the server used.
    pub server: ServerFigures,
}

/// What tells the figures of one cell from those of another.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellLabels {
    /// The contender's label.
    pub contender: String,
    /// Name of the experiment.
    pub experiment: String,
    /// Key of the workload.
    pub workload: String,
}

/// What a server used in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ServerFigures {
    /// Bytes in memory when it was last looked at.
    pub resident_bytes: Option<u64>,
    /// Threads when it was last looked at.
    pub threads: Option<u64>,
    /// CPU time spent in its own code.
    pub user_cpu: Option<Duration>,
    /// CPU time spent in the kernel.
    pub system_cpu: Option<Duration>,
    /// Context switches of a thread that had nothing to do.
    pub voluntary_switches: Option<u64>,
    /// Context switches of a thread that had.
    pub involuntary_switches: Option<u64>,
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
