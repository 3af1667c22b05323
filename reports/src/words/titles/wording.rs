//! How a metric is said of one contender or of two: the verb, the number and what it is of.
//!
//! The wordings stand in the table of metrics; a metric without one is named. Must not know: verdicts, which contenders there are. Beside it:
//! `compared.rs`, which chooses the two.

use super::compared::RankedEntry;
use super::fact::Fact;
use super::title::Title;
use crate::format;
use crate::metrics::{Metric, Wording};

/// `Threads spent 46.9 µs of CPU per request`.
pub(super) fn one(metric: &Metric, of: &RankedEntry) -> Title {
    let (who, value) = (of.name.first(), of.fact.say());
    Title::of(match metric.wording {
        Some(Wording::Within(share, _)) if of.fact.is_a_bound() => format!("{who} took {value} to answer {share}"),
        Some(Wording::Within(share, _)) => format!("{who} answered {share} {}", of.fact.within()),
        Some(Wording::Did(before, after)) => format!("{who} {before} {value}{after}"),
        Some(Wording::Befell(before)) => format!("{before} {value} with {}", of.name),
        None => format!("{}: {value} with {}", format::capitalised(metric.label), of.name),
    })
}

/// What was seen of somebody who is named already: `spent 46.9 µs of CPU per request`, `others waited up to 9 ms`.
pub(crate) fn alone(metric: &Metric, fact: &Fact) -> String {
    let value = fact.say();
    match metric.wording {
        Some(Wording::Within(share, _)) => format!("answered {share} {}", fact.within()),
        Some(Wording::Did(before, after)) => format!("{before} {value}{after}"),
        Some(Wording::Befell(before)) => format!("{} {value}", format::uncapitalised(before)),
        None => format!("{} {value}", metric.label),
    }
}

/// `Threads spent 46.9 µs of CPU per request, tokio 29.7 µs`, or shorter where that is too long.
pub(super) fn two(metric: &Metric, more: &RankedEntry, less: &RankedEntry) -> Title {
    let (high, low) = (more.fact.say(), less.fact.say());
    let plain = format!("{}: {} {high}, {} {low}", format::capitalised(metric.short), more.name, less.name);
    let spoken = match metric.wording {
        // Of what both did not do in time, one is not faster.
        Some(Wording::Within(share, short)) if !less.fact.is_a_bound() => {
            let (within, other) = (less.fact.within(), more.fact.within());
            let said = |share: &str| format!("{} answered {share} {within}, {} {other}", less.name.first(), more.name);
            vec![said(share), said(short)]
        }
        Some(Wording::Did(before, after)) => {
            let repeated = if before.ends_with(" up to") { "up to " } else { "" };
            vec![format!("{} {before} {high}{after}, {} {repeated}{low}", more.name.first(), less.name)]
        }
        Some(Wording::Befell(before)) => vec![format!("{before} {high} with {}, {low} with {}", more.name, less.name)],
        Some(Wording::Within(..)) | None => Vec::new(),
    };
    Title::fitting(spoken.into_iter().chain([plain]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Unit;
    use crate::metrics::{Certainty, METRICS, Reading, metric};
    use crate::words::DisplayedName;
    use crate::words::titles::title::{MOST_WORDS, words};

    fn of(index: usize, name: &str, value: f64, unit: Unit) -> RankedEntry {
        let fact = Fact::new(Reading::Measured(value, Certainty::Unknown), unit);
        RankedEntry { index, name: DisplayedName::plain(name), leads: false, fact }
    }

    #[test]
    fn every_wording_fits_a_title() {
        let names = ["tokio (one thread)", "threads"];
        for metric in METRICS.iter().filter(|metric| metric.wording.is_some()) {
            let [more, less] =
                [(0, 46.9e3), (1, 29.7e3)].map(|(index, value)| of(index, names[index], value, metric.unit));
            let said = two(metric, &more, &less).said;
            assert!(words(&said) <= MOST_WORDS, "{said}");
        }
    }

    #[test]
    fn what_is_too_long_is_said_shorter() {
        let [a, b] =
            ["tokio (spawn-blocking, 4 workers)", "tokio (one thread)"].map(|name| of(0, name, 9e6, Unit::Nanoseconds));
        let said = two(metric("cpu_per_request").unwrap(), &a, &b).said;
        assert_eq!(said, "CPU per request: tokio (spawn-blocking, 4 workers) 9 ms, tokio (one thread) 9 ms");
        let switches = metric("switches_per_request").unwrap();
        assert!(two(switches, &a, &b).said.starts_with("Switches per request: tokio"));
    }
}
