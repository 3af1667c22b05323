//! Performs the work that `service.rs` decided on, on a thread or in a task.
//!
//! The two functions are twins: only what waits differs, and a test compares them word by word. Neither knows of
//! connections or of who runs it. What an option decides stands in files of its own: `work/placement.rs`, `work/lock.rs`.
//! What a call to the backend is, `work/call.rs` says.

use std::borrow::Cow;
use std::io;

use crate::server::Server;
use crate::service::WorkOrder;
use crate::trace::{ConnectionTrace, Moment};

pub(crate) mod backend_pool;
pub(crate) mod call;
#[cfg(feature = "compio")]
pub(crate) mod completion;
pub(crate) mod lock;
mod placement;
pub(crate) mod spin;
pub(crate) mod steps;

use call::{BackendError, BackendLink, call_in_task, call_on_thread};
use placement::{BlockingJob, place_in_task, place_on_thread};

/// What became of a work order.
#[derive(Debug)]
pub(crate) enum Performed<'a> {
    /// It was done, with this result.
    Done {
        result: Cow<'a, str>,
        /// How long it waited for a link to the backend, in nanoseconds, where it had to share one.
        waited_ns: Option<u64>,
    },
    /// The backend did not do its part.
    BackendFailed(BackendError),
}

impl Performed<'_> {
    /// Work that only took time.
    const WAITED: Performed<'static> = Performed::Done { result: Cow::Borrowed(""), waited_ns: None };
}

/// Performs a work order and gives its result. An error ends the connection.
///
/// Unless an option says otherwise, spinning and blocking stay inline in both worlds: a thread may do so as long as
/// it likes, a task keeps its runtime's worker from everyone else. That is a difference to be measured, not hidden.
pub(crate) fn perform_on_thread<'a>(
    order: WorkOrder<'a>,
    backend: &mut BackendLink<std::net::TcpStream>,
    trace: &ConnectionTrace,
    server: &Server,
) -> io::Result<Performed<'a>> {
    trace.note(Moment::Begun);
    let (placement, iterations_per_us) = (server.options.placement, server.spin_iterations_per_us);
    let mut waited_ns = None;
    match order {
        WorkOrder::Echo(_) | WorkOrder::Reply(_) => {}
        WorkOrder::Call(duration) => match call_on_thread(duration, backend, trace, server) {
            Ok(waited) => waited_ns = waited,
            Err(error) => {
                trace.note(Moment::Ended);
                return Ok(Performed::BackendFailed(error));
            }
        },
        WorkOrder::Sleep(duration) => {
            trace.note(Moment::Parked);
            std::thread::sleep(duration);
            trace.note(Moment::Resumed);
        }
        WorkOrder::Block(duration) => place_on_thread(BlockingJob::Block(duration), placement, trace)?,
        WorkOrder::Spin(duration) => {
            place_on_thread(BlockingJob::Spin { duration, iterations_per_us }, placement, trace)?;
        }
        WorkOrder::Lock(duration) => server.lock.hold_on_thread(duration, trace),
    }
    let result = order.into_result();
    trace.note(Moment::Ended);
    Ok(Performed::Done { result, waited_ns })
}

/// As [`perform_on_thread`], but what waits gives the thread to another task.
pub(crate) async fn perform_in_task<'a>(
    order: WorkOrder<'a>,
    backend: &mut BackendLink<tokio::net::TcpStream>,
    trace: &ConnectionTrace,
    server: &Server,
) -> io::Result<Performed<'a>> {
    trace.note(Moment::Begun);
    let (placement, iterations_per_us) = (server.options.placement, server.spin_iterations_per_us);
    let mut waited_ns = None;
    match order {
        WorkOrder::Echo(_) | WorkOrder::Reply(_) => {}
        WorkOrder::Call(duration) => match call_in_task(duration, backend, trace, server).await {
            Ok(waited) => waited_ns = waited,
            Err(error) => {
                trace.note(Moment::Ended);
                return Ok(Performed::BackendFailed(error));
            }
        },
        WorkOrder::Sleep(duration) => {
            trace.note(Moment::Suspended);
            tokio::time::sleep(duration).await;
            trace.note(Moment::Resumed);
        }
        WorkOrder::Block(duration) => place_in_task(BlockingJob::Block(duration), placement, trace).await?,
        WorkOrder::Spin(duration) => {
            place_in_task(BlockingJob::Spin { duration, iterations_per_us }, placement, trace).await?;
        }
        WorkOrder::Lock(duration) => server.lock.hold_in_task(duration, trace).await,
    }
    let result = order.into_result();
    trace.note(Moment::Ended);
    Ok(Performed::Done { result, waited_ns })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::{TwinWorld, WORLDS, server};
    use crate::trace::Trace;

    #[test]
    fn a_thread_is_parked_while_it_waits_and_a_task_suspended() {
        for world in WORLDS {
            let trace = Trace::with_slots(4);
            let (server, notes) = (server("threaded"), ConnectionTrace::new(Some(&trace), 1));
            let order = || WorkOrder::Sleep(Duration::ZERO);
            let (mut on_thread, mut in_task) = (BackendLink::default(), BackendLink::default());
            let performed = world.run(
                || perform_on_thread(order(), &mut on_thread, &notes, &server).is_ok(),
                async || perform_in_task(order(), &mut in_task, &notes, &server).await.is_ok(),
            );
            assert!(performed);
            let expected = if world == TwinWorld::Thread { Moment::Parked } else { Moment::Suspended };
            let moments: Vec<Moment> = trace.record().events.iter().map(|event| event.moment).collect();
            assert_eq!(moments, [Moment::Begun, expected, Moment::Resumed, Moment::Ended]);
        }
    }
}
