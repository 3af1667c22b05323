//! The sentences: who kept up with what, how long requests took there, what a connection costs, who carries
//! how much under an objective.
//!
//! No outcome is assumed. A ratio is called a difference only where the blocks carry a verdict. Must not know: HTML.

use itertools::Itertools;
use std::collections::BTreeMap;

use super::{Rank, Statement, answer, pictured, stacked};
use crate::format::{self, Unit};
use crate::metrics::{Metric, metric, slope_per_connection};
use crate::objective::{Carries, carries};
use crate::record::{Phase, PictureKind};
use crate::stats::Slope;
use crate::study::{Group, Series};
use crate::verdict::{Matrix, PER_CONNECTION, Pair, Verdict};
use crate::words::{no_verdict, show_slope};

/// What the sentence is about that says how sure all comparisons are.
pub(crate) const CERTAINTY: &str = "certainty";

pub(super) fn of(group: &Group<'_>, matrices: &[Matrix]) -> Vec<Statement> {
    let mut answers = Vec::new();
    let mut say = |rank: Rank, topic: &str, sentence: Option<String>| {
        answers.extend(sentence.map(|sentence| answer(group, rank, topic, sentence)));
    };
    if !group.loads().is_empty() {
        say(Rank::Lead, "load carried", Some(carried(group)));
        for metric in pictured(group, PictureKind::Curve).iter().filter_map(|name| metric(name)) {
            say(Rank::Detail, metric.label, comparison(group, metric, matrices));
        }
        say(Rank::Detail, CERTAINTY, certainty(matrices));
        let loads: Vec<String> = group.loads().into_iter().map(format::number).collect();
        say(Rank::Detail, "loads offered", Some(format!("{} requests per second.", format::list(&loads))));
    }
    if group.series.iter().any(|series| !series.stages.is_empty()) {
        let lead = connection_cost(group, matrices);
        let lead = [Some(lead), unserved(group)].into_iter().flatten().collect::<Vec<_>>().join(" ");
        say(Rank::Lead, "memory per idle connection", Some(lead));
        say(Rank::Detail, "per idle connection", every_connection_cost(group));
    }
    answers
}

/// Who carried how much, the most first.
fn carried(group: &Group<'_>) -> String {
    let mut ranked: Vec<(f64, bool, Vec<&str>)> = Vec::new();
    let (mut none, unknown) = (Vec::new(), group.without_valid_cell());
    for series in &group.series {
        let label = series.contender.label.as_str();
        match series.kept_up_to() {
            Some(load) => {
                let tried_no_more = series.points.last().is_some_and(|point| point.offered_load_rps == load);
                let more = tried_no_more || series.may_carry_more();
                match ranked.iter_mut().find(|(other, other_more, _)| (*other, *other_more) == (load, more)) {
                    Some((_, _, labels)) => labels.push(label),
                    None => ranked.push((load, more, vec![label])),
                }
            }
            None if unknown.contains(&label) => {}
            None => none.push(label),
        }
    }
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    let parts = ranked.iter().enumerate().map(|(place, (load, more, labels))| {
        let verb = if place == 0 { " carried" } else { "" };
        let unit = if place == 0 { " requests per second" } else { "" };
        let more = if *more { " or more" } else { "" };
        format!("{}{verb} {}{unit}{more}", format::list(labels), format::number(*load))
    });
    let mut parts: Vec<String> = parts.collect();
    if !none.is_empty() {
        parts.push(format!("{} none of the loads tried", format::list(&none)));
    }
    if !unknown.is_empty() {
        parts.push(format!("cannot tell for {}: no valid cell", format::list(&unknown)));
    }
    format!("{}.", parts.join(", "))
}

/// A load, and the values at it from the lowest to the highest, each with whose it is.
type LoadRanking<'g, 'a> = (f64, Vec<(f64, &'g Series<'a>)>);

