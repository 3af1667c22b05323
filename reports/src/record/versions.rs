//! The versions of the schema, and the one place where an older file becomes one of this version.
//!
//! 2: a run's length is `elapsed_ns`, in whole nanoseconds like every other time; 1 had `elapsed_s`, seconds with a point.
//!
//! Must not know: files. Beside it: `run.rs`, which reads with it; `reports/tests/fixtures/`, a run of each version.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::RecordError;
use super::shape::{self, GREATEST_NUMBER};
use super::soundness::Sound;
use super::{Cell, Manifest, PredictionRecord, SCHEMA_VERSION, Timeline};

/// A file of a run.
pub(crate) trait Record: DeserializeOwned + Sound {
    /// The version that it says it has.
    fn version(&mut self) -> &mut u32;

    /// Takes over from a file of an earlier version what only that version had, which is still in `json`.
    ///
    /// # Errors
    /// What of that can't be taken over. The path is for it.
    fn upgrade(&mut self, _path: &Path, _json: &[u8]) -> Result<(), RecordError> {
        Ok(())
    }
}

impl Record for Manifest {
    fn version(&mut self) -> &mut u32 {
        &mut self.schema_version
    }

    fn upgrade(&mut self, path: &Path, json: &[u8]) -> Result<(), RecordError> {
        #[derive(Deserialize)]
        struct Version1 {
            elapsed_s: Option<f64>,
        }
        let Version1 { elapsed_s } = typed(path, json)?;
        self.elapsed_ns = elapsed_s.map(|seconds| (seconds * 1e9).round() as u64);
        match self.elapsed_ns {
            Some(elapsed_ns) if elapsed_ns > GREATEST_NUMBER => {
                Err(RecordError::unsound(path, "elapsed_s: it is longer than any run takes".into()))
            }
            _ => Ok(()),
        }
    }
}

impl Record for Cell {
    fn version(&mut self) -> &mut u32 {
        &mut self.schema_version
    }
}

impl Record for Timeline {
    fn version(&mut self) -> &mut u32 {
        &mut self.schema_version
    }
}

impl Record for PredictionRecord {
    fn version(&mut self) -> &mut u32 {
        &mut self.schema_version
    }
}

/// The record of this version or an earlier one that a file holds; the path is for errors.
///
/// # Errors
/// Where it is damaged, hostile, of something else or of a later version.
pub(crate) fn record_in<T: Record>(path: &Path, json: &[u8]) -> Result<T, RecordError> {
    let unsound = |why: String| RecordError::unsound(path, why);
    // It is looked at before the rest, which may be of a form that this version does not know.
    let found = typed::<Version>(path, json)?.schema_version;
    if found > u64::from(SCHEMA_VERSION) {
        return Err(RecordError::Newer { path: path.to_owned(), found });
    }
    if found == 0 {
        return Err(unsound("schema_version: there was no version 0".to_owned()));
    }
    shape::check(json).map_err(|error| malformed(path, &error, ""))?;
    let mut record: T = typed(path, json)?;
    if found < u64::from(SCHEMA_VERSION) {
        record.upgrade(path, json)?;
        *record.version() = SCHEMA_VERSION;
    }
    record.check().map_err(unsound)?;
    Ok(record)
}

#[derive(Deserialize)]
struct Version {
    schema_version: u64,
}

/// The version of a file, whatever else is in it.
pub(crate) fn schema_version(json: &[u8]) -> Result<u64, serde_json::Error> {
    serde_json::from_slice(json).map(|version: Version| version.schema_version)
}

/// With the field in the error, which serde_json alone does not say.
fn typed<T: DeserializeOwned>(path: &Path, json: &[u8]) -> Result<T, RecordError> {
    let mut file = serde_json::Deserializer::from_slice(json);
    serde_path_to_error::deserialize(&mut file).map_err(|error| {
        let field = error.path().to_string();
        let field = if field == "." { String::new() } else { format!("{field}: ") };
        malformed(path, error.inner(), &field)
    })
}

/// What an error says behind the field that it is about. Its line and column stand beside it.
fn malformed(path: &Path, error: &serde_json::Error, field: &str) -> RecordError {
    let (line, column, said) = (error.line(), error.column(), error.to_string());
    let place = format!(" at line {line} column {column}");
    let why = format!("{field}{}", said.strip_suffix(&place).unwrap_or(&said));
    RecordError::Malformed { path: path.to_owned(), line, column, why }
}
