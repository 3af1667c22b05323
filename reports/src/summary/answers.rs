//! The sentences: who kept up with what, how long requests took there, what a connection costs.
//!
//! No outcome is assumed. A ratio is called a difference only where the blocks carry a verdict. Must not know: HTML.

use super::Answer;
use crate::charts::{show_slope, slope_per_connection};
use crate::format::{self, Unit};
use crate::metrics::{Metric, Of, metric};
use crate::record::{Phase, PictureKind};
use crate::study::{Group, Series, Standing};
use crate::verdict::{compare, judge};

pub(super) fn of(group: &Group<'_>) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut say = |topic: &str, sentence: Option<String>| {
        answers.extend(sentence.map(|sentence| Answer {
            experiment: group.experiment.name.clone(),
            workload: group.workload.key.clone(),
            topic: topic.to_owned(),
            sentence,
        }));
    };
    if !group.loads().is_empty() {
        say("load carried", Some(kept_up(group)));
        for metric in pictured(group, PictureKind::Curve) {
            say(metric.label, comparison(group, metric));
        }
    }
    if group.series.iter().any(|series| !series.stages.is_empty()) {
        say("memory per idle connection", connection_cost(group));
        say("connections served", unserved(group));
    }
    answers
}

/// The metrics of a kind of picture that the experiment declares for this workload.
pub(super) fn pictured(group: &Group<'_>, kind: PictureKind) -> Vec<&'static Metric> {
    let pictures = group.experiment.pictures.iter().filter(|picture| picture.kind == kind);
    let pictures = pictures.filter(|picture| picture.workload.as_ref().is_none_or(|key| *key == group.workload.key));
    pictures.flat_map(|picture| &picture.metrics).filter_map(|name| metric(name)).collect()
}

fn kept_up(group: &Group<'_>) -> String {
    let mut ranked: Vec<(f64, bool, Vec<&str>)> = Vec::new();
    let (mut none, mut unknown) = (Vec::new(), Vec::new());
    for series in &group.series {
        let label = series.contender.label.as_str();
        match series.kept_up_to() {
            Some(load) => {
                let more = series.may_carry_more();
                match ranked.iter_mut().find(|(other, other_more, _)| (*other, *other_more) == (load, more)) {
                    Some((_, _, labels)) => labels.push(label),
                    None => ranked.push((load, more, vec![label])),
                }
            }
            None if series.points.iter().all(|point| point.standing == Standing::Invalid) => unknown.push(label),
            None => none.push(label),
        }
    }
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    let parts = ranked.iter().map(|(load, more, labels)| {
        let bound = if *more { "at least" } else { "up to" };
        format!("{} with {bound} {}", format::list(labels), Unit::PerSecond.show(*load))
    });
    let mut parts: Vec<String> = parts.collect();
    if !none.is_empty() {
        parts.push(format!("{} with none in a valid cell", format::list(&none)));
    }
    if !unknown.is_empty() {
        parts.push(format!("cannot tell for {}, no cell is valid", format::list(&unknown)));
    }
    let loads: Vec<String> = group.loads().into_iter().map(format::number).collect();
    format!("Offered {} requests per second. Who kept up: {}.", format::list(&loads), parts.join("; "))
}

/// The lowest and the highest where contenders can be told apart, and whether the blocks tell these two apart.
fn comparison(group: &Group<'_>, metric: &Metric) -> Option<String> {
    let Some(load) = group.busy_load() else {
        return Some("Cannot tell: at no load tried did half of the contenders keep up in valid cells.".into());
    };
    let rate = Unit::PerSecond.show(load);
    let mut found: Vec<(f64, &Series<'_>)> = Vec::new();
    for series in group.sound_at(load) {
        found.extend(metric.of_pool(&series.at(load)?.pool).value().map(|value| (value, series)));
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.index.cmp(&b.1.index)));
    let [(_, lowest), .., (_, highest)] = found.as_slice() else {
        let reason = "fewer than two contenders have a number, for want of samples or of timely replies";
        return Some(format!("Cannot tell at {rate}: {reason}."));
    };
    Some(format!(
        "At {rate}, of the {} that kept up, the lowest was {} and the highest {}. {}",
        format::counted(found.len() as u64, "contender"),
        shown(lowest, metric, load)?,
        shown(highest, metric, load)?,
        ratio_sentence(metric, load, highest, lowest)?
    ))
}

/// `threaded with 5.20 ms (5.18 to 5.31 ms)`.
fn shown(series: &Series<'_>, metric: &Metric, load: f64) -> Option<String> {
    let reading = metric.of_pool(&series.at(load)?.pool);
    let interval = reading.remark(metric.unit).map_or(String::new(), |remark| format!(" ({remark})"));
    Some(format!("{} with {}{interval}", series.contender.label, reading.show(metric.unit)))
}

fn ratio_sentence(metric: &Metric, load: f64, a: &Series<'_>, b: &Series<'_>) -> Option<String> {
    let Some(ratio) = compare(metric, a.at(load)?, b.at(load)?) else {
        return Some("Cannot tell how far they are apart: no block measured both.".into());
    };
    let blocks = format::counted(ratio.blocks as u64, "block");
    let interval = match ratio.interval {
        Some((lo, hi)) => format!("95% interval over {blocks} {} to {}", format::number(lo), format::number(hi)),
        None => format!("{blocks}, so no interval"),
    };
    let verdict = judge(&ratio, metric.blocks_for_verdict).words();
    Some(format!("That is {} times as much ({interval}); {verdict}.", format::number(ratio.value)))
}

fn connection_cost(group: &Group<'_>) -> Option<String> {
    let parts = pictured(group, PictureKind::StackedParts);
    let parts: Vec<&Metric> = parts.into_iter().filter(|part| matches!(part.of, Of::Stage(_))).collect();
    let unit = parts.first()?.unit;
    let mut costs = Vec::new();
    for series in &group.series {
        if let Some(slope) = slope_per_connection(series, &parts).filter(|_| serves_all(series)) {
            costs.push((slope, series.contender.label.as_str()));
        }
    }
    costs.sort_by(|a, b| b.0.value.total_cmp(&a.0.value));
    let Some((least, most)) = costs.last().zip(costs.first()) else {
        return Some("Cannot tell: no contender that served every connection has a valid fit.".into());
    };
    let shown: Vec<String> =
        costs.iter().map(|(slope, label)| format!("{} for {label}", show_slope(slope, unit))).collect();
    let mut sentence = format!("One more idle connection cost {}.", format::list(&shown));
    let apart = |slope: &crate::stats::Slope| slope.half_width.map(|half| (slope.value - half, slope.value + half));
    if let (true, Some((lo_most, _)), Some((_, hi_least))) = (costs.len() > 1, apart(&most.0), apart(&least.0)) {
        if lo_most > hi_least && least.0.value > 0.0 {
            let times = format::number(most.0.value / least.0.value);
            sentence.push_str(&format!(" {} cost {times} times as much as {}.", most.1, least.1));
        } else {
            sentence.push_str(&format!(" Whether {} costs more than {}: cannot tell.", most.1, least.1));
        }
    }
    Some(sentence)
}

fn serves_all(series: &Series<'_>) -> bool {
    series.answered_of_held().is_none_or(|(answered, held)| answered == held)
}

fn unserved(group: &Group<'_>) -> Option<String> {
    let short = group.series.iter().filter_map(|series| {
        let (answered, held) = series.answered_of_held().filter(|(answered, held)| answered < held)?;
        series.phase(Phase::AfterRequest).any(|held| held.counts()).then(|| {
            format!("{} answered {} of {}", series.contender.label, format::count(answered), format::count(held))
        })
    });
    let short: Vec<String> = short.collect();
    (!short.is_empty()).then(|| {
        format!(
            "With all connections held and one request sent on each, {}; the others went without.",
            format::list(&short)
        )
    })
}

/// Whether a point of a series at a load is one that sentences may speak of.
pub(super) fn sound(series: &Series<'_>, load: f64) -> bool {
    series.at(load).is_some_and(|point| point.standing == Standing::Sound)
}
