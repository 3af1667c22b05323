//! The known answers, one table. A new one is a function in a file here and its entry.

mod doubts;
mod processes;
mod replies;
mod statistics;
mod timing;
mod waits;

use std::time::Duration;

use super::bench::{Bench, echo};
use super::figure::SelftestFigure;
use super::lateness::{Lateness, Obstacle};
use super::row::SelftestKind::{Calculated, Measured};
use super::row::{Attempt, SelftestKind, SelftestRow};

/// Every known answer, in the order in which they are shown.
pub const ROWS: &[SelftestRow] = &[
    row("merging", "repetitions are pooled, and their percentiles never averaged", 1, Calculated, statistics::merging),
    row("intervals", "95% intervals contain the truth 95 times in 100", 1, Calculated, statistics::intervals),
    row("audit", "equal servers are called different 6.5 times in 100 at most", 1, Calculated, statistics::audit),
    row("chance", "a claim that barely holds is said to hold 5 times in 100 at most", 1, Calculated, doubts::chance),
    row("zeros", "a repetition with a zero gives no ratio", 1, Calculated, doubts::zeros),
    row("quota", "a CPU quota that stopped the generator is not believed", 1, Calculated, doubts::quota),
    row("happened", "what happens to the machine is reported", 1, Calculated, doubts::happened),
    row("unseen", "a machine that nobody observed does not count as quiet", 1, Calculated, doubts::unseen),
    row("schedule", "arrivals follow their process, whoever sends them", 1, Calculated, timing::schedule),
    row("proc-files", "files under /proc are read as the kernel means them", 1, Calculated, processes::proc_files),
    row("stall", "a stall shows in every request that was due in it", 6, Measured, timing::stall),
    row("exponential", "exponential delays with a mean of 20 ms", 5, Measured, timing::exponential),
    row("trimodal", "delays of 5 ms (90%), 20 ms (8.5%) and 100 ms (1.5%)", 3, Measured, timing::trimodal),
    row("waits", "a call of 5 ms takes as long in all default models and the reactor", 10, Measured, waits::waits),
    row("replies", "every 100th reply dropped, every 250th corrupted", 3, Measured, replies::replies),
    row("ledger", "sessions that end early: no request disappears", 2, Measured, replies::ledger),
    row("surplus", "every tenth page is written twice", 1, Measured, replies::surplus),
    row("lengths", "pages that lie about their length", 1, Measured, replies::lengths),
    row("silence", "nobody gets an answer, and the figures are not believed", 1, Measured, replies::silence),
    row("memory", "512 KiB of memory touched for each connection", 4, Measured, processes::memory),
    row("unread", "bytes that nobody reads are found in the sockets", 2, Measured, processes::unread),
    row("threads", "a process with 40 threads", 1, Measured, processes::threads),
    row("cpu", "a process that uses 30% of a CPU", 3, Measured, processes::cpu),
    row("switches", "10,000 waits of threads that have ended", 2, Measured, processes::switches),
    row("inside", "what a server says of itself is true, and asking costs under 1%", 4, Measured, processes::inside),
    row("generator-stopped", "a generator that was stopped for 300 ms is not believed", 4, Measured, timing::stopped),
    row("generator-overloaded", "a generator that can't keep up is not believed", 3, Measured, timing::overloaded),
    row("same", "two servers that are alike", 8, Measured, statistics::same),
    row("slower", "a server that is slower by 20%", 8, Measured, statistics::slower),
];

const fn row(
    name: &'static str,
    claim: &'static str,
    seconds: u64,
    kind: SelftestKind,
    attempt: fn(&Bench) -> Result<Attempt, Obstacle>,
) -> SelftestRow {
    SelftestRow { name, claim, usual: Duration::from_secs(seconds), kind, attempt }
}

/// What came of a row that no machine can disturb.
fn calculated(figures: Vec<SelftestFigure>) -> Result<Attempt, Obstacle> {
    Ok(Attempt { figures, seen: String::new() })
}
