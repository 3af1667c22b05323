//! Work in a task: what waits, gives the thread to another task. Its twin is blocking.rs.

use std::borrow::Cow;

use tokio::time::sleep;

use super::spin::spin;
use crate::server::Server;
use crate::service::Work;

/// Performs `work` and gives its result.
///
/// Spinning stays inline in both worlds: a thread may compute as long as it likes, a task that does so
/// keeps its runtime's worker from everyone else. That is a difference to be measured, not to be hidden.
pub(crate) async fn perform<'a>(work: Work<'a>, server: &Server) -> Cow<'a, str> {
    match work {
        Work::Echo(text) => return text,
        Work::Reply(bytes) => return Cow::Owned("x".repeat(bytes)),
        Work::Spin(duration) => spin(duration, server.spin_iterations_per_us),
        Work::Sleep(duration) => sleep(duration).await,
        Work::Lock(duration) => {
            // Poisoned or not, what comes back holds the lock until it is dropped.
            let held = server.nonblocking_lock.lock().await;
            sleep(duration).await;
            drop(held);
        }
    }
    Cow::Borrowed("")
}
