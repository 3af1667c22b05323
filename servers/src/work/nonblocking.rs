//! Work in a task: what waits, gives the thread to another task. Its twin is blocking.rs.

use std::borrow::Cow;
use std::io;

use tokio::time::sleep;

use super::placement::{BlockingJob, place_in_task};
use crate::server::Server;
use crate::service::WorkOrder;
use crate::trace::{ConnectionTrace, Moment};

/// Performs `work` and gives its result. An error ends the connection.
///
/// Unless an option says otherwise, spinning and blocking stay inline in both worlds: a thread may do so as long as
/// it likes, a task keeps its runtime's worker from everyone else. That is a difference to be measured, not hidden.
pub(crate) async fn perform<'a>(
    work: WorkOrder<'a>,
    trace: &ConnectionTrace,
    server: &Server,
) -> io::Result<Cow<'a, str>> {
    let placement = server.options.placement;
    match work {
        WorkOrder::Echo(text) => return Ok(text),
        WorkOrder::Reply(bytes) => return Ok(Cow::Owned("x".repeat(bytes))),
        WorkOrder::Sleep(duration) => {
            trace.wait_in_task();
            sleep(duration).await;
            trace.note(Moment::Resumed);
        }
        WorkOrder::Block(duration) => place_in_task(BlockingJob::Block(duration), placement, trace).await?,
        WorkOrder::Spin(duration) => {
            let iterations_per_us = server.spin_iterations_per_us;
            place_in_task(BlockingJob::Spin { duration, iterations_per_us }, placement, trace).await?;
        }
        WorkOrder::Lock(duration) => server.lock.hold_in_task(duration, trace).await,
    }
    Ok(Cow::Borrowed(""))
}
