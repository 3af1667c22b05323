//! The files for other tools, read back and held against the figures.

use std::fs;
use std::net::SocketAddr;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use serde_json::Value;
use servers::protocol::Wire;
use tempfile::TempDir;

use crate::common::own_server::serve;
use crate::load_command::{Findings, http_server, loaded};

/// Histograms with their tags, as they stand in a log.
type Intervals = Vec<(Option<String>, Histogram<u64>)>;

/// A load with both files: its figures, the log's intervals with their tags, and the text.
fn with_files(target: SocketAddr, arguments: &[&str]) -> (Findings, Intervals, String) {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (hlog, hgrm) = (path("a.hlog"), path("a.hgrm"));
    // What stood there before is longer than what is written.
    fs::write(&hlog, "x".repeat(1_000_000)).unwrap();
    let files = ["--hlog", &hlog, "--hgrm", &hgrm, "--duration", "300ms"];
    let found = Findings::of(target, &[&files, arguments].concat());
    (found, intervals(&fs::read(hlog).unwrap()), fs::read_to_string(hgrm).unwrap())
}

fn intervals(log: &[u8]) -> Intervals {
    let entries = IntervalLogIterator::new(log).map(Result::unwrap);
    let intervals = entries.filter_map(|entry| match entry {
        LogEntry::Interval(interval) => Some(interval),
        _ => None,
    });
    let decoded = intervals.map(|interval| {
        assert_eq!(interval.duration().as_millis(), 300);
        let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, interval.encoded_histogram()).unwrap();
        let histogram: Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
        assert!((interval.max() * 1e6 - histogram.max() as f64).abs() < 1e3);
        (interval.tag().map(|tag| tag.as_str().to_owned()), histogram)
    });
    decoded.collect()
}

/// Rows of value in ms, percentile, count; and the last line but two, with the greatest value.
fn rows(text: &str) -> Vec<[f64; 3]> {
    let lines = text.lines().skip(2).take_while(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut numbers = line.split_whitespace().map(|number| number.parse::<f64>().unwrap());
            [(); 3].map(|()| numbers.next().unwrap())
        })
        .collect()
}

fn assert_same(histogram: &Histogram<u64>, figures: &Value) {
    assert_eq!(histogram.len(), figures["count"].as_u64().unwrap());
    assert_eq!(histogram.max(), figures["max"]["value"].as_u64().unwrap());
    for (name, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
        if let Some(value) = figures[name]["value"].as_u64() {
            assert_eq!(histogram.value_at_quantile(quantile), value, "{name}");
        }
    }
}

#[test]
fn of_an_open_loop_they_hold_response_times_first() {
    let server = serve("async-single", Wire::JsonLines);
    let asked = ["--rate", "3000", "--arrivals", "constant", "--warm-up", "50ms"];
    let (found, intervals, text) = with_files(server.address, &asked);
    let tags: Vec<_> = intervals.iter().map(|(tag, _)| tag.as_deref()).collect();
    assert_eq!(tags, [None, Some("service-time"), Some("schedule-lag")]);
    let figures = ["response_time_ns", "service_time_ns", "schedule_lag_ns"];
    intervals.iter().zip(figures).for_each(|((_, histogram), name)| assert_same(histogram, &found.json[name]));
    let rows = rows(&text);
    assert!(rows.is_sorted_by(|a, b| a[0] <= b[0] && a[1] <= b[1] && a[2] <= b[2]), "{text}");
    let response_time = &found.json["response_time_ns"];
    let [value, percentile, count] = *rows.last().unwrap();
    assert_eq!((percentile, count), (1.0, 900.0));
    assert!((value * 1e6 - response_time["max"]["value"].as_f64().unwrap()).abs() < 1.0, "{text}");
    let median = rows.iter().find(|[_, percentile, _]| *percentile == 0.5).unwrap()[0] * 1e6;
    assert!(
        (median / response_time["p50"]["value"].as_f64().unwrap() - 1.0).abs() < 0.002,
        "{median}: {response_time}"
    );
    assert!(text.contains("#[Mean    =") && text.contains("Total count    =          900]"), "{text}");
}

#[test]
fn what_failed_is_in_them_as_the_timeout_as_in_the_figures() {
    let sometimes = ["--path", "/sometimes", "--timeout", "5s", "--warm-up", "0s"];
    let asked = [&sometimes[..], &["--rate", "2000", "--arrivals", "constant"]].concat();
    let (found, intervals, text) = with_files(http_server::start(), &asked);
    let (times, (_, logged)) = (&found.json["response_time_ns"], &intervals[0]);
    assert_eq!((found.ledger("error"), times["count"].as_u64(), logged.len()), (60, Some(600), 600));
    for told in [logged.max() as f64, logged.value_at_quantile(0.95) as f64, rows(&text).last().unwrap()[0] * 1e6] {
        assert!((told / 5e9 - 1.0).abs() < 0.001, "{told}");
    }
    assert_eq!(
        (&times["max"]["above"], &times["p99"]["above"]),
        (&5_000_000_000_u64.into(), &5_000_000_000_u64.into())
    );
    assert_eq!(logged.value_at_quantile(0.5), times["p50"]["value"].as_u64().unwrap());
}

#[test]
fn of_a_closed_loop_they_hold_service_times() {
    let server = serve("async-single", Wire::JsonLines);
    let (found, intervals, text) = with_files(server.address, &["--work", "sleep 1ms", "--warm-up", "50ms"]);
    assert_eq!(intervals.iter().map(|(tag, _)| tag.as_deref()).collect::<Vec<_>>(), [None, Some("service-time")]);
    intervals.iter().for_each(|(_, histogram)| assert_same(histogram, &found.json["service_time_ns"]));
    assert_eq!(rows(&text).last().unwrap()[2] as u64, found.ledger("ok"));
}

#[test]
fn a_file_that_cannot_be_written_in_the_end_hides_no_figures() {
    let server = serve("async-single", Wire::JsonLines);
    let target = server.address.to_string();
    // It opens as any file does, and takes nothing.
    let asked = [&*target, "--hlog", "/dev/full", "--duration", "300ms", "--warm-up", "0s", "--format", "json"];
    let reason = "error: /dev/full can't be written: No space left on device";
    let figures = loaded(&asked).with_code(1).telling(reason).json();
    assert!(figures["ledger"]["scheduled"].as_u64().unwrap() > 0, "{figures}");
}
