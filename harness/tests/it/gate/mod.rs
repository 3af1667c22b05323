//! `scripts/gate` as a pull request meets it: a repository of its own with a server in it, two commits, one answer; and nothing
//! left of the checkouts, however it ends.
//!
//! The server is the harness's own, whose work takes as much longer as a file in the repository says: a known difference.

mod endings;
mod pairs;
mod refusals;
mod subject;
