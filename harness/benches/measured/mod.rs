//! What the benches share: figures over rounds held against a target, the table they end in, and who gets which CPU.
//!
//! Must not know: which tools and which models are compared. A bench includes it by its path.

pub(crate) mod figure;
pub(crate) mod placement;
pub(crate) mod table;
