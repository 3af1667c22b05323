//! The known answers, one table. A new one is a function in a file here and its entry.

mod doubts;
mod processes;
mod replies;
mod statistics;
mod timing;
mod waits;

use std::time::Duration;

use super::Bench;
use super::lateness::Obstacle;
use super::row::SelftestKind::{Calculated, Measured};
use super::row::{Attempt, SelftestKind, SelftestRow};

/// Every known answer, in the order in which they are shown.
pub const ROWS: &[SelftestRow] = &[
    row("merging", "blocks are pooled, their percentiles never averaged", 1, Calculated, statistics::merging),
    row("intervals", "95% intervals hold the truth 95 times of 100", 1, Calculated, statistics::intervals),
    row("audit", "equals are told apart 6.5 times of 100 at most", 1, Calculated, statistics::audit),
    row("chance", "a claim that just holds is said to 5 times of 100 at most", 1, Calculated, doubts::chance),
    row("zeros", "a block with a zero makes no ratio", 1, Calculated, doubts::zeros),
    row("quota", "a CPU quota that stopped the generator is not believed", 1, Calculated, doubts::quota),
    row("happened", "what happens to the machine is said", 1, Calculated, doubts::happened),
    row("unseen", "a machine that nobody saw is not quiet", 1, Calculated, doubts::unseen),
    row("schedule", "arrivals fit their process, whoever sends them", 1, Calculated, timing::schedule),
    row("proc-files", "what the kernel says is read as it says it", 1, Calculated, processes::proc_files),
    row("stall", "a stall is seen by every request that was due in it", 6, Measured, timing::stall),
    row("exponential", "delays of 20 ms on average, exponential", 5, Measured, timing::exponential),
    row("trimodal", "90% in 5 ms, 8.5% in 20 ms, 1.5% in 100 ms", 3, Measured, timing::trimodal),
    row("waits", "a call of 5 ms takes as long in all default models and the reactor", 10, Measured, waits::waits),
    row("replies", "every 100th reply dropped, every 250th corrupted", 3, Measured, replies::replies),
    row("ledger", "sessions that end early: nothing disappears", 2, Measured, replies::ledger),
    row("surplus", "every tenth page is written twice", 1, Measured, replies::surplus),
    row("lengths", "pages that lie about their length", 1, Measured, replies::lengths),
    row("silence", "nobody is answered, and that is not believed", 1, Measured, replies::silence),
    row("memory", "512 KiB touched for each connection", 4, Measured, processes::memory),
    row("unread", "bytes that nobody reads are in the sockets", 2, Measured, processes::unread),
    row("threads", "40 threads", 1, Measured, processes::threads),
    row("cpu", "30% of a CPU", 3, Measured, processes::cpu),
    row("switches", "10,000 waits of threads that have ended", 2, Measured, processes::switches),
    row("inside", "what a server says of itself, and that asking costs under 1%", 4, Measured, processes::inside),
    row("generator-stopped", "stopped for 300 ms, it is not believed", 4, Measured, timing::stopped),
    row("generator-overloaded", "asked for too much, it is not believed", 3, Measured, timing::overloaded),
    row("same", "two contenders that are alike", 8, Measured, statistics::same),
    row("slower", "a contender that is slower by 20%", 8, Measured, statistics::slower),
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
fn calculated(figures: Vec<super::SelftestFigure>) -> Result<Attempt, Obstacle> {
    Ok(Attempt { figures, seen: String::new() })
}
