//! What a server says of its inside, and what it costs to ask: the same load twice, watched with and without asking.

use std::thread;
use std::time::Duration;

use crate::clock::now_ns;
use crate::observe::{Extent, Observed, Observer, Watch};
use crate::selftest::bench::{Bench, echo};
use crate::selftest::figure::Figure;
use crate::selftest::row::{Attempt, Obstacle};

const CONNECTIONS: u32 = 40;
const RATE_RPS: f64 = 500.0;
const WINDOW: Duration = Duration::from_millis(1_500);

/// So long after the load that one answer is of its end, were it not for the machine.
const AFTERWARDS: Duration = Duration::from_millis(200);

/// On the model with a thread for each connection, since every thread has to be read.
pub(super) fn inside(bench: &Bench) -> Result<Attempt, Obstacle> {
    let watchman = bench.watch()?;
    let Watched { observed: without, .. } = watched(bench, Asking::Off)?;
    let Watched { answered, ended_ns, observed: with } = watched(bench, Asking::On)?;
    let seen = watchman.end();
    let answers = with.inside.as_ref().map(|inside| inside.answers.as_slice()).unwrap_or_default();
    let last = answers.last().filter(|answer| answer.at_ns >= ended_ns);
    let last = last.ok_or_else(|| Obstacle::Other("the server gave no answer after the load".to_owned()))?;
    let open = answers.iter().map(|answer| answer.open_connections).max().unwrap_or(0);
    let share =
        |share: Option<f64>| share.ok_or_else(|| Obstacle::Other("the sampler's CPU time is missing".to_owned()));
    let asking = share(with.noise.sampler_cpu_share)? - share(without.noise.sampler_cpu_share)?;
    let cost = asking.max(0.0) + share(with.noise.channel_cpu_share)?;
    let figures = vec![
        Figure::exact("connections open", u64::from(CONNECTIONS), open),
        Figure::exact("requests ended", answered, last.requests_ended),
        Figure::share("CPU of asking, both sides", 0.0, cost, 1.0),
    ];
    Ok(Attempt { figures, seen: seen.words() })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asking {
    On,
    Off,
}

struct Watched {
    /// Requests that were answered.
    answered: u64,
    /// When the load had ended, on the clock of what was observed.
    ended_ns: u64,
    observed: Observed,
}

/// A fresh server under the load.
fn watched(bench: &Bench, asking: Asking) -> Result<Watched, Obstacle> {
    let server = bench.server("threaded")?;
    let origin_ns = now_ns();
    let watch = Watch {
        pid: server.pid(),
        extent: Extent::Alone,
        origin_ns,
        interval: Duration::from_millis(50),
        kernel_stack_bytes_per_thread: bench.machine.kernel_stack_bytes_per_thread,
        cpus: bench.placement.generator_cpus.clone(),
    };
    let observer = match asking {
        Asking::On => {
            let mut channel = server.channel()?;
            Observer::start_asking(watch, Box::new(move || channel.ask()))
        }
        Asking::Off => Observer::start(watch),
    };
    let cell = bench.load(&echo(RATE_RPS, CONNECTIONS, WINDOW), server.address(), |_| {})?;
    let ended_ns = now_ns() - origin_ns;
    thread::sleep(AFTERWARDS);
    let observed = observer.stop();
    Ok(Watched { answered: cell.traffic.map_or(0, |traffic| traffic.ledger.ok), ended_ns, observed })
}
