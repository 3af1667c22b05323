//! A generator that could not do what it was asked: its figures must not be believed, and it must say so itself.

use std::thread;
use std::time::{Duration, Instant};

use reports::format::Unit::Nanoseconds;
use reports::record::Warning;

use super::stall::stop_for;
use crate::plan::{ArrivalProcess, LoadSpec};
use crate::selftest::bench::{Bench, echo};
use crate::selftest::figure::Figure;
use crate::selftest::row::{Attempt, Obstacle};
use crate::selftest::subject::{GENERATED, Report};
use crate::selftest::synthetic::Deed;

const STOP_NS: u64 = 300_000_000;

/// What was due meanwhile was late, so the percentiles are those of a stall; only that here it is the generator's, whose
/// lag says so.
pub(super) fn stopped(bench: &Bench) -> Result<Attempt, Obstacle> {
    let server = bench.synthetic(Box::new(|_| Deed::Answer(Duration::ZERO)))?;
    let generator = bench.generator_process(server.address)?;
    let watchman = bench.watch()?;
    // It begins at once; anywhere in its window will do.
    thread::sleep(GENERATED.1 / 3);
    let stopped_ns = stop_for(&generator, STOP_NS)? as f64;
    let line = generator.next_line(Instant::now() + 4 * GENERATED.1)?;
    let seen = watchman.end().and(server.end()?);
    let report = line.and_then(|line| serde_json::from_str::<Report>(&line).ok());
    let report = report.ok_or_else(|| Obstacle::Other("the generator did not report".to_owned()))?;
    let truth_ns = stopped_ns - 0.01 * GENERATED.1.as_nanos() as f64;
    let measured_ns = report.response_p99_ns.unwrap_or(f64::NAN);
    let p99 = Figure::within("p99", Nanoseconds, truth_ns, measured_ns, 0.05);
    let is_told = report.warnings.iter().any(|warning| matches!(warning, Warning::ScheduleLag { .. }));
    let figures = vec![p99.or_higher_by(seen.total_ns as f64), invalid(&report.warnings, is_told)];
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
        vec![invalid(&cell.warnings, is_told), Figure::holds("accounted for", "all asked for", counted, kept)];
    Ok(Attempt { figures, seen: String::new() })
}

fn invalid(warnings: &[Warning], is_told: bool) -> Figure {
    let doubts = warnings.iter().filter(|warning| warning.invalidates()).count();
    let measured = match (doubts, is_told) {
        (0, _) => "believed",
        (_, true) => "not believed",
        (_, false) => "doubted for another reason",
    };
    Figure::holds("the generator", "not believed", measured, is_told && doubts > 0)
}
