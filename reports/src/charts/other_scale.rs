//! Figures drawn a second time with their y axis on the other scale, so that a reader can choose and no axis is made up
//! in the browser.
//!
//! From linear to logarithmic only what is above zero throughout: on a log scale there is no place for the rest. Must not
//! know: how a kind draws. Beside it: `mod.rs`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Scene, curve, figure, scenes};
use crate::record::store::Run;
use crate::record::{Picture, PictureKind, Scale};
use crate::study::Group;

/// The drawings of a figure on the scale that it does not have at first.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OtherScale {
    /// That scale.
    scale: Scale,
    /// An SVG per panel, in their order.
    svgs: Vec<String>,
}

/// Whatever makes sense on either scale, by the figure's anchor. `groups` are those of the same run.
pub(crate) fn drawn(run: &Run, groups: &[Group<'_>]) -> BTreeMap<String, OtherScale> {
    scenes(run, groups).iter().filter_map(|scene| Some((scene.id.clone(), other(scene)?))).collect()
}

/// As [`drawn`], of the one figure with this anchor.
pub(crate) fn drawn_at(run: &Run, groups: &[Group<'_>], anchor: &str) -> Option<OtherScale> {
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
