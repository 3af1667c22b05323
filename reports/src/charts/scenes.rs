//! From what an experiment declares to figures: which pictures there are, what each is drawn from, and the same drawn a
//! second time with its y axis on the other scale, so that a reader can choose and no axis is made up in the browser.
//!
//! From linear to logarithmic only what is above zero throughout: on a log scale there is no place for the rest. Must not
//! know: how a kind draws. Beside it: one file per kind.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Figure, Scene, bars, crossover, curve, inside, lanes, probe, spectrum, split, stacked};
use crate::format;
use crate::metrics;
use crate::record::store::Run;
use crate::record::{Picture, PictureKind, Scale};
use crate::study::Group;

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

/// The pictures of traced windows, which no experiment declares.
pub(crate) fn traced(run: &Run) -> Vec<Figure> {
    lanes::figures(run)
}

/// The anchors of the pictures of cells in their order, each with its experiment. Some may have nothing to draw yet.
pub(crate) fn anchors(run: &Run, groups: &[Group<'_>]) -> Vec<(String, String)> {
    scenes(run, groups).into_iter().map(|scene| (scene.id, scene.group.experiment.name.clone())).collect()
}

/// The one picture with an anchor, alone.
pub(crate) fn figure_at(run: &Run, groups: &[Group<'_>], anchor: &str) -> Option<Figure> {
    noted(scenes(run, groups).iter().find(|scene| scene.id == anchor)?)
}

/// The figure, with those named that have no valid measurement in it.
fn noted(scene: &Scene<'_>) -> Option<Figure> {
    let mut figure = figure(scene)?;
    let without = format::listed(scene.group.without_valid_cell());
    figure.notes.extend(without.map(|without| format!("No valid measurement: {without}.")));
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
    let unknown = picture.metrics.iter().filter(|name| metrics::metric(name).is_none());
    let Some(unknown) = format::listed(unknown) else { return drawn };
    let mut figure = drawn.unwrap_or_else(|| scene.empty());
    figure.notes.push(format!("This version has no metric called {unknown}; update it to see all."));
    Some(figure)
}

/// The drawings of a figure on the scale that it does not have at first.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OtherScale {
    /// That scale.
    scale: Scale,
    /// An SVG per panel, in their order.
    svgs: Vec<String>,
}

/// Whatever makes sense on either scale, by the figure's anchor. `groups` are those of the same run.
pub(crate) fn on_other_scale(run: &Run, groups: &[Group<'_>]) -> BTreeMap<String, OtherScale> {
    scenes(run, groups).iter().filter_map(|scene| Some((scene.id.clone(), other(scene)?))).collect()
}

/// As [`on_other_scale`], of the one figure with this anchor.
pub(crate) fn on_other_scale_at(run: &Run, groups: &[Group<'_>], anchor: &str) -> Option<OtherScale> {
    other(scenes(run, groups).iter().find(|scene| scene.id == anchor)?)
}

fn other(scene: &Scene<'_>) -> Option<OtherScale> {
    let scale = match (scene.picture.kind, scene.picture.y_scale) {
        (PictureKind::Curve | PictureKind::PercentileSpectrum, Scale::Log) => Scale::Linear,
        (PictureKind::Curve, Scale::Linear) if curve::is_above_zero(scene) => Scale::Log,
        _ => return None,
    };
    let picture = Picture { y_scale: scale, ..scene.picture.clone() };
    let scene =
        Scene { run: scene.run, picture: &picture, group: scene.group, groups: scene.groups, id: String::new() };
    let svgs = figure(&scene)?.panels.into_iter().map(|panel| panel.svg);
    Some(OtherScale { scale, svgs: svgs.collect() })
}
