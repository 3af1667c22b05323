//! The schema of a saved run: the only place whose types are serialised for results.
//!
//! A run is a folder: `manifest.json` ([`Manifest`]) and one file per cell under `cells/` ([`Cell`]). Names of
//! models, metrics and experiments are strings here, so that a saved run outlives what produced it. New fields get
//! `#[serde(default)]`; a breaking change raises [`SCHEMA_VERSION`], and `versions.rs` makes a record of
//! this version of an older one.
//!
//! Must not know: files, clocks, how a number was obtained. Beside it: `store.rs` reads and writes the folder; `run.rs`
//! puts a run together from its records, wherever they came from; `shape.rs` and `soundness.rs` say what a record of somebody else's must keep to.

mod cell;
mod disturbance;
mod error;
mod experiment;
mod histogram;
mod malformed;
mod manifest;
mod noise;
mod prediction;
mod run;
mod server;
mod shape;
mod soundness;
pub mod store;
mod timeline;
mod traffic;
mod versions;
mod warning;
mod workers;

pub use cell::*;
pub use disturbance::*;
pub use error::RecordError;
pub use experiment::*;
pub use histogram::*;
pub use malformed::*;
pub use manifest::*;
pub use noise::*;
pub use prediction::*;
pub use server::*;
pub use timeline::*;
pub use traffic::*;
pub use warning::*;
pub use workers::*;

#[cfg(any(test, fuzzing))]
pub(crate) use versions::record_in;
pub(crate) use versions::schema_version;

/// The schema that this version writes. It is read before anything else in a file.
pub const SCHEMA_VERSION: u32 = 2;
