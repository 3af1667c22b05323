//! `harness lesson` and `harness workshop` as people meet them: the real program, asked by a pipe and in a browser.
//!
//! Nothing is said of what is measured: other tests keep the machine busy.

pub(crate) mod page;
mod pipe;
mod records;
mod room;
