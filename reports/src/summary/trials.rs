//! Trials in sentences and tables: one sentence for all of a workload, one for each trial, a row for each.
//!
//! Must not know: HTML. Beside it: `words/probe.rs`, which finds the words.

use itertools::Itertools;

use super::{Rank, Statement, SummaryTable, TableRow, TableValue, answer, pictured, tables};
use crate::format;
use crate::metrics::{Column, Metric, Reading, metrics_in, metrics_of_load};
use crate::record::PictureKind;
use crate::study::{Group, Series, Standing, Trial};
use crate::words::{self, DisplayedName, Title, probe};

pub(super) fn answers(group: &Group<'_>) -> Vec<Statement> {
    if group.trials().next().is_none() {
        return Vec::new();
    }
    let overall = words::served(group).or_else(|| Some(words::bars(group, metrics(group).first()?)));
    let lead = overall.map(|title| answer(group, Rank::Lead, "all in all", format!("{}.", title.sentence())));
    let details = group.trials().map(|(series, trial)| {
        let topic = group.name_of(series, trial);
        answer(group, Rank::Detail, &topic, told(group, series, trial))
    });
    lead.into_iter().chain(details).collect()
}

fn told(group: &Group<'_>, series: &Series<'_>, trial: &Trial<'_>) -> String {
    if trial.standing == Standing::Invalid {
        return format!("Cannot tell for {}: no valid measurement.", series.name);
    }
    if trial.shown().is_some_and(|cell| cell.disturbance.is_some()) {
        return format!("{} {}", DisplayedName::of(series.contender).first(), probe::story(trial));
    }
    let values = metrics(group).into_iter().filter_map(|metric| {
        let reading = metric.of_pool(&trial.pool);
        let remark = format::bracketed(reading.remark(metric.unit));
        (reading != Reading::Absent).then(|| format!("{} {}{remark}", metric.label, reading.say(metric.unit)))
    });
    let values: Vec<String> = values.collect();
    if values.is_empty() { "Nothing measured.".into() } else { format!("{}.", format::capitalised(&values.join(", "))) }
}

/// What is shown of the trials of a group: what its pictures show, and of a probe the usual, where it has it.
fn metrics(group: &Group<'_>) -> Vec<&'static Metric> {
    let shown = [PictureKind::Bars, PictureKind::Curve].into_iter().flat_map(|kind| pictured(group, kind));
    let cells = || group.trials().flat_map(|(_, trial)| &trial.pool.cells);
    let disturbed = cells().any(|cell| cell.disturbance.is_some());
    let failed = cells().any(|cell| cell.first_failure().is_some());
    let of_probes = metrics_in(Column::OfProbes).filter(|_| disturbed);
    let usual = of_probes.chain(metrics_in(Column::OfFailures).filter(|_| failed));
    let there = |metric: &&Metric| group.trials().any(|(_, trial)| metric.of_pool(&trial.pool) != Reading::Absent);
    let usual = usual.filter(there);
    metrics_of_load(&shown.collect_vec()).into_iter().chain(usual).unique_by(|metric| metric.name).collect()
}

pub(super) fn table(group: &Group<'_>) -> Option<SummaryTable> {
    group.trials().next()?;
    let metrics = metrics(group);
    let columns = metrics.iter().map(|metric| tables::column(metric.label, metric.how_to_read));
    let rows = group.trials().map(|(series, trial)| TableRow {
        index: series.index,
        contender: group.experiment.name_of(&series.contender.label, trial.variation),
        name: group.name_of(series, trial),
        values: metrics.iter().map(|metric| value(metric, trial)).collect(),
    });
    let (experiment, workload) = (&group.experiment.title, &group.workload.label);
    let title = Title::fitting([format!("{experiment}: {workload}"), format::capitalised(workload)]);
    Some(tables::table(group, title, columns.collect(), rows.collect()))
}

fn value(metric: &Metric, trial: &Trial<'_>) -> TableValue {
    if trial.standing == Standing::Invalid {
        return TableValue { text: "no valid measurement".into(), number: None, remark: None };
    }
    tables::shown(metric.of_pool(&trial.pool), metric.unit)
}
