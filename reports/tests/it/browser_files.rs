//! What the report offers as files, saved by a real browser: each drawing as SVG and PNG, tables and records as data.
//!
//! Beside it: `browser.rs`.

use std::collections::BTreeSet;
use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use reports::page::render;
use serde_json::{Value, json};

use crate::devtools::{Browser, Tab};
use crate::fixture;

const FIGURE: &str = "latency-curve-response-sleep-5ms";

fn save(tab: &mut Tab<'_>, kind: &str, file: &str) -> Vec<u8> {
    let link = format!("[...document.querySelectorAll('#{FIGURE} .get a')].find((a) => a.textContent === '{kind}')");
    tab.evaluate(&format!("{link}.click()"));
    tab.downloaded(file)
}

/// Width and height, and the colours of the dots.
fn dots(png: &[u8]) -> ([u32; 2], Vec<[u8; 3]>) {
    let mut reader = png::Decoder::new(Cursor::new(png)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgba);
    ([info.width, info.height], bytes.chunks(4).map(|dot| [dot[0], dot[1], dot[2]]).collect())
}

#[test]
fn a_drawing_can_be_saved_alone_with_lines_and_with_dots_in_the_colours_of_the_theme() {
    let Some(mut browser) = Browser::start() else { return };
    let page = render(&fixture::small());
    for (theme, paper, line) in [("light", [255, 255, 255], [0, 0, 0]), ("dark", [20, 22, 26], [240, 228, 66])] {
        let mut tab = browser.open(&page, 1280, theme);
        let svg = String::from_utf8(save(&mut tab, "SVG", &format!("{FIGURE}-1.svg"))).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("<style") && svg.contains("prefers-color-scheme"), "{theme}");
        let (size, dots) = dots(&save(&mut tab, "PNG", &format!("{FIGURE}-1.png")));
        let drawn = tab.evaluate(&format!("document.querySelector('#{FIGURE} svg').viewBox.baseVal.width"));
        assert_eq!(json!(size[0]), json!(2 * drawn.as_u64().unwrap()), "twice as fine as the drawing");
        assert_eq!(dots[0], paper, "{theme}");
        assert!(dots.contains(&line), "no line of the second contender's colour, {theme}");
        assert!(dots.iter().collect::<BTreeSet<_>>().len() > 20, "text has soft edges");
        tab.assert_quiet();
        drop(tab);
        std::fs::remove_dir_all(browser.downloads()).unwrap();
    }
}

#[test]
fn records_and_tables_can_be_saved() {
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&render(&fixture::small()), 1280, "light");
    let csv = String::from_utf8(save(&mut tab, "CSV", &format!("{FIGURE}.csv"))).unwrap();
    let shown = tab.evaluate(&format!("document.querySelectorAll('#{FIGURE} details tr').length"));
    assert_eq!(json!(csv.lines().count()), shown, "{csv}");
    assert!(csv.starts_with("contender,offered load,achieved,") && csv.contains("\nthreaded,\"8,000/s\","), "{csv}");
    tab.evaluate("document.querySelector('#download-records a').click()");
    let records: Value = serde_json::from_slice(&tab.downloaded("records.json")).unwrap();
    assert_eq!(records["manifest"]["run"], json!("fixture"));
    tab.assert_quiet();
}

#[test]
fn the_response_times_are_an_interval_log_that_other_tools_read() {
    let Some(mut browser) = Browser::start() else { return };
    let run = fixture::small();
    let mut tab = browser.open(&render(&run), 1280, "light");
    tab.evaluate("document.querySelector('a[download$=hlog]').click()");
    let log = tab.downloaded("response-times.hlog");
    let mut found = 0;
    for entry in IntervalLogIterator::new(&log) {
        let LogEntry::Interval(interval) = entry.unwrap() else { continue };
        let cell = run.cells.iter().find(|cell| interval.tag().unwrap().as_str() == cell.id).unwrap();
        let saved = cell.traffic.as_ref().unwrap().response_time.as_ref().unwrap();
        let bytes = STANDARD.decode(interval.encoded_histogram()).unwrap();
        let read: Histogram<u64> = Deserializer::new().deserialize(&mut Cursor::new(&bytes)).unwrap();
        assert_eq!(read, saved.to_histogram().unwrap(), "{}", cell.id);
        assert_eq!(interval.duration().as_nanos(), u128::from(cell.load.window_ns));
        found += 1;
    }
    assert_eq!(found, 3 * 3 * 2, "contenders, loads and blocks");
}

#[test]
fn a_browser_leaves_nothing_behind() {
    let Some(browser) = Browser::start() else { return };
    let home = browser.home().to_owned();
    assert!(home.join("profile").exists());
    drop(browser);
    assert!(!home.exists(), "{}", home.display());
}
