//! What the section of an experiment made of trials is filled with: what people say, the pictures, what happened to
//! each server, and what it was allowed to take.
//!
//! Must not know: tags, styles. Beside it: `content.rs`, `../words/probe.rs` for the words.

use serde::Serialize;

use super::tables::BarredTable;
use crate::charts::{DataRow, DataTable, Figure};
use crate::format::{self, Unit};
use crate::record::store::Run;
use crate::record::{Cell, ExperimentRecord, Warning};
use crate::study::{Group, Series, Standing, Trial};
use crate::summary::{Claim, Statement, Summary};
use crate::words::probe;

#[derive(Debug, Serialize)]
pub(super) struct TrialSection {
    id: String,
    experiment: ExperimentRecord,
    claim: Option<Claim>,
    answers: Vec<Statement>,
    figures: Vec<Figure>,
    tables: Vec<BarredTable>,
    /// How the servers ended; absent where nothing was done to any.
    ends: Option<DataTable>,
}

pub(super) fn sections(run: &Run, groups: &[Group<'_>], summary: &Summary, figures: &[Figure]) -> Vec<TrialSection> {
    let experiments = run.manifest.experiments.iter().filter(|experiment| experiment.is_made_of_trials());
    let section = |experiment: &ExperimentRecord| {
        let name = &experiment.name;
        TrialSection {
            id: format!("claim-{name}"),
            claim: summary.claims.iter().find(|claim| claim.experiment == *name).cloned(),
            answers: summary.answers.iter().filter(|answer| answer.experiment == *name).cloned().collect(),
            figures: figures.iter().filter(|figure| figure.experiment == *name).cloned().collect(),
            tables: summary.tables.iter().filter(|table| table.experiment == *name).map(BarredTable::of).collect(),
            ends: ends(groups.iter().filter(|group| group.experiment.name == *name)),
            experiment: experiment.clone(),
        }
    };
    experiments.map(section).collect()
}

fn ends<'g, 'a: 'g>(groups: impl Iterator<Item = &'g Group<'a>>) -> Option<DataTable> {
    let columns = ["server", "how it ended", "all requests of other clients", "what it was put under", "its limits"];
    let mut rows = Vec::new();
    for group in groups {
        for (series, trial) in group.trials() {
            rows.extend(end(group, series, trial).map(|cells| DataRow { contender: series.index, cells }));
        }
    }
    (!rows.is_empty()).then(|| DataTable { columns: columns.map(str::to_owned).into(), rows })
}

fn end(group: &Group<'_>, series: &Series<'_>, trial: &Trial<'_>) -> Option<Vec<String>> {
    let cell = trial.shown()?;
    let disturbance = cell.disturbance.as_ref()?;
    let events = trial.pool.cells.iter().filter_map(|cell| cell.traffic.as_ref()).flat_map(|traffic| &traffic.events);
    let fates = probe::counted(&probe::fates(events));
    let connections = probe::connections(disturbance);
    let connections = connections.map_or(String::new(), |connections| format!(": {connections}"));
    let bounds: Vec<String> = cell.bounds.iter().map(probe::bound).collect();
    let invalid = if trial.standing == Standing::Invalid { " (invalid)" } else { "" };
    Some(vec![
        format!("{}{invalid}", group.name_of(series, trial)),
        server(trial, cell),
        fates,
        format!("{}{connections}", disturbance.name),
        if bounds.is_empty() { "those of the machine".into() } else { bounds.join("; ") },
    ])
}

/// How the servers of a trial ended, and what they could not do before that.
fn server(trial: &Trial<'_>, cell: &Cell) -> String {
    let died = trial.pool.cells.iter().filter(|cell| probe::death(cell).is_some()).count();
    let stubborn = trial.pool.cells.iter().any(|cell| cell.warnings.contains(&Warning::ServerKilled));
    let mut sentences = Vec::new();
    match trial.pool.cells.iter().find_map(|cell| Some((*cell, probe::death(cell)?))) {
        None if stubborn => sentences.push("Lived, did not stop when told to, and was killed.".to_owned()),
        None => sentences.push("Lived until it was told to stop.".to_owned()),
        Some((cell, how)) => {
            let when = cell
                .server
                .died_at_ns
                .map(|ns| format!(", {} after the start of the load", Unit::Nanoseconds.show(ns as f64)));
            let times = match trial.pool.cells.len() {
                1 => String::new(),
                all => format!("; so it did {died} of {all} times"),
            };
            sentences.push(format!("It {how}{}{times}.", when.unwrap_or_default()));
            sentences.extend(probe::last_words(cell));
        }
    }
    sentences.extend(probe::turned_away(&trial.pool));
    sentences.extend(cell.server.peak_threads.map(|most| format!("{} at most.", format::counted(most, "thread"))));
    sentences.join(" ")
}
