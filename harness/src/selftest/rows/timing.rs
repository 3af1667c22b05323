//! When requests are due, when replies come, and what becomes of a percentile where a server or the generator stands still:
//! servers whose delays are known to the microsecond, one that is stopped for a while, and a generator that could not do
//! what it was asked. The figures of the last must not be believed, and it must say so itself.

use std::thread;
use std::time::{Duration, Instant};

use instruments::clock::{now_ns, sleep_until};
use instruments::load::arrivals::{Arrivals, Share};
use instruments::load::{ArrivalProcess, LoadSpec};
use reports::format::Unit::{Nanoseconds, PerSecond};
use reports::record::Warning;

use super::{Attempt, Bench, Obstacle, SelftestFigure, calculated, echo};
use crate::process::ServerProcess;
use crate::selftest::cells::{lateness, response_percentile};
use crate::selftest::subject::{GENERATED, Report, SelftestSubject};
use crate::selftest::synthetic::{RequestNumber, ScriptedReply};

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
        SelftestFigure::within("rate", PerSecond, RATE, COUNT as f64 / last_s, 4.0 / (COUNT as f64).sqrt()),
        SelftestFigure::holds("gaps, from exponential", "< 0.0052", format!("{distance:.4}"), distance < 0.0052),
        SelftestFigure::holds("gaps", "independent", format!("r = {correlation:.4}"), correlation.abs() < 0.0127),
        SelftestFigure::exact("constant, in 10 s", 10_000, in_ten_seconds as u64),
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

fn of_workers(times: &[u64]) -> SelftestFigure {
    let alike = [1, 2, 3].into_iter().filter(|&workers| {
        let share = |worker| Share::new(Arrivals::poisson(RATE, 1), worker, workers).take(COUNT / workers as usize);
        let mut sent: Vec<u64> = (0..workers).flat_map(share).map(|arrival| arrival.due_ns).collect();
        sent.sort_unstable();
        // What is left over where the division leaves a rest is at the end.
        sent[..] == times[..sent.len()]
    });
    SelftestFigure::exact("the same by 1, 2, 3 workers", 3, alike.count() as u64)
}

const MEAN_NS: f64 = 20e6;

/// One delay from each of as many equal parts of the distribution as there are requests: it is met exactly.
pub(super) fn exponential(bench: &Bench) -> Result<Attempt, Obstacle> {
    let delay = |share: f64| Duration::from_nanos((-(1.0 - share).ln() * MEAN_NS) as u64);
    // -20 ms ln(1 - q).
    let truths = [(0.5, "p50", 13.863e6), (0.9, "p90", 46.052e6), (0.99, "p99", 92.103e6)];
    percentiles(bench, 1, Delays { requests: 2_000, rate_rps: 500.0, of: delay, tolerance: 0.05 }, &truths)
}

/// By two workers, of which one has the fast requests alone: what both saw together is true, and not the mean of what
/// each saw.
pub(super) fn trimodal(bench: &Bench) -> Result<Attempt, Obstacle> {
    let delay = |share: f64| match share {
        share if share < 0.9 => Duration::from_millis(5),
        share if share < 0.985 => Duration::from_millis(20),
        _ => Duration::from_millis(100),
    };
    let truths = [(0.5, "p50", 5e6), (0.8, "p80", 5e6), (0.95, "p95", 20e6), (0.99, "p99", 100e6)];
    // Two workers share a CPU and do not poll, which at 5 ms is some hundredths.
    percentiles(bench, 2, Delays { requests: 1_000, rate_rps: 400.0, of: delay, tolerance: 0.1 }, &truths)
}

/// The quantile function of the delays; each of so many requests takes another part of it.
struct Delays {
    requests: u64,
    rate_rps: f64,
    of: fn(f64) -> Duration,
    /// By how much a percentile may be off, as a share of it.
    tolerance: f64,
}

