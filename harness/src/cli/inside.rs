//! What a server saw of its own inside, as it is said to the parent and saved.

use reports::record::{InsideAnswer, RuntimeAnswer, WorkerAnswer};
use servers::{Inside, RuntimeInside, WorkerInside};

use crate::clock::thread_cpu_ns;

/// The answer of the thread that looked, with what it has cost by now.
pub(super) fn answer(inside: Inside) -> InsideAnswer {
    InsideAnswer {
        at_ns: inside.at_ns,
        open_connections: inside.open_connections,
        waiting_connections: inside.waiting_connections,
        requests_begun: inside.requests_begun,
        requests_ended: inside.requests_ended,
        accept_errors: inside.accept_errors,
        runtime: inside.runtime.map(of_runtime),
        own_cpu_ns: thread_cpu_ns(),
    }
}

fn of_runtime(runtime: RuntimeInside) -> RuntimeAnswer {
    RuntimeAnswer {
        alive_tasks: runtime.alive_tasks,
        global_queue_depth: runtime.global_queue_depth,
        workers: runtime.workers.into_iter().map(of_worker).collect(),
    }
}

fn of_worker(worker: WorkerInside) -> WorkerAnswer {
    let WorkerInside { busy_ns, parks, is_parked, still_ns } = worker;
    WorkerAnswer { busy_ns, parks, is_parked, still_ns }
}
