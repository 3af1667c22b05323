//! A run in sentences and tables, for the head of the report and for a terminal.
//!
//! Every sentence is made from the records and holds whatever they say; what is invalid is in none. Must not know:
//! HTML, colours. Beside it: `claims.rs`, `answers.rs`, `figure.rs`, `headlines.rs`, `tables.rs`, `trials.rs`, `validity.rs`;
//! `../words/`.

mod answers;
mod claims;
mod figure;
mod headlines;
mod tables;
mod trials;
mod validity;

use itertools::Itertools;
use serde::Serialize;

use crate::metrics::{Metric, metric, metrics_of_stages};
use crate::record::PictureKind;
use crate::record::store::Run;
use crate::study::{Group, groups};
use crate::verdict::Matrix;

/// Compared wherever there is load, whether or not it is drawn.
const ALWAYS_COMPARED: &str = "cpu_per_request";

pub(crate) use answers::CERTAINTY;
pub use claims::{Claim, ClaimVerdict};
pub use figure::ContenderFigure;
pub use headlines::{headline, headlines};
pub use validity::{Badge, BadgeState, Doubt, Validity};

/// What a run says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// What people say, decided where the run can, in the order of the experiments.
    pub claims: Vec<Claim>,
    /// Plain sentences, in the order of the experiments.
    pub answers: Vec<Statement>,
    /// A table per workload of each experiment.
    pub tables: Vec<SummaryTable>,
    /// All contenders against all, per workload and metric.
    pub matrices: Vec<Matrix>,
    /// Whether to believe it.
    pub validity: Validity,
}

/// One sentence, or two that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Statement {
    /// Name of the experiment.
    pub experiment: String,
    /// Key of the workload.
    pub workload: String,
    /// Label of the workload.
    pub label: String,
    /// Whether it answers the question or adds to the answer.
    pub rank: Rank,
    /// What it is about, in two or three words.
    pub topic: String,
    /// The answer, with intervals, or that the data do not tell.
    pub sentence: String,
}

/// What an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Rank {
    /// Answers the question of the experiment for its workload; the first of them.
    Lead,
    /// Adds to the lead.
    Detail,
}

/// A row per contender.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SummaryTable {
    /// Name of the experiment.
    pub experiment: String,
    /// Key of the workload.
    pub workload: String,
    /// Over the table, with the load that its figures are of.
    pub title: String,
    /// What belongs to the title and is no part of it; empty where nothing does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The columns after the contender's label.
    pub columns: Vec<TableColumn>,
    /// The rows, in the order of the run.
    pub rows: Vec<TableRow>,
}

/// A column of a [`SummaryTable`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableColumn {
    /// Its heading.
    pub label: String,
    /// One sentence on how to read it.
    pub help: String,
}

/// A row of a [`SummaryTable`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableRow {
    /// The contender's place in the run.
    pub index: usize,
    /// Its label.
    pub contender: String,
    /// What readers call it.
    pub name: String,
    /// A value per column.
    pub values: Vec<TableValue>,
}

/// A value of a [`SummaryTable`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableValue {
    /// As a reader sees it; `-` where there is none.
    pub text: String,
    /// The number behind it in base units (nanoseconds, bytes, per second); absent where there is none.
    pub number: Option<f64>,
    /// Its interval, or why there is no number.
    pub remark: Option<String>,
}

/// Says what a run says.
pub fn summarise(run: &Run) -> Summary {
    of_groups(run, &groups(run))
}

/// As [`summarise`], from groups of the same run that are at hand already.
pub fn of_groups(run: &Run, groups: &[Group<'_>]) -> Summary {
    let filled = || groups.iter().filter(|group| !group.series.is_empty());
    let compared: Vec<(&Group<'_>, Vec<Matrix>)> = filled().map(|group| (group, matrices_of(group))).collect();
    Summary {
        claims: claims::of(run, groups),
        answers: compared.iter().flat_map(|(group, matrices)| answers_of(group, matrices)).collect(),
        matrices: compared.into_iter().flat_map(|(_, matrices)| matrices).collect(),
        tables: filled().flat_map(tables_of).collect(),
        validity: validity::of(run),
    }
}

/// Which comparisons of all with all a workload gets: what its curves show, CPU time, and what a connection costs. A search
/// under an objective visits other loads with each contender, so there is none to compare them at.
fn matrices_of(group: &Group<'_>) -> Vec<Matrix> {
    if group.experiment.objective.is_some() {
        return Vec::new();
    }
    let names = pictured(group, PictureKind::Curve).into_iter().chain([ALWAYS_COMPARED.to_owned()]);
    let metrics = names.filter_map(|name| metric(&name)).unique_by(|metric| metric.name);
    let at_load = metrics.filter_map(|metric| Matrix::at_load(group, metric));
    at_load.chain(Matrix::of_connections(group, &stacked(group))).collect()
}

fn answers_of(group: &Group<'_>, matrices: &[Matrix]) -> Vec<Statement> {
    match &group.experiment.objective {
        Some(_) => answers::under_objective(group),
        None => answers::of(group, matrices).into_iter().chain(trials::answers(group)).collect(),
    }
}

fn tables_of(group: &Group<'_>) -> Vec<SummaryTable> {
    match &group.experiment.objective {
        Some(_) => tables::under_objective(group).into_iter().collect(),
        None => tables::of(group).into_iter().chain(trials::table(group)).collect(),
    }
}

fn answer(group: &Group<'_>, rank: Rank, topic: &str, sentence: String) -> Statement {
    Statement {
        experiment: group.experiment.name.clone(),
        workload: group.workload.key.clone(),
        label: group.workload.label.clone(),
        rank,
        topic: topic.to_owned(),
        sentence,
    }
}

/// The names of the metrics of a kind of picture that the experiment declares for this workload.
fn pictured(group: &Group<'_>, kind: PictureKind) -> Vec<String> {
    let pictures = group.experiment.pictures.iter().filter(|picture| picture.kind == kind);
    let pictures = pictures.filter(|picture| picture.workload.as_ref().is_none_or(|key| *key == group.workload.key));
    pictures.flat_map(|picture| &picture.metrics).cloned().collect()
}

/// The parts of what a connection costs, as the experiment stacks them.
fn stacked(group: &Group<'_>) -> Vec<&'static Metric> {
    metrics_of_stages(&pictured(group, PictureKind::StackedParts))
}
