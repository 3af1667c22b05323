//! Metrics as text, in the two formats that scrapers read: OpenMetrics, and the older one of Prometheus.
//!
//! The library writes OpenMetrics. Where nobody asks for that, as `curl` and `promtool` do not, the older format is made
//! from it: there a counter's family is called what its samples are called.

use std::collections::BTreeSet;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::metrics::MetricTotals;

/// What every metric's name begins with.
const PREFIX: &str = "harness";

/// The media types, of which a scraper names those that it reads.
pub(super) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
pub(super) const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";

impl MetricTotals {
    /// All of it in OpenMetrics text.
    pub(super) fn exposition(&self) -> String {
        let mut registry = Registry::with_prefix(PREFIX);
        registry.register_collector(Box::new(self.clone()));
        let mut text = String::new();
        encode(&mut text, &registry).expect("a String takes everything, and no histogram is without buckets");
        text
    }
}

/// OpenMetrics text in the older format.
pub(super) fn plain(open_metrics: &str) -> String {
    let counters: BTreeSet<&str> =
        open_metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let line = |line: &str| {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("UNIT" | "EOF"), ..) => String::new(),
            (Some("#"), Some(what), Some(name), Some(rest)) if counters.contains(name) => {
                format!("# {what} {name}_total {rest}\n")
            }
            _ => format!("{line}\n"),
        }
    };
    open_metrics.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hdrhistogram::Histogram;

    use super::*;
    use crate::live::web::event::{Buckets, CellLabels, CellSummary, ServerFigures};
    use crate::live::{Frame, LiveLoad, ModelFrame};

    /// A cell in which every request took about a millisecond but for two that took a minute.
    fn cell(contender: &str) -> CellSummary {
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 60_000_000_000, 3).unwrap();
        histogram.record_n(900_000, 98).unwrap();
        histogram.record_n(60_000_000_000, 2).unwrap();
        CellSummary {
            labels: CellLabels {
                contender: contender.to_owned(),
                experiment: "latency-curve".to_owned(),
                workload: "echo".to_owned(),
            },
            outcome: "completed",
            requests: vec![("ok", 98), ("timeout", 2)],
            response_times: Some(Buckets::of(&histogram, 98_000_000)),
            server: ServerFigures {
                resident_bytes: Some(4096),
                threads: None,
                user_cpu: Some(Duration::from_millis(1_500)),
                ..ServerFigures::default()
            },
        }
    }

    #[test]
    fn cells_add_up_and_what_was_not_measured_has_no_sample() {
        let mut totals = MetricTotals::default();
        totals.planned = Some(7);
        totals.add(&cell("threaded"));
        totals.add(&cell("threaded"));
        let text = totals.exposition();
        let labels = "contender=\"threaded\",experiment=\"latency-curve\",workload=\"echo\"";
        for line in [
            "harness_cells_planned 7".to_owned(),
            format!("harness_cells_total{{{labels},outcome=\"completed\"}} 2"),
            format!("harness_requests_total{{{labels},outcome=\"timeout\"}} 4"),
            format!("harness_server_resident_memory_bytes{{{labels}}} 4096"),
            format!("harness_server_cpu_seconds_total{{{labels},mode=\"user\"}} 3.0"),
            format!("harness_response_time_seconds_bucket{{le=\"0.0005\",{labels}}} 0"),
            format!("harness_response_time_seconds_bucket{{le=\"0.001\",{labels}}} 196"),
            format!("harness_response_time_seconds_bucket{{le=\"10.0\",{labels}}} 196"),
            format!("harness_response_time_seconds_bucket{{le=\"+Inf\",{labels}}} 200"),
            format!("harness_response_time_seconds_count{{{labels}}} 200"),
            format!("harness_response_time_seconds_sum{{{labels}}} 0.196"),
            "# UNIT harness_server_cpu_seconds seconds".to_owned(),
            "# EOF".to_owned(),
        ] {
            assert!(text.lines().any(|found| found == line), "no line {line:?} in\n{text}");
        }
        assert!(
            !text.contains("harness_server_threads{")
                && !text.contains("drawing_seconds_total ")
                && !text.contains("mode=\"system\""),
            "{text}"
        );
    }

    /// A server in an interval in which it answered two requests and failed one.
    fn watched() -> Frame {
        let mut times = Histogram::<u64>::new(2).unwrap();
        times.record_n(2_000_000, 2).unwrap();
        let model = ModelFrame {
            contender: "threaded".to_owned(),
            requests_per_s: 8.0,
            failed_per_s: 4.0,
            replies: Some(2),
            failures: Some(1),
            response_time_p50_ns: Some(2_000_000),
            response_time_p99_ns: Some(2_000_000),
            response_time_max_ns: Some(2_000_000),
            response_times: Some(times),
            threads: Some(5),
            ..ModelFrame::default()
        };
        let asked = LiveLoad { connections: 1, rate_rps: Some(12.0), work: "echo".to_owned(), ..LiveLoad::default() };
        Frame { at_ms: 250, asked, models: vec![model] }
    }

    #[test]
    fn what_watched_servers_answer_adds_up_from_frame_to_frame() {
        let mut totals = MetricTotals::default();
        totals.see(&watched());
        totals.see(&watched());
        let text = totals.exposition();
        let labels = "contender=\"threaded\",experiment=\"watch\",workload=\"echo\"";
        for line in [
            format!("harness_requests_total{{{labels},outcome=\"ok\"}} 4"),
            format!("harness_requests_total{{{labels},outcome=\"failed\"}} 2"),
            format!("harness_response_time_seconds_bucket{{le=\"0.001\",{labels}}} 0"),
            format!("harness_response_time_seconds_bucket{{le=\"0.0025\",{labels}}} 4"),
            format!("harness_response_time_seconds_count{{{labels}}} 4"),
            format!("harness_server_threads{{{labels}}} 5"),
        ] {
            assert!(text.lines().any(|found| found == line), "no line {line:?} in\n{text}");
        }
    }

    #[test]
    fn the_older_format_names_counters_as_their_samples() {
        let mut totals = MetricTotals::default();
        totals.planned = Some(7);
        totals.add(&cell("threaded"));
        let text = plain(&totals.exposition());
        assert!(text.contains("# TYPE harness_cells_total counter\nharness_cells_total{"), "{text}");
        assert!(text.contains("# HELP harness_cells_total Measurements that"), "{text}");
        assert!(text.contains("# TYPE harness_cells_planned gauge\n"), "{text}");
        assert!(!text.contains("# UNIT") && !text.contains("# EOF") && !text.contains("total_total"), "{text}");
    }

    #[test]
    fn hostile_labels_stay_between_their_quotes() {
        let mut totals = MetricTotals::default();
        totals.add(&cell("a\"} 1\n\\"));
        assert!(totals.exposition().contains(r#"contender="a\"} 1\n\\","#), "{}", totals.exposition());
    }
}
