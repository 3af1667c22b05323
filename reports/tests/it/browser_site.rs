//! The index of a site in a real browser: it fits, its pictures' texts keep apart, its filter hides what it should, and
//! it is complete without scripts.
//!
//! Beside it: `browser.rs`, which does so for the report.

use reports::site::{self, Entry};
use serde_json::json;

use crate::browser::{OVERFLOW, OVERLAPS};
use crate::devtools::Browser;
use crate::fixture;

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
        if day == 5 {
            run.manifest.experiments.retain(|experiment| experiment.name != "memory");
        }
        let address = site::address(&run, &[]).unwrap();
        site::publish(&run, &[], address, None).entry
    });
    entries.collect()
}

#[test]
fn the_index_is_quiet_fits_and_its_texts_keep_apart() {
    let Some(mut browser) = Browser::start() else { return };
    let page = site::index_page(&entries());
    for width in [360, 1280] {
        for theme in ["light", "dark"] {
            let view = format!("{width} px, {theme}");
            let mut tab = browser.open(&page, width, theme);
            assert_eq!(tab.evaluate(OVERFLOW), json!([]), "wider than the window at {view}");
            assert_eq!(tab.evaluate(OVERLAPS), json!([]), "texts overlap at {view}");
            assert!(tab.evaluate(FIGURES).as_u64().unwrap() >= 5, "{view}");
            tab.assert_quiet();
        }
    }
}

#[test]
fn the_filter_hides_other_machines_and_experiments_and_the_link_remembers() {
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&site::index_page(&entries()), 1280, "light");
    assert_eq!(tab.evaluate(LISTED), json!(5));
    let all_figures = tab.evaluate(FIGURES).as_u64().unwrap();
    let choose = |id: &str, option: u32| {
        format!(
            "(() => {{ const s = document.getElementById('{id}'); s.selectedIndex = {option}; \
             s.dispatchEvent(new Event('change')); return s.value; }})()"
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
        "(() => { const heard = new Promise((done) => addEventListener('hashchange', () => done()));
            location.hash = '#experiment=memory&machine=nonsense'; return heard; })()",
    );
    assert_eq!(tab.evaluate(LISTED), json!(4), "a machine that is not there hides nothing");
    tab.assert_quiet();
}

#[test]
fn the_index_is_complete_without_scripts() {
    let Some(mut browser) = Browser::start() else { return };
    let page = site::index_page(&entries());
    let silent = page.replacen("<script>", "<script type=\"text/plain\">", 1);
    assert_ne!(page, silent);
    let mut tab = browser.open(&silent, 1280, "light");
    assert_eq!(tab.evaluate(LISTED), json!(5));
    assert!(tab.evaluate(FIGURES).as_u64().unwrap() >= 5);
    assert_eq!(tab.evaluate("document.querySelector('.filter').getClientRects().length"), json!(0), "a dead filter");
}
