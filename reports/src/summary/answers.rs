//! The sentences: who kept up with what, how long requests took there, what a connection costs, who carries
//! how much under an objective.
//!
//! No outcome is assumed. A ratio is called a difference only where the blocks carry a verdict. Must not know: HTML.

use itertools::Itertools;
use std::collections::BTreeMap;

use super::{Rank, Statement, answer, pictured, stacked};
use crate::format::{self, Unit, often};
use crate::metrics::{Metric, metric, slope_per_connection};
use crate::objective::{Carries, carries};
use crate::record::{Phase, PictureKind};
use crate::stats::Estimate;
use crate::study::{Group, Series};
use crate::verdict::{Matrix, PER_CONNECTION, Pair, Verdict};
use crate::words::{DisplayedName, Fact, measured, show_slope, told_of};

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
        let loads = format::list(group.loads().into_iter().map(format::number));
        say(Rank::Detail, "loads offered", Some(format!("{loads} requests per second.")));
    }
    if group.series.iter().any(|series| !series.stages.is_empty()) {
        let lead = connection_cost(group, matrices);
        let lead = [Some(lead), unserved(group)].into_iter().flatten().collect::<Vec<_>>().join(" ");
        say(Rank::Lead, "memory per idle connection", Some(lead));
        say(Rank::Detail, "per idle connection", every_connection_cost(group));
    }
    answers
}

/// What is known of how much a contender carries.
#[derive(Debug, Clone, Copy, PartialEq)]
enum KeptUp {
    /// With every load tried, this the highest.
    WithAll(f64),
    /// With one load, and not with the next.
    Until(f64, f64),
    /// With a load; above it no valid cell tells.
    AtLeast(f64),
    /// Not even with this, the lowest tried.
    NotWith(f64),
    Unknown,
}

impl KeptUp {
    fn of(series: &Series<'_>) -> KeptUp {
        let next = |above: f64| series.points.iter().map(|point| point.offered_load_rps).find(|load| *load > above);
        match series.kept_up_to() {
            Some(load) if series.may_carry_more() => KeptUp::AtLeast(load),
            Some(load) => next(load).map_or(KeptUp::WithAll(load), |next| KeptUp::Until(load, next)),
            None if !series.has_valid_cell() => KeptUp::Unknown,
            None => next(0.0).map_or(KeptUp::Unknown, KeptUp::NotWith),
        }
    }

    /// For an order with the most first.
    fn load(self) -> f64 {
        match self {
            KeptUp::WithAll(load) | KeptUp::Until(load, _) | KeptUp::AtLeast(load) => load,
            KeptUp::NotWith(_) => 0.0,
            KeptUp::Unknown => -1.0,
        }
    }

    /// What is said of those who did. Loads that were not tried rank nobody, so each says what it was seen to do.
    fn words(self, who: &[&DisplayedName]) -> String {
        let show = |load| Unit::PerSecond.show(load);
        let named = DisplayedName::list(who);
        match self {
            KeptUp::WithAll(load) => format!("{named} kept up with every load tried, up to {}.", show(load)),
            KeptUp::Until(load, next) => format!("{named} kept up with {} and not with {}.", show(load), show(next)),
            KeptUp::AtLeast(load) => {
                format!("{named} kept up with {}; above it nothing valid was measured.", show(load))
            }
            KeptUp::NotWith(load) => format!("{named} did not keep up with {}, the lowest load tried.", show(load)),
            KeptUp::Unknown => format!("Cannot tell for {}: no valid measurement.", format::list(who)),
        }
    }
}

/// Who kept up with how much, the most first.
fn carried(group: &Group<'_>) -> String {
    let measured = group.series.iter().map(|series| (KeptUp::of(series), DisplayedName::of(series.contender)));
    let unmeasured = group.unmeasured.iter().map(|(_, contender)| (KeptUp::Unknown, DisplayedName::of(contender)));
    let all: Vec<(KeptUp, DisplayedName)> = measured.chain(unmeasured).collect();
    let mut kinds: Vec<KeptUp> = Vec::new();
    for (kept, _) in all.iter().sorted_by(|(a, _), (b, _)| b.load().total_cmp(&a.load())) {
        if !kinds.contains(kept) {
            kinds.push(*kept);
        }
    }
    let who = |of: &KeptUp| all.iter().filter(|(kept, _)| kept == of).map(|(_, name)| name).collect_vec();
    kinds.iter().map(|kept| kept.words(&who(kept))).join(" ")
}

/// A load, and the values at it from the lowest to the highest, each with whose it is.
type LoadRanking<'g, 'a> = (f64, Vec<(f64, &'g Series<'a>)>);

/// The contenders that have a value where contenders can be told apart, the lowest first; or why there are too few.
fn ranked<'g, 'a>(group: &'g Group<'a>, metric: &Metric) -> Result<LoadRanking<'g, 'a>, String> {
    let Some(load) = group.busy_load(metric.blocks_for_verdict) else {
        return Err("Cannot tell: at no load tried did half of the servers keep up in valid measurements.".into());
    };
    let value = |series: &Series<'_>| metric.of_pool(&series.at(load)?.pool).value();
    let sound = group.sound_at(load).into_iter();
    let found = sound.filter_map(|series| Some((value(series)?, series)));
    let found = found.sorted_by(|a, b| a.0.total_cmp(&b.0).then(a.1.index.cmp(&b.1.index))).collect_vec();
    if found.len() < 2 {
        let reason = "fewer than two servers have a number, for want of samples or of replies in time";
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
        "At {}, {} and {}: {}.",
        Unit::PerSecond.show(load),
        shown(lowest, metric, load)?,
        shown(highest, metric, load)?,
        apart(matrices.iter().find(|matrix| matrix.label == metric.label)?, highest, lowest)
    ))
}

