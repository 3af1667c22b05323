//! The tables: a row per contender, at one load that is named.
//!
//! Must not know: HTML, terminals. Beside it: `answers.rs`.

use super::{SummaryTable, TableColumn, TableRow, TableValue, stacked};
use crate::format::{self, Unit};
use crate::metrics::{Column, Metric, Reading, metrics_in, slope_per_connection};
use crate::objective::carries;
use crate::record::Phase;
use crate::stats::Estimate;
use crate::study::{Group, Series, Standing, counts};
use crate::words::Title;

/// Valid blocks that it takes for a load to be shown.
pub(super) const BLOCKS_OF_A_TABLE: usize = 1;

pub(super) fn of(group: &Group<'_>) -> Vec<SummaryTable> {
    let mut tables = Vec::new();
    if !group.loads().is_empty() {
        tables.push(load_table(group));
    }
    if group.series.iter().any(|series| !series.stages.is_empty()) {
        tables.push(connection_table(group));
    }
    tables
}

fn load_table(group: &Group<'_>) -> SummaryTable {
    let load = group.telling_load(BLOCKS_OF_A_TABLE);
    let label = &group.workload.label;
    let title = match load {
        Some(load) => {
            let who = who_kept_up(group.sound_at(load).len(), group.series.len());
            let why = format!("the highest load that {who} kept up with; failures are of all loads");
            Title::of(format!("Response times at {}: {label}", Unit::PerSecond.show(load))).and(why)
        }
        None => Title::of(format!("Nobody kept up with any load: {label}")),
    };
    let mut columns = vec![column("kept up with", "Highest offered load tried that it kept up with.")];
    columns.extend(metrics_in(Column::AtOneLoad).map(|metric| column(metric.short, metric.how_to_read)));
    columns.push(column("failed", "Requests without a correct reply, over all loads tried."));
    columns.push(column("never answered", "Connections that never got a single answer, over all loads tried."));
    let rows = group.series.iter().map(|series| {
        let kept = series.kept_up_to();
        let mut values = vec![match kept {
            Some(load) => {
                let more = series.may_carry_more().then(|| "or more: nothing valid was measured above".to_owned());
                number(load, Unit::PerSecond, more)
            }
            None if !series.has_valid_cell() => {
                TableValue { text: "no valid measurement".into(), ..missing("cannot tell") }
            }
            None => missing("none of the loads tried"),
        }];
        values.extend(metrics_in(Column::AtOneLoad).map(|metric| at_load(series, metric, load)));
        values.push(failed(series));
        values.push(never_answered(series));
        row(series, values)
    });
    table(group, title, columns, rows.collect())
}

/// Why the table is at its load and at no higher one.
fn who_kept_up(sound: usize, all: usize) -> &'static str {
    match sound {
        _ if sound == all => "every server",
        _ if sound >= 2 && 2 * sound >= all => "at least half of the servers",
        _ => "as many servers as possible",
    }
}

fn connection_table(group: &Group<'_>) -> SummaryTable {
    let parts = stacked(group);
    let unit = parts.first().map_or(Unit::Bytes, |part| part.unit);
    let mut columns = vec![column("per idle connection", "Slope over all connection counts, of all measured parts.")];
    columns.extend(parts.iter().map(|part| column(part.label, part.how_to_read)));
    let threads =
        "Most threads seen while connections were held; one may be there only to answer questions on the inside.";
    columns.push(column("threads", threads));
    columns.push(column("answered", "Held connections that got an answer to their one request, at the most held."));
    let rows = group.series.iter().map(|series| {
        let mut values = vec![slope(slope_per_connection(series, &parts), unit)];
        values.extend(parts.iter().map(|part| slope(slope_per_connection(series, &[part]), part.unit)));
        let threads = series.stages.iter().filter(|held| held.counts()).map(|held| held.stage.sample.threads).max();
        values.push(threads.map_or_else(|| missing("not measured"), |n| number(n as f64, Unit::Count, None)));
        values.push(match series.answered_of_held() {
            Some((answered, held)) => TableValue {
                text: format!("{} of {}", format::count(answered), format::count(held)),
                number: Some(answered as f64),
                remark: None,
            },
            None => missing("not asked"),
        });
        row(series, values)
    });
    let most =
        group.series.iter().flat_map(|series| series.phase(Phase::Idle)).map(|held| held.stage.connections).max();
    let title = format!("Memory per idle connection, up to {} held", format::count(most.unwrap_or(0)));
    table(group, Title::of(title), columns, rows.collect())
}

