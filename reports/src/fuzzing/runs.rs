//! A run with wrong numbers and texts in it, rendered in every form. The bytes are no run, or nearly all of them would be
//! refused as JSON: they say which values of a small run become which others.

use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::record::store::{RecordError, Run, RunFile};
use crate::trace_events::trace_events;
use crate::{diff, export, page, slides, summary};

/// A manifest, cells of one block, and a traced window, each in a line of its own.
const RUN: &str = include_str!("../../../fuzz/run.jsonl");
/// As many as a verdict takes.
const BLOCKS: u32 = 3;
/// Nothing may be able to stand like this in a page.
const HOSTILE: &str = "<i-am-hostile \"'>&\u{202e}";
/// The reports of so small a run are a fraction of it, whatever it says.
const LARGEST_REPORT_BYTES: usize = 32 << 20;

/// Each four bytes make one value another: two say which, one says what, one says it more exactly.
pub fn runs(bytes: &[u8]) {
    let mut files = files().clone();
    let mut places = 0;
    files.iter().for_each(|file| walk(file, &mut |_| places += 1));
    for edit in bytes.chunks_exact(4).take(8) {
        let place = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % places;
        let mut seen = 0;
        files
            .iter_mut()
            .for_each(|file| change(file, place, &mut seen, &|value| *value = other(value, edit[2], edit[3])));
    }
    match read(&files) {
        Ok(run) => render(&run),
        Err(error) => assert!(!bytes.is_empty(), "the run as it is is refused: {error}"),
    }
}

fn files() -> &'static Vec<Value> {
    static FILES: OnceLock<Vec<Value>> = OnceLock::new();
    FILES.get_or_init(|| {
        let parsed = |line| serde_json::from_str::<Value>(line).expect("the run is made of JSON");
        let in_blocks = |file: Value| {
            let blocks = if file.get("block").is_some() { BLOCKS } else { 1 };
            (0..blocks).map(move |block| {
                let mut file = file.clone();
                if block > 0 {
                    file["block"] = json!(block);
                    file["id"] = json!(format!("{}.{block}", file["id"].as_str().unwrap_or_default()));
                }
                file
            })
        };
        RUN.lines().map(parsed).flat_map(in_blocks).collect()
    })
}

/// As a run's folder is read.
fn read(files: &[Value]) -> Result<Run, RecordError> {
    let last = files.len() - 1;
    let file = |(place, value): (usize, &Value)| {
        let name = match value.get("id") {
            _ if place == 0 => "manifest.json".to_owned(),
            _ if place == last => "timelines/000.json".to_owned(),
            id => format!("cells/{}.json", id.and_then(Value::as_str).unwrap_or_default()),
        };
        RunFile { name, bytes: serde_json::to_vec(value).expect("a value is JSON") }
    };
    Run::of_files(&files.iter().enumerate().map(file).collect::<Vec<_>>())
}

fn render(run: &Run) {
    let page = page::render(run);
    assert!(!page.contains("<i-am-hostile"), "a text of a record is markup in the report");
    let slides = slides::render(run);
    assert!(!slides.contains("<i-am-hostile"), "a text of a record is markup in the slides");
    let summary = serde_json::to_vec(&summary::summarise(run)).expect("a summary is JSON");
    let markdown = export::markdown(run);
    let _ = diff::within(run);
    let _ = diff::between(run, run);
    let events: Vec<Value> = run.timelines.iter().map(trace_events).collect();
    let sizes = [page.len(), slides.len(), summary.len(), markdown.len()];
    assert!(sizes.iter().all(|bytes| *bytes < LARGEST_REPORT_BYTES) && events.len() == 1, "{sizes:?}");
}

fn walk(value: &Value, visit: &mut impl FnMut(&Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Object(fields) => fields.values().for_each(|field| walk(field, visit)),
        _ => {}
    }
}

/// Changes the value at a place, in the order in which [`walk`] comes by.
fn change(value: &mut Value, place: usize, seen: &mut usize, by: &impl Fn(&mut Value)) {
    *seen += 1;
    if *seen == place + 1 {
        return by(value);
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| change(item, place, seen, by)),
        Value::Object(fields) => fields.values_mut().for_each(|field| change(field, place, seen, by)),
        _ => {}
    }
}

/// Another value of the same kind, or none.
fn other(value: &Value, what: u8, exactly: u8) -> Value {
    match value {
        _ if what == 0 => Value::Null,
        Value::Bool(is) => json!(!is),
        Value::Number(number) if number.is_f64() => {
            let numbers = [0.0, -0.0, -1.0, 1e308, -1e308, 5e-324, 1e-9, 9e15, f64::from(exactly), 0.5];
            json!(numbers[usize::from(what) % numbers.len()])
        }
        Value::Number(_) => {
            let numbers = [0, 1, u64::MAX, 1 << 63, 1 << 53, (1 << 53) - 1, 1 << 32, u64::from(u32::MAX), 2, 1 << 40];
            json!(numbers[usize::from(what) % numbers.len()].saturating_add(u64::from(exactly % 4)))
        }
        Value::String(text) => {
            let long = HOSTILE.repeat(usize::from(exactly) + 1);
            let texts = ["", HOSTILE, &long, "..", "2026-99-99T99:99:99Z", "sleep 1ns", "a", "echo", " ", text];
            json!(texts[usize::from(what) % texts.len()])
        }
        Value::Array(items) if what.is_multiple_of(2) => {
            json!(items.iter().take(usize::from(exactly) % (items.len() + 1)).collect::<Vec<_>>())
        }
        Value::Array(items) => json!(items.iter().cycle().take(items.len() * 2).collect::<Vec<_>>()),
        Value::Object(fields) => {
            let left_out = usize::from(exactly) % fields.len().max(1);
            let kept = fields.iter().enumerate().filter(|(at, _)| *at != left_out);
            Value::Object(kept.map(|(_, (name, field))| (name.clone(), field.clone())).collect())
        }
        Value::Null => json!(exactly),
    }
}