/// The contenders that have a value where contenders can be told apart, the lowest first; or why there are too few.
fn ranked<'g, 'a>(group: &'g Group<'a>, metric: &Metric) -> Result<LoadRanking<'g, 'a>, String> {
    let Some(load) = group.busy_load(metric.blocks_for_verdict) else {
        return Err("Cannot tell: at no load tried did half of the contenders keep up in valid cells.".into());
    };
    let value = |series: &Series<'_>| metric.of_pool(&series.at(load)?.pool).value();
    let sound = group.sound_at(load).into_iter();
    let found = sound.filter_map(|series| Some((value(series)?, series)));
    let found = found.sorted_by(|a, b| a.0.total_cmp(&b.0).then(a.1.index.cmp(&b.1.index))).collect_vec();
    if found.len() < 2 {
        let reason = "fewer than two contenders have a number, for want of samples or of timely replies";
        return Err(format!("Cannot tell at {}: {reason}.", Unit::PerSecond.show(load)));
    }
    Ok((load, found))
}

/// The lowest and the highest where contenders can be told apart, and how far they are apart.
fn comparison(group: &Group<'_>, metric: &Metric, matrices: &[Matrix]) -> Option<String> {
    let (load, found) = match ranked(group, metric) {
        Ok(found) => found,
        Err(reason) => return Some(reason),
    };
    let (lowest, highest) = (found.first()?.1, found.last()?.1);
    Some(format!(
        "At {} from {} to {}: {}.",
        Unit::PerSecond.show(load),
        shown(lowest, metric, load)?,
        shown(highest, metric, load)?,
        apart(matrices.iter().find(|matrix| matrix.label == metric.label)?, highest, lowest)
    ))
}

/// `5.20 ms (threaded, 5.18 to 5.31 ms)`.
fn shown(series: &Series<'_>, metric: &Metric, load: f64) -> Option<String> {
    let reading = metric.of_pool(&series.at(load)?.pool);
    let interval = reading.remark(metric.unit).map_or(String::new(), |remark| format!(", {remark}"));
    Some(format!("{} ({}{interval})", reading.show(metric.unit), series.contender.label))
}

/// The ratio by block, with the verdict where there are blocks enough for one.
fn apart(matrix: &Matrix, a: &Series<'_>, b: &Series<'_>) -> String {
    let Some((ratio, judged)) = matrix.pair(a.index, b.index).and_then(|pair| pair.ratio.ok().zip(pair.judged)) else {
        return "cannot tell how far apart".into();
    };
    let interval = format::bracketed(ratio.interval.map(format::interval));
    let verdict = if judged.verdict.is_one() { format!("; {}", judged.verdict.words()) } else { String::new() };
    format!("{} times{}{verdict}", format::number(ratio.value), interval)
}

