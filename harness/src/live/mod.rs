//! Several servers under the same load, seen while it runs.
//!
//! Nothing in here is a measurement: a load that a person changes by hand, on servers that share their CPUs, shows what
//! happens and proves nothing. Read `frame.rs`, what is seen at one moment, then `engine.rs`, which makes it, and
//! `asked.rs`, how the load is changed. Must not know: models, runs, how frames are shown.

mod asked;
mod background;
mod driver;
mod engine;
mod flood;
mod frame;
mod frames_file;
mod stretch;
mod usage;
mod watched;

pub use asked::{Command, Limits};
pub use engine::{FRAME_INTERVAL, Seen, Session};
pub use frame::{Activity, Asked, BusyThread, Frame, Memory, ModelFrame, State};
pub use frames_file::{FRAMES, FramesError, FramesFile, read_frames};
pub use stretch::Stretch;
