//! What figures and sentences say, in words.
//!
//! Below charts and summaries, both of which speak so. Must not know: pixels, tables, HTML. Beside it: `titles/` (of figures),
//! `card/` (the scorecard, and what follows from it), `claim.rs` (what people say), `probe.rs` and `aftermath.rs` (what became of
//! a server that something was done to), `predicted.rs` (what was expected), `doubts.rs` (what speaks against figures).

mod aftermath;
mod card;
pub(crate) mod claim;
mod doubts;
pub mod predicted;
pub(crate) mod probe;
mod titles;

pub use card::{advice, answer, scorecard};
pub(crate) use card::{why, windows};
pub(crate) use titles::*;
