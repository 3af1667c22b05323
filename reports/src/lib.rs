#![forbid(unsafe_code)]
//! The saved-run records, their statistics, and the report rendered from them.
//!
//! This crate knows nothing of servers, sockets or processes: it reads what a run saved and says what can be
//! concluded from it. Everything below `record` is a pure function of the records.

pub mod record;
