//! What makes a cell invalid, or doubtful: what holds for any load (`validity/load.rs`), that server and client counted
//! alike, and that nobody else used the machine.
//!
//! Pure functions of a cell. Each check can fail, and a test makes it.

mod load;

use std::iter;
use std::time::Duration;

use instruments::clock::nanoseconds;
use reports::record::{
    Cell, Noise, Outcome, PlacementKind, Purpose, ShapeRecord, Throttled, Traffic, Unobserved, Warning,
};

use reports::study::died_as_a_result;

use load::backend_doubts;
pub use load::{generator_doubts, traffic_doubts};

/// Shares of the CPUs of a run beyond which the machine was not quiet.
pub(crate) const NOISE: f64 = 0.05;

/// Oversleep of a thread on the generator's CPU beyond which that CPU was taken away.
const LONG_HICCUP: Duration = Duration::from_millis(20);

/// The same where server and generator share their CPUs, and take them from each other for as long as a scheduler lets them.
const LONG_HICCUP_WHERE_SHARED: Duration = Duration::from_millis(200);

/// Two clocks that were not kept apart by a suspension agree to this.
const CLOCKS_AGREE: Duration = Duration::from_millis(1);

/// What is so much less than the timeout of new clients changes little of what becomes of them.
const LITTLE_OF_A_TIMEOUT: u64 = 20;

/// Whether others used the machine so much that the cell should be run again. Looks at the machine and the generator
/// alone, never at what was measured: a cell is not to be run again for its result. What lasts is no reason: another run
/// would meet the same quota, see no more, and find a broken server broken. The one exception is a probe without a reply, by
/// which no loads can be chosen.
pub(super) fn is_disturbed(cell: &Cell) -> bool {
    let passes = |warning: &Warning| match warning {
        Warning::GeneratorThrottled(_) | Warning::ServerThrottled(_) | Warning::NotObserved { .. } => false,
        warning => warning.is_of_the_machine(),
    };
    let was_hit = cell.warnings.iter().any(passes) || was_held_up(cell) || is_unanswered_probe(cell);
    // What became of a server that died of what was done to it stands, and says how the machine was.
    cell.outcome == Outcome::Completed && was_hit && !has_broken_server(cell)
}

/// Whether the server sent what nobody had asked for, or all that it answered was wrong. One that answered nobody may not
/// have been given a CPU.
fn has_broken_server(cell: &Cell) -> bool {
    cell.warnings.iter().any(|warning| match warning {
        Warning::SurplusReplies { .. } => true,
        Warning::NothingRight => cell.traffic.as_ref().is_some_and(has_wrong_replies),
        _ => false,
    })
}

fn has_wrong_replies(traffic: &Traffic) -> bool {
    traffic.ledger.error + traffic.ledger.malformed > 0
}

/// Whether a probe tells nothing of its server. It is short, so a few moments without a CPU are enough for that. Who died, or
/// answered wrongly, has said something.
pub(super) fn is_unanswered_probe(cell: &Cell) -> bool {
    let is_silent = |traffic: &Traffic| traffic.ok_within_window == 0 && !has_wrong_replies(traffic);
    let is_whole_probe = cell.purpose == Purpose::CapacityProbe && cell.outcome == Outcome::Completed;
    is_whole_probe && cell.traffic.as_ref().is_some_and(is_silent)
}

/// Whether a generator or a backend with CPU to spare was late all the same: then its CPU was taken away.
fn was_held_up(cell: &Cell) -> bool {
    let is_late = |warning: &Warning| matches!(warning, Warning::ScheduleLag { .. } | Warning::BackendLag { .. });
    let is_at_its_end = |warning: &Warning| {
        matches!(
            warning,
            Warning::GeneratorSaturated { .. } | Warning::GeneratorFellBehind { .. } | Warning::BackendSaturated { .. }
        )
    };
    cell.warnings.iter().any(is_late) && !cell.warnings.iter().any(is_at_its_end)
}

/// All that speaks against believing a cell.
pub(crate) fn warnings(cell: &Cell, placement: PlacementKind) -> Vec<Warning> {
    let mut warnings = noise(cell, placement);
    // A probe is meant to saturate whatever is the slower, which may be the generator.
    if let (Purpose::Measure, Some(usage), Some(traffic)) = (cell.purpose, &cell.generator, &cell.traffic) {
        let doubts = generator_doubts(usage, traffic);
        warnings.extend(doubts.into_iter().filter(|doubt| !is_early_enough_for_newcomers(cell, doubt)));
    }
    if let (Purpose::Measure, Some(usage), Some(traffic)) = (cell.purpose, &cell.backend, &cell.traffic) {
        warnings.extend(backend_doubts(usage, traffic));
    }
    if let Some(traffic) = &cell.traffic {
        let doubts = traffic_doubts(traffic, Duration::from_nanos(cell.load.window_ns));
        // That nobody was served is what a disturbance was to show, where it is so.
        let is_the_result = |doubt: &Warning| *doubt == Warning::NothingRight && cell.disturbance.is_some();
        warnings.extend(doubts.into_iter().filter(|doubt| !is_the_result(doubt)));
        warnings.extend(counts_differ(cell, traffic));
    }
    warnings
}

