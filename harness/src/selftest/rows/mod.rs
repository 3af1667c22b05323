//! The known answers, one table. A new one is a function in a file here and its entry.

mod arithmetic;
mod delays;
mod doubts;
mod generator;
mod inside;
mod memory;
mod proc_files;
mod replies;
mod schedule;
mod stall;
mod strangers;
mod usage;
mod verdicts;

use std::time::Duration;

use super::Bench;
use super::row::Kind::{Calculated, Measured};
use super::row::{Attempt, Kind, Obstacle, Row};

/// Every known answer, in the order in which they are shown.
pub const ROWS: &[Row] = &[
    row("merging", "blocks are pooled, their percentiles never averaged", 1, Calculated, arithmetic::merging),
    row("intervals", "95% intervals hold the truth 95 times of 100", 1, Calculated, arithmetic::intervals),
    row("audit", "equals are told apart 6.5 times of 100 at most", 1, Calculated, verdicts::audit),
    row("chance", "a claim that just holds is said to 5 times of 100 at most", 1, Calculated, doubts::chance),
    row("zeros", "a block with a zero makes no ratio", 1, Calculated, doubts::zeros),
    row("quota", "a CPU quota that stopped the generator is not believed", 1, Calculated, doubts::quota),
    row("unseen", "a machine that nobody saw is not quiet", 1, Calculated, doubts::unseen),
    row("schedule", "arrivals fit their process, whoever sends them", 1, Calculated, schedule::schedule),
    row("proc-files", "what the kernel says is read as it says it", 1, Calculated, proc_files::proc_files),
    row("stall", "a stall is seen by every request that was due in it", 6, Measured, stall::stall),
    row("exponential", "delays of 20 ms on average, exponential", 5, Measured, delays::exponential),
    row("trimodal", "90% in 5 ms, 8.5% in 20 ms, 1.5% in 100 ms", 3, Measured, delays::trimodal),
    row("replies", "every 100th reply dropped, every 250th corrupted", 3, Measured, replies::replies),
    row("ledger", "sessions that end early: nothing disappears", 2, Measured, replies::ledger),
    row("surplus", "every tenth page is written twice", 1, Measured, strangers::surplus),
    row("lengths", "pages that lie about their length", 1, Measured, strangers::lengths),
    row("silence", "nobody is answered, and that is not believed", 1, Measured, strangers::silence),
    row("memory", "512 KiB touched for each connection", 4, Measured, memory::memory),
    row("unread", "bytes that nobody reads are in the sockets", 2, Measured, memory::unread),
    row("threads", "40 threads", 1, Measured, usage::threads),
    row("cpu", "30% of a CPU", 3, Measured, usage::cpu),
    row("switches", "10,000 waits of threads that have ended", 2, Measured, usage::switches),
    row("inside", "what a server says of itself, and that asking costs under 1%", 4, Measured, inside::inside),
    row("generator-stopped", "stopped for 300 ms, it is not believed", 4, Measured, generator::stopped),
    row("generator-overloaded", "asked for too much, it is not believed", 3, Measured, generator::overloaded),
    row("same", "two contenders that are alike", 8, Measured, verdicts::same),
    row("slower", "a contender that is slower by 20%", 8, Measured, verdicts::slower),
];

const fn row(
    name: &'static str,
    claim: &'static str,
    seconds: u64,
    kind: Kind,
    attempt: fn(&Bench) -> Result<Attempt, Obstacle>,
) -> Row {
    Row { name, claim, usual: Duration::from_secs(seconds), kind, attempt }
}

/// What came of a row that no machine can disturb.
fn calculated(figures: Vec<super::Figure>) -> Result<Attempt, Obstacle> {
    Ok(Attempt { figures, seen: String::new() })
}
