//! How the headline figures went from run to run, within one machine and under about one load.
//!
//! The offered loads of a run follow from what its contenders could do, so they are not quite the same in the next run.
//! A run whose load is further off than a quarter from that of the newest is left out, and the figure says so. Must not
//! know: files, HTML. Beside it: `charts/trend.rs`, which draws.

use itertools::Itertools;
use serde::Serialize;

use super::entry::Entry;
use crate::charts::trend::{Trend, TrendChange, TrendLine, TrendValue, draw};
use crate::charts::{DataRow, DataTable};
use crate::format::{self, Unit};
use crate::machine::MachineIdentity;
use crate::study::COLOURS;
use crate::summary::ContenderFigure;

/// Loads are about the same up to this ratio.
const SAME_LOAD: f64 = 1.25;

/// The trends of one machine.
#[derive(Debug, Serialize)]
pub(super) struct MachineTrends {
    machine: MachineIdentity,
    runs: usize,
    figures: Vec<TrendFigure>,
    /// What there is no picture of, and why.
    absent: Vec<String>,
}

#[derive(Debug, Serialize)]
struct TrendFigure {
    id: String,
    title: String,
    svg: String,
    notes: Vec<String>,
    table: DataTable,
}

/// What a figure is about: figures that differ in one of these are not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct TrendSubject<'a> {
    experiment: &'a str,
    workload: &'a str,
    metric: &'a str,
}

impl<'a> TrendSubject<'a> {
    fn of(figure: &'a ContenderFigure) -> TrendSubject<'a> {
        TrendSubject { experiment: &figure.experiment, workload: &figure.workload, metric: &figure.metric }
    }
}

/// The trends of each machine that has two runs or more that are no smoke tests, that of the newest run first. `entries` are the newest first.
pub(super) fn trends(entries: &[Entry]) -> Vec<MachineTrends> {
    let mut machines: Vec<(&MachineIdentity, Vec<&Entry>)> = Vec::new();
    for entry in entries.iter().filter(|entry| !entry.is_a_smoke_test()) {
        match machines.iter_mut().find(|(machine, _)| machine.fingerprint == entry.machine.fingerprint) {
            Some((_, runs)) => runs.push(entry),
            None => machines.push((&entry.machine, vec![entry])),
        }
    }
    let several = machines.into_iter().filter(|(_, runs)| runs.len() > 1);
    several.map(|(machine, runs)| of_machine(machine, &runs)).collect()
}

fn of_machine(machine: &MachineIdentity, runs: &[&Entry]) -> MachineTrends {
    let (mut figures, mut absent) = (Vec::new(), Vec::new());
    for subject in subjects(runs) {
        let Some(newest) = newest(runs, subject) else { continue };
        match figure(machine, runs, subject, newest) {
            Some(figure) => figures.push(figure),
            None => {
                let loads = newest.offered_load_rps.map_or(Vec::new(), |load| vec![load]);
                absent.push(format!("{}: no second run has it, or none at about this load.", title(newest, &loads)));
            }
        }
    }
    MachineTrends { machine: machine.clone(), runs: runs.len(), figures, absent }
}

/// The newest figure of a subject.
fn newest<'a>(runs: &[&'a Entry], subject: TrendSubject<'_>) -> Option<&'a ContenderFigure> {
    runs.iter().flat_map(|run| &run.figures).find(|figure| TrendSubject::of(figure) == subject)
}

fn subjects<'a>(runs: &[&'a Entry]) -> Vec<TrendSubject<'a>> {
    runs.iter().flat_map(|run| &run.figures).map(TrendSubject::of).unique().collect()
}

/// One subject over the runs, which are given the newest first and drawn the oldest first.
fn figure(
    machine: &MachineIdentity,
    runs: &[&Entry],
    subject: TrendSubject<'_>,
    newest: &ContenderFigure,
) -> Option<TrendFigure> {
    let own = |run: &'_ &Entry| run.figures.iter().any(|figure| TrendSubject::of(figure) == subject);
    let (mut kept, mut left_out) = (Vec::new(), 0);
    for run in runs.iter().rev().filter(|run| own(run)) {
        let figures: Vec<&ContenderFigure> =
            run.figures.iter().filter(|figure| TrendSubject::of(figure) == subject).collect();
        match figures.iter().all(|figure| about_same(figure.offered_load_rps, newest.offered_load_rps)) {
            true => kept.push((*run, figures)),
            false => left_out += 1,
        }
    }
    if kept.len() < 2 {
        return None;
    }
    let names: Vec<String> = kept.iter().map(|(run, _)| short_time(&run.started_at)).collect();
    let lines = lines(&kept);
    let heading = format::capitalised(&newest.label);
    let changes = changes(&kept.iter().map(|(run, _)| *run).collect::<Vec<_>>());
    let svg = draw(&Trend { heading: &heading, unit: newest.unit, runs: &names, lines: &lines, changes: &changes });
    let loads: Vec<f64> = kept.iter().filter_map(|(_, figures)| figures.first()?.offered_load_rps).collect();
    Some(TrendFigure {
        id: format!("trend-{}-{}-{}-{}", machine.fingerprint, subject.experiment, subject.workload, subject.metric),
        title: title(newest, &loads),
        svg,
        notes: notes(left_out, &loads, &changes),
        table: table(newest.unit, &kept, &lines),
    })
}

