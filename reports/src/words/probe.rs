//! What became of a server that something was done to, and of its clients: a trial by itself.
//!
//! Facts and no verdicts, in words that the records chose. Must not know: HTML, charts, which outcome anyone expects. Beside
//! it: `served.rs`, a workload's trials in one title; `study/trial.rs`, whose trials are told; `verdict/claim.rs`, which decides.

use itertools::Itertools;

use std::collections::BTreeMap;

use super::aftermath;
use crate::format::{self, Unit};
use crate::metrics::{Reading, metric, slow_answers};
use crate::record::{Bound, Cell, DisturbanceRecord, Fate, Outcome, RequestEvent, Warning};
use crate::study::{During, Pool, Trial};

/// Longest end of a server's standard error that is shown.
const LONGEST_LAST_WORDS: usize = 120;

/// Requests by their fate.
pub(crate) fn fates<'a>(events: impl IntoIterator<Item = &'a RequestEvent>) -> BTreeMap<Fate, u64> {
    let mut counts = BTreeMap::new();
    events.into_iter().for_each(|event| *counts.entry(event.fate).or_default() += 1);
    counts
}

/// `325 refused and 3 reset`.
pub(crate) fn counted(fates: &BTreeMap<Fate, u64>) -> String {
    format::list(fates.iter().map(|(fate, count)| format!("{} {}", format::count(*count), fate.words())))
}

/// What the probe got while something was done to the server: `answered 120 of the 500 requests of other
/// clients meanwhile, 8 of them slowly: 380 timed out`.
pub(crate) fn answered(pool: &Pool<'_>) -> String {
    let fates = fates(pool.probed(During::Disturbance));
    let due: u64 = fates.values().sum();
    let ok = fates.get(&Fate::Ok).copied().unwrap_or(0);
    let requests = format::counted(due, "request");
    let share = match ok {
        _ if due == 0 => return "was asked by no other client meanwhile".into(),
        0 => format!("answered none of the {requests}"),
        _ if ok == due => format!("answered all {requests}"),
        _ => format!("answered {} of the {requests}", format::count(ok)),
    };
    let failed: BTreeMap<Fate, u64> = fates.into_iter().filter(|(fate, _)| *fate != Fate::Ok).collect();
    let failed = if failed.is_empty() { String::new() } else { format!(": {}", counted(&failed)) };
    let slow = slow_answers(pool).filter(|slow| *slow > 0);
    let slow = slow.map_or(String::new(), |slow| format!(", {} of them slowly", format::count(slow)));
    format!("{share} of other clients meanwhile{slow}{failed}")
}

/// The whole story of a trial in which something was done to the server, as the rest of a sentence on it and more.
pub(crate) fn story(trial: &Trial<'_>) -> String {
    let pool = &trial.pool;
    let aftermath = [aftermath::goodput(pool), aftermath::shutdown(pool)];
    let after = [recovery(pool), response(pool), end_of_servers(pool), turned_away(pool)];
    service(pool).into_iter().chain(after.into_iter().chain(aftermath).flatten()).join(" ")
}

/// How the probe was served while something was done to the server: the rest of a sentence on the server, and one on
/// the first failure where the first does not say it.
pub(crate) fn service(pool: &Pool<'_>) -> Vec<String> {
    match all_until_none(pool) {
        Some(whole) => vec![whole],
        None => [Some(format!("{}.", answered(pool))), first_failure(pool)].into_iter().flatten().collect(),
    }
}

/// `answered all 170 requests of other clients until idle connections reached 1,020, then none of 230: 230 timed out`;
/// absent where the break is not as clean.
fn all_until_none(pool: &Pool<'_>) -> Option<String> {
    let (mut before, mut after) = (0, BTreeMap::<Fate, u64>::new());
    for cell in &pool.cells {
        let failed_at_ns = cell.first_failure()?.at_ns;
        before += cell.probed(During::Disturbance).filter(|event| event.at_ns < failed_at_ns).count() as u64;
        let later = cell.probed(During::Disturbance).filter(|event| event.at_ns >= failed_at_ns);
        later.for_each(|event| *after.entry(event.fate).or_default() += 1);
    }
    if before == 0 || after.is_empty() || after.contains_key(&Fate::Ok) {
        return None;
    }
    let (_, when) = when_it_failed(pool)?;
    let none_of = format::count(after.values().sum());
    Some(format!(
        "answered all {} of other clients until {when}, then none of {none_of} for as long as that went on: {}.",
        format::counted(before, "request"),
        counted(&after)
    ))
}

/// Whose failure was the first, and when that was.
fn when_it_failed(pool: &Pool<'_>) -> Option<(Fate, String)> {
    let (cell, event) = pool.cells.iter().find_map(|cell| Some((cell, cell.first_failure()?)))?;
    let disturbance = cell.disturbance.as_ref()?;
    let when = match held_when_it_failed(pool) {
        _ if event.at_ns >= disturbance.until_ns => format!("{} had ended", disturbance.name),
        Some(held) => format!("{} reached {held}", disturbance.name),
        None => {
            let after_ns = event.at_ns.saturating_sub(disturbance.from_ns) as f64;
            format!("{} had gone on for {}", disturbance.name, Unit::Nanoseconds.show(after_ns))
        }
    };
    Some((event.fate, when))
}

