//! The folder of a saved run: written file by file as cells end, read back whole.
//!
//! Everything read is treated as somebody else's: size, schema version and every histogram are checked, and an
//! error names the file and the place. Must not know: what the numbers mean. Beside it: `mod.rs`, the schema.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Cell, HistogramRecord, Ledger, Manifest, SCHEMA_VERSION, Timeline};

const LARGEST_FILE_BYTES: u64 = 64 << 20;
/// More than a thorough run of everything has, many times over.
const MOST_FILES: usize = 100_000;
/// As long as the name of a cell may be, so that its file can be made anywhere.
pub const LONGEST_ID: usize = 180;
/// Beyond this, counts are no longer exact as floating-point numbers.
const MOST_REQUESTS: u128 = 1 << 53;
const MANIFEST: &str = "manifest.json";
const TIMELINES: &str = "timelines";
/// How the name of a file begins that is not whole yet.
const UNFINISHED: &str = ".tmp";

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
    #[error("{}, line {line}, column {column}: {why}; the file is damaged or not of a run, remove it to read the rest", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// From 1; 0 where the whole file is meant.
        line: usize,
        /// From 1; 0 where the whole line is meant.
        column: usize,
        /// What is wrong.
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
    #[error("{} is {bytes} bytes, more than the {LARGEST_FILE_BYTES} that a record may have", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// A pipe, a device, a link or a folder where a file should be.
    #[error("{} is not a file; a run is made of files, remove it to read the rest", .0.display())]
    NotAFile(PathBuf),
    /// More files than any run has.
    #[error("{} holds more than {MOST_FILES} files, more than any run has", .0.display())]
    TooMany(PathBuf),
    /// Text that does not hold a histogram.
    #[error("a histogram cannot be read: {why}")]
    Histogram {
        /// What is wrong with it.
        why: String,
    },
}

/// A run as read from its folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// What all cells have in common.
    pub manifest: Manifest,
    /// The cells that were saved, in the order in which they were run.
    pub cells: Vec<Cell>,
    /// The traced windows, in the order in which they were traced; none in runs that traced nothing.
    pub timelines: Vec<Timeline>,
}

/// A file of a run as it was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFile {
    /// Its path within the run's folder, `cells/ID.json`.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// The folder of a run.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder, with what leads to it, for a new run. Refuses one that holds a run.
    pub fn create(path: impl Into<PathBuf>) -> Result<RunFolder, RecordError> {
        let path = path.into();
        let cells = path.join("cells");
        // Without either, whoever made it was killed before there was a run.
        if path.join(MANIFEST).exists() || cells.exists() && !records_in(&cells)?.is_empty() {
            return Err(RecordError::Occupied(path));
        }
        fs::create_dir_all(&cells).map_err(io("create", &cells))?;
        Ok(RunFolder { path })
    }

    /// A folder that holds a run.
    pub fn open(path: impl Into<PathBuf>) -> Result<RunFolder, RecordError> {
        let path = path.into();
        if !path.join(MANIFEST).is_file() {
            return Err(RecordError::NoRun(path));
        }
        Ok(RunFolder { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the files that a program had begun to write when it was killed; returns how many. For whoever writes the run:
    /// nobody else may be about to.
    pub fn sweep(&self) -> usize {
        let folders = [self.path.clone(), self.path.join("cells"), self.path.join(TIMELINES)];
        let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
        let unfinished = entries.filter(|entry| {
            let is_unfinished = entry.file_name().to_str().is_some_and(|name| name.starts_with(UNFINISHED));
            is_unfinished && entry.file_type().is_ok_and(|kind| kind.is_file())
        });
        unfinished.filter(|entry| fs::remove_file(entry.path()).is_ok()).count()
    }

    /// Writes or replaces the manifest; a reader sees the old one or the new one, never a half.
    pub fn write_manifest(&self, manifest: &Manifest) -> Result<(), RecordError> {
        self.write(&self.path, MANIFEST, manifest)
    }

    /// Writes a cell under its id; a reader sees all of it or nothing.
    pub fn write_cell(&self, cell: &Cell) -> Result<(), RecordError> {
        check_name(&cell.id)?;
        self.write(&self.path.join("cells"), &format!("{}.json", cell.id), cell)
    }

    /// Writes a traced window, the `number`-th of the run.
    pub fn write_timeline(&self, number: usize, timeline: &Timeline) -> Result<(), RecordError> {
        let folder = self.path.join(TIMELINES);
        fs::create_dir_all(&folder).map_err(io("create", &folder))?;
        self.write(&folder, &format!("{number:03}.json"), timeline)
    }

    /// Reads the whole run. Fails on the first file that is damaged, too large or of a newer version.
    pub fn read(&self) -> Result<Run, RecordError> {
        let manifest: Manifest = read_record(&self.path.join(MANIFEST))?;
        let paths = records_in(&self.path.join("cells"))?;
        let mut cells = paths.iter().map(|path| read_cell(path)).collect::<Result<Vec<Cell>, _>>()?;
        cells.sort_by(|a, b| (a.order, &a.id).cmp(&(b.order, &b.id)));
        let timelines = self.traced()?.iter().map(|path| read_record(path)).collect::<Result<Vec<Timeline>, _>>()?;
        Ok(Run { manifest, cells, timelines })
    }

    /// The files of the run, manifest first, byte by byte as they were saved: for handing it on.
    pub fn files(&self) -> Result<Vec<RunFile>, RecordError> {
        let paths = [self.path.join(MANIFEST)].into_iter();
        let paths = paths.chain(records_in(&self.path.join("cells"))?).chain(self.traced()?);
        let file = |path: PathBuf| {
            let name = path.strip_prefix(&self.path).unwrap_or(&path).to_string_lossy().into_owned();
            Ok(RunFile { name, bytes: read_bytes(&path)? })
        };
        paths.map(file).collect()
    }

    /// The files of what was traced.
    fn traced(&self) -> Result<Vec<PathBuf>, RecordError> {
        let traced = self.path.join(TIMELINES);
        if traced.exists() { records_in(&traced) } else { Ok(Vec::new()) }
    }

    fn write(&self, folder: &Path, name: &str, record: &impl Serialize) -> Result<(), RecordError> {
        let target = folder.join(name);
        let mut json = serde_json::to_vec(record).map_err(|error| malformed(&target, &error))?;
        json.push(b'\n');
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder).map_err(io("write", &target))?;
        file.write_all(&json).map_err(io("write", &target))?;
        file.as_file().sync_data().map_err(io("write", &target))?;
        let file = file.persist(&target).map_err(|error| io("write", &target)(error.error))?;
        // Temporary files are private; a run is to be shared.
        file.set_permissions(fs::Permissions::from_mode(0o644)).map_err(io("write", &target))?;
        Ok(())
    }
}

/// The records of a folder, by name.
fn records_in(folder: &Path) -> Result<Vec<PathBuf>, RecordError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(io("list", folder))? {
        let path = entry.map_err(io("list", folder))?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            paths.push(path);
        }
        if paths.len() > MOST_FILES {
            return Err(RecordError::TooMany(folder.to_owned()));
        }
    }
    paths.sort();
    Ok(paths)
}

