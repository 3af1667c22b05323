//! What contenders carry under an objective, in a sentence and a table.
//!
//! Must not know: HTML, terminals. Beside it: `../objective.rs`, which finds the loads.

use super::{Answer, Column, Rank, Row, SummaryTable, Value, answer};
use crate::objective::carries;
use crate::study::{Group, Series};

/// Who carries how much, the most first; nothing where the experiment has no objective.
pub(super) fn answers(group: &Group<'_>) -> Vec<Answer> {
    let Some(objective) = &group.experiment.objective else { return Vec::new() };
    let mut found: Vec<_> = group.series.iter().map(|series| (carries(objective, series), series)).collect();
    let load = |carries: &crate::objective::Carries| carries.load.map_or(0.0, |load| load.value);
    found.sort_by(|a, b| load(&b.0).total_cmp(&load(&a.0)).then(a.1.index.cmp(&b.1.index)));
    let each = found
        .iter()
        .map(|(carries, series)| format!("{} {} ({})", series.contender.label, carries.show(), carries.remark()));
    let each: Vec<String> = each.collect();
    let sentence = format!("With {} and no request failed: {}.", objective.words(), each.join(", "));
    vec![answer(group, Rank::Lead, "load carried under the objective", sentence)]
}

/// A row per contender; nothing where the experiment has no objective.
pub(super) fn table(group: &Group<'_>) -> Option<SummaryTable> {
    let objective = group.experiment.objective.as_ref()?;
    let columns = [
        ("carries", "Geometric mean over blocks of the highest offered load that keeps the objective."),
        ("blocks", "Blocks whose search came to its end, of those that were begun."),
    ];
    let row = |series: &Series<'_>| {
        let carries = carries(objective, series);
        let (load, remark) = (carries.load.map(|load| load.value), Some(carries.remark()));
        let blocks = format!("{} of {}", carries.finished(), carries.blocks.len());
        Row {
            index: series.index,
            contender: series.contender.label.clone(),
            values: vec![
                Value { text: carries.show(), number: load, remark },
                Value { text: blocks, number: Some(carries.finished() as f64), remark: None },
            ],
        }
    };
    let rows = super::tables::with_unmeasured(group.series.iter().map(row).collect(), columns.len(), group);
    Some(SummaryTable {
        experiment: group.experiment.name.clone(),
        workload: group.workload.key.clone(),
        title: format!("{}: requests per second with {} and no failure", group.workload.label, objective.words()),
        columns: columns.map(|(label, help)| Column { label: label.into(), help: help.into() }).into(),
        rows,
    })
}
