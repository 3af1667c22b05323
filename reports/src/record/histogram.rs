//! A latency histogram as it is saved: HdrHistogram V2, deflated, in base64, with what a reader wants at a glance.

use serde::{Deserialize, Serialize};

/// A saved histogram. Values are nanoseconds, three significant digits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistogramRecord {
    /// Number of recorded values.
    pub count: u64,
    /// Sum of the recorded values before they were rounded to three digits, for means that add up.
    pub sum_ns: u64,
    /// HdrHistogram V2 with deflate, in base64.
    pub v2_deflate_base64: String,
}
