//! What can be looked at while it goes on: a run in `followed/mod.rs`, and in `web/mod.rs` how it is served.

pub mod followed;
pub mod web;
