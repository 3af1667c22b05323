#![forbid(unsafe_code)]
//! The saved-run records, their statistics, and the report rendered from them.
//!
//! This crate knows nothing of servers, sockets or processes: it reads what a run saved and says what can be
//! concluded from it. Only `record::store` touches files; everything below is a pure function of the records, so
//! that the same records give the same bytes.
//!
//! Read in this order: `record` (what was saved), `stats` (what may be concluded from samples), `metrics` (the one
//! table of what can be shown), `study` (cells gathered into points), `placement` (who had which CPUs), `crossover` (who of two serves more, and where),
//! `objective` (what load keeps a promise), `verdict` (what may be concluded), `scorecard` (the same of two, a row a question), `mechanism` (why a row is so), `words` (how it is said), `charts`
//! (pictures), `summary` (sentences and tables), `machine` and `diff` (one run against another), `page` (the report),
//! `slides` (the same to be shown), `quiz` (its questions again, weeks later), `site` (many runs), `export` (for other tools). No arrow points back.

pub mod charts;
pub mod crossover;
pub mod diff;
pub mod export;
pub mod format;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod machine;
mod mechanism;
pub mod metrics;
pub mod objective;
pub mod page;
mod placement;
pub mod plain;
pub mod quiz;
pub mod record;
pub mod scorecard;
pub mod site;
pub mod slides;
pub mod stats;
pub mod study;
pub mod summary;
pub mod trace_events;
pub mod verdict;
pub mod words;
