//! In a real browser: what the report offers as files, each drawing as SVG and PNG, tables and records as data; and the
//! index of a site, which fits, whose filter hides what it should, and which is complete without scripts.
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
use reports::site::{self, Entry};
use serde_json::{Value, json};

use crate::browser::{go_to, in_both_themes};
use crate::devtools::{Browser, Chromium, Tab};
use crate::fixture::{self, contents};

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
    assert!(csv.starts_with("server,offered load,throughput,") && csv.contains("\nthreaded,\"8,000/s\","), "{csv}");
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
    let Some(chromium) = Chromium::start() else { return };
    let home = chromium.home().to_owned();
    assert!(home.join("profile").exists());
    drop(chromium);
    assert!(!home.exists(), "{}", home.display());
}

const LISTED: &str = "[...document.querySelectorAll('.runs li')].filter((e) => e.getClientRects().length).length";
const FIGURES: &str = "[...document.querySelectorAll('figure')].filter((e) => e.getClientRects().length).length";

/// Three runs of one machine and two of another, one of which has an experiment less.
pub(crate) fn entries() -> Vec<Entry> {
    let entries = (1..=5).map(|day| {
        let mut run = fixture::small();
        run.manifest.started_at = format!("2026-02-{day:02}T10:20:30Z");
        if day > 3 {
            run.manifest.machine.cpu_model = "Another CPU with a name that goes on for rather long @ 3.40GHz".into();
        }
        if day == 2 {
            run.manifest.preset = "full".into();
        }
        if day == 5 {
            run.manifest.experiments.retain(|experiment| experiment.name != "memory");
        }
        let address = site::address(&run, &[]).unwrap();
        let mut entry = site::publish(&run, &[], address, None).entry;
        if day == 1 {
            entry.contenders.retain(|contender| contender != "async-multi");
            entry.commit = Some("0123abcd".into());
        }
        entry
    });
    entries.collect()
}

#[test]
fn the_index_is_quiet_fits_and_its_texts_keep_apart() {
    let Some(mut browser) = Browser::start() else { return };
    in_both_themes(&mut browser, &contents(&entries()).index_page(), &[360, 1280], |tab, view| {
        assert!(tab.evaluate(FIGURES).as_u64().unwrap() >= 5, "{view}");
    });
}

#[test]
fn the_filter_hides_other_machines_and_experiments_and_the_link_remembers() {
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&contents(&entries()).index_page(), 1280, "light");
    assert_eq!(tab.evaluate(LISTED), json!(5));
    let all_figures = tab.evaluate(FIGURES).as_u64().unwrap();
    let choose = |id: &str, option: u32| {
        format!(
            "(() => {{ const s = document.getElementById('{id}'); s.selectedIndex = {option}; \
             s.dispatchEvent(new Event('input', {{ bubbles: true }})); return s.value; }})()"
        )
    };
    tab.evaluate(&choose("machine", 1));
    assert_eq!(tab.evaluate(LISTED), json!(2), "the machine of the newest run");
    let figures = tab.evaluate(FIGURES).as_u64().unwrap();
    assert!(0 < figures && figures < all_figures, "{figures} of {all_figures}");
    assert_eq!(tab.evaluate(&choose("experiment", 2)), json!("memory"));
    assert_eq!(tab.evaluate(LISTED), json!(1));
    assert_eq!(tab.evaluate("document.getElementById('shown').textContent"), json!("1 of 5 shown"));
    let hash = tab.evaluate("location.hash");
    assert!(hash.as_str().unwrap().ends_with("&experiment=memory"), "{hash}");
    tab.evaluate(
        "new Promise((done) => { document.querySelector('.filter [type=reset]').click(); setTimeout(done, 50); })",
    );
    assert_eq!((tab.evaluate(LISTED), tab.evaluate("location.hash")), (json!(5), json!("")), "all again");
    for (hash, listed) in [
        ("preset=full", 1),
        ("contender=async-multi", 4),
        ("words=0123ABCD", 1),
        ("words=another+2026-02-05", 1),
        ("words=another&preset=full", 0),
    ] {
        go_to(&mut tab, hash);
        assert_eq!(tab.evaluate(LISTED), json!(listed), "{hash}");
    }
    go_to(&mut tab, "experiment=memory&machine=nonsense");
    assert_eq!(tab.evaluate(LISTED), json!(4), "a machine that is not there hides nothing");
    tab.assert_quiet();
}

#[test]
fn the_index_is_complete_without_scripts() {
    let Some(mut browser) = Browser::start() else { return };
    let page = contents(&entries()).index_page();
    let silent = page.replacen("<script>", "<script type=\"text/plain\">", 1);
    assert_ne!(page, silent);
    let mut tab = browser.open(&silent, 1280, "light");
    assert_eq!(tab.evaluate(LISTED), json!(5));
    assert!(tab.evaluate(FIGURES).as_u64().unwrap() >= 5);
    assert_eq!(tab.evaluate("document.querySelector('.filter').getClientRects().length"), json!(0), "a dead filter");
}
