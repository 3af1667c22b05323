//! What the backend did that the server of a cell called, and how promptly. Beside it: `cell.rs`, which holds it.

use serde::{Deserialize, Serialize};

use super::HistogramRecord;

/// The backend within the window, whoever called it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BackendUsage {
    /// Calls answered.
    pub calls: u64,
    /// How late answers were: from when each was due until it had been handed to the system.
    pub lag: HistogramRecord,
    /// CPU time of its thread, in nanoseconds.
    pub cpu_ns: u64,
    /// Its share of one CPU, polling left out, 0 to 1.
    pub busy: f64,
}
