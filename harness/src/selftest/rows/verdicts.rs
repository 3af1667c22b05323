//! Contenders of which it is known whether they differ, and by how much.

use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};
use reports::metrics::metric;
use reports::record::Cell;
use reports::stats::{Ratio, paired_ratio};
use reports::study::{counts, groups};
use reports::verdict::{Verdict, compare, judge};

use super::super::bench::{Bench, echo};
use super::super::cells;
use super::super::figure::Figure;
use super::super::row::{Attempt, Obstacle};
use super::super::synthetic::Deed;
use super::super::watchman::Disturbance;
use super::calculated;

const METRIC: &str = "response_time_p50";
const USUAL_MS: f64 = 10.0;

/// How much faster or slower than usual each block's server is, as fresh processes are. Those of the first contender
/// scatter far, those of the second hardly, and either cancel out over the blocks: the ratio is known exactly, and that
/// of the best blocks is another.
const SCATTER: [[f64; 10]; 2] = [
    [0.09, -0.09, 0.05, -0.05, 0.02, -0.02, 0.07, -0.07, 0.03, -0.03],
    [-0.01, 0.01, 0.02, -0.02, 0.01, -0.01, -0.02, 0.02, 0.01, -0.01],
];

/// The second contender is the first under another name.
pub(super) fn same(bench: &Bench) -> Result<Attempt, Obstacle> {
    let (ratio, seen) = measure(bench, 1.0)?;
    let verdict = judge(&ratio, blocks_needed());
    let apart = verdict == Verdict::Different;
    Ok(Attempt {
        figures: vec![
            interval(&ratio, 1.0).or_anything_if(is_disturbed(seen)),
            Figure::holds("verdict", "not different", short(verdict), !apart).or_anything_if(is_disturbed(seen)),
        ],
        seen: seen.words(),
    })
}

/// The first contender takes 1.2 times as long as the second.
pub(super) fn slower(bench: &Bench) -> Result<Attempt, Obstacle> {
    let (ratio, seen) = measure(bench, 1.2)?;
    let verdict = judge(&ratio, blocks_needed());
    let is_right = verdict == Verdict::Different && ratio.value > 1.0;
    let said = format!("{}, {:.2}", short(verdict), ratio.value);
    Ok(Attempt {
        figures: vec![
            interval(&ratio, 1.2).or_anything_if(is_disturbed(seen)),
            Figure::holds("verdict", "different, > 1", said, is_right).or_anything_if(is_disturbed(seen)),
        ],
        seen: seen.words(),
    })
}

fn blocks_needed() -> usize {
    metric(METRIC).map_or(usize::MAX, |metric| metric.blocks_for_verdict)
}

/// In a word or two, for a narrow column.
fn short(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::TooFewBlocks { .. } => "too few blocks",
        Verdict::Different => "different",
        Verdict::Equivalent => "equivalent",
        Verdict::CannotTell => "can't tell",
    }
}

/// A pause as long as the delays may be in any median.
fn is_disturbed(seen: Disturbance) -> bool {
    seen.total_ns as f64 > USUAL_MS * 1e6
}

fn interval(ratio: &Ratio, truth: f64) -> Figure {
    let (lo, hi) = ratio.interval.unwrap_or((f64::NAN, f64::NAN));
    let said = format!("{lo:.3} to {hi:.3}");
    Figure::holds("interval of the ratio", &format!("holds {truth}"), said, lo <= truth && truth <= hi)
}

/// Ten blocks, a fresh server for each contender in each, and the ratio of the first to the second.
fn measure(bench: &Bench, times: f64) -> Result<(Ratio, Disturbance), Obstacle> {
    let watchman = bench.watch()?;
    let mut cells = Vec::new();
    for block in 0..SCATTER[0].len() {
        let order = if block % 2 == 0 { [0, 1] } else { [1, 0] };
        for contender in order {
            let delay_ms = USUAL_MS * [times, 1.0][contender] * SCATTER[contender][block].exp();
            let delay = Duration::from_secs_f64(delay_ms / 1e3);
            let cell = valid_cell(bench, delay)?;
            let (contender, order) = (["first", "second"][contender].to_owned(), cells.len() as u32);
            cells.push(Cell { contender, block: block as u32, order, ..cell });
        }
    }
    let seen = watchman.end();
    let run = cells::run(bench, cells);
    let groups = groups(&run);
    let ratio = groups.first().and_then(|group| {
        let point = |series: usize| group.series.get(series)?.points.first();
        compare(metric(METRIC)?, point(0)?, point(1)?)
    });
    let ratio = ratio.ok_or_else(|| Obstacle::Other("no block measured both contenders".to_owned()))?;
    Ok((ratio, seen))
}

/// A cell is run again where the generator could not keep to its schedule, which says nothing of the contender.
fn valid_cell(bench: &Bench, delay: Duration) -> Result<Cell, Obstacle> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let server = bench.synthetic(Box::new(move |_| Deed::Answer(delay)))?;
        let cell = bench.load(&echo(200.0, 32, Duration::from_millis(250)), server.address, |_| {})?;
        server.end()?;
        if counts(&cell) || attempts == MOST_ATTEMPTS {
            return Ok(Cell { attempts, ..cell });
        }
    }
}

const MOST_ATTEMPTS: u32 = 4;

const RUNS: u32 = 1_000;

/// Simulated runs of ten blocks whose figures scatter by a twentieth: one with itself, and one that is slower by 20%.
pub(super) fn audit(_: &Bench) -> Result<Attempt, Obstacle> {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut found = |times: f64| {
        let verdicts = (0..RUNS).filter(|_| {
            let ratio = paired_ratio(&simulated(&mut random, times));
            ratio.is_some_and(|ratio| judge(&ratio, 10) == Verdict::Different)
        });
        verdicts.count() as f64 / f64::from(RUNS)
    };
    let (alike, apart) = (found(1.0), found(1.2));
    let percent = |share: f64| format!("{:.1}%", share * 100.0);
    calculated(vec![
        Figure::holds("called different, alike", "<= 6.5%", percent(alike), alike <= 0.065),
        Figure::holds("called different, 20%", ">= 80%", percent(apart), apart >= 0.8),
    ])
}

fn simulated(random: &mut impl Rng, times: f64) -> Vec<(f64, f64)> {
    // Twelve uniform numbers less six: normal enough, and the same on every machine.
    let mut normal = || (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
    (0..10).map(|_| (times * (0.05 * normal()).exp(), (0.05 * normal()).exp())).collect()
}
