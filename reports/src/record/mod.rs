//! The schema of a saved run: the only place whose types are serialised for results.
//!
//! A run is a folder: `manifest.json` ([`Manifest`]) and one file per cell under `cells/` ([`Cell`]). Names of
//! models, metrics and experiments are strings here, so that a saved run outlives what produced it. New fields get
//! `#[serde(default)]`; a breaking change raises [`SCHEMA_VERSION`].
//!
//! Must not know: files, clocks, how a number was obtained. Beside it: `store.rs` reads and writes the folder.

mod backend;
mod busy_start;
mod cell;
mod disturbance;
mod experiment;
mod histogram;
mod manifest;
mod prediction;
mod server;
pub mod store;
mod timeline;
mod traffic;
mod warning;

pub use backend::*;
pub use busy_start::*;
pub use cell::*;
pub use disturbance::*;
pub use experiment::*;
pub use histogram::*;
pub use manifest::*;
pub use prediction::*;
pub use server::*;
pub use store::RecordError;
pub use timeline::*;
pub use traffic::*;
pub use warning::*;

/// The schema that this version writes. It is read before anything else in a file.
pub const SCHEMA_VERSION: u32 = 1;
