//! The data that a report carries: its records as JSON inside the page, its tables as CSV in links, and the response times
//! of a small run as an HdrHistogram interval log: an interval per cell, tagged with its id, from the start of the run on.
//!
//! Histograms, sums by response time, samples and single requests stay in the run's folder, or the page would grow beyond
//! what a browser opens at once. Deflated counts hardly shrink any further. Must not know: HTML around it.

use std::time::Duration;

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use serde_json::{Value, json};

use crate::charts::DataTable;
use crate::plain::csv_field;
use crate::record::store::Run;
use crate::record::{Cell, HistogramRecord, Purpose};
use crate::summary::SummaryTable;

/// The records as JSON that may stand in a `script` element: no `<` is left that could end it.
pub(super) fn records(run: &Run) -> String {
    let mut cells = serde_json::to_value(&run.cells).expect("records are plain data with string keys");
    cells.as_array_mut().into_iter().flatten().for_each(thin_out);
    let all = json!({ "manifest": run.manifest, "cells": cells });
    escaped(all.to_string())
}

fn escaped(json: String) -> String {
    let text = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

fn thin_out(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for key in ["v2_deflate_base64", "by_response_time", "samples", "inside", "intervals", "events", "course"] {
                fields.remove(key);
            }
            fields.values_mut().for_each(thin_out);
        }
        Value::Array(items) => items.iter_mut().for_each(thin_out),
        _ => {}
    }
}

/// The summary tables as CSV, base units, in a `data:` URI. What is not there is an empty field.
pub(super) fn summary_csv(tables: &[SummaryTable]) -> String {
    let mut csv = String::from("experiment,workload,contender,column,value,text,remark\n");
    for table in tables {
        for row in &table.rows {
            for (column, value) in table.columns.iter().zip(&row.values) {
                let number = value.number.map_or(String::new(), |number| number.to_string());
                let remark = value.remark.as_deref().unwrap_or("");
                let fields =
                    [&table.experiment, &table.workload, &row.contender, &column.label, &number, &value.text, remark];
                csv.push_str(&fields.map(csv_field).join(","));
                csv.push('\n');
            }
        }
    }
    data_uri("text/csv", &csv)
}

/// The numbers of a figure as CSV, as its table shows them, in a `data:` URI.
pub(super) fn figure_csv(table: &DataTable) -> String {
    let line = |cells: &Vec<String>| {
        let fields: Vec<String> =
            cells.iter().map(|cell| if cell == "-" { String::new() } else { csv_field(cell) }).collect();
        fields.join(",") + "\n"
    };
    let rows = table.rows.iter().map(|row| &row.cells);
    data_uri("text/csv", &[&table.columns].into_iter().chain(rows).map(line).collect::<String>())
}

/// A text file inside a link.
pub(super) fn data_uri(kind: &str, text: &str) -> String {
    format!("data:{kind};charset=utf-8,{}", percent_encoded(text))
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b',' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// What a page has room for beside its pictures, in bytes of base64.
const MOST_BYTES: usize = 150_000;
const NS_PER_MS: f64 = 1e6;

/// The log in a `data:` URI; absent where there is none, or too much for a page.
pub(super) fn interval_log(run: &Run) -> Option<String> {
    let measured = run.cells.iter().filter(|cell| cell.purpose == Purpose::Measure);
    let found = measured.filter_map(|cell| Some((cell, cell.traffic.as_ref()?.response_time.as_ref()?)));
    let found: Vec<(&Cell, &HistogramRecord)> = found.collect();
    let bytes: usize = found.iter().map(|(_, record)| record.v2_deflate_base64.len()).sum();
    if found.is_empty() || bytes > MOST_BYTES {
        return None;
    }
    Some(data_uri("text/plain", &written(&found)?))
}

/// Absent where a histogram can't be read: a log without it would look whole.
fn written(found: &[(&Cell, &HistogramRecord)]) -> Option<String> {
    let (mut log, mut serializer) = (Vec::new(), V2DeflateSerializer::new());
    let mut writer = IntervalLogWriterBuilder::new()
        .add_comment("response times; values in nanoseconds, the greatest of an interval in milliseconds")
        .with_max_value_divisor(NS_PER_MS)
        .begin_log_with(&mut log, &mut serializer)
        .ok()?;
    for (cell, record) in found {
        let [start, window] = [cell.started_at_ns, cell.load.window_ns].map(Duration::from_nanos);
        writer.write_histogram(&record.to_histogram().ok()?, start, window, Some(Tag::new(&cell.id)?)).ok()?;
    }
    drop(writer);
    String::from_utf8(log).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_records_can_end_their_element() {
        let text = escaped(r#"{"a":"</script ><!--","b":"&"}"#.into());
        assert!(!text.contains(['<', '>', '&']), "{text}");
        let back: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back, json!({ "a": "</script ><!--", "b": "&" }));
    }

    #[test]
    fn a_link_holds_any_text() {
        assert_eq!(percent_encoded("a b\n\"é"), "a%20b%0A%22%C3%A9");
    }
}
