//! What may be concluded from samples: percentiles and shares with intervals, slopes, and ratios of paired blocks.
//!
//! Numbers in, numbers out. Must not know: records, contenders, how anything is shown.

mod distribution;
mod holm;
mod proportion;
mod quantile;
mod ratio;
mod slope;
mod student;
mod welch;

pub use distribution::Distribution;
pub use holm::holm;
pub use proportion::proportion;
pub use quantile::{Quantile, samples_needed};
pub use ratio::{Ratio, log_ratios, paired_ratio};
pub use slope::{Slope, fit};
pub use welch::unpaired_ratio;