fn about_same(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one <= other * SAME_LOAD && other <= one * SAME_LOAD,
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// `p99 response time of sleep 5 ms at 3,300 to 3,400/s offered`.
fn title(newest: &ContenderFigure, loads: &[f64]) -> String {
    let subject = format!("{} of {}", format::capitalised(&newest.label), newest.workload_label);
    match range(loads) {
        Some((lo, hi)) if lo == hi => format!("{subject} at {} offered", Unit::PerSecond.show(lo)),
        Some((lo, hi)) => format!("{subject} at {} offered", Unit::PerSecond.range(lo, hi)),
        None => subject,
    }
}

fn range(loads: &[f64]) -> Option<(f64, f64)> {
    loads.iter().copied().minmax_by(f64::total_cmp).into_option()
}

fn notes(left_out: u64, loads: &[f64], changes: &[TrendChange]) -> Vec<String> {
    let mut notes: Vec<String> = changes.iter().map(|change| format!("{}.", change.text)).collect();
    if range(loads).is_some_and(|(lo, hi)| lo < hi) {
        notes.push("The load differs a little from run to run, as what the servers could do differed.".to_owned());
    }
    if left_out > 0 {
        let runs = format::counted(left_out, "run");
        notes.push(format!("{runs} left out: the load was more than a quarter off that of the newest."));
    }
    notes
}

/// What ran on the machine changed between these runs, which are given the oldest first: a step there may be of its making.
/// Of two runs that do not both know what they ran on, nothing is said.
fn changes(runs: &[&Entry]) -> Vec<TrendChange> {
    let pairs = runs.windows(2).enumerate();
    let changed = pairs.filter_map(|(place, pair)| {
        let (before, after) = (&pair[0].software, &pair[1].software);
        let changed = after.iter().filter_map(|(what, now)| {
            let then = before.get(what).filter(|then| *then != now)?;
            Some(format!("{what} {now} instead of {then}"))
        });
        let text = format!("From {} on with {}", short_time(&pair[1].started_at), format::listed(changed)?);
        Some(TrendChange { before_run: place + 1, text })
    });
    changed.collect()
}

/// A line per contender, in the order in which the newest runs have them, so that colours stay as runs are added.
fn lines(kept: &[(&Entry, Vec<&ContenderFigure>)]) -> Vec<TrendLine> {
    let labels = kept.iter().rev().flat_map(|(run, _)| &run.contenders).unique();
    let line = |(index, label): (usize, &String)| {
        let value = |(_, figures): &(&Entry, Vec<&ContenderFigure>)| {
            let figure = figures.iter().find(|figure| figure.contender == *label)?;
            Some(TrendValue { value: figure.value, lo: figure.lo, hi: figure.hi })
        };
        let values = kept.iter().map(value).collect();
        TrendLine { index, colour: index % COLOURS, label: label.clone(), values }
    };
    let lines = labels.enumerate().map(line);
    lines.filter(|line| line.values.iter().any(Option::is_some)).collect()
}

fn table(unit: Unit, kept: &[(&Entry, Vec<&ContenderFigure>)], lines: &[TrendLine]) -> DataTable {
    let mut columns = vec!["server".to_owned()];
    columns.extend(kept.iter().map(|(run, figures)| {
        let load = figures.first().and_then(|figure| figure.offered_load_rps);
        let load = load.map_or(String::new(), |load| format!(", {}", Unit::PerSecond.show(load)));
        format!("{}{load}", short_time(&run.started_at))
    }));
    let show = |value: &Option<TrendValue>| match value {
        Some(TrendValue { value, lo: Some(lo), hi: Some(hi) }) => {
            format!("{} ({})", unit.show(*value), unit.range(*lo, *hi))
        }
        Some(TrendValue { value, .. }) => unit.show(*value),
        None => "-".to_owned(),
    };
    let rows = lines.iter().map(|line| {
        let cells = std::iter::once(line.label.clone()).chain(line.values.iter().map(show));
        DataRow { contender: line.index, cells: cells.collect() }
    });
    DataTable { columns, rows: rows.collect() }
}

/// `01-02 03:04` of `2026-01-02T03:04:05Z`: short enough to stand under an axis.
fn short_time(started_at: &str) -> String {
    match (started_at.get(5..10), started_at.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time}"),
        _ => started_at.to_owned(),
    }
}
