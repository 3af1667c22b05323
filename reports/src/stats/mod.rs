//! What may be concluded from samples: percentiles and shares with intervals, slopes, and ratios of paired blocks.
//!
//! Numbers in, numbers out. Must not know: records, contenders, how anything is shown.

mod block;
mod distribution;
mod holm;
mod mean;
mod proportion;
mod quantile;
mod ratio;
mod slope;
mod student;
mod welch;

pub use block::{BlockValue, NoRatio, WhyNoRatio};
pub use distribution::Distribution;
pub use holm::holm;
pub use mean::{Mean, geometric_mean, mean};
pub use proportion::proportion;
pub use quantile::{Quantile, samples_needed};
pub use ratio::{Ratio, paired_ratio};
pub use slope::{Slope, fit};
pub use welch::unpaired_ratio;