/// Whether new clients beside a disturbance came late, by little of the time that they wait for an answer. What such a
/// probe shows is which clients were served and for how long none was.
fn is_early_enough_for_newcomers(cell: &Cell, doubt: &Warning) -> bool {
    let (Warning::ScheduleLag { lag_p99_ns, .. }, ShapeRecord::Sessions { .. }, Some(_)) =
        (doubt, cell.load.shape, &cell.disturbance)
    else {
        return false;
    };
    *lag_p99_ns <= cell.load.timeout_ns / LITTLE_OF_A_TIMEOUT
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

/// What others did to the machine during a cell, and what is not known of it.
fn noise(cell: &Cell, placement: PlacementKind) -> Vec<Warning> {
    let mut doubts = machine_doubts(&cell.noise, placement);
    // Where a cell says what it was run for: it ended as planned, or the server died of what was done to it.
    if cell.outcome == Outcome::Completed || died_as_a_result(cell) {
        doubts.extend(unseen(cell));
    }
    doubts
}

/// What happened to the machine while it was watched that throws doubt on whatever was measured meanwhile.
pub fn machine_doubts(noise: &Noise, placement: PlacementKind) -> Vec<Warning> {
    let percent = |share: f64| format!("{:.0}%", share * 100.0);
    let share = |share: Option<f64>| share.filter(|share| *share > NOISE).map(percent);
    let others = share(noise.other_cpu_share).map(|share| format!("other processes used {share} of this run's CPUs"));
    let stolen = share(noise.steal_share).map(|share| format!("the hypervisor took {share} of this run's CPUs away"));
    let throttled = |throttled: Option<Throttled>| throttled.filter(|throttled| throttled.periods > 0);
    let allowed_ns = nanoseconds(match placement {
        PlacementKind::Isolated => LONG_HICCUP,
        PlacementKind::Shared => LONG_HICCUP_WHERE_SHARED,
    });
    let hiccup = noise.max_hiccup_ns.filter(|hiccup_ns| *hiccup_ns > allowed_ns);
    let suspended = noise.suspended_ns.filter(|suspended_ns| *suspended_ns > nanoseconds(CLOCKS_AGREE));
    let mut doubts: Vec<Warning> =
        [others, stolen].into_iter().flatten().map(|what| Warning::NoisyMachine { what }).collect();
    doubts.extend(hiccup.map(|max_hiccup_ns| Warning::Hiccup { max_hiccup_ns, allowed_ns }));
    doubts.extend(throttled(noise.generator_throttled).map(Warning::GeneratorThrottled));
    doubts.extend(throttled(noise.server_throttled).map(Warning::ServerThrottled));
    doubts.extend(suspended.map(|suspended_ns| Warning::Suspended { suspended_ns }));
    doubts
}

/// What is absent of the noise without a word why: what nobody has seen is not quiet.
fn unseen(cell: &Cell) -> Vec<Warning> {
    let noise = &cell.noise;
    let reason = || "nothing was recorded of it".to_owned();
    if *noise == Noise::default() && cell.warnings.is_empty() {
        return vec![Warning::NotObserved { what: Unobserved::Machine, reason: reason() }];
    }
    let is_seen = [
        (Unobserved::OtherPrograms, noise.other_cpu_share.is_some() && noise.steal_share.is_some()),
        (Unobserved::Hiccups, noise.max_hiccup_ns.is_some()),
        (Unobserved::GeneratorQuota, noise.generator_throttled.is_some()),
        (Unobserved::ServerQuota, noise.server_throttled.is_some()),
        (Unobserved::Suspension, noise.suspended_ns.is_some()),
    ];
    let is_said = |unobserved: Unobserved| {
        cell.warnings.iter().any(|warning| matches!(warning, Warning::NotObserved { what, .. } if *what == unobserved))
    };
    let missing = is_seen.into_iter().filter(|(what, is_seen)| !is_seen && !is_said(*what));
    missing.map(|(what, _)| Warning::NotObserved { what, reason: reason() }).collect()
}

#[cfg(test)]
pub(super) mod tests;
