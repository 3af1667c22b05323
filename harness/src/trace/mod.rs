//! A traced window: a server of its own notes who runs what, for a moment, under a closed load.
//!
//! Never part of what is measured. What the notes cost is found by the same load on a server without them. Must not
//! know: models, how a timeline is drawn. Read `window.rs`, then `spans.rs` for how notes become lanes.

mod spans;
mod window;

pub use window::{LONGEST, TraceError, TracedTask, WINDOW, sweep_notes, trace, trace_briefly};
