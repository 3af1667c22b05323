//! A server that stands still for a while.

use std::time::Duration;

use reports::format::Unit::Nanoseconds;
use rustix::process::{Pid, Signal, kill_process};

use crate::clock::now_ns;
use crate::process::ServerProcess;
use crate::selftest::bench::{Bench, echo};
use crate::selftest::cells::{lateness, response_percentile};
use crate::selftest::figure::Figure;
use crate::selftest::row::{Attempt, Obstacle};

const WINDOW: Duration = Duration::from_secs(5);
const STALL_NS: u64 = 200_000_000;

/// A request that was due `t` into a stall of `D` waits for the rest of it, so that of requests at equal distances over
/// a window `T` the percentile `q` is `D - (1 - q) T`. A generator that waits for replies before it sends, or whose
/// clock starts at the sending, would see a slow request per connection at most.
pub(super) fn stall(bench: &Bench) -> Result<Attempt, Obstacle> {
    let server = bench.server("async-single")?;
    let watchman = bench.watch()?;
    let mut stalled = None;
    let cell = bench.load(&echo(1_000.0, 32, WINDOW), server.address(), |moments| {
        if stalled.is_none() && now_ns() > moments.window_start_ns + 2_000_000_000 {
            stalled = Some(stop_for(&server, STALL_NS));
        }
    })?;
    let seen = watchman.end().and(lateness(&cell));
    let stalled_ns = stalled.ok_or_else(|| Obstacle::Other("the load ended before the stall".to_owned()))?? as f64;
    let truth = |q: f64| stalled_ns - (1.0 - q) * WINDOW.as_nanos() as f64;
    // A time without a CPU lengthens response times by itself at most.
    let figure = |name, q: f64, share| {
        let figure = Figure::within(name, Nanoseconds, truth(q), response_percentile(&cell, q), share);
        figure.or_higher_by(seen.total_ns as f64)
    };
    let figures = vec![figure("p97", 0.97, 0.1), figure("p99", 0.99, 0.03), figure("p99.9", 0.999, 0.02)];
    Ok(Attempt { figures, seen: seen.words() })
}

/// Stops a process by signal, and returns for how long.
pub(super) fn stop_for(process: &ServerProcess, stall_ns: u64) -> Result<u64, Obstacle> {
    let pid = i32::try_from(process.pid()).ok().and_then(Pid::from_raw);
    // The process is ours and not reaped, so its number can be nobody else's.
    let pid = pid.ok_or_else(|| Obstacle::Other("the process has no number".to_owned()))?;
    let stopped_ns = now_ns();
    kill_process(pid, Signal::STOP).map_err(std::io::Error::from)?;
    while let left_ns @ 1.. = (stopped_ns + stall_ns).saturating_sub(now_ns()) {
        std::thread::sleep(Duration::from_nanos(left_ns));
    }
    kill_process(pid, Signal::CONT).map_err(std::io::Error::from)?;
    Ok(now_ns() - stopped_ns)
}
