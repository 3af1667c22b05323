//! A metric as a verb with its object, so that a title is a sentence about contenders.
//!
//! A metric that has none here is named by its label. Must not know: verdicts.

use crate::metrics::Metric;

/// What stands before the number and after it.
const VERBS: [(&str, &str, &str); 12] = [
    ("response_time_p50", "takes", " to answer half of the requests"),
    ("response_time_p90", "takes", " to answer 90 of 100 requests"),
    ("response_time_p99", "takes", " to answer 99 of 100 requests"),
    ("response_time_p999", "takes", " to answer 999 of 1,000 requests"),
    ("achieved_rps", "serves", ""),
    ("cpu_per_request", "spends", " of CPU time on a request"),
    ("cpu_per_connection", "spends", " of CPU time on a connection"),
    ("peak_threads", "runs up to", " threads"),
    ("success", "answers", " of the requests"),
    ("probe_success", "answers", " of the probe's requests"),
    ("probe_p50", "takes", " to answer half of the probe's requests"),
    ("probe_p99", "takes", " to answer 99 of 100 of the probe's requests"),
];

fn verb(metric: &Metric) -> Option<(&'static str, &'static str)> {
    VERBS.iter().find(|(name, ..)| *name == metric.name).map(|(_, before, after)| (*before, *after))
}

/// `threaded spends 46.9 µs of CPU time on a request`.
pub(super) fn one(metric: &Metric, who: &str, value: &str) -> String {
    match verb(metric) {
        Some((before, after)) => format!("{who} {before} {value}{after}"),
        None => format!("{}: {value} with {who}", metric.label),
    }
}

/// `threaded spends 46.9 µs of CPU time on a request, async-multi 29.7 µs`.
pub(super) fn two(metric: &Metric, first: (&str, &str), second: (&str, &str)) -> String {
    let (who, value) = second;
    let repeated = match verb(metric) {
        Some((before, _)) if before.ends_with(" up to") => "up to ",
        Some(_) => "",
        None => return format!("{}, {value} with {who}", one(metric, first.0, first.1)),
    };
    format!("{}, {who} {repeated}{value}", one(metric, first.0, first.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::metric;

    #[test]
    fn every_verb_is_of_a_metric() {
        VERBS.iter().for_each(|(name, ..)| assert!(metric(name).is_some(), "{name}"));
    }

    #[test]
    fn a_metric_without_a_verb_is_named() {
        let switches = metric("switches_per_request").unwrap();
        assert_eq!(two(switches, ("a", "4"), ("b", "2")), "context switches per request: 4 with a, 2 with b");
        let p99 = metric("response_time_p99").unwrap();
        assert_eq!(two(p99, ("a", "4 ms"), ("b", "2 ms")), "a takes 4 ms to answer 99 of 100 requests, b 2 ms");
    }
}
