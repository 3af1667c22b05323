//! What may be concluded from samples: percentiles and shares with intervals, slopes, and ratios of paired blocks.
//!
//! A first course in statistics is enough to read it: every function says its formula in words, by its usual name, and who
//! it is from. Numbers in, numbers out. Must not know: records, contenders, how anything is shown or said.

mod quantile;
mod ratio;
mod student;

pub use quantile::{Distribution, Quantile, interpolated, proportion, samples_needed};
pub use ratio::{BlockValue, NoRatio, Ratio, WhyNoRatio, paired_ratio, unpaired_ratio};
pub use student::{Estimate, fit, geometric_mean, holm, mean, median};
