//! Pictures drawn from their declaration: a figure is one or more panels, what to know beside them, and the same
//! numbers as a table.
//!
//! A new experiment needs no code here: its pictures name a kind, a swept variable and metrics. Must not know: files,
//! the page around a figure. Beside it: `panel.rs` (what every kind is drawn with), one file per kind.

mod axes;
pub(crate) mod backend;
mod bars;
mod crossover;
mod curve;
mod inside;
mod labels;
mod lanes;
pub(crate) mod other_scale;
mod panel;
mod probe;
mod spectrum;
mod split;
mod spots;
mod stacked;
mod titled;
pub(crate) mod trend;
mod trials;

use serde::Serialize;

use crate::format;
use crate::metrics;
use crate::record::store::Run;
use crate::record::{Picture, PictureKind};
use crate::study::Group;

pub(crate) use stacked::show_slope;

/// A picture with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// Anchor, unique in the page.
    pub id: String,
    /// Name of its experiment.
    pub experiment: String,
    /// How it is drawn.
    pub kind: PictureKind,
    /// What is seen, in words that the data chose.
    pub title: String,
    /// What is on the axes, for which workload, on how many CPUs.
    pub subtitle: String,
    /// The drawings, left to right.
    pub panels: Vec<PanelPicture>,
    /// What parts of a stack are called: number of the colour and name, from the bottom up.
    pub parts: Vec<(usize, String)>,
    /// How to read it and what is left out; a paragraph each.
    pub notes: Vec<String>,
    /// The numbers.
    pub table: DataTable,
}

/// One drawing of a figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PanelPicture {
    /// Over the drawing; empty where the figure has one only.
    pub heading: String,
    /// The contender that the drawing is about, where it is one only.
    pub contender: Option<usize>,
    /// The SVG.
    pub svg: String,
    /// Under the drawing, a line each.
    pub lines: Vec<String>,
}

/// The numbers of a figure.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DataTable {
    /// Headings; the first is the contender.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<DataRow>,
}

/// One row of a [`DataTable`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataRow {
    /// The contender's number, for the filter.
    pub contender: usize,
    /// A text per column.
    pub cells: Vec<String>,
}

/// Every picture that a run's experiments declare, in their order. `groups` are those of the same run.
pub fn figures(run: &Run, groups: &[Group<'_>]) -> Vec<Figure> {
    with_workloads(run, groups).into_iter().map(|(figure, _)| figure).collect()
}

/// As [`figures`], each with the key of the workload that it is of, or the first of them.
pub(crate) fn with_workloads<'g>(run: &'g Run, groups: &'g [Group<'g>]) -> Vec<(Figure, Option<&'g str>)> {
    let scenes = scenes(run, groups).into_iter();
    let figures = scenes.filter_map(|scene| Some((noted(&scene)?, Some(scene.group.workload.key.as_str()))));
    let others = inside::figures(run, groups).into_iter().chain(lanes::figures(run));
    figures.chain(others.map(|figure| (figure, None))).collect()
}

