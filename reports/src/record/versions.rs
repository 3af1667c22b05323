//! The versions of the schema, and the one place where an older file becomes one of this version.
//!
//! 2: a run's length is `elapsed_ns`, in whole nanoseconds like every other time; 1 had `elapsed_s`, seconds with a point.
//!
//! Must not know: files. Beside it: `store.rs`, which reads with it; `reports/tests/fixtures/`, a run of each version.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::shape::{self, GREATEST_NUMBER};
use super::{Cell, Manifest, PredictionRecord, SCHEMA_VERSION, Timeline};

/// Why JSON is no record.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// Damaged, hostile, or of something else.
    Malformed {
        /// From 1; 0 where the whole file is meant.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong, the field first where it is about one.
        why: String,
    },
    /// Of a later version.
    Newer(u64),
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Unreadable {
        Unreadable::Malformed { line: error.line(), column: error.column(), why: without_place(&error) }
    }
}

/// A file of a run.
pub(crate) trait Record: DeserializeOwned {
    /// Makes what was read of a file of an earlier version a record of this one. Fields that only that version had are still
    /// in `json`.
    fn upgrade(&mut self, json: &[u8]) -> Result<(), Unreadable>;
}

impl Record for Manifest {
    fn upgrade(&mut self, json: &[u8]) -> Result<(), Unreadable> {
        #[derive(Deserialize)]
        struct Version1 {
            elapsed_s: Option<f64>,
        }
        let Version1 { elapsed_s } = serde_json::from_slice(json)?;
        let elapsed_ns = elapsed_s.map(|seconds| (seconds * 1e9).round() as u64);
        if elapsed_ns.is_some_and(|elapsed_ns| elapsed_ns > GREATEST_NUMBER) {
            let why = "elapsed_s: it is longer than any run takes".to_owned();
            return Err(Unreadable::Malformed { line: 0, column: 0, why });
        }
        (self.elapsed_ns, self.schema_version) = (elapsed_ns, SCHEMA_VERSION);
        Ok(())
    }
}

impl Record for Cell {
    fn upgrade(&mut self, _: &[u8]) -> Result<(), Unreadable> {
        self.schema_version = SCHEMA_VERSION;
        Ok(())
    }
}

impl Record for Timeline {
    fn upgrade(&mut self, _: &[u8]) -> Result<(), Unreadable> {
        self.schema_version = SCHEMA_VERSION;
        Ok(())
    }
}

impl Record for PredictionRecord {
    fn upgrade(&mut self, _: &[u8]) -> Result<(), Unreadable> {
        self.schema_version = SCHEMA_VERSION;
        Ok(())
    }
}

/// Reads a record of this version or an earlier one.
pub(super) fn read<T: Record>(json: &[u8]) -> Result<T, Unreadable> {
    // It is looked at before the rest, which may be of a form that this version does not know.
    let found = typed::<Version>(json)?.schema_version;
    if found > u64::from(SCHEMA_VERSION) {
        return Err(Unreadable::Newer(found));
    }
    if found == 0 {
        let why = "schema_version: there was no version 0".to_owned();
        return Err(Unreadable::Malformed { line: 0, column: 0, why });
    }
    shape::check(json)?;
    let mut record: T = typed(json)?;
    if found < u64::from(SCHEMA_VERSION) {
        record.upgrade(json)?;
    }
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
fn typed<T: DeserializeOwned>(json: &[u8]) -> Result<T, Unreadable> {
    let mut file = serde_json::Deserializer::from_slice(json);
    serde_path_to_error::deserialize(&mut file).map_err(|error| {
        let (path, error) = (error.path().to_string(), error.into_inner());
        let why = without_place(&error);
        let why = if path == "." { why } else { format!("{path}: {why}") };
        Unreadable::Malformed { line: error.line(), column: error.column(), why }
    })
}

/// What an error says without its line and column, which stand beside it.
fn without_place(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    said.strip_suffix(&place).unwrap_or(&said).to_owned()
}
