//! What can be looked at while it goes on: several servers under the same load, or a run.
//!
//! Of several servers under one load nothing in here is a measurement: a load that a person changes by hand, on servers
//! that share their CPUs, shows what happens and proves nothing. Read `frame.rs`, what is seen at one moment, then
//! `engine.rs`, which makes it, and `asked.rs`, how the load is changed. Must not know: models, runs, how frames are shown.
//!
//! A run that is followed is measured all the same: `followed.rs`. How either is served to a browser: `web/mod.rs`.

mod asked;
mod driver;
mod engine;
pub mod followed;
mod frame;
mod frames_file;
mod usage;
mod watched;
pub mod web;

pub use asked::{Limits, SessionCommand};
pub use engine::{FRAME_INTERVAL, Session, SessionEvent, Stretch};
pub use frame::{Activity, BusyThread, Frame, LiveLoad, Memory, ModelFrame, ServerState};
#[cfg(any(test, fuzzing))]
pub(crate) use frames_file::frames_in;
pub use frames_file::{FRAMES, FramesError, FramesFile, read_frames};
