//! A run that is followed while it goes on.
//!
//! Following may cost a measurement nothing: what has to be computed is computed between two cells (`drawing.rs`), in the
//! time that `pace.rs` gives, and what is served is ready by then. Must not know: how runs are carried out; it is given
//! cells. Beside it: `web/mod.rs`, which serves what comes out.

mod drawing;
mod pace;
mod summary;

pub use drawing::{Drawing, DrawingCost};
pub use summary::summary_of;
