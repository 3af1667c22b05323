//! When requests are due.

use reports::format::Unit::PerSecond;

use super::calculated;
use crate::load::arrivals::{Arrivals, Share};
use crate::selftest::bench::Bench;
use crate::selftest::figure::Figure;
use crate::selftest::row::{Attempt, Obstacle};

const RATE: f64 = 10_000.0;
const COUNT: usize = 100_000;

/// The rate, the shape of the gaps, their independence; and that a seed gives the same arrivals again, whoever sends.
pub(super) fn schedule(_: &Bench) -> Result<Attempt, Obstacle> {
    let times: Vec<u64> = Arrivals::poisson(RATE, 1).take(COUNT).collect();
    let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
    let last_s = times.last().map_or(f64::NAN, |last| *last as f64 / 1e9);
    let in_ten_seconds = Arrivals::constant(1_000.0).take_while(|due_ns| *due_ns < 10_000_000_000).count();
    // At the 1% level the distance is 1.63 over the root of the number of gaps.
    let distance = distance_from_exponential(&gaps);
    let correlation = lag_one_correlation(&gaps);
    calculated(vec![
        // Four standard errors of a Poisson count.
        Figure::within("rate", PerSecond, RATE, COUNT as f64 / last_s, 4.0 / (COUNT as f64).sqrt()),
        Figure::holds("gaps, from exponential", "< 0.0052", format!("{distance:.4}"), distance < 0.0052),
        Figure::holds("gaps", "independent", format!("r = {correlation:.4}"), correlation.abs() < 0.0127),
        Figure::exact("constant, in 10 s", 10_000, in_ten_seconds as u64),
        of_workers(&times),
    ])
}

/// The Kolmogorov-Smirnov distance of the gaps from the exponential distribution of their rate.
fn distance_from_exponential(gaps: &[f64]) -> f64 {
    let mut sorted = gaps.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let distances = sorted.iter().enumerate().map(|(index, gap)| {
        let expected = 1.0 - (-gap * RATE / 1e9).exp();
        (expected - index as f64 / count).abs().max((expected - (index as f64 + 1.0) / count).abs())
    });
    distances.fold(0.0, f64::max)
}

/// Four standard errors of it are 4 over the root of the number of gaps.
fn lag_one_correlation(gaps: &[f64]) -> f64 {
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance: f64 = gaps.iter().map(|gap| (gap - mean).powi(2)).sum();
    let covariance: f64 = gaps.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    covariance / variance
}

fn of_workers(times: &[u64]) -> Figure {
    let alike = [1, 2, 3].into_iter().filter(|&workers| {
        let share = |worker| Share::new(Arrivals::poisson(RATE, 1), worker, workers).take(COUNT / workers as usize);
        let mut sent: Vec<u64> = (0..workers).flat_map(share).map(|arrival| arrival.due_ns).collect();
        sent.sort_unstable();
        // What is left over where the division leaves a rest is at the end.
        sent[..] == times[..sent.len()]
    });
    Figure::exact("the same by 1, 2, 3 workers", 3, alike.count() as u64)
}
