//! Why a run could not be written or read: each names the file, and what to do.

use std::path::{Path, PathBuf};

use super::SCHEMA_VERSION;
use super::run::MANIFEST;
use super::store::{LARGEST_RUN_BYTES, LONGEST_ID, MOST_FILES};

/// Why a run could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The operating system refused.
    #[error("{}: cannot {doing}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// A verb, such as `read`.
        doing: &'static str,
        /// What it said.
        source: std::io::Error,
    },
    /// The folder holds no run.
    #[error("{} holds no run: there is no {MANIFEST} in it; name the folder that a run was written to", .0.display())]
    NoRun(PathBuf),
    /// The folder already holds a run.
    #[error("{} already holds a run; name another folder or remove this one", .0.display())]
    Occupied(PathBuf),
    /// A name that could lead out of the folder or break a link.
    #[error(
        "{0:?} cannot name a record: use 1 to {LONGEST_ID} letters, digits, '-', '_' and '.', not beginning with '.'"
    )]
    Name(String),
    /// Not JSON, or not the JSON of a record.
    #[error("{}{}: {why}; the file is damaged or not of a run, remove it to read the rest", path.display(), place(*line, *column))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// From 1; 0 where the whole file is meant.
        line: usize,
        /// From 1; 0 where the whole line is meant.
        column: usize,
        /// What is wrong, the field first where it is about one.
        why: String,
    },
    /// What a run that is to be saved has too much of.
    #[error("the run can't be saved in {}: {why}; plan a smaller one", path.display())]
    Unsaved {
        /// The folder.
        path: PathBuf,
        /// What, the field first.
        why: String,
    },
    /// Written by a later version.
    #[error("{} has schema {found}, and this version reads up to {SCHEMA_VERSION}; render it with the version that made it, or update", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// Larger than any run's file.
    #[error("{} is {bytes} bytes, more than the {most} that such a file may have; remove it to read the rest", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The most that is read.
        most: u64,
    },
    /// A pipe, a device, a link or a folder where a file should be.
    #[error("{} is not a file; a run is made of files, remove it to read the rest", .0.display())]
    NotAFile(PathBuf),
    /// A link or a file where a folder should be.
    #[error("{} is not a folder; a run keeps its records in a folder of its own, put that in its place", .0.display())]
    NotAFolder(PathBuf),
    /// More files than any run has.
    #[error("{} holds more than {MOST_FILES} files, more than any run has; is it the folder of a run?", .0.display())]
    TooMany(PathBuf),
    /// More in all its files together than any run has.
    #[error("the files in {} have {bytes} bytes, and a run has at most {LARGEST_RUN_BYTES}; is it the folder of a run?", path.display())]
    TooMuch {
        /// The folder.
        path: PathBuf,
        /// All of them.
        bytes: u64,
    },
    /// Text that does not hold a histogram.
    #[error("a histogram cannot be read: {why}")]
    Histogram {
        /// What is wrong with it.
        why: String,
    },
}

impl RecordError {
    /// What is wrong with a whole file.
    pub(super) fn unsound(path: &Path, why: String) -> RecordError {
        RecordError::Malformed { path: path.to_owned(), line: 0, column: 0, why }
    }
}

/// Where in a file; nothing where all of it is meant.
fn place(line: usize, column: usize) -> String {
    if line == 0 { String::new() } else { format!(", line {line}, column {column}") }
}
