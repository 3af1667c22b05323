//! What must not be believed, nor concluded: a machine that stopped the generator, one that nobody saw, blocks that have no
//! ratio, and claims that hold by chance.

use std::fs;
use std::thread;
use std::time::Duration;

use hdrhistogram::Histogram;
use instruments::observe::{MachineWatch, QuotaReader, ServerCpu};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use reports::metrics::metric;
use reports::record::{
    Cell, Decision, HistogramRecord, Ledger, Noise, PlacementKind, ServerUsage, Throttled, Traffic, Unobserved, Warning,
};
use reports::stats::{NoRatio, WhyNoRatio};
use reports::study::{disturbed_by, groups};
use reports::verdict::{BLOCKS_FOR_A_CLAIM, Ruling, compare, decide};

use super::statistics::{block, normal};
use super::{Attempt, Bench, Obstacle, SelftestFigure, calculated};
use crate::experiments::declare::{at, at_least, times, value};
use crate::run::warnings;

/// A quota used up in 12 of 20 periods, as the kernel writes it in either version of control groups, and one whose group is
/// not mounted.
pub(super) fn quota(_: &Bench) -> Result<Attempt, Obstacle> {
    let folder = tempfile::tempdir()?;
    let tree =
        |kind: &str, options: &str| format!("30 23 0:26 / {} rw - {kind} {kind} {options}\n", folder.path().display());
    let write = |periods: u64, stopped: &str| {
        fs::write(folder.path().join("cpu.stat"), format!("nr_throttled {periods}\n{stopped}\n"))
    };
    let versions = [
        ("version 1", "2:cpu:/\n", tree("cgroup", "rw,cpu"), ["throttled_time 70000000", "throttled_time 670000000"]),
        ("version 2", "0::/\n", tree("cgroup2", "rw"), ["throttled_usec 70000", "throttled_usec 670000"]),
    ];
    let mut figures = Vec::new();
    for (version, groups, mounts, [before, after]) in versions {
        write(3, before)?;
        let reader = QuotaReader::around(groups, &mounts)?;
        let first = reader.so_far()?;
        write(15, after)?;
        let throttled = reader.so_far()?.since(first);
        figures.push(SelftestFigure::exact(version, 12, throttled.periods));
        figures.push(SelftestFigure::exact("stopped for, ms", 600, throttled.stopped_ns / 1_000_000));
        let doubts = warnings(&quiet(Noise { generator_throttled: Some(throttled), ..QUIET }), ISOLATED);
        figures.push(SelftestFigure::said("believed", !doubts.iter().any(Warning::invalidates), false));
        figures.push(SelftestFigure::said(
            "not mounted, taken for none",
            QuotaReader::around(groups, "").is_ok(),
            false,
        ));
    }
    calculated(figures)
}

/// The kernel's files are not where they should be, and nothing else is wrong.
pub(super) fn unseen(_: &Bench) -> Result<Attempt, Obstacle> {
    let nowhere = tempfile::tempdir()?;
    let watch = MachineWatch::start_reading(nowhere.path(), Vec::new(), Vec::new());
    // Longer than the shortest span of which the kernel's ticks say something.
    thread::sleep(Duration::from_millis(250));
    let seen = watch.stop(ServerCpu::Used(0));
    let says_why = |warnings: &[Warning]| {
        let is_it = |warning: &Warning| matches!(warning, Warning::NotObserved { what: Unobserved::OtherPrograms, .. });
        warnings.iter().any(is_it)
    };
    let quiet_but_for =
        |noise: Noise| Noise { other_cpu_share: noise.other_cpu_share, steal_share: noise.steal_share, ..QUIET };
    let mut cell = quiet(quiet_but_for(seen.noise));
    cell.warnings = warnings(&cell, ISOLATED);
    calculated(vec![
        SelftestFigure::said("the observer says why", says_why(&seen.unobserved), true),
        SelftestFigure::said("the record says so", says_why(&cell.warnings), true),
        SelftestFigure::said("taken for quiet", disturbed_by(&cell).is_none(), false),
        SelftestFigure::said("a quiet one, taken for quiet", warnings(&quiet(QUIET), ISOLATED).is_empty(), true),
    ])
}

/// What may happen to a machine, one thing at a time.
pub(super) fn happened(_: &Bench) -> Result<Attempt, Obstacle> {
    let throttled = Throttled { periods: 1, stopped_ns: 50_000_000 };
    let said = |name: &str, noise: Noise, is_it: fn(&Warning) -> bool| {
        let doubts = warnings(&quiet(noise), ISOLATED);
        SelftestFigure::said(name, doubts.len() == 1 && is_it(&doubts[0]) && doubts[0].is_of_the_machine(), true)
    };
    let is_noise = |warning: &Warning| matches!(warning, Warning::NoisyMachine { .. });
    let late = Noise { max_hiccup_ns: Some(25_000_000), ..QUIET };
    let slept = Noise { suspended_ns: Some(3_000_000_000), ..QUIET };
    let stopped = Noise { server_throttled: Some(throttled), ..QUIET };
    calculated(vec![
        said("others used 20%", Noise { other_cpu_share: Some(0.2), ..QUIET }, is_noise),
        said("20% was stolen", Noise { steal_share: Some(0.2), ..QUIET }, is_noise),
        said("a thread was late", late, |warning| matches!(warning, Warning::Hiccup { .. })),
        said("it was suspended", slept, |warning| matches!(warning, Warning::Suspended { .. })),
        said("the server was stopped", stopped, |warning| matches!(warning, Warning::ServerThrottled(_))),
    ])
}