/// A row per contender; nothing where the experiment has no objective.
pub(super) fn under_objective(group: &Group<'_>) -> Option<SummaryTable> {
    let objective = group.experiment.objective.as_ref()?;
    let columns = [
        ("carries", "Geometric mean over all searches of the highest offered load that keeps the objective."),
        ("searches", "Those that came to their end, of those that were begun."),
    ];
    let carried = |series: &Series<'_>| {
        let carries = carries(objective, series);
        let (load, remark) = (carries.load.map(|load| load.value), Some(carries.remark()));
        let blocks = format!("{} of {}", carries.finished(), carries.blocks.len());
        let blocks = TableValue { text: blocks, number: Some(carries.finished() as f64), remark: None };
        row(series, vec![TableValue { text: carries.show(), number: load, remark }, blocks])
    };
    let title = format!("Carried with {}: {}", objective.words(), group.workload.label);
    let title = Title::of(title).and("requests per second, with no request failed");
    let columns = columns.map(|(label, help)| column(label, help)).into();
    Some(table(group, title, columns, group.series.iter().map(carried).collect()))
}

/// The table with a row more per contender that was not measured, so that none is left out in silence; in the run's order.
pub(super) fn table(
    group: &Group<'_>,
    title: Title,
    columns: Vec<TableColumn>,
    mut rows: Vec<TableRow>,
) -> SummaryTable {
    rows.extend(group.unmeasured.iter().map(|(index, contender)| {
        let none = TableValue { text: "no valid measurement".into(), ..missing("was not measured") };
        let (contender, name) = (contender.label.clone(), contender.name());
        TableRow { index: *index, contender, name, values: vec![none; columns.len()] }
    }));
    rows.sort_by_key(|row| row.index);
    let (experiment, workload) = (group.experiment.name.clone(), group.workload.key.clone());
    SummaryTable { experiment, workload, note: title.beside.join(", "), title: title.said, columns, rows }
}

/// A reading as it stands in a table.
pub(super) fn shown(reading: Reading, unit: Unit) -> TableValue {
    TableValue { text: reading.show(unit), number: reading.value(), remark: reading.remark(unit) }
}

pub(super) fn column(label: &str, help: &str) -> TableColumn {
    TableColumn { label: label.to_owned(), help: help.to_owned() }
}

fn row(series: &Series<'_>, values: Vec<TableValue>) -> TableRow {
    TableRow { index: series.index, contender: series.contender.label.clone(), name: series.name.clone(), values }
}

fn number(value: f64, unit: Unit, remark: Option<String>) -> TableValue {
    TableValue { text: unit.show(value), number: Some(value), remark }
}

fn missing(why: &str) -> TableValue {
    TableValue { text: "-".into(), number: None, remark: Some(why.to_owned()) }
}

fn slope(slope: Option<Estimate>, unit: Unit) -> TableValue {
    let Some(slope) = slope else { return missing("not measured, or nothing valid") };
    number(slope.value, unit, slope.interval.map(|(lo, hi)| unit.range(lo, hi)))
}

fn at_load(series: &Series<'_>, metric: &Metric, load: Option<f64>) -> TableValue {
    let Some(load) = load else { return missing("no load to compare at") };
    let Some(point) = series.at(load) else {
        return TableValue { text: "not tried".into(), ..missing("was not measured at this load") };
    };
    match point.standing {
        Standing::Sound => {}
        Standing::Saturated => {
            return TableValue { text: "saturated".into(), ..missing("did not keep up with this load") };
        }
        Standing::Invalid => {
            return TableValue { text: "invalid".into(), ..missing("no valid measurement at this load") };
        }
    }
    let reading = metric.of_pool(&point.pool);
    match reading {
        Reading::Absent => missing("not measured"),
        _ => {
            TableValue { text: reading.show(metric.unit), number: reading.value(), remark: reading.remark(metric.unit) }
        }
    }
}

fn failed(series: &Series<'_>) -> TableValue {
    let (mut scheduled, mut failed) = (0, 0);
    for cell in series.points.iter().flat_map(|point| &point.pool.cells).filter(|cell| counts(cell)) {
        let Some(traffic) = &cell.traffic else { continue };
        scheduled += traffic.ledger.scheduled;
        failed += traffic.ledger.failed();
    }
    if scheduled == 0 {
        return missing("no valid measurement");
    }
    let part = failed as f64 / scheduled as f64;
    let remark = format!("{} of {}", format::count(failed), format::count(scheduled));
    TableValue { text: format::share(part), number: Some(part), remark: Some(remark) }
}

fn never_answered(series: &Series<'_>) -> TableValue {
    let cells = series.points.iter().flat_map(|point| &point.pool.cells).filter(|cell| counts(cell));
    let ledgers = cells.filter_map(|cell| cell.traffic.as_ref()).map(|traffic| traffic.connections);
    let ledgers: Vec<_> = ledgers.collect();
    if ledgers.is_empty() {
        return missing("no valid measurement");
    }
    let never = ledgers.iter().map(|ledger| ledger.never_answered).fold(0, u64::saturating_add);
    let attempted = ledgers.iter().map(|ledger| ledger.attempted).fold(0, u64::saturating_add);
    let remark = format!("of {} begun", format::count(attempted));
    TableValue { text: format::count(never), number: Some(never as f64), remark: Some(remark) }
}
