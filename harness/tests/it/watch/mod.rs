//! Watching servers under load: the session by itself, and the command on a terminal.

mod screen;
pub(crate) mod session;
mod terminal;