fn percentiles(bench: &Bench, workers: u32, delays: Delays, truths: &[(f64, &str, f64)]) -> Result<Attempt, Obstacle> {
    let Delays { requests, rate_rps, of, tolerance } = delays;
    let script = move |asked: RequestNumber| ScriptedReply::Answer(of(part(asked.number, requests, workers.into())));
    let server = bench.synthetic(Box::new(script))?;
    let (_awake, watch) = (bench.keep_awake()?, bench.watch()?);
    let window = Duration::from_secs_f64(requests as f64 / rate_rps);
    // Each connection rests for half a second, several times the longest delay: no request waits behind another.
    let cell = bench.load_with(workers, &echo(rate_rps, 256, window), server.address, |_| {})?;
    let seen = watch.end().and(server.end()?).and(lateness(&cell));
    let figure = |(q, name, truth_ns): &(f64, &str, f64)| {
        let measured_ns = response_percentile(&cell, *q);
        // It may have been hit on the way there and on the way back.
        SelftestFigure::within(name, Nanoseconds, *truth_ns, measured_ns, tolerance)
            .or_higher_by(seen.may_delay_by(2.0 * seen.longest_ns as f64, window))
    };
    Ok(Attempt { figures: truths.iter().map(figure).collect(), seen: seen.words() })
}

/// Which part of the distribution, 0 to 1, a request takes. The workers take turns, and the first have the lower parts.
fn part(number: u64, requests: u64, workers: u64) -> f64 {
    let each = requests / workers;
    let (worker, turn) = (number % workers, number / workers);
    // A prime that does not divide the number of requests, so that every part comes up once, in a mixed order.
    let mixed = (turn * 7_919) % each;
    ((worker * each + mixed) as f64 + 0.5) / requests as f64
}

const WINDOW: Duration = Duration::from_secs(5);
const STALL_NS: u64 = 200_000_000;

/// A request that was due `t` into a stall of `D` waits for the rest of it, so that of requests at equal distances over
/// a window `T` the percentile `q` is `D - (1 - q) T`. A generator that waits for replies before it sends, or whose
/// clock starts at the sending, would see a slow request per connection at most.
pub(super) fn stall(bench: &Bench) -> Result<Attempt, Obstacle> {
    let server = bench.server("async-single")?;
    let watch = bench.watch()?;
    let mut stalled = None;
    let cell = bench.load(&echo(1_000.0, 32, WINDOW), server.address(), |moments| {
        if stalled.is_none() && now_ns() > moments.window_start_ns + 2_000_000_000 {
            stalled = Some(stop_for(&server, STALL_NS));
        }
    })?;
    let seen = watch.end().and(lateness(&cell));
    let stalled_ns = stalled.ok_or_else(|| Obstacle::Other("the load ended before the stall".to_owned()))?? as f64;
    let truth = |q: f64| stalled_ns - (1.0 - q) * WINDOW.as_nanos() as f64;
    // A time without a CPU lengthens response times by itself at most.
    let figure = |name, q: f64, share| {
        let figure = SelftestFigure::within(name, Nanoseconds, truth(q), response_percentile(&cell, q), share);
        figure.or_higher_by(seen.may_delay_by(seen.total_ns as f64, WINDOW))
    };
    let figures = vec![figure("p97", 0.97, 0.1), figure("p99", 0.99, 0.03), figure("p99.9", 0.999, 0.02)];
    Ok(Attempt { figures, seen: seen.words() })
}

/// Stops a process by signal, and returns for how long; an obstacle where it has ended.
fn stop_for(process: &ServerProcess, stall_ns: u64) -> Result<u64, Obstacle> {
    let stopped_ns = now_ns();
    process.pause().map_err(|error| Obstacle::Other(format!("a process could not be stopped: {error}")))?;
    while !sleep_until(stopped_ns + stall_ns) {}
    process.resume();
    Ok(now_ns() - stopped_ns)
}

const STOP_NS: u64 = 300_000_000;

