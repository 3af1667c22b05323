//! What is concluded from samples whose distribution is known, and of contenders of which it is known whether they differ,
//! and by how much.

use std::time::Duration;

use hdrhistogram::Histogram;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};
use reports::format::Unit::Nanoseconds;
use reports::metrics::{metric, response_quantile};
use reports::record::{Cell, HistogramRecord, Ledger, Traffic};
use reports::stats::{Distribution, Quantile, Ratio, paired_ratio};
use reports::study::{Pool, counts, groups};
use reports::verdict::{Floor, Verdict, compare, judge};

use super::{Attempt, Bench, Lateness, Obstacle, SelftestFigure, calculated, echo};
use crate::selftest::cells;
use crate::selftest::synthetic::ScriptedReply;

/// Two blocks of a thousand requests: 10 ms each in one; in the other every twentieth takes 500 ms. Of both together
/// 2.5% are slow, so p99 is 500 ms. The mean of the two p99s would be 255 ms, which no request took.
pub(super) fn merging(_: &Bench) -> Result<Attempt, Obstacle> {
    let (fast, slow) = (block(&[(10, 1_000)]), block(&[(10, 950), (500, 50)]));
    let pool = Pool::of(vec![&fast, &slow]);
    let figure = |name, p, truth_ms: f64| {
        SelftestFigure::within(name, Nanoseconds, truth_ms * 1e6, response_quantile(&pool, p).value(), 0.002)
    };
    let pooled = SelftestFigure::exact("requests", 2_000, pool.response().len());
    calculated(vec![pooled, figure("p50", 0.5, 10.0), figure("p97", 0.97, 10.0), figure("p99", 0.99, 500.0)])
}

/// A cell whose requests took so many milliseconds, so many of each.
pub(super) fn block(times: &[(u64, u64)]) -> Cell {
    let mut histogram = histogram();
    for (ms, count) in times {
        histogram.record_n(ms * 1_000_000, *count).expect("an hour is enough");
    }
    let record =
        HistogramRecord::from_histogram(&histogram, times.iter().map(|(ms, count)| ms * 1_000_000 * count).sum());
    let ok = histogram.len();
    let traffic = Traffic {
        ledger: Ledger { scheduled: ok, ok, ..Ledger::default() },
        ok_within_window: ok,
        ok_in_all: ok,
        response_time: Some(record.clone()),
        ..Traffic::new(record)
    };
    Cell { traffic: Some(traffic), ..cells::empty(&echo(100.0, 1, Duration::from_secs(1))) }
}

const SAMPLES: u32 = 1_000;

/// Samples of 500 from an exponential distribution of mean 20 ms. Order statistics come in steps, so an interval holds
/// the truth a little more often than it says, and never much less often.
pub(super) fn intervals(_: &Bench) -> Result<Attempt, Obstacle> {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let figure = |(p, name): (f64, &str)| {
        let truth = (-(1.0 - p).ln() * 20e6) as u64;
        let held = (0..SAMPLES).filter(|_| holds(&mut random, p, truth)).count();
        // 95% of a thousand samples, give or take four standard errors of its own, and what the steps add.
        SelftestFigure::share(name, 0.96, held as f64 / f64::from(SAMPLES), 3.5)
    };
    calculated([(0.5, "p50"), (0.9, "p90"), (0.99, "p99")].map(figure).into())
}

fn holds(random: &mut impl Rng, p: f64, truth: u64) -> bool {
    let mut sample = histogram();
    for _ in 0..500 {
        let share: f64 = random.random();
        sample.record((-(1.0 - share).ln() * 20e6) as u64 + 1).expect("an hour is enough");
    }
    match Quantile::of_recordings(&Distribution::of([&sample]), p) {
        Quantile::Measured { lo, hi, .. } => lo <= truth && hi.is_none_or(|hi| truth <= hi),
        Quantile::BeyondTimeout(_) | Quantile::TooFewSamples { .. } => false,
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 3_600_000_000_000, 3).expect("constants that it accepts")
}

const METRIC: &str = "response_time_p50";
const USUAL_MS: f64 = 40.0;
const WINDOW: Duration = Duration::from_millis(250);

/// How much faster or slower than usual each block's server is, as fresh processes are. Those of the first contender
/// scatter far, those of the second hardly, and either cancel out over the blocks: the ratio is known exactly, and that
/// of the best blocks is another.
const SCATTER: [[f64; 2]; BLOCKS] = [
    [0.16, -0.01],
    [-0.16, 0.01],
    [0.08, 0.02],
    [-0.08, -0.02],
    [0.04, 0.01],
    [-0.04, -0.01],
    [0.12, -0.02],
    [-0.12, 0.02],
    [0.05, 0.01],
    [-0.05, -0.01],
];
const BLOCKS: usize = 10;

/// The second contender is the first under another name.
pub(super) fn same(bench: &Bench) -> Result<Attempt, Obstacle> {
    let compared = measure(bench, 1.0)?;
    let verdict = compared.verdict();
    let is_right = matches!(verdict, Verdict::Indistinguishable { .. } | Verdict::Equivalent { .. });
    Ok(compared.attempt(1.0, SelftestFigure::holds("verdict", "not different", short(verdict), is_right)))
}

/// The first contender takes 1.2 times as long as the second.
pub(super) fn slower(bench: &Bench) -> Result<Attempt, Obstacle> {
    let compared = measure(bench, 1.2)?;
    let (verdict, ratio) = (compared.verdict(), compared.ratio.value);
    let is_right = verdict == Verdict::Different && ratio > 1.0;
    let said = format!("{}, {ratio:.2}", short(verdict));
    Ok(compared.attempt(1.2, SelftestFigure::holds("verdict", "different, > 1", said, is_right)))
}