/// Ten blocks of a server that refused nobody, beside one that refused some in every block.
pub(super) fn zeros(bench: &Bench) -> Result<Attempt, Obstacle> {
    const BLOCKS: u32 = 10;
    let cell = |contender: &str, number: u32, zero: bool| Cell {
        contender: contender.to_owned(),
        block: number,
        server: ServerUsage { window_cpu_ns: Some(if zero { 0 } else { 5_000_000 }), ..ServerUsage::default() },
        ..block(&[(10, 1_000)])
    };
    let ratio_with = |zeros: u32| {
        let both = |number| [cell("first", number, number < zeros), cell("second", number, false)];
        let run = bench.run_of((0..BLOCKS).flat_map(both).collect());
        let groups = groups(&run);
        let group = groups.first()?;
        let point = |series: usize| group.series.get(series)?.points.first();
        Some(compare(metric(CPU)?, point(0)?, point(1)?))
    };
    let refused = |zeros: usize| Some(Err(NoRatio { why: WhyNoRatio::NotPositive, blocks: [zeros, 0], of: [10, 10] }));
    calculated(vec![
        SelftestFigure::said("1 zero of 10: a ratio", ratio_with(1) != refused(1), false),
        SelftestFigure::said("10 zeros of 10: a ratio", ratio_with(BLOCKS) != refused(10), false),
        SelftestFigure::said("no zero: a ratio", matches!(ratio_with(0), Some(Ok(_))), true),
    ])
}

const CPU: &str = "cpu_per_request";
const RUNS: u32 = 400;

/// "Costs at least twice as much", of a server that costs just twice as much and of one that costs four times; a tenth of
/// scatter in each block. One block decides nothing.
pub(super) fn chance(bench: &Bench) -> Result<Attempt, Obstacle> {
    let mut random = ChaCha8Rng::seed_from_u64(23);
    // How many requests there were is looked at, and not how long they took.
    let nothing = HistogramRecord::from_histogram(&Histogram::<u64>::new(1).expect("a digit that it accepts"), 0);
    let ledger = Ledger { scheduled: 100, ok: 100, ..Ledger::default() };
    let traffic = Traffic { ledger, ok_within_window: 100, ok_in_all: 100, ..Traffic::new(nothing) };
    let template = Cell { traffic: Some(traffic), ..block(&[(10, 1)]) };
    let noisy = Warning::NoisyMachine { what: "other programs used 20% of this run's CPUs".to_owned() };
    let disturbed = Cell { warnings: vec![noisy], ..template.clone() };
    let mut held = |template: &Cell, times: f64, blocks: usize| {
        let rulings = (0..RUNS).filter(|_| ruling(bench, template, &mut random, times, blocks) == Ruling::Holds);
        rulings.count() as f64 / f64::from(RUNS)
    };
    let (edge, clear) = (held(&template, 2.0, BLOCKS_FOR_A_CLAIM), held(&template, 4.0, BLOCKS_FOR_A_CLAIM));
    let (single, noisy) = (held(&template, 4.0, 1), held(&disturbed, 4.0, BLOCKS_FOR_A_CLAIM));
    let percent = |share: f64| format!("{:.1}%", share * 100.0);
    calculated(vec![
        SelftestFigure::holds("said to hold, just so", "<= 5%", percent(edge), edge <= 0.05),
        SelftestFigure::holds("said to hold, 4 times", ">= 80%", percent(clear), clear >= 0.8),
        SelftestFigure::holds("said to hold, one repetition", "0%", percent(single), single == 0.0),
        SelftestFigure::holds("said to hold, others there", "0%", percent(noisy), noisy == 0.0),
    ])
}

fn ruling(bench: &Bench, template: &Cell, random: &mut impl Rng, as_much: f64, blocks: usize) -> Ruling {
    let mut cells = Vec::new();
    for number in 0..blocks {
        for (contender, as_much) in [("first", as_much), ("second", 1.0)] {
            let window_cpu_ns = Some((20e6 * as_much * (0.1 * normal(random)).exp()) as u64);
            let server = ServerUsage { window_cpu_ns, ..ServerUsage::default() };
            let (contender, number) = (contender.to_owned(), number as u32);
            cells.push(Cell { contender, block: number, server, variation: Some(1.0), ..template.clone() });
        }
    }
    let run = bench.run_of(cells);
    let cpu = |contender| at(1.0, value(CPU, contender));
    let decision = Decision { conditions: vec![at_least("it", cpu("first"), times(2.0, cpu("second")))] };
    let groups = groups(&run);
    decide(&decision, &groups.iter().collect::<Vec<_>>()).ruling
}

const ISOLATED: PlacementKind = PlacementKind::Isolated;

/// A machine that was seen and on which nothing happened.
const QUIET: Noise = Noise {
    other_cpu_share: Some(0.0),
    steal_share: Some(0.0),
    cpu_pressure_share: None,
    max_hiccup_ns: Some(0),
    generator_throttled: Some(Throttled { periods: 0, stopped_ns: 0 }),
    server_throttled: Some(Throttled { periods: 0, stopped_ns: 0 }),
    suspended_ns: Some(0),
    segments_sent_again: Some(0),
    sampler_cpu_share: None,
    channel_cpu_share: None,
};

fn quiet(noise: Noise) -> Cell {
    Cell { noise, ..block(&[(10, 100)]) }
}
