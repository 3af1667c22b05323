//! A run, put together from its records, wherever they came from.
//!
//! Must not know: folders. Beside it: `store.rs`, which reads and writes a folder; `versions.rs`, from JSON to a record.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::RecordError;
use super::versions::{Record, record_in};
use super::{Cell, Manifest, PredictionRecord, Timeline};

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const CELLS: &str = "cells";
pub(super) const TIMELINES: &str = "timelines";
pub(super) const WORKSHOP: &str = "workshop";

/// A run as read from its folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// What all cells have in common.
    pub manifest: Manifest,
    /// The cells that were saved, in the order in which they were run.
    pub cells: Vec<Cell>,
    /// The traced windows, in the order in which they were traced; none in runs that traced nothing.
    pub timelines: Vec<Timeline>,
    /// What was expected before the run, in the order in which it was said; none where nobody was asked.
    pub predictions: Vec<PredictionRecord>,
}

/// A file of a run as it was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFile {
    /// Its path within the run's folder, `cells/ID.json`.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Run {
    /// The run that these files hold, which [`RunFolder::files`](super::store::RunFolder::files) gave away. They are looked at
    /// as a folder's are.
    pub fn of_files(files: &[RunFile]) -> Result<Run, RecordError> {
        let files: BTreeMap<&Path, &[u8]> = files.iter().map(|file| (Path::new(&file.name), &file.bytes[..])).collect();
        let list = |folder: &str| {
            let inside = files.keys().filter(|path| path.parent() == Some(Path::new(folder)));
            Ok(inside.map(|path| (*path).to_owned()).collect())
        };
        let read = |path: &Path| files.get(path).copied().ok_or_else(|| RecordError::NoRun(PathBuf::from(".")));
        Run::gathered(Path::new(MANIFEST), list, read)
    }

    /// The run whose records `list` names, folder by folder, and `read` reads.
    pub(super) fn gathered<J: AsRef<[u8]>>(
        manifest: &Path,
        list: impl Fn(&str) -> Result<Vec<PathBuf>, RecordError>,
        read: impl Fn(&Path) -> Result<J, RecordError>,
    ) -> Result<Run, RecordError> {
        let manifest = record_in(manifest, read(manifest)?.as_ref())?;
        let cells = list(CELLS)?.into_iter().map(|path| named_cell(&path, read(&path)?.as_ref()));
        let mut cells = cells.collect::<Result<Vec<Cell>, _>>()?;
        cells.sort_by(|a, b| (a.order, &a.id).cmp(&(b.order, &b.id)));
        let timelines = all_of(list(TIMELINES)?, &read)?;
        Ok(Run { manifest, cells, timelines, predictions: all_of(list(WORKSHOP)?, &read)? })
    }
}

fn all_of<T: Record, J: AsRef<[u8]>>(
    paths: Vec<PathBuf>,
    read: impl Fn(&Path) -> Result<J, RecordError>,
) -> Result<Vec<T>, RecordError> {
    paths.into_iter().map(|path| record_in(&path, read(&path)?.as_ref())).collect()
}

/// A cell whose file is called as it is.
fn named_cell(path: &Path, json: &[u8]) -> Result<Cell, RecordError> {
    let cell: Cell = record_in(path, json)?;
    if path.file_stem().and_then(|stem| stem.to_str()) != Some(cell.id.as_str()) {
        let why = format!("id: it holds the cell {:?}, which is not its name", cell.id);
        return Err(RecordError::unsound(path, why));
    }
    Ok(cell)
}
