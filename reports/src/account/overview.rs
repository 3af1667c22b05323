//! A workload's trials in one sentence: what a figure is titled with, and what a terminal shows.
//!
//! A fact and not a verdict, and never of what is invalid. Beside it: `verdict/claim.rs` decides.

use crate::account;
use crate::format;
use crate::metrics::{Metric, Reading, metric};
use crate::record::Fate;
use crate::study::{Group, Series, Standing, Trial};

/// The most contenders that a sentence names one by one.
const MOST_NAMED: usize = 4;

fn valid<'g, 'a>(group: &'g Group<'a>) -> impl Iterator<Item = (&'g Series<'a>, &'g Trial<'a>)> {
    group.trials().filter(|(_, trial)| trial.standing != Standing::Invalid)
}

/// Who served the probe throughout, who in part and who not at all; absent where nothing was done to any server.
pub(crate) fn served(group: &Group<'_>) -> Option<String> {
    let disturbance = group.trials().find_map(|(_, trial)| trial.shown()?.disturbance.as_ref())?;
    let (mut all, mut some, mut none) = (Vec::new(), Vec::new(), Vec::new());
    let mut shares: Vec<f64> = Vec::new();
    for (series, trial) in valid(group) {
        let fates = account::fates(trial.pool.cells.iter().flat_map(|cell| cell.disturbed()));
        let (ok, due) = (fates.get(&Fate::Ok).copied().unwrap_or(0), fates.values().sum::<u64>());
        let name = group.experiment.name_of(&series.contender.label, trial.variation);
        match ok {
            _ if due == 0 => {}
            0 => none.push(name),
            _ if ok == due => all.push(name),
            _ => {
                shares.push(ok as f64 / due as f64);
                some.push(format!("{name} ({})", format::share(ok as f64 / due as f64)));
            }
        }
    }
    let asked = all.len() + some.len() + none.len();
    let named = |names: &[String]| match names.len() {
        0..=MOST_NAMED => format!("by {}", format::list(names)),
        many if many == asked => format!("in all {many} trials"),
        many => format!("in {many} of {asked} trials"),
    };
    let waits = metric("probe_longest_wait").filter(|_| all.len() == asked && asked > 0);
    let waits = waits.map(|wait| range(group, wait));
    let parts = [(all, "all"), (some, "some"), (none, "none")];
    let mut phrases: Vec<String> = Vec::new();
    for (names, share) in parts.iter().filter(|(names, _)| !names.is_empty()) {
        // The first phrase says what is spoken of.
        let what = if phrases.is_empty() { " of the probe's requests were answered" } else { "" };
        let each = if *share == "some" && names.len() > MOST_NAMED { spread(&shares) } else { String::new() };
        phrases.push(format!("{share}{what} {}{each}", named(names)));
    }
    if phrases.is_empty() {
        return Some("No valid cell shows what became of the probe".into());
    }
    // Where nothing was lost, what there is to see is who waited.
    phrases.extend(waits);
    Some(format!("With {}, {}", disturbance.name, phrases.join("; ")))
}

/// ` (12% to 45%)`, where names and their shares are too many to be listed.
fn spread(shares: &[f64]) -> String {
    let (least, most) = shares.iter().fold((1.0_f64, 0.0_f64), |(lo, hi), share| (lo.min(*share), hi.max(*share)));
    format!(" ({} to {})", format::share(least), format::share(most))
}

/// From the lowest to the greatest value of a metric.
pub(crate) fn range(group: &Group<'_>, metric: &Metric) -> String {
    let readings = valid(group).filter_map(|(series, trial)| {
        let reading = metric.of_pool(&trial.pool);
        let rank = match reading {
            Reading::Measured(value, _) => (false, value),
            Reading::Beyond(least) => (true, least as f64),
            Reading::TooFew(_) | Reading::Absent => return None,
        };
        let who = group.experiment.name_of(&series.contender.label, trial.variation);
        Some((rank, format!("{} with {who}", reading.say(metric.unit))))
    });
    let mut readings: Vec<((bool, f64), String)> = readings.collect();
    readings.sort_by(|(a, _), (b, _)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    match readings.as_slice() {
        [] => format!("{}: no valid cell has a value", metric.label),
        [(_, only)] => format!("{}: {only}", metric.label),
        [(_, lowest), .., (_, greatest)] => format!("{}: from {lowest} to {greatest}", metric.label),
    }
}