/// What was due meanwhile was late, so the percentiles are those of a stall; only that here it is the generator's, whose
/// lag says so.
pub(super) fn stopped(bench: &Bench) -> Result<Attempt, Obstacle> {
    let server = bench.synthetic(Box::new(|_| ScriptedReply::Answer(Duration::ZERO)))?;
    let generator = bench.subject_beside_servers(SelftestSubject::Generator(server.address))?;
    let watch = bench.watch()?;
    // It begins at once; anywhere in its window will do.
    thread::sleep(GENERATED.1 / 3);
    let stopped_ns = stop_for(&generator, STOP_NS)? as f64;
    let line = generator.next_line(Instant::now() + 4 * GENERATED.1)?;
    let seen = watch.end().and(server.end()?);
    let report = line.and_then(|line| serde_json::from_str::<Report>(&line).ok());
    let report = report.ok_or_else(|| Obstacle::Other("the generator did not report".to_owned()))?;
    let truth_ns = stopped_ns - 0.01 * GENERATED.1.as_nanos() as f64;
    let p99 = SelftestFigure::within("p99", Nanoseconds, truth_ns, report.response_p99_ns, 0.05);
    let is_told = report.warnings.iter().any(|warning| matches!(warning, Warning::ScheduleLag { .. }));
    let p99 = p99.or_higher_by(seen.may_delay_by(seen.total_ns as f64, GENERATED.1));
    let figures = vec![p99, invalid(&report.warnings, is_told)];
    Ok(Attempt { figures, seen: seen.words() })
}

/// The closed loop may have been bounded by the server, so twice ten times what it reached.
pub(super) fn overloaded(bench: &Bench) -> Result<Attempt, Obstacle> {
    let server = bench.server("async-single")?;
    let window = Duration::from_millis(500);
    let at_most = LoadSpec { arrivals: ArrivalProcess::Closed, ..echo(1.0, 64, window) };
    let reached = bench.load(&at_most, server.address(), |_| {})?.traffic.map_or(0, |traffic| traffic.ok_within_window);
    let most_rps = reached as f64 / window.as_secs_f64();
    if reached == 0 {
        return Err(Obstacle::Other("the server answered nothing".to_owned()));
    }
    let excessive = LoadSpec { timeout: Duration::from_millis(100), ..echo(20.0 * most_rps, 64, window) };
    let cell = bench.load(&excessive, server.address(), |_| {})?;
    let is_told = cell
        .warnings
        .iter()
        .any(|warning| matches!(warning, Warning::GeneratorFellBehind { .. } | Warning::GeneratorSaturated { .. }));
    let asked = 20.0 * most_rps * window.as_secs_f64();
    let ledger = cell.traffic.map(|traffic| traffic.ledger).unwrap_or_default();
    // Half a request at either end of the window.
    let kept = (ledger.scheduled as f64 - asked).abs() <= 2.0 && ledger.accounted_for() == ledger.scheduled;
    let counted = format!("{} of {asked:.0}", ledger.accounted_for());
    let figures =
        vec![invalid(&cell.warnings, is_told), SelftestFigure::holds("accounted for", "all asked for", counted, kept)];
    Ok(Attempt { figures, seen: String::new() })
}

fn invalid(warnings: &[Warning], is_told: bool) -> SelftestFigure {
    let doubts = warnings.iter().filter(|warning| warning.invalidates()).count();
    let measured = match (doubts, is_told) {
        (0, _) => "believed",
        (_, true) => "not believed",
        (_, false) => "doubted for another reason",
    };
    SelftestFigure::holds("the generator", "not believed", measured, is_told && doubts > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_distribution_comes_up_once() {
        for (requests, workers) in [(2_000, 1), (1_000, 2)] {
            let mut parts: Vec<f64> = (0..requests).map(|number| part(number, requests, workers)).collect();
            parts.sort_by(f64::total_cmp);
            let expected: Vec<f64> = (0..requests).map(|index| (index as f64 + 0.5) / requests as f64).collect();
            assert_eq!(parts, expected);
        }
    }

    #[test]
    fn the_second_worker_has_all_the_slow_requests() {
        assert!((0..1_000).step_by(2).all(|number| part(number, 1_000, 2) < 0.5));
    }
}
