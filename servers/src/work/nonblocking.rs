//! Work in a task: what waits, gives the thread to another task. Its twin is blocking.rs.

use std::borrow::Cow;
use std::io;

use tokio::time::sleep;

use super::placement::{Job, place_in_task};
use crate::server::Server;
use crate::service::Work;
use crate::trace::{ConnectionTrace, Moment};

/// Performs `work` and gives its result. An error ends the connection.
///
/// Unless an option says otherwise, spinning and blocking stay inline in both worlds: a thread may do so as long as
/// it likes, a task keeps its runtime's worker from everyone else. That is a difference to be measured, not hidden.
pub(crate) async fn perform<'a>(work: Work<'a>, trace: &ConnectionTrace, server: &Server) -> io::Result<Cow<'a, str>> {
    let placement = server.options.placement;
    match work {
        Work::Echo(text) => return Ok(text),
        Work::Reply(bytes) => return Ok(Cow::Owned("x".repeat(bytes))),
        Work::Sleep(duration) => {
            trace.wait_in_task();
            sleep(duration).await;
            trace.note(Moment::Resumed);
        }
        Work::Block(duration) => place_in_task(Job::Block(duration), placement, trace).await?,
        Work::Spin(duration) => {
            let iterations_per_us = server.spin_iterations_per_us;
            place_in_task(Job::Spin { duration, iterations_per_us }, placement, trace).await?;
        }
        Work::Lock(duration) => server.lock.hold_in_task(duration, trace).await,
    }
    Ok(Cow::Borrowed(""))
}
