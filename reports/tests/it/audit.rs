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

use crate::audit_claims::{dearer, served};

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

/// The share of runs of six times the same server in which some pair is called different.
fn called_different(random: &mut impl Rng, spread: f64) -> f64 {
    let wrong = (0..RUNS).filter(|_| {
        let verdicts = verdicts(&simulated(random, spread, [1.0; CONTENDERS]));
        verdicts.iter().any(|(_, _, verdict)| *verdict == Verdict::Different)
    });
    wrong.count() as f64 / RUNS as f64
}

/// The share of runs in which a fifth more is found on a quiet machine, and in which the interval holds the truth.
fn a_fifth_more(random: &mut impl Rng) -> (f64, f64) {
    let mut times = [1.0; CONTENDERS];
    times[0] = 1.2;
    let (mut found, mut covered) = (0, 0);
    for _ in 0..RUNS {
        let verdicts = verdicts(&simulated(random, 0.04, times));
        let (_, ratio, verdict) = verdicts[0];
        found += usize::from(verdict == Verdict::Different && ratio.value > 1.0);
        covered += usize::from(ratio.interval.is_some_and(|(lo, hi)| lo <= 1.2 && 1.2 <= hi));
    }
    (found as f64 / RUNS as f64, covered as f64 / RUNS as f64)
}

/// Twenty blocks that scatter by a twentieth around a ratio.
fn twenty_blocks(random: &mut impl Rng, times: f64) -> Vec<(f64, f64)> {
    (0..20).map(|_| (times * (0.05 * random.sample::<f64, _>(StandardNormal)).exp(), 1.0)).collect()
}

/// The share of runs in which so many times as much is told, over the floor of a twin that scatters as much.
fn told_over_the_floor(random: &mut impl Rng, times: f64) -> f64 {
    let told = (0..RUNS).filter(|_| {
        let floor = Floor::of(paired_ratio(&twenty_blocks(random, 1.0)).unwrap());
        judge(&paired_ratio(&twenty_blocks(random, times)).unwrap(), &floor, 20) == Verdict::Different
    });
    told.count() as f64 / RUNS as f64
}

/// How many of the runs have a ratio, where some contender has a zero in one block.
fn ratios_in_spite_of_a_zero(random: &mut impl Rng) -> usize {
    let with_a_zero = |random: &mut _| {
        let mut pairs = twenty_blocks(random, 3.0);
        pairs[7].1 = 0.0;
        paired_ratio(&pairs)
    };
    (0..RUNS).filter(|_| with_a_zero(random).is_ok()).count()
}

/// Everything together, as `cargo test -p reports --test it the_audit -- --nocapture` prints it.
#[test]
fn the_audit_finds_what_is_there_and_little_else() {
    let mut findings: Vec<(String, f64, bool)> = Vec::new();
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for spread in [0.02, 0.1, 0.4] {
        let wrong = called_different(&mut random, spread);
        findings.push((format!("six times the same, spread {spread}: called different"), wrong, wrong <= 0.05));
    }
    let (found, covered) = a_fifth_more(&mut ChaCha8Rng::seed_from_u64(5));
    findings.push(("20% more, ten blocks: found".into(), found, found >= 0.8));
    findings.push(("20% more: the 95% interval holds the truth".into(), covered, (0.93..=0.97).contains(&covered)));
    let mut random = ChaCha8Rng::seed_from_u64(13);
    let (told, wrong) = (told_over_the_floor(&mut random, 1.08), told_over_the_floor(&mut random, 1.0));
    findings.push(("8% more, twenty blocks that scatter by 5%, twin too: told".into(), told, told >= 0.8));
    findings.push(("the same, over the same floor: told".into(), wrong, wrong <= 0.05));
    let kept = ratios_in_spite_of_a_zero(&mut random) as f64 / RUNS as f64;
    findings.push(("a zero in one block: a ratio all the same".into(), kept, kept == 0.0));
    let [edge, clear] = [2.0, 5.0].map(|times| dearer(17, times));
    findings.push(("claim \"twice as much\", just so: said to hold".into(), edge.holds, edge.holds <= 0.05));
    findings.push(("claim \"twice as much\", just so: said not to".into(), edge.does_not, edge.does_not <= 0.05));
    findings.push(("claim \"twice as much\", 5 times: said to hold".into(), clear.holds, clear.holds >= 0.8));
    let [edge, clear, short] = [0.95, 1.0, 0.5].map(|share| served(19, share));
    findings.push(("claim \"serves 95%\", just so: said to hold".into(), edge.holds, edge.holds <= 0.05));
    findings.push(("claim \"serves 95%\", just so: said not to".into(), edge.does_not, edge.does_not <= 0.05));
    findings.push(("claim \"serves 95%\", all: said to hold".into(), clear.holds, clear.holds >= 0.8));
    findings.push(("claim \"serves 95%\", half: said not to".into(), short.does_not, short.does_not >= 0.8));
    for (what, share, _) in &findings {
        println!("{what}: {:.1}%", share * 100.0);
    }
    let missed: Vec<_> = findings.iter().filter(|(_, _, holds)| !holds).collect();
    assert!(missed.is_empty(), "{missed:?}");
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