/// Said once for all comparisons: which have too few blocks, or what a difference has to exceed.
fn certainty(matrices: &[Matrix]) -> Option<String> {
    let mut needs: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    let mut fewest: Option<usize> = None;
    for matrix in matrices.iter().filter(|matrix| !matrix.has_verdicts()) {
        let too_few = matrix.pairs.iter().filter_map(|pair| match pair.judged?.verdict {
            Verdict::TooFewBlocks { have, .. } => Some(have),
            _ => None,
        });
        let Some(have) = too_few.min() else { continue };
        needs.entry(matrix.blocks_needed).or_default().push(&matrix.label);
        fewest = Some(fewest.map_or(have, |fewest| fewest.min(have)));
    }
    let floors = matrices.iter().filter(|matrix| matrix.has_verdicts());
    let mut sentences: Vec<String> =
        floors.map(|matrix| format!("{}: {}", format::capitalised(&matrix.label), matrix.floor_words())).collect();
    if let Some(fewest) = fewest {
        let needs = needs.iter().map(|(blocks, labels)| format!("{blocks} blocks for {}", format::list(labels)));
        let needs: Vec<String> = needs.collect();
        let have = format::counted(fewest as u64, "block");
        sentences.push(format!("{have}: estimates, cannot tell for sure; a verdict takes {}.", needs.join(", ")));
    }
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// What a connection costs with each contender that served all of them and has a valid fit, the most first.
fn costs<'g, 'a>(group: &'g Group<'a>) -> Vec<(Slope, &'g Series<'a>, Unit)> {
    let parts = stacked(group);
    let Some(unit) = parts.first().map(|part| part.unit) else { return Vec::new() };
    let served = group.series.iter().filter(|series| series.serves_all());
    let slopes = served.filter_map(|series| Some((slope_per_connection(series, &parts)?, series, unit)));
    slopes.sorted_by(|a, b| b.0.value.total_cmp(&a.0.value)).collect()
}

fn connection_cost(group: &Group<'_>, matrices: &[Matrix]) -> String {
    let costs = costs(group);
    let label = |series: &Series<'_>| series.contender.label.clone();
    let show = |slope: &Slope, series, unit: &Unit| format!("{} with {}", unit.show(slope.value), label(series));
    match costs.as_slice() {
        [] => "Cannot tell what a connection costs: no contender that served every one has a valid fit.".into(),
        [(slope, only, unit)] => format!("One more idle connection costs {}.", show(slope, only, unit)),
        [(high, most, unit), .., (low, least, _)] => {
            let of_connections = matrices.iter().find(|matrix| matrix.label == PER_CONNECTION);
            let pair = of_connections.and_then(|matrix| Some((matrix, matrix.pair(most.index, least.index)?)));
            let has_verdict = |pair: Pair| pair.judged.is_some_and(|judged| judged.verdict.is_one());
            let bound = |slope: &Slope, sign: f64| slope.half_width.map(|half| slope.value + sign * half);
            let clear = bound(high, -1.0).zip(bound(low, 1.0)).is_some_and(|(most, least)| most > least);
            let apart = match pair {
                Some((matrix, pair)) if has_verdict(pair) => apart(matrix, most, least),
                Some((matrix, pair)) if clear && pair.ratio.is_ok() => {
                    format!("{} ({})", apart(matrix, most, least), no_verdict(&matrix.pairs))
                }
                _ => "cannot tell them apart".into(),
            };
            format!(
                "One more idle connection costs {} and {}: {apart}.",
                show(high, most, unit),
                show(low, least, unit)
            )
        }
    }
}

fn every_connection_cost(group: &Group<'_>) -> Option<String> {
    let costs = costs(group);
    let mut shown =
        costs.iter().map(|(slope, series, unit)| format!("{} {}", series.contender.label, show_slope(slope, *unit)));
    (!costs.is_empty()).then(|| format!("{}.", shown.join(", ")))
}

fn unserved(group: &Group<'_>) -> Option<String> {
    let short = group.series.iter().filter_map(|series| {
        let (answered, held) = series.answered_of_held().filter(|(answered, held)| answered < held)?;
        let valid = series.phase(Phase::AfterRequest).any(|held| held.counts());
        valid.then(|| (series.contender.label.as_str(), format::count(answered), format::count(held)))
    });
    let short: Vec<_> = short.collect();
    let labels: Vec<&str> = short.iter().map(|(label, ..)| *label).collect();
    let (_, _, held) = short.first()?;
    let answered = if short.iter().all(|(_, _, other)| other == held) {
        let answered: Vec<&String> = short.iter().map(|(_, answered, _)| answered).collect();
        format!("{} of the {held} held connections", format::list(&answered))
    } else {
        let each: Vec<String> = short.iter().map(|(_, answered, held)| format!("{answered} of {held}")).collect();
        format!("{} held connections", format::list(&each))
    };
    Some(format!("{} answered {answered}; the rest waited.", format::list(&labels)))
}

/// Who carries how much, the most first; nothing where the experiment has no objective.
pub(super) fn under_objective(group: &Group<'_>) -> Vec<Statement> {
    let Some(objective) = &group.experiment.objective else { return Vec::new() };
    let found = group.series.iter().map(|series| (carries(objective, series), series));
    let load = |carries: &Carries| carries.load.map_or(0.0, |load| load.value);
    let most_first = found.sorted_by(|a, b| load(&b.0).total_cmp(&load(&a.0)).then(a.1.index.cmp(&b.1.index)));
    let each = most_first
        .map(|(carries, series)| format!("{} {} ({})", series.contender.label, carries.show(), carries.remark()));
    let sentence = format!("With {} and no request failed: {}.", objective.words(), each.collect_vec().join(", "));
    vec![answer(group, Rank::Lead, "load carried under the objective", sentence)]
}
