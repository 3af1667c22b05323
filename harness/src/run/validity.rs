//! What makes a cell invalid, or doubtful: what holds for any load (`validity/load.rs`), that server and client counted
//! alike, and that nobody else used the machine.
//!
//! Pure functions of a cell. Each check can fail, and a test makes it.

mod load;

use std::iter;
use std::time::Duration;

use reports::record::{Cell, Outcome, Purpose, Shape, Traffic, Warning};
use reports::sabotage::{self, Sabotage};

pub use load::{generator_doubts, traffic_doubts};

/// Shares of all CPUs beyond which the machine was not quiet.
const NOISE: f64 = 0.05;

/// Oversleep of a thread on the generator's CPU beyond which that CPU was taken away.
const LONG_HICCUP: Duration = Duration::from_millis(20);

/// Whether others used the machine so much that the cell should be run again. Looks at the machine and the generator
/// alone, never at what was measured: a cell is not to be run again for its result.
pub(super) fn is_disturbed(cell: &Cell) -> bool {
    let hiccup = cell.noise.max_hiccup_ns.is_some_and(|hiccup_ns| hiccup_ns > LONG_HICCUP.as_nanos() as u64);
    // Of a disturbance a server may die, and that is a result like any other.
    let has_a_result = cell.outcome == Outcome::Completed || cell.disturbance.is_some();
    has_a_result && (hiccup || !noise(cell).is_empty() || was_held_up(cell))
}

/// Whether a generator with CPU to spare sent late all the same: then its CPU was taken away.
fn was_held_up(cell: &Cell) -> bool {
    let is_late = |warning: &Warning| matches!(warning, Warning::ScheduleLag { .. });
    let is_at_its_end =
        |warning: &Warning| matches!(warning, Warning::GeneratorSaturated { .. } | Warning::GeneratorFellBehind { .. });
    cell.warnings.iter().any(is_late) && !cell.warnings.iter().any(is_at_its_end)
}

/// All that speaks against believing a cell.
pub(crate) fn warnings(cell: &Cell) -> Vec<Warning> {
    let mut warnings = noise(cell);
    // A probe is meant to saturate whatever is the slower, which may be the generator.
    if let (Purpose::Measure, Some(usage), Some(traffic)) = (cell.purpose, &cell.generator, &cell.traffic)
        && !sabotage::is(Sabotage::TrustedGenerator)
    {
        let doubts = generator_doubts(usage, traffic);
        warnings.extend(doubts.into_iter().filter(|doubt| !is_before_the_next_newcomer(cell, doubt)));
    }
    if let Some(traffic) = &cell.traffic {
        warnings.extend(traffic_doubts(traffic, Duration::from_nanos(cell.load.window_ns)));
        warnings.extend(counts_differ(cell, traffic));
    }
    warnings
}

/// Whether new clients beside a disturbance came late, and yet each before the next was due. What such a probe shows is
/// which clients were served and when, and neither depends on a part of the time between two.
fn is_before_the_next_newcomer(cell: &Cell, doubt: &Warning) -> bool {
    let (Warning::ScheduleLag { lag_p99_ns, .. }, Shape::Sessions { .. }, Some(rate_rps), Some(_)) =
        (doubt, cell.load.shape, cell.load.offered_load_rps, &cell.disturbance)
    else {
        return false;
    };
    *lag_p99_ns as f64 <= 1e9 / rate_rps
}

fn counts_differ(cell: &Cell, traffic: &Traffic) -> Option<Warning> {
    // A server that died has said nothing of what it served, and nothing can be held against it.
    let server = cell.server.counters?.requests_served;
    let beside = cell.disturbance.as_ref().and_then(|disturbance| disturbance.traffic.as_ref());
    let all = || iter::once(traffic).chain(beside);
    let client: u64 = all().map(|traffic| traffic.ok_in_all).sum();
    let given_up: u64 = all().map(|traffic| traffic.given_up_in_all).sum();
    // What the client gave up may have been served all the same, and nothing else.
    let holds = (client..=client + given_up).contains(&server);
    let detail = format!("{server} served, {client} received");
    (!holds).then(|| Warning::CheckFailed { check: "server and client count alike".to_owned(), detail })
}

fn noise(cell: &Cell) -> Vec<Warning> {
    let percent = |share: f64| format!("{:.0}%", share * 100.0);
    let share = |share: Option<f64>| share.filter(|share| *share > NOISE).map(percent);
    let others = share(cell.noise.other_cpu_share).map(|share| format!("other processes used {share} of all CPUs"));
    let stolen = share(cell.noise.steal_share).map(|share| format!("the hypervisor took {share} of all CPUs away"));
    [others, stolen].into_iter().flatten().map(|what| Warning::NoisyMachine { what }).collect()
}

#[cfg(test)]
mod tests;
