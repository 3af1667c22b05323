//! The loop of one connection: read, understand, work, reply. `blocking.rs` is for a thread, `nonblocking.rs`
//! for a task; they are twins, line by line, and a test holds them to it. `stepwise.rs` is the same loop once more, turned
//! inside out for an event loop. `served.rs` is what all of them hold of a connection, `actions.rs` what they decide without
//! waiting, `deadline.rs` how long they wait for a client, `ending.rs` how they end so that the last reply arrives,
//! `attended.rs` when a client's work is given up. None of them knows that threads or runtimes get created.

mod actions;
pub(crate) mod attended;
pub(crate) mod blocking;
#[cfg(feature = "compio")]
pub(crate) mod completion;
mod deadline;
mod ending;
pub(crate) mod nonblocking;
#[cfg(feature = "axum")]
pub(crate) mod routes;
mod served;
pub(crate) mod stepwise;

#[cfg(test)]
mod tests {
    use super::nonblocking::serve;

    fn future_bytes<A, B, F>(_: fn(A, B) -> F) -> usize {
        size_of::<F>()
    }

    /// A task is its future and little else, so this is most of what an idle connection costs an async
    /// server beside its receive buffer. The future holds what its deepest chain of calls keeps across
    /// an `.await`, most of it tokio's timer; an array in any function on that chain, or a large message
    /// held while waiting, would add itself to every connection. The bound is for such accidents.
    #[test]
    fn an_idle_task_is_small() {
        let bytes = future_bytes(serve);
        assert!(bytes <= 2 * 1024, "the future of a connection takes {bytes} bytes");
    }
}
