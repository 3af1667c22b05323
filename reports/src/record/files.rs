//! A run from its files, wherever they came from.
//!
//! Must not know: folders. Beside it: `store.rs`, which reads a folder, and whose checks these are.

use std::path::{Path, PathBuf};

use super::error::RecordError;
use super::store::{MANIFEST, Run, RunFile, TIMELINES, WORKSHOP, in_order, named_cell, record_in};

impl Run {
    /// The run that these files hold, which [`RunFolder::files`](super::store::RunFolder::files) gave away. They are looked at as a folder's are.
    pub fn of_files(files: &[RunFile]) -> Result<Run, RecordError> {
        let under = |folder: &str| -> Vec<(&Path, &[u8])> {
            let all = files.iter().map(|file| (Path::new(&file.name), &file.bytes[..]));
            all.filter(|(path, _)| path.parent() == Some(Path::new(folder))).collect()
        };
        let manifest = under("").into_iter().find(|(path, _)| path.ends_with(MANIFEST));
        let (path, manifest) = manifest.ok_or_else(|| RecordError::NoRun(PathBuf::from(".")))?;
        let mut run = Run {
            manifest: record_in(path, manifest)?,
            cells: under("cells").into_iter().map(|(path, json)| named_cell(path, json)).collect::<Result<_, _>>()?,
            timelines: under(TIMELINES)
                .into_iter()
                .map(|(path, json)| record_in(path, json))
                .collect::<Result<_, _>>()?,
            predictions: under(WORKSHOP)
                .into_iter()
                .map(|(path, json)| record_in(path, json))
                .collect::<Result<_, _>>()?,
        };
        in_order(&mut run.cells);
        Ok(run)
    }
}
