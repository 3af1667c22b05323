//! The folder of a saved run: written file by file as cells end, read back whole.
//!
//! Everything read is treated as somebody else's: what is no file is not opened, sizes are known before anything is read, and
//! an error names the file and the place. Must not know: what the numbers mean. Beside it: `run.rs`, which puts a run together;
//! `versions.rs`, from JSON to a record; `shape.rs` and `soundness.rs`, what is checked on the way.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

pub use super::error::RecordError;
use super::run::{CELLS, MANIFEST, TIMELINES, WORKSHOP};
pub use super::run::{Run, RunFile};
use super::soundness::{Sound, check_name};
use super::{Cell, Manifest, PredictionRecord, Timeline};

/// A hundred times what a cell has.
pub(crate) const LARGEST_FILE_BYTES: u64 = 8 << 20;
/// Of all cells together: five times what a thorough run of everything has.
pub(crate) const LARGEST_RUN_BYTES: u64 = 512 << 20;
/// Likewise.
pub(crate) const MOST_FILES: usize = 20_000;
/// As long as the name of a cell may be, so that its file can be made anywhere.
pub const LONGEST_ID: usize = 180;
/// How the name of a file begins that is not whole yet.
pub const UNFINISHED: &str = ".tmp";

/// What is in the folder of a run beside its manifest.
const FOLDERS: [&str; 3] = [CELLS, TIMELINES, WORKSHOP];

