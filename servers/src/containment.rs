//! Keeping a panic from the threads it does not belong to.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a connection or a job on a thread that has others to run after it: a panic ends this one alone. Tasks and
/// threads of their own need no such care, since tokio and std do the same for them.
pub(crate) fn contain_panic(run: impl FnOnce()) {
    // What connections share is locks and counters, which no panic leaves half changed.
    let _ = catch_unwind(AssertUnwindSafe(run));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_goes_no_further() {
        contain_panic(|| panic!("a panic in a connection, as the test wants it"));
    }
}
