//! What is said of the two protagonists in everything that was measured of them.
//!
//! Beside it: `scorecard.rs` (a row), `options.rs` (what one was measured with), `answer.rs` (all rows together), `advice.rs`
//! (whom to choose), `why.rs` (what is behind a row), `windows.rs` (what is seen in traced windows).

pub mod advice;
pub mod answer;
mod options;
pub mod scorecard;
pub(crate) mod why;
pub(crate) mod windows;