/// The folder of a run.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder, with what leads to it, for a new run. Refuses one that holds a run.
    pub fn create(path: impl Into<PathBuf>) -> Result<RunFolder, RecordError> {
        let path = path.into();
        let cells = path.join(CELLS);
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
        match size_of_file(&path.join(MANIFEST)) {
            Err(RecordError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                Err(RecordError::NoRun(path))
            }
            Err(error) => Err(error),
            Ok(_) => Ok(RunFolder { path }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the files that a program had begun to write when it was killed; returns how many. For whoever writes the run:
    /// nobody else may be about to.
    pub fn sweep(&self) -> usize {
        let folders = FOLDERS.map(|folder| self.path.join(folder));
        let folders = folders.iter().chain([&self.path]);
        let entries = folders.filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
        let unfinished = entries.filter(|entry| {
            let is_unfinished = entry.file_name().to_str().is_some_and(|name| name.starts_with(UNFINISHED));
            is_unfinished && entry.file_type().is_ok_and(|kind| kind.is_file())
        });
        unfinished.filter(|entry| fs::remove_file(entry.path()).is_ok()).count()
    }

    /// Writes or replaces the manifest; a reader sees the old one or the new one, never a half.
    /// What would not be read back is not written: a run learns before its first cell that it is too large to be saved.
    pub fn write_manifest(&self, manifest: &Manifest) -> Result<(), RecordError> {
        manifest.check().map_err(|why| RecordError::Unsaved { path: self.path.clone(), why })?;
        self.write(&self.path, MANIFEST, manifest)
    }

    /// Writes a cell under its id; a reader sees all of it or nothing.
    pub fn write_cell(&self, cell: &Cell) -> Result<(), RecordError> {
        check_name(&cell.id)?;
        self.write(&self.path.join(CELLS), &format!("{}.json", cell.id), cell)
    }

    /// Writes a traced window, the `number`-th of the run.
    pub fn write_timeline(&self, number: usize, timeline: &Timeline) -> Result<(), RecordError> {
        self.write_numbered(TIMELINES, number, timeline)
    }

    /// Writes or replaces a prediction, the `number`-th of the run.
    pub fn write_prediction(&self, number: usize, prediction: &PredictionRecord) -> Result<(), RecordError> {
        self.write_numbered(WORKSHOP, number, prediction)
    }

    /// Reads the whole run. Fails on the first file that is damaged, too large or of a newer version.
    pub fn read(&self) -> Result<Run, RecordError> {
        let read = |path: &Path| read_file(path, LARGEST_FILE_BYTES);
        Run::gathered(&self.path.join(MANIFEST), |folder| self.in_folder(folder), read)
    }

    /// The files of the run, manifest first, byte by byte as they were saved: for handing it on.
    pub fn files(&self) -> Result<Vec<RunFile>, RecordError> {
        let mut paths = vec![self.path.join(MANIFEST)];
        for folder in FOLDERS {
            paths.extend(self.in_folder(folder)?);
        }
        let file = |path: PathBuf| {
            let name = path.strip_prefix(&self.path).unwrap_or(&path).to_string_lossy().into_owned();
            Ok(RunFile { name, bytes: read_file(&path, LARGEST_FILE_BYTES)? })
        };
        paths.into_iter().map(file).collect()
    }

    /// The records of a folder. A run must have one of cells, and need have no other.
    fn in_folder(&self, name: &str) -> Result<Vec<PathBuf>, RecordError> {
        let folder = self.path.join(name);
        if name == CELLS || folder.exists() { records_in(&folder) } else { Ok(Vec::new()) }
    }

    fn write_numbered(&self, folder: &str, number: usize, record: &impl Serialize) -> Result<(), RecordError> {
        let folder = self.path.join(folder);
        fs::create_dir_all(&folder).map_err(io("create", &folder))?;
        self.write(&folder, &format!("{number:03}.json"), record)
    }

    fn write(&self, folder: &Path, name: &str, record: &impl Serialize) -> Result<(), RecordError> {
        let target = folder.join(name);
        let mut json = serde_json::to_vec(record).map_err(|error| RecordError::unsound(&target, error.to_string()))?;
        json.push(b'\n');
        write_whole(&target, &json).map_err(io("write", &target))
    }
}

/// Writes or replaces a file, which is never seen half written. Its folder must be there.
///
/// # Errors
/// Where the operating system refuses; a file that was there is as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_data()?;
    let file = file.persist(path)?;
    // Temporary files are private; what is saved here is to be shared.
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

/// The records of a folder, by name. How many there are and how large is known before any is read.
fn records_in(folder: &Path) -> Result<Vec<PathBuf>, RecordError> {
    if !fs::symlink_metadata(folder).map_err(io("list", folder))?.is_dir() {
        return Err(RecordError::NotAFolder(folder.to_owned()));
    }
    let (mut paths, mut bytes) = (Vec::new(), 0);
    for (place, entry) in fs::read_dir(folder).map_err(io("list", folder))?.enumerate() {
        if place >= MOST_FILES {
            return Err(RecordError::TooMany(folder.to_owned()));
        }
        let path = entry.map_err(io("list", folder))?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            bytes += size_of_file(&path)?;
            paths.push(path);
        }
    }
    if bytes > LARGEST_RUN_BYTES {
        return Err(RecordError::TooMuch { path: folder.to_owned(), bytes });
    }
    paths.sort();
    Ok(paths)
}

/// What is in a file of somebody else's. Nothing but a file is opened, and of none more is read than may be in it.
///
/// # Errors
/// Where it is no file, larger than that, or can't be read.
pub fn read_file(path: &Path, largest_bytes: u64) -> Result<Vec<u8>, RecordError> {
    let bytes = size_of_file(path)?;
    let too_large = |bytes| RecordError::TooLarge { path: path.to_owned(), bytes, most: largest_bytes };
    if bytes > largest_bytes {
        return Err(too_large(bytes));
    }
    let file = fs::File::open(path).map_err(io("read", path))?;
    let mut content = Vec::new();
    // It may have grown since.
    file.take(largest_bytes + 1).read_to_end(&mut content).map_err(io("read", path))?;
    if content.len() as u64 > largest_bytes {
        return Err(too_large(content.len() as u64));
    }
    Ok(content)
}

/// Looked at before it is opened: opening a pipe would wait for whoever writes into it.
fn size_of_file(path: &Path) -> Result<u64, RecordError> {
    let found = fs::symlink_metadata(path).map_err(io("read", path))?;
    if found.is_file() { Ok(found.len()) } else { Err(RecordError::NotAFile(path.to_owned())) }
}

fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> RecordError + use<> {
    let path = path.to_owned();
    move |source| RecordError::Io { path, doing, source }
}
