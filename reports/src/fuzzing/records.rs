//! Properties of single files and of what is typed about them: what is taken can be written and is taken again.

use std::path::Path;

use serde::Serialize;

use crate::diff::Gate;
use crate::record::{Cell, HistogramRecord, Manifest, Timeline, record_in};
use crate::site::{Address, Entry, Index};

/// What stands in an error where no file was read.
const NOWHERE: &str = "record.json";

/// A manifest, a cell or a traced window.
pub fn records(bytes: &[u8]) {
    let path = Path::new(NOWHERE);
    if let Ok(manifest) = record_in::<Manifest>(path, bytes) {
        comes_back(&manifest, |json| record_in(path, json).ok());
    }
    if let Ok(timeline) = record_in::<Timeline>(path, bytes) {
        comes_back(&timeline, |json| record_in(path, json).ok());
        assert!(timeline.under_way() <= timeline.requests().len() as u64);
    }
    if let Ok(cell) = record_in::<Cell>(path, bytes) {
        comes_back(&cell, |json| record_in(path, json).ok());
    }
}

/// The text of a histogram. A first line of digits is how many values it should hold.
pub fn histogram_texts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (count, text) = text.split_once('\n').unwrap_or(("0", text));
    let count = count.parse().unwrap_or(0);
    is_read_or_refused(&HistogramRecord { count, sum_ns: count, v2_deflate_base64: text.to_owned() });
}

/// What the text of a histogram inflates to. Its first eight bytes are how many values it should hold.
pub fn histograms(bytes: &[u8]) {
    let Some((count, inflated)) = bytes.split_first_chunk() else { return };
    is_read_or_refused(&HistogramRecord::deflated(inflated, u64::from_le_bytes(*count)));
}

/// What a gate of `diff` is typed as.
pub fn gates(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(error) = text.parse::<Gate>() {
        assert!(error.to_string().contains("is not a gate"));
    }
}

/// What a site keeps of a run, its index of all of them, and the name of a run's folder.
pub fn site_entries(bytes: &[u8]) {
    if let Ok(entry) = Entry::from_json(bytes) {
        comes_back(&entry, |json| Entry::from_json(json).ok());
    }
    if let Ok(index) = Index::from_json(bytes) {
        let json = serde_json::to_vec(&index).expect("what was JSON is JSON again");
        assert!(Index::from_json(&json).is_ok());
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(address) = Address::parse(text) {
        assert_eq!(address.to_string(), text);
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    }
}

fn is_read_or_refused(record: &HistogramRecord) {
    let Ok(histogram) = record.to_histogram() else { return };
    assert_eq!(histogram.len(), record.count);
    let again = HistogramRecord::from_histogram(&histogram, record.sum_ns);
    let read = again.to_histogram().expect("what was read can be written");
    assert_eq!(read.len(), histogram.len());
    for quantile in [0.0, 0.5, 0.99, 1.0] {
        assert_eq!(read.value_at_quantile(quantile), histogram.value_at_quantile(quantile));
    }
}

/// What was read is the same once it was written and read again.
fn comes_back<T: Serialize + PartialEq + std::fmt::Debug>(record: &T, read: impl Fn(&[u8]) -> Option<T>) {
    let json = serde_json::to_vec(record).expect("what was JSON is JSON again");
    let again = read(&json).expect("what was written can be read");
    assert!(again == *record, "{record:?} comes back as {again:?}");
}
