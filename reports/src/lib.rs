#![forbid(unsafe_code)]
//! The saved-run records, their statistics, and the report rendered from them.
//!
//! This crate knows nothing of servers, sockets or processes: it reads what a run saved and says what can be
//! concluded from it. Only `record::store` touches files; everything below is a pure function of the records, so
//! that the same records give the same bytes.
//!
//! Read in this order: `record` (what was saved), `stats` (what may be concluded from samples), `metrics` (the one
//! table of what can be shown), `study` (cells gathered into points), `crossover` (who of two serves more, and where),
//! `objective` (what load keeps a promise), `account` (what became of a server that something was done to), `verdict` and
//! `summary` (sentences and tables), `diff` (one run against another), `charts` (pictures), `page` (the report), `slides`
//! (the same to be shown), `site` (many runs), `export` (for other tools).

mod account;
pub mod charts;
pub mod crossover;
pub mod diff;
pub mod export;
pub mod format;
pub mod metrics;
pub mod objective;
pub mod page;
pub mod record;
pub mod site;
pub mod slides;
pub mod stats;
pub mod study;
pub mod summary;
pub mod trace_events;
pub mod verdict;