/// `5.20 ms (5.18 to 5.31 ms) with threads`.
fn shown(series: &Series<'_>, metric: &Metric, load: f64) -> Option<String> {
    let reading = metric.of_pool(&series.at(load)?.pool);
    Some(format!("{} with {}", Fact::new(reading, metric.unit).in_full(), series.name))
}

/// The ratio by block, with the verdict where there are blocks enough for one.
fn apart(matrix: &Matrix, a: &Series<'_>, b: &Series<'_>) -> String {
    let Some((ratio, judged)) = matrix.pair(a.index, b.index).and_then(|pair| pair.ratio.ok().zip(pair.judged)) else {
        return "cannot tell how far apart".into();
    };
    let interval = format::bracketed(ratio.interval.map(format::interval));
    let verdict = if judged.verdict.is_one() { format!("; {}", judged.verdict.words()) } else { String::new() };
    format!("{} times as much{}{verdict}", format::ratio(ratio.value), interval)
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
        let needs = needs.iter().enumerate().map(|(place, (times, labels))| {
            let measurements = if place == 0 { " measurements" } else { "" };
            format!("{times}{measurements} of the {}", format::list(labels))
        });
        let needs: Vec<String> = needs.collect();
        sentences.push(format!(
            "Measured {}, so these are estimates. A verdict takes {}.",
            often(fewest),
            needs.join(", ")
        ));
    }
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// What a connection costs with each contender that served all of them and has a valid fit, the most first.
fn costs<'g, 'a>(group: &'g Group<'a>) -> Vec<(Estimate, &'g Series<'a>, Unit)> {
    let parts = stacked(group);
    let Some(unit) = parts.first().map(|part| part.unit) else { return Vec::new() };
    let served = group.series.iter().filter(|series| series.serves_all());
    let slopes = served.filter_map(|series| Some((slope_per_connection(series, &parts)?, series, unit)));
    slopes.sorted_by(|a, b| b.0.value.total_cmp(&a.0.value)).collect()
}

fn connection_cost(group: &Group<'_>, matrices: &[Matrix]) -> String {
    let all = costs(group);
    let show = |(slope, series, unit): &(Estimate, &Series<'_>, Unit)| {
        format!("{} with {}", unit.show(slope.value), series.name)
    };
    match told_of(all.iter(), |(_, series, _)| series.leads).as_slice() {
        [] => {
            "Cannot tell what a connection costs: no server that answered on all of them gives a valid figure.".into()
        }
        [only] => format!("One more idle connection costs {}.", show(only)),
        [most @ (high, more, _), .., least @ (low, less, _)] => {
            let of_connections = matrices.iter().find(|matrix| matrix.label == PER_CONNECTION);
            let pair = of_connections.and_then(|matrix| Some((matrix, matrix.pair(more.index, less.index)?)));
            let has_verdict = |pair: Pair| pair.judged.is_some_and(|judged| judged.verdict.is_one());
            let clear = high.interval.zip(low.interval).is_some_and(|(most, least)| most.0 > least.1);
            let apart = match pair {
                Some((matrix, pair)) if has_verdict(pair) => apart(matrix, more, less),
                Some((matrix, pair)) if clear && pair.ratio.is_ok() => {
                    format!("{}, {}", apart(matrix, more, less), measured(&matrix.pairs))
                }
                _ => "cannot tell them apart".into(),
            };
            format!("One more idle connection costs {} and {}: {apart}.", show(most), show(least))
        }
    }
}

fn every_connection_cost(group: &Group<'_>) -> Option<String> {
    let costs = costs(group);
    let mut shown = costs.iter().map(|(slope, series, unit)| format!("{} {}", series.name, show_slope(slope, *unit)));
    (!costs.is_empty()).then(|| format!("{}.", shown.join(", ")))
}

fn unserved(group: &Group<'_>) -> Option<String> {
    let short = group.series.iter().filter_map(|series| {
        let (answered, held) = series.answered_of_held().filter(|(answered, held)| answered < held)?;
        let valid = series.phase(Phase::AfterRequest).any(|held| held.counts());
        valid.then(|| (DisplayedName::of(series.contender), format::count(answered), format::count(held)))
    });
    let short: Vec<_> = short.collect();
    let names: Vec<&DisplayedName> = short.iter().map(|(name, ..)| name).collect();
    let (_, _, held) = short.first()?;
    let answered = if short.iter().all(|(_, _, other)| other == held) {
        let answered = short.iter().map(|(_, answered, _)| answered);
        format!("{} of the {held} held connections", format::list(answered))
    } else {
        let each = short.iter().map(|(_, answered, held)| format!("{answered} of {held}"));
        format!("{} held connections", format::list(each))
    };
    Some(format!("{} answered {answered}; the rest waited.", DisplayedName::list(&names)))
}

/// Who carries how much, the most first; nothing where the experiment has no objective.
pub(super) fn under_objective(group: &Group<'_>) -> Vec<Statement> {
    let Some(objective) = &group.experiment.objective else { return Vec::new() };
    let found = group.series.iter().map(|series| (carries(objective, series), series));
    let load = |carries: &Carries| carries.load.map_or(0.0, |load| load.value);
    let most_first = found.sorted_by(|a, b| load(&b.0).total_cmp(&load(&a.0)).then(a.1.index.cmp(&b.1.index)));
    let each = most_first.map(|(carries, series)| format!("{} {} ({})", series.name, carries.show(), carries.remark()));
    let sentence = format!("With {} and no request failed: {}.", objective.words(), each.collect_vec().join(", "));
    vec![answer(group, Rank::Lead, "load carried under the objective", sentence)]
}
