//! What pictures of trials have in common: their metrics and their table.
//!
//! Must not know: how a picture looks. Beside it: `probe.rs`, `bars.rs`.

use super::spots::standing_words;
use super::{DataRow, DataTable, Scene};
use crate::format::Unit;
use crate::metrics::{Certainty, Metric, Of, metric};

/// The metrics of load among those named, each once.
pub(super) fn metrics(names: &[String]) -> Vec<&'static Metric> {
    let named = names.iter().filter_map(|name| metric(name));
    named.filter(|metric| matches!(metric.of, Of::Load(_))).collect()
}

/// The named metrics of every trial.
pub(super) fn table(scene: &Scene<'_>, names: &[String]) -> DataTable {
    let experiment = scene.group.experiment;
    let swept = scene.group.trials().any(|(_, trial)| trial.variation.is_some());
    let metrics = metrics(names);
    let mut columns = vec!["contender".to_owned()];
    columns.extend(swept.then(|| experiment.variation_label().unwrap_or("value").to_owned()));
    for metric in &metrics {
        let readings = scene.group.trials().map(|(_, trial)| metric.of_pool(&trial.pool).certainty());
        columns.extend([metric.label.to_owned(), Certainty::heading(readings).into()]);
    }
    columns.extend(["blocks".to_owned(), "standing".into()]);
    let rows = scene.group.trials().map(|(series, trial)| {
        let mut cells = vec![series.contender.label.clone()];
        cells.extend(swept.then(|| trial.variation.map_or("-".into(), |value| Unit::Count.show(value))));
        for metric in &metrics {
            let reading = metric.of_pool(&trial.pool);
            cells.push(reading.show(metric.unit));
            cells.push(reading.ends(metric.unit).unwrap_or_else(|| "-".into()));
        }
        cells.push(trial.pool.cells.len().to_string());
        cells.push(standing_words(trial.standing).unwrap_or("valid").into());
        DataRow { contender: series.index, cells }
    });
    DataTable { rows: rows.collect(), columns }
}
