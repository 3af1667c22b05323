//! What a load came to as CSV: one header, one row, so that the rows of many loads make one table.
//!
//! Each column is a figure of the JSON object, where it stands at the end of a path: the two can't say different things. A
//! column that ends in `_ns` is in nanoseconds, in `_bytes` in bytes, in `_rps` in requests per second; a number without an
//! ending is a count. What was not measured is empty. Must not know: how a figure was found. Beside it: `findings.rs`.

use reports::plain::csv_field;
use serde_json::Value;

use crate::cli::load::findings::percentiles::SHOWN;

/// Columns that are called what the JSON object calls them.
const ABOUT: [&str; 19] = [
    "started_at",
    "harness_version",
    "target",
    "address",
    "wire",
    "method",
    "path",
    "work",
    "arrivals",
    "connections",
    "threads",
    "pacing",
    "seed",
    "warm_up_ns",
    "duration_ns",
    "timeout_ns",
    "offered_rps",
    "scheduled_rps",
    "achieved_rps",
];
const ENDS: [&str; 9] =
    ["scheduled", "ok", "error", "timeout", "malformed", "refused", "reset", "dropped", "in_flight"];
const TIMES: [&str; 3] = ["response_time", "service_time", "schedule_lag"];
/// Of a percentile. `above` is there in place of the value where that lies among requests without a right reply.
const BOUNDS: [(&str, &str); 4] = [("", "value"), ("_low", "low"), ("_high", "high"), ("_above", "above")];
const REST: [(&str, &str); 8] = [
    ("hung_since_warm_up", "/hung_since_warm_up"),
    ("connections_established", "/connections_ledger/established"),
    ("connections_failed", "/connections_ledger/failed"),
    ("reply_mean_bytes", "/reply_bytes/mean"),
    ("reply_most_bytes", "/reply_bytes/most"),
    ("generator_cpu_per_request_ns", "/generator/cpu_ns_per_request"),
    ("generator_busiest_worker_share", "/generator/busiest_worker"),
    ("valid", "/valid"),
];

/// Header and row of a load, from its JSON object.
pub(in crate::cli::load) fn csv(object: &Value) -> String {
    let columns = columns();
    let header: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let row: Vec<String> = columns.iter().map(|(_, path)| field(object.pointer(path))).collect();
    format!("{}\n{}\n", header.join(","), row.join(","))
}

/// Each column with where its figure stands.
fn columns() -> Vec<(String, String)> {
    let about = ABOUT.map(|name| (name.to_owned(), format!("/{name}")));
    let ends = ENDS.map(|end| (end.to_owned(), format!("/ledger/{end}")));
    let rest = REST.map(|(name, path)| (name.to_owned(), path.to_owned()));
    about.into_iter().chain(ends).chain(TIMES.iter().flat_map(|times| of_times(times))).chain(rest).collect()
}

fn of_times(times: &str) -> Vec<(String, String)> {
    let percentile = |name: &str| {
        let name = name.replace('.', "_");
        BOUNDS.map(|(end, bound)| (format!("{times}_{name}{end}_ns"), format!("/{times}_ns/{name}/{bound}")))
    };
    let shown = SHOWN.iter().map(|(name, _)| *name).chain(["max"]).flat_map(percentile);
    let mean = (format!("{times}_mean_ns"), format!("/{times}_ns/mean"));
    let counts = ["count", "right"].map(|count| (format!("{times}_{count}"), format!("/{times}_ns/{count}")));
    // The greatest of all has no interval.
    let has_interval = |name: &String| !name.ends_with("_max_low_ns") && !name.ends_with("_max_high_ns");
    shown.filter(|(name, _)| has_interval(name)).chain([mean]).chain(counts).collect()
}

fn field(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => csv_field(text),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cli::load::tests::JudgedLoad;

    fn by_name(csv: &str) -> BTreeMap<&str, &str> {
        let (header, row) = csv.split_once('\n').unwrap();
        assert_eq!(header.split(',').count(), row.trim_end().split(',').count());
        header.split(',').zip(row.trim_end().split(',')).collect()
    }

    #[test]
    fn a_row_says_what_the_object_says() {
        let object = JudgedLoad::open().written().json;
        let text = csv(&object);
        let row = by_name(&text);
        assert_eq!(row["response_time_p99_ns"], object["response_time_ns"]["p99"]["value"].to_string());
        assert_eq!(row["achieved_rps"], object["achieved_rps"].to_string());
        assert_eq!((row["target"], row["scheduled"], row["valid"]), ("http://localhost:8080/a", "10000", "true"));
        assert_eq!((row["reset"], row["reply_mean_bytes"], row["response_time_p99_above_ns"]), ("0", "", ""));
    }

    #[test]
    fn what_has_no_right_reply_is_above_the_timeout() {
        let text = csv(&JudgedLoad::failing().written().json);
        let row = by_name(&text);
        assert_eq!((row["response_time_p99_ns"], row["response_time_p99_above_ns"]), ("", "2000000000"));
        assert_eq!((row["error"], row["response_time_right"]), ("2500", "7500"));
    }

    #[test]
    fn every_column_has_a_place_in_the_object_and_every_end_a_column() {
        let object = JudgedLoad::open().written().json;
        let is_there = |path: &str| {
            let (parent, last) = path.rsplit_once('/').unwrap();
            let left_out = ["value", "low", "high", "above"].contains(&last);
            object.pointer(path).is_some() || left_out || object.pointer(parent).is_some_and(Value::is_null)
        };
        let lost: Vec<_> = columns().into_iter().filter(|(_, path)| !is_there(path)).collect();
        assert!(lost.is_empty(), "{lost:?}");
        let ends: Vec<&String> = object["ledger"].as_object().unwrap().keys().collect();
        assert!(ends.iter().all(|end| ENDS.contains(&end.as_str())) && ends.len() == ENDS.len(), "{ends:?}");
    }

    #[test]
    fn names_say_their_unit_once() {
        let names: Vec<String> = columns().into_iter().map(|(name, _)| name).collect();
        let twice = names.iter().filter(|name| names.iter().filter(|other| other == name).count() > 1);
        assert_eq!(twice.count(), 0);
        assert_eq!(csv_field(&names.join("")), names.join(""));
    }
}
