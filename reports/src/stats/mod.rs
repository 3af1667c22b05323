//! What may be concluded from samples: percentiles and shares with intervals, slopes, and ratios of paired blocks.
//!
//! Numbers in, numbers out. Must not know: records, contenders, how anything is shown.

mod quantile;
mod ratio;
mod student;

pub use quantile::{Distribution, Quantile, interpolated, proportion, samples_needed};
pub use ratio::{BlockValue, NoRatio, Ratio, WhyNoRatio, paired_ratio, unpaired_ratio};
pub use student::{Mean, Slope, fit, geometric_mean, holm, mean};
