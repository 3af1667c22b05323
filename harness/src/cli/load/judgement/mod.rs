//! What is said of the figures of a load: what must be known first, what speaks against them, and whether they keep within the
//! bounds of `--fail-on`.
//!
//! Must not know: how any of it is written. Read `notices.rs`, `doubts.rs`, `gates.rs`.

pub(super) mod doubts;
pub(in crate::cli) mod gates;
pub(super) mod notices;
