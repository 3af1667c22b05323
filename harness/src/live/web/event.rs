//! What a page is told of a run.
//!
//! Must not know: records, plans, how anything is drawn. Beside it: `board.rs`, which keeps the latest of each.

use std::path::PathBuf;
use std::time::Duration;

use super::buckets::Buckets;
use crate::live::Frame;

/// Something that happened in a run, or in a session in which several servers are watched.
#[derive(Debug)]
pub enum Event {
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
    Drawn(Drawn),
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
pub struct Drawn {
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
