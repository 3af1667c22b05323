//! Each call of the system fails in turn, once, in a small run of its own: nothing panics, nothing hangs, no process and
//! no control group is left, no cell that was finished is lost, and an error says what could not be done.
//!
//! The ordinary tests let a few calls fail, chosen by a seed; `--ignored` lets every one fail. Read in this order:
//! `calls.rs`, `tracer.rs`, `trial.rs`.

mod calls;
mod tracer;
mod trial;

use std::collections::BTreeMap;
use std::thread;

use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use self::calls::Site;
use self::tracer::Chosen;
use self::trial::Trial;

/// What the choice of calls follows from. Another number tries others.
const SEED: u64 = 1;

/// How many calls fail in the ordinary tests, some two seconds each.
const FEW: usize = 12;

#[test]
fn whichever_call_fails_nothing_is_lost_and_the_error_is_told() {
    let calls = trial::calls();
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let sites: Vec<(&Site, &u32)> = calls.iter().collect();
    let chosen = sites.sample(&mut random, FEW);
    let chosen: Vec<Chosen> =
        chosen.map(|(site, made)| Chosen { site: (*site).clone(), nth: random.random_range(1..=**made) }).collect();
    all_end_well(&chosen);
}

#[test]
#[ignore = "a quarter of an hour: the first, the second and the last call of each kind on each file"]
fn every_call_in_turn() {
    let calls = trial::calls();
    let in_turn = |(site, made): (&Site, &u32)| {
        let mut turns = vec![1, 2, made.div_ceil(2), *made];
        turns.retain(|nth| nth <= made);
        turns.sort_unstable();
        turns.dedup();
        turns.into_iter().map(|nth| Chosen { site: site.clone(), nth }).collect::<Vec<_>>()
    };
    all_end_well(&calls.iter().flat_map(in_turn).collect::<Vec<_>>());
}

/// How many runs go on beside each other: most of a run is waiting.
const AT_A_TIME: usize = 4;

/// Lets each of them fail in a run of its own, and tells of all that did not end well.
fn all_end_well(chosen: &[Chosen]) {
    let mut outcomes: BTreeMap<String, u32> = BTreeMap::new();
    let mut wrong = Vec::new();
    for beside_each_other in chosen.chunks(AT_A_TIME) {
        // Each has a thread, which follows nobody else's children.
        let trials = thread::scope(|scope| {
            let begun = beside_each_other.iter().map(|chosen| scope.spawn(|| Trial::of(Some(chosen))));
            begun.collect::<Vec<_>>().into_iter().map(|trial| trial.join().unwrap()).collect::<Vec<_>>()
        });
        for (chosen, trial) in beside_each_other.iter().zip(trials) {
            let faults = trial.faults();
            let outcome = if faults.is_empty() { trial.outcome() } else { "wrong".to_owned() };
            println!("{} ({}): {outcome}", chosen.site, chosen.nth);
            *outcomes.entry(outcome).or_default() += 1;
            wrong.extend(faults.into_iter().map(|fault| format!("{} ({}): {fault}", chosen.site, chosen.nth)));
        }
    }
    println!("{} calls failed: {outcomes:?}", chosen.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