/// A ratio of two contenders, and what the machine may have done to it.
struct ComparedBlocks {
    ratio: Ratio,
    /// By what share of the ratio it may be off.
    explained: f64,
    seen: Lateness,
}

impl ComparedBlocks {
    fn verdict(&self) -> Verdict {
        // The scatter is declared and cancels out, so that nothing has to be run twice.
        judge(&self.ratio, &Floor::default(), metric(METRIC).map_or(usize::MAX, |metric| metric.blocks_for_verdict))
    }

    fn attempt(&self, truth: f64, verdict: SelftestFigure) -> Attempt {
        let ComparedBlocks { ratio, explained, seen } = self;
        let figure = SelftestFigure::interval("ratio", truth, ratio.value, ratio.interval);
        let figure = figure.or_higher_by(truth * explained).or_lower_by(truth * explained);
        // Blocks in which the generator was late do not count, and then there may be too few: a single one has no interval.
        let figure = figure.or_anything_if(ratio.interval.is_none());
        let verdict = verdict.or_anything_if(*explained > 0.0 || ratio.blocks < BLOCKS);
        Attempt { figures: vec![figure, verdict], seen: seen.words() }
    }
}

/// In a word or two, for a narrow column.
fn short(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::TooFewBlocks { .. } => "too few repetitions",
        Verdict::Different => "different",
        Verdict::Equivalent { .. } => "equivalent",
        Verdict::Indistinguishable { .. } => "can't tell",
    }
}

/// Ten blocks, a fresh server for each contender in each, and the ratio of the first to the second.
fn measure(bench: &Bench, times: f64) -> Result<ComparedBlocks, Obstacle> {
    let (mut cells, mut seen, mut explained) = (Vec::new(), Lateness::default(), 0.0);
    for (block, scatter) in SCATTER.iter().enumerate() {
        let order = if block % 2 == 0 { [0, 1] } else { [1, 0] };
        for contender in order {
            let delay_ms = USUAL_MS * [times, 1.0][contender] * scatter[contender].exp();
            let (cell, disturbance) = valid_cell(bench, Duration::from_secs_f64(delay_ms / 1e3))?;
            seen = seen.and(disturbance);
            explained += disturbance.may_move_a_median_by(WINDOW) / 1e6 / delay_ms / BLOCKS as f64;
            let (contender, order) = (["first", "second"][contender].to_owned(), cells.len() as u32);
            cells.push(Cell { contender, block: block as u32, order, ..cell });
        }
    }
    let run = bench.run_of(cells);
    let groups = groups(&run);
    let ratio = groups.first().and_then(|group| {
        let point = |series: usize| group.series.get(series)?.points.first();
        compare(metric(METRIC)?, point(0)?, point(1)?).ok()
    });
    let ratio = ratio.ok_or_else(|| Obstacle::Other("no repetition measured both servers".to_owned()))?;
    Ok(ComparedBlocks { ratio, explained, seen })
}

/// A cell is run again where the generator could not keep to its schedule, which says nothing of the contender.
fn valid_cell(bench: &Bench, delay: Duration) -> Result<(Cell, Lateness), Obstacle> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let server = bench.synthetic(Box::new(move |_| ScriptedReply::Answer(delay)))?;
        let watch = bench.watch()?;
        let cell = bench.load(&echo(200.0, 32, WINDOW), server.address, |_| {})?;
        let seen = watch.end().and(server.end()?);
        if counts(&cell) || attempts == MOST_ATTEMPTS {
            return Ok((Cell { attempts, ..cell }, seen));
        }
    }
}

const MOST_ATTEMPTS: u32 = 4;

const RUNS: u32 = 1_000;

/// Simulated runs of ten blocks whose figures scatter by a twentieth: one with itself, and one that is slower by 20%. The
/// verdict has a floor besides chance, so chance is looked at by itself too: at a level of 5%, as often it is wrong.
pub(super) fn audit(_: &Bench) -> Result<Attempt, Obstacle> {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut found = |times: f64, is_different: fn(&Ratio) -> bool| {
        let runs = (0..RUNS).filter_map(|_| paired_ratio(&simulated(&mut random, times)).ok());
        runs.filter(is_different).count() as f64 / f64::from(RUNS)
    };
    let by_verdict = |ratio: &Ratio| judge(ratio, &Floor::default(), 10) == Verdict::Different;
    let (alike, apart) = (found(1.0, by_verdict), found(1.2, by_verdict));
    let by_chance = found(1.0, |ratio| ratio.p_value().is_some_and(|p| p < 0.05));
    let percent = |share: f64| format!("{:.1}%", share * 100.0);
    calculated(vec![
        SelftestFigure::holds("called different, alike", "<= 6.5%", percent(alike), alike <= 0.065),
        SelftestFigure::holds("below 5%, alike", "<= 6.5%", percent(by_chance), by_chance <= 0.065),
        SelftestFigure::holds("called different, 20%", ">= 80%", percent(apart), apart >= 0.8),
    ])
}

fn simulated(random: &mut impl Rng, times: f64) -> Vec<(f64, f64)> {
    (0..10).map(|_| (times * (0.05 * normal(random)).exp(), (0.05 * normal(random)).exp())).collect()
}

/// Twelve uniform numbers less six: normal enough, and the same on every machine.
pub(super) fn normal(random: &mut impl Rng) -> f64 {
    (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0
}
