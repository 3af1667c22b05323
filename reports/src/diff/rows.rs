//! The rows of a comparison: figures of the same contender at the same place, judged together.

use super::places::{MeasuredPlace, PlaceFigure, PlaceKey};
use super::{ComparedFigure, Diff, DiffRow, Method, Missing, NotCompared};
use crate::metrics::WhenSaturated;
use crate::stats::{BlockValue, Ratio, unpaired_ratio};
use crate::study::Standing;
use crate::verdict::{Floor, judge_each, ratio_of};

/// Compares places; `server` says which contender of one is which of the other, from their labels.
pub(super) fn compare(
    (base, new): (&[MeasuredPlace], &[MeasuredPlace]),
    server: &dyn Fn(&str) -> String,
    method: Method,
) -> Diff {
    let same =
        |a: &MeasuredPlace, b: &MeasuredPlace| server(&a.contender) == server(&b.contender) && a.place == b.place;
    let mut found = Vec::new();
    for new in new.iter().filter(|place| place.twin_of.is_none()) {
        if let Some(base) = base.iter().find(|base| base.twin_of.is_none() && same(base, new)) {
            found.extend(rows_of(base, new, method).map(|(of, row)| (of, &new.place, row)));
        }
    }
    let twins: Vec<(&MeasuredPlace, &MeasuredPlace)> = [base, new].into_iter().flat_map(twins).collect();
    judge(&mut found, &twins);
    let alone = |places: &[MeasuredPlace], others: &[MeasuredPlace]| {
        let shown = places.iter().filter(|place| place.twin_of.is_none());
        let alone = shown.filter(|place| !others.iter().any(|other| other.twin_of.is_none() && same(place, other)));
        alone.map(|place| format!("{} of {}, {}", place.place.experiment, place.contender, place.words)).collect()
    };
    let missing = base.iter().filter(|place| place.twin_of.is_none()).flat_map(|base| {
        let lost = |of: &ComparedFigure| !new.iter().any(|new| same(base, new) && new.figure(of).is_some());
        let missing =
            ComparedFigure::all().filter(|of| base.figure(of).is_some() && is_told(base.standing, of)).filter(lost);
        missing.map(|of| Missing {
            name: of.name,
            label: of.label(),
            contender: base.contender.clone(),
            place: base.name(),
        })
    });
    Diff {
        base: String::new(),
        new: String::new(),
        method,
        machines_differ: Vec::new(),
        cut_short: Vec::new(),
        has_twin: !twins.is_empty(),
        missing: missing.collect(),
        rows: found.into_iter().map(|(_, _, row)| row).collect(),
        only_in_base: alone(base, new),
        only_in_new: alone(new, base),
    }
}

/// Every contender that was run twice, beside its twin, at every place that it kept up with.
fn twins(places: &[MeasuredPlace]) -> Vec<(&MeasuredPlace, &MeasuredPlace)> {
    let sound = || places.iter().filter(|place| place.standing == Standing::Sound);
    let itself = |twin: &MeasuredPlace| {
        sound().find(|place| Some(&place.contender) == twin.twin_of.as_ref() && place.place == twin.place)
    };
    sound().filter_map(|twin| Some((itself(twin)?, twin))).collect()
}

fn rows_of(
    base: &MeasuredPlace,
    new: &MeasuredPlace,
    method: Method,
) -> impl Iterator<Item = (ComparedFigure, DiffRow)> {
    ComparedFigure::all().filter_map(move |of| {
        let (base_values, new_values) = (base.figure(&of)?, new.figure(&of)?);
        let ratio = match doubt(base.standing, new.standing, &of) {
            Some(doubt) => Err(doubt),
            None => ratio(base_values, new_values, method),
        };
        let row = DiffRow {
            contender: new.contender.clone(),
            place: new.name(),
            name: of.name,
            label: of.label(),
            base: base_values.shown.clone(),
            new: new_values.shown.clone(),
            ratio,
            blocks_agree: is_clear(base, &of) && is_clear(new, &of),
            judged: None,
        };
        Some((of, row))
    })
}

/// Whether a figure says something of a server at a place where it stands so.
fn is_told(standing: Standing, of: &ComparedFigure) -> bool {
    standing == Standing::Sound || (standing == Standing::Saturated && of.how.when_saturated == WhenSaturated::Holds)
}

/// Whether the blocks are as many as a verdict takes, and agree on whether the server kept up.
fn is_clear(place: &MeasuredPlace, of: &ComparedFigure) -> bool {
    place.of_blocks.len() >= of.blocks_needed() && place.of_blocks.iter().all(|block| *block == place.standing)
}

fn doubt(base: Standing, new: Standing, of: &ComparedFigure) -> Option<NotCompared> {
    use Standing::{Invalid, Saturated, Sound};
    match (base, new) {
        (Invalid, _) | (_, Invalid) => Some(NotCompared::Invalid),
        _ if of.how.when_saturated == WhenSaturated::Holds => None,
        (Saturated, Saturated) => Some(NotCompared::NeitherKeptUp),
        (Sound, Saturated) => Some(NotCompared::FellBehind),
        (Saturated, Sound) => Some(NotCompared::CaughtUp),
        (Sound, Sound) => None,
    }
}

fn ratio(base: &PlaceFigure, new: &PlaceFigure, method: Method) -> Result<Ratio, NotCompared> {
    let ratio = match method {
        Method::Alternated | Method::PairedBySeed => ratio_of(&new.blocks, &base.blocks),
        Method::Unpaired => {
            let [new, base] = [new, base].map(|values| values.blocks.values().copied().collect::<Vec<BlockValue>>());
            unpaired_ratio(&new, &base)
        }
    };
    ratio.map_err(NotCompared::NoRatio)
}

/// Judges the rows of one figure of one workload together, against the floor of its twins in either run.
fn judge(rows: &mut [(ComparedFigure, &PlaceKey, DiffRow)], twins: &[(&MeasuredPlace, &MeasuredPlace)]) {
    let family = |of: &ComparedFigure, place: &PlaceKey| (place.experiment.clone(), place.workload.clone(), of.name);
    let mut families: Vec<_> = rows.iter().map(|(of, place, _)| family(of, place)).collect();
    families.sort();
    families.dedup();
    for this in families {
        let members = rows.iter_mut().filter(|(of, place, row)| family(of, place) == this && row.ratio.is_ok());
        let mut members: Vec<_> = members.collect();
        let Some(of) = members.first().map(|(of, _, _)| *of) else { continue };
        let floor = |place: &dyn Fn(&PlaceKey) -> bool| {
            let related = twins.iter().filter(|(itself, _)| place(&itself.place));
            let of_itself = |(itself, twin): &(&MeasuredPlace, &MeasuredPlace)| {
                ratio_of(&itself.figure(&of)?.blocks, &twin.figure(&of)?.blocks).ok()
            };
            Floor::highest(related.filter_map(of_itself))
        };
        let of_family = floor(&|place| family(&of, place) == this);
        // What a contender is from itself elsewhere has to do where it was not seen here.
        let ratios = members.iter().map(|(_, at, row)| {
            let here = floor(&|place| place == *at);
            let floor = if here.blocks > 0 { here } else { of_family };
            Some((row.ratio.ok()?, floor, of.blocks_needed()))
        });
        let ratios: Vec<Option<(Ratio, Floor, usize)>> = ratios.collect();
        for ((_, _, row), judged) in members.iter_mut().zip(judge_each(&ratios)) {
            row.judged = judged;
        }
    }
}