/// The anchors of the pictures of cells in their order, each with its experiment. Some may have nothing to draw yet.
pub(crate) fn anchors(run: &Run, groups: &[Group<'_>]) -> Vec<(String, String)> {
    scenes(run, groups).into_iter().map(|scene| (scene.id, scene.group.experiment.name.clone())).collect()
}

/// The one picture with an anchor, alone.
pub(crate) fn figure_at(run: &Run, groups: &[Group<'_>], anchor: &str) -> Option<Figure> {
    noted(scenes(run, groups).iter().find(|scene| scene.id == anchor)?)
}

/// The figure, with those named that have no valid cell in it.
fn noted(scene: &Scene<'_>) -> Option<Figure> {
    let mut figure = figure(scene)?;
    let without = scene.group.without_valid_cell();
    if !without.is_empty() {
        figure.notes.push(format!("No valid cell: {}.", format::list(&without)));
    }
    Some(figure)
}

/// The anchor of the figure that shows a metric of an experiment, or else of its first; absent where none is drawn.
pub(crate) fn anchor(run: &Run, groups: &[Group<'_>], experiment: &str, metric: Option<&str>) -> Option<String> {
    let of_experiment = scenes(run, groups).into_iter().filter(|scene| scene.group.experiment.name == experiment);
    let shows = |scene: &Scene<'_>| scene.picture.metrics.iter().any(|name| Some(name.as_str()) == metric);
    let (showing, others): (Vec<Scene<'_>>, Vec<Scene<'_>>) = of_experiment.partition(shows);
    showing.iter().chain(&others).find(|scene| figure(scene).is_some()).map(|scene| scene.id.clone())
}

/// Every picture with what it is drawn from.
fn scenes<'a>(run: &'a Run, groups: &'a [Group<'a>]) -> Vec<Scene<'a>> {
    let mut scenes = Vec::new();
    for experiment in &run.manifest.experiments {
        for picture in &experiment.pictures {
            let concerned = groups.iter().filter(|group| {
                let named = picture.workload.as_ref().is_none_or(|key| *key == group.workload.key);
                group.experiment.name == experiment.name && named && !group.series.is_empty()
            });
            let concerned: Vec<&Group<'_>> = concerned.collect();
            // One grid shows all workloads.
            let drawn = if picture.kind == PictureKind::Crossover { 1 } else { concerned.len() };
            for group in concerned.iter().take(drawn) {
                let mut id = format!("{}-{}", experiment.name, picture.id);
                if drawn.min(concerned.len()) > 1 {
                    id = format!("{id}-{}", group.workload.key);
                }
                scenes.push(Scene { run, picture, group, groups, id });
            }
        }
    }
    scenes
}

fn figure(scene: &Scene<'_>) -> Option<Figure> {
    let picture = scene.picture;
    let drawn = match picture.kind {
        PictureKind::Curve => curve::draw(scene),
        PictureKind::PercentileSpectrum => return spectrum::draw(scene),
        PictureKind::StackedParts => stacked::draw(scene),
        PictureKind::TimeSplit => return split::draw(scene),
        PictureKind::ProbeOverTime => return probe::draw(scene),
        PictureKind::Bars => bars::draw(scene),
        PictureKind::Crossover => crossover::draw(scene),
        // Drawn from what was looked at or traced, whatever an experiment declares.
        PictureKind::Inside | PictureKind::Lanes => return None,
    };
    let unknown: Vec<&str> =
        picture.metrics.iter().map(String::as_str).filter(|name| metrics::metric(name).is_none()).collect();
    if unknown.is_empty() {
        return drawn;
    }
    let mut figure = drawn.unwrap_or_else(|| scene.empty());
    figure.notes.push(format!("This version has no metric called {}; update it to see all.", format::list(&unknown)));
    Some(figure)
}

/// What a kind draws from.
struct Scene<'a> {
    run: &'a Run,
    picture: &'a Picture,
    group: &'a Group<'a>,
    /// All of the run.
    groups: &'a [Group<'a>],
    id: String,
}

impl Scene<'_> {
    fn empty(&self) -> Figure {
        Figure {
            id: self.id.clone(),
            experiment: self.group.experiment.name.clone(),
            kind: self.picture.kind,
            title: "A picture that this version cannot draw".into(),
            subtitle: self.place(),
            panels: Vec::new(),
            parts: Vec::new(),
            notes: Vec::new(),
            table: DataTable::default(),
        }
    }

    /// `sleep 5 ms, server on 1 CPU`.
    fn place(&self) -> String {
        format!("{}, {}", self.group.workload.label, server_cpus(self.run))
    }
}

/// How many CPUs the server had, as the title of a picture says it.
pub(crate) fn server_cpus(run: &Run) -> String {
    let cpus = run.manifest.placement.server_cpus.len() as u64;
    format!("server on {}", format::counted(cpus, "CPU"))
}
