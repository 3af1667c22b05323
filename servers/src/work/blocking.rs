//! Work on a thread: what waits, blocks the thread. Its twin is nonblocking.rs.

use std::borrow::Cow;
use std::io;

use std::thread::sleep;

use super::placement::{BlockingJob, place_on_thread};
use crate::server::Server;
use crate::service::WorkOrder;
use crate::trace::{ConnectionTrace, Moment};

/// Performs `work` and gives its result. An error ends the connection.
///
/// Unless an option says otherwise, spinning and blocking stay inline in both worlds: a thread may do so as long as
/// it likes, a task keeps its runtime's worker from everyone else. That is a difference to be measured, not hidden.
pub(crate) fn perform<'a>(work: WorkOrder<'a>, trace: &ConnectionTrace, server: &Server) -> io::Result<Cow<'a, str>> {
    let placement = server.options.placement;
    match work {
        WorkOrder::Echo(text) => return Ok(text),
        WorkOrder::Reply(bytes) => return Ok(Cow::Owned("x".repeat(bytes))),
        WorkOrder::Sleep(duration) => {
            trace.wait_on_thread();
            sleep(duration);
            trace.note(Moment::Resumed);
        }
        WorkOrder::Block(duration) => place_on_thread(BlockingJob::Block(duration), placement, trace)?,
        WorkOrder::Spin(duration) => {
            let iterations_per_us = server.spin_iterations_per_us;
            place_on_thread(BlockingJob::Spin { duration, iterations_per_us }, placement, trace)?;
        }
        WorkOrder::Lock(duration) => server.lock.hold_on_thread(duration, trace),
    }
    Ok(Cow::Borrowed(""))
}
