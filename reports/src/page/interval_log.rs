//! The response times of a run as an HdrHistogram interval log, for tools that read one: an interval per cell, tagged
//! with the cell's id, from the start of the run on.
//!
//! Deflated counts hardly shrink any further, so a run with many is left without: its records have them all. Must not
//! know: HTML. Beside it: `downloads.rs`.

use std::time::Duration;

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use super::downloads::data_uri;
use crate::record::store::Run;
use crate::record::{Cell, HistogramRecord, Purpose};

/// What a page has room for beside its pictures, in bytes of base64.
const MOST_BYTES: usize = 150_000;
const NS_PER_MS: f64 = 1e6;

/// The log in a `data:` URI; absent where there is none, or too much for a page.
pub(super) fn of_run(run: &Run) -> Option<String> {
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
