//! The statistics on data of which the truth is known: how often they find what is not there, and miss what is.
//!
//! Simulated runs scatter as real ones do: every block has a drift that all contenders share, and every cell a deviation
//! of its own. Stored ones are of a server that was compared with itself on a real machine.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::StandardNormal;
use reports::stats::{Ratio, paired_ratio};
use reports::verdict::{Floor, Verdict, judge, judge_all};
use serde::Deserialize;

const RUNS: usize = 2_000;
const BLOCKS: usize = 10;
const CONTENDERS: usize = 6;

/// A value per block for each contender and for the twin of the last.
fn simulated(random: &mut impl Rng, spread: f64, times: [f64; CONTENDERS]) -> Vec<Vec<f64>> {
    let drifts: Vec<f64> = (0..BLOCKS).map(|_| 0.2 * random.sample::<f64, _>(StandardNormal)).collect();
    let mut contender = |times: f64| -> Vec<f64> {
        drifts.iter().map(|drift| times * (drift + spread * random.sample::<f64, _>(StandardNormal)).exp()).collect()
    };
    times.into_iter().chain([times[CONTENDERS - 1]]).map(&mut contender).collect()
}

/// The verdict on each pair, all of them judged together.
fn verdicts(values: &[Vec<f64>]) -> Vec<((usize, usize), Ratio, Verdict)> {
    let pair =
        |a: usize, b: usize| -> Vec<(f64, f64)> { values[a].iter().copied().zip(values[b].iter().copied()).collect() };
    let floor = Floor::of(paired_ratio(&pair(CONTENDERS - 1, CONTENDERS)).unwrap());
    let pairs: Vec<(usize, usize)> = (0..CONTENDERS).flat_map(|a| (a + 1..CONTENDERS).map(move |b| (a, b))).collect();
    let ratios: Vec<Ratio> = pairs.iter().map(|&(a, b)| paired_ratio(&pair(a, b)).unwrap()).collect();
    let judged = judge_all(&ratios, &floor, BLOCKS);
    pairs.into_iter().zip(ratios).zip(judged).map(|((pair, ratio), judged)| (pair, ratio, judged.verdict)).collect()
}

#[test]
fn six_times_the_same_server_are_hardly_ever_called_different() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for spread in [0.02, 0.1, 0.4] {
        let wrong = (0..RUNS).filter(|_| {
            let verdicts = verdicts(&simulated(&mut random, spread, [1.0; CONTENDERS]));
            verdicts.iter().any(|(_, _, verdict)| *verdict == Verdict::Different)
        });
        let share = wrong.count() as f64 / RUNS as f64;
        assert!(share <= 0.065, "{share} of the runs at spread {spread}");
    }
}

#[test]
fn a_fifth_more_is_found_on_a_quiet_machine() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut times = [1.0; CONTENDERS];
    times[0] = 1.2;
    let (mut found, mut covered) = (0, 0);
    for _ in 0..RUNS {
        let verdicts = verdicts(&simulated(&mut random, 0.04, times));
        let (_, ratio, verdict) = verdicts[0];
        found += usize::from(verdict == Verdict::Different && ratio.value > 1.0);
        covered += usize::from(ratio.interval.is_some_and(|(lo, hi)| lo <= 1.2 && 1.2 <= hi));
    }
    let (found, covered) = (found as f64 / RUNS as f64, covered as f64 / RUNS as f64);
    assert!(found >= 0.8, "{found} found");
    assert!((0.93..=0.97).contains(&covered), "{covered} of the intervals hold the truth");
}

#[test]
fn swapped_labels_flip_the_sign_and_nothing_else() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for _ in 0..100 {
        let mut times = [1.0; CONTENDERS];
        times[1] = 1.2;
        let mut values = simulated(&mut random, 0.08, times);
        let there = verdicts(&values)[0];
        values.swap(0, 1);
        let back = verdicts(&values)[0];
        assert!((there.1.value * back.1.value - 1.0).abs() < 1e-12);
        assert_eq!(there.2, back.2);
    }
}

/// One metric at one load of a stored run, in which the same server ran under three names: its value in each block in
/// nanoseconds, absent where the cell was not valid. 25 runs of `compare --preset smoke --experiments latency-curve --models
/// async-multi,async-multi@again --blocks 12`, some on a busy machine.
#[derive(Deserialize)]
struct OfTheSame {
    values: [Vec<Option<f64>>; 3],
}

impl OfTheSame {
    /// The blocks in which both have a value.
    fn pairs(&self, a: usize, b: usize) -> Vec<(f64, f64)> {
        self.values[a].iter().zip(&self.values[b]).filter_map(|(a, b)| a.zip(*b)).collect()
    }

    /// The verdicts on two of the names, the first's values multiplied, with the floor from the second and the third; for
    /// each of the three ways to give out the parts.
    fn verdicts(&self, times: f64) -> impl Iterator<Item = Verdict> {
        [(0, 1, 2), (1, 2, 0), (2, 0, 1)].into_iter().filter_map(move |(a, b, twin)| {
            let floor = Floor::of(paired_ratio(&self.pairs(b, twin)).ok()?);
            let pairs: Vec<(f64, f64)> = self.pairs(a, b).into_iter().map(|(a, b)| (a * times, b)).collect();
            Some(judge(&paired_ratio(&pairs).ok()?, &floor, BLOCKS)).filter(|verdict| verdict.is_one())
        })
    }
}

#[test]
fn a_real_server_is_hardly_ever_called_different_from_itself() {
    let stored: Vec<OfTheSame> = serde_json::from_str(include_str!("../data/same-server.json")).unwrap();
    let different = |times: f64| {
        let verdicts: Vec<Verdict> = stored.iter().flat_map(|point| point.verdicts(times)).collect();
        let different = verdicts.iter().filter(|verdict| **verdict == Verdict::Different).count();
        assert!(verdicts.len() >= 200, "{} verdicts", verdicts.len());
        different as f64 / verdicts.len() as f64
    };
    assert!(different(1.0) <= 0.065, "{} of the verdicts are wrong", different(1.0));
    assert!(different(3.0) >= 0.8, "only {} find what is three times as much", different(3.0));
}
