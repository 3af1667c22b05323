//! The known answers as a command, and the generator against servers that do anything at all.

mod command;
mod misbehaving;
mod own_limits;
mod subject;
