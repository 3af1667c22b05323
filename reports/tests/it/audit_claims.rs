//! Claims on simulated records of which the truth is known, three blocks each: how often they are said to hold where
//! they just don't, and how often they are found to where they do.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::StandardNormal;
use reports::record::store::Run;
use reports::record::{BoundValue, Decision, Fate, Relation, RequestEvent};
use reports::study::groups;
use reports::verdict::{BLOCKS_FOR_A_CLAIM, Ruling, decide};

use crate::fixture_trials::{self, condition, value, with_blocks};

const RUNS: usize = 500;

/// Requests of a probe while something is done to its server, as in a quick run.
const REQUESTS: u64 = 180;

fn normal(random: &mut impl Rng) -> f64 {
    random.sample(StandardNormal)
}

/// The share of the runs in which a claim was said to hold, and in which it was said not to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Said {
    pub(crate) holds: f64,
    pub(crate) does_not: f64,
}

fn said(experiment: &str, decision: &Decision, mut simulate: impl FnMut() -> Run) -> Said {
    let (mut holds, mut does_not) = (0, 0);
    for _ in 0..RUNS {
        let run = simulate();
        let groups = groups(&run);
        let own: Vec<_> = groups.iter().filter(|group| group.experiment.name == experiment).collect();
        match decide(decision, &own).ruling {
            Ruling::Holds | Ruling::HoldsOnlyFor { .. } => holds += 1,
            Ruling::DoesNotHold => does_not += 1,
            Ruling::CannotTell(_) => {}
        }
    }
    let share = |count: usize| count as f64 / RUNS as f64;
    Said { holds: share(holds), does_not: share(does_not) }
}

/// The cells of one experiment of the fixture, a block each of so many.
fn blocks_of(experiment: &str) -> Run {
    let mut run = with_blocks(fixture_trials::run(), BLOCKS_FOR_A_CLAIM as u32);
    run.manifest.experiments.retain(|other| other.name == experiment);
    run.cells.retain(|cell| cell.experiment == experiment);
    // Nothing but the few figures that claims are about is looked at.
    for traffic in run.cells.iter_mut().filter_map(|cell| cell.traffic.as_mut()) {
        let nothing = fixture_trials::traffic(Vec::new());
        (traffic.service_time, traffic.response_time) = (nothing.service_time, None);
        traffic.events.clear();
    }
    run
}

/// "Costs at least twice as much", where it costs `times` as much; blocks have a drift that both share, and every cell
/// scatters by a tenth.
pub(crate) fn dearer(seed: u64, times: f64) -> Said {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let bound = BoundValue::Times { factor: 2.0, of: value("cpu_per_connection", "async-multi") };
    let twice = condition("it", value("cpu_per_connection", "threaded"), Relation::AtLeast, bound);
    let template = blocks_of("churn");
    said("churn", &Decision { conditions: vec![twice] }, || {
        let mut run = template.clone();
        let drifts: Vec<f64> = (0..BLOCKS_FOR_A_CLAIM).map(|_| 0.2 * normal(&mut random)).collect();
        for cell in &mut run.cells {
            let times = if cell.contender == "threaded" { times } else { 1.0 };
            let log = drifts[cell.block as usize] + 0.1 * normal(&mut random);
            cell.server.window_cpu_ns = Some((20e6 * times * log.exp()) as u64);
        }
        run
    })
}

/// "Serves at least 95%", where it serves `share`, and each server somewhat more or less.
pub(crate) fn served(seed: u64, share: f64) -> Said {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let most = condition("it", value("probe_success", "async-multi"), Relation::AtLeast, BoundValue::Number(0.95));
    let mut template = blocks_of("idle-flood");
    template.cells.retain(|cell| cell.contender == "async-multi");
    said("idle-flood", &Decision { conditions: vec![most] }, || {
        let mut run = template.clone();
        for cell in &mut run.cells {
            let of_server = (share + 0.01 * normal(&mut random)).clamp(0.0, 1.0);
            let fate = |random: &mut ChaCha8Rng| if random.random_bool(of_server) { Fate::Ok } else { Fate::Timeout };
            let event = |at| RequestEvent {
                at_ns: fixture_trials::FROM + at,
                took_ns: 1_000_000,
                fate: fate(&mut random),
                connection: None,
            };
            cell.traffic.as_mut().unwrap().events = (0..REQUESTS).map(event).collect();
        }
        run
    })
}