fn read_cell(path: &Path) -> Result<Cell, RecordError> {
    let cell: Cell = read_record(path)?;
    check_name(&cell.id)?;
    let refuse = |why: String| RecordError::Malformed { path: path.to_owned(), line: 0, column: 0, why };
    if path.file_stem().and_then(|stem| stem.to_str()) != Some(cell.id.as_str()) {
        return Err(refuse(format!("it holds the cell {:?}, which is not its name", cell.id)));
    }
    if let Some(traffic) = &cell.traffic
        && requests(&traffic.ledger) > MOST_REQUESTS
    {
        return Err(refuse("its ledger counts more requests than any run has".into()));
    }
    let split = cell.traffic.as_ref().and_then(|traffic| traffic.split.as_ref()?.by_response_time.as_ref());
    if split.is_some_and(|sums| !sums.is_whole()) {
        return Err(refuse("split.by_response_time: its columns do not belong together".into()));
    }
    for (name, histogram) in histograms(&cell) {
        histogram.to_histogram().map_err(|error| refuse(format!("{name}: {error}")))?;
    }
    Ok(cell)
}

/// All counts of a ledger together, in a number that holds the sum of any.
fn requests(ledger: &Ledger) -> u128 {
    ledger.ends().iter().map(|(_, count)| u128::from(*count)).sum::<u128>() + u128::from(ledger.scheduled)
}

fn histograms(cell: &Cell) -> Vec<(&'static str, &HistogramRecord)> {
    let Some(traffic) = &cell.traffic else { return Vec::new() };
    let mut found = vec![("service_time", &traffic.service_time)];
    let optional = [
        ("response_time", &traffic.response_time),
        ("schedule_lag", &traffic.schedule_lag),
        ("connect_time", &traffic.connect_time),
    ];
    found.extend(optional.into_iter().filter_map(|(name, record)| Some((name, record.as_ref()?))));
    if let Some(split) = &traffic.split {
        found.extend(split.parts());
    }
    found
}

fn read_record<T: DeserializeOwned>(path: &Path) -> Result<T, RecordError> {
    let json = read_bytes(path)?;
    let found = schema_version(&json).map_err(|error| malformed(path, &error))?;
    if found > u64::from(SCHEMA_VERSION) {
        return Err(RecordError::Newer { path: path.to_owned(), found });
    }
    serde_json::from_slice(&json).map_err(|error| malformed(path, &error))
}

/// The version of a file, whatever else is in it.
pub(crate) fn schema_version(json: &[u8]) -> Result<u64, serde_json::Error> {
    #[derive(serde::Deserialize)]
    struct Version {
        schema_version: u64,
    }
    serde_json::from_slice(json).map(|version: Version| version.schema_version)
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, RecordError> {
    // Looked at before it is opened: opening a pipe would wait for whoever writes into it.
    if !fs::symlink_metadata(path).map_err(io("read", path))?.is_file() {
        return Err(RecordError::NotAFile(path.to_owned()));
    }
    let file = fs::File::open(path).map_err(io("read", path))?;
    let bytes = file.metadata().map_err(io("read", path))?.len();
    if bytes > LARGEST_FILE_BYTES {
        return Err(RecordError::TooLarge { path: path.to_owned(), bytes });
    }
    let mut content = Vec::new();
    file.take(LARGEST_FILE_BYTES).read_to_end(&mut content).map_err(io("read", path))?;
    Ok(content)
}

fn check_name(id: &str) -> Result<(), RecordError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.is_empty() || id.len() > LONGEST_ID || id.starts_with('.') || !id.chars().all(allowed) {
        return Err(RecordError::Name(id.to_owned()));
    }
    Ok(())
}

fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> RecordError + use<> {
    let path = path.to_owned();
    move |source| RecordError::Io { path, doing, source }
}

fn malformed(path: &Path, error: &serde_json::Error) -> RecordError {
    RecordError::Malformed { path: path.to_owned(), line: error.line(), column: error.column(), why: error.to_string() }
}