fn first_failure(pool: &Pool<'_>) -> Option<String> {
    let (fate, when) = when_it_failed(pool)?;
    Some(format!("The first to fail ({}) was due when {when}.", fate.words()))
}

fn held_when_it_failed(pool: &Pool<'_>) -> Option<String> {
    let metric = metric("held_at_first_failure")?;
    let reading = metric.of_pool(pool);
    let value = reading.value()?;
    Some(format!("{}{}", metric.unit.show(value), format::bracketed(reading.remark(metric.unit))))
}

fn recovery(pool: &Pool<'_>) -> Option<String> {
    let metric = metric("probe_recovery")?;
    match metric.of_pool(pool) {
        Reading::Measured(0.0, _) => None,
        Reading::Measured(ns, _) => {
            Some(format!("After the first failure it took {} to the next answer.", metric.unit.show(ns)))
        }
        Reading::Beyond(ns) => Some(format!(
            "After the first failure nothing more was answered, for {} until the load ended.",
            metric.unit.show(ns as f64)
        )),
        Reading::TooFew(_) | Reading::Absent => None,
    }
}

fn response(pool: &Pool<'_>) -> Option<String> {
    let [meanwhile, otherwise] = ["probe_p99", "undisturbed_p99"].map(metric);
    let (meanwhile, otherwise) = (meanwhile?, otherwise?);
    let shown = |reading: Reading| match reading {
        Reading::Measured(..) | Reading::Beyond(_) => Some(reading.say(Unit::Nanoseconds)),
        Reading::TooFew(_) | Reading::Absent => None,
    };
    let now = shown(meanwhile.of_pool(pool))?;
    let apart = shown(otherwise.of_pool(pool)).map_or(String::new(), |p99| format!(", and {p99} undisturbed"));
    Some(format!("The p99 of others was {now}{apart}."))
}

/// How a server ended before its time, as the rest of a sentence on it: `was killed by signal 6`.
pub(crate) fn death(cell: &Cell) -> Option<String> {
    let warned = cell.warnings.iter().find_map(|warning| match warning {
        Warning::ServerDied { how } => Some(how.clone()),
        _ => None,
    });
    match &cell.outcome {
        Outcome::Failed { reason, .. } if warned.is_none() => {
            Some(reason.strip_prefix("the server ").unwrap_or(reason).to_owned())
        }
        _ => warned,
    }
}

/// The last line that a server wrote to its standard error before it died, as a sentence.
pub(crate) fn last_words(cell: &Cell) -> Option<String> {
    let Outcome::Failed { stderr, .. } = &cell.outcome else { return None };
    // Where it panicked, that line says more than the hint on backtraces after it.
    let mut lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let said = lines.clone().rfind(|line| line.contains("panicked")).or_else(|| lines.next_back())?;
    // The text of a panic is part of how it ended.
    if death(cell).is_some_and(|how| how.contains(said)) {
        return None;
    }
    let said: String = said.chars().take(LONGEST_LAST_WORDS).collect();
    Some(format!("It said: \u{201c}{said}\u{201d}."))
}

fn end_of_servers(pool: &Pool<'_>) -> Option<String> {
    let died: Vec<(&&Cell, String)> = pool.cells.iter().filter_map(|cell| Some((cell, death(cell)?))).collect();
    let (cell, how) = died.first()?;
    let when = cell
        .server
        .died_at_ns
        .map_or(String::new(), |ns| format!(", {} after the start of the load", Unit::Nanoseconds.show(ns as f64)));
    let times = match pool.cells.len() {
        1 => String::new(),
        all => format!(", {} of {all} times", died.len()),
    };
    Some(format!("The server {how}{when}{times}."))
}

/// What a server could not take on, as it counted itself.
pub(crate) fn turned_away(pool: &Pool<'_>) -> Option<String> {
    let counted = |of: fn(&Cell) -> Option<u64>| pool.cells.iter().filter_map(|cell| of(cell)).sum::<u64>();
    let spawns = counted(|cell| Some(cell.server.counters?.spawn_errors));
    let accepts = counted(|cell| Some(cell.server.counters?.accept_errors));
    let parts = [(spawns, "could not spawn a thread"), (accepts, "could not accept a connection")];
    let parts = parts.iter().filter(|(times, _)| *times > 0);
    let parts = parts.map(|(times, what)| format!("{what} {}", format::counted(*times, "time")));
    Some(format!("The server {}.", format::listed(parts)?))
}

/// What became of the connections of a disturbance: `2,400 held at most; 12 refused; 300 ended by the server`.
pub(crate) fn connections(disturbance: &DisturbanceRecord) -> Option<String> {
    let most = disturbance.course.iter().map(|progress| progress.held).max()?;
    let last = disturbance.course.last()?;
    let mut parts = vec![format!("{} held at most", format::count(most))];
    let others = [(last.refused, "refused"), (last.ended_by_server, "ended by the server")];
    let others = others.iter().filter(|(count, _)| *count > 0);
    parts.extend(others.map(|(count, what)| format!("{} {what}", format::count(*count))));
    Some(parts.join("; "))
}

/// `1,000 threads, by rlimit (RLIMIT_NPROC)`.
pub(crate) fn bound(bound: &Bound) -> String {
    let value = match bound.resource.as_str() {
        "memory" => Unit::Bytes.show(bound.value as f64),
        _ => format::count(bound.value),
    };
    format!("{value} {}, by {}", bound.resource, bound.enforced_by)
}
