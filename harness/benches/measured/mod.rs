//! What the benches share: figures over rounds held against a target, the table they end in, the usual load and server, who
//! gets which CPU, and the least generator.
//!
//! Must not know: which tools and which models are compared. A bench includes it by its path.

#![allow(dead_code, reason = "not every bench uses all of it")]

pub(crate) mod bare_loop;
pub(crate) mod figure;
pub(crate) mod placement;
pub(crate) mod table;
pub(crate) mod usual;
