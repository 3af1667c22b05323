//! The report for those who cannot see it, point at it or scroll it: by axe-core's rules, by keyboard, on paper, and
//! without motion.
//!
//! Beside it: `browser.rs`.

use reports::page::render;
use serde_json::{Value, json};

use crate::devtools::{Browser, Tab, axe};
use crate::fixture::contents;
use crate::{browser_files, compared, fixture, fixture_map, fixture_trials, lanes};

/// The width of A4 without its margins, in pixels of 1/96 inch.
const PAPER: u32 = 717;

#[test]
fn axe_finds_nothing_serious_in_either_theme_or_on_a_phone() {
    let (Some(axe), Some(mut browser)) = (axe(), Browser::start()) else { return };
    let pages = [
        ("load", render(&fixture::small())),
        ("trials", render(&fixture_trials::run())),
        ("map", render(&fixture_map::run())),
        ("who ran what", render(&lanes::traced())),
        ("index of a site", contents(&browser_files::entries()).index_page()),
        ("two runs compared", compared::page()),
    ];
    for (name, page) in pages {
        for (width, theme) in [(1280, "light"), (360, "dark")] {
            let mut tab = browser.open(&page, width, theme);
            // Folded tables are looked at too, and what is there only while a reader is at work.
            tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
            tab.evaluate(
                "document.querySelector('[data-toggle]')?.click(); document.querySelector('.xy .panels')?.focus()",
            );
            tab.press("End");
            tab.assert_open_to_all(&axe, 20, &format!("{name} at {width} px, {theme}"));
        }
    }
}

#[test]
fn the_tab_key_reaches_every_control_in_its_order_and_shows_where_it_is() {
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&render(&fixture::small()), 1280, "light");
    tab.evaluate(CONTROLS);
    let count = tab.evaluate("controls.length").as_u64().unwrap();
    assert!(count > 60, "{count} controls");
    for expected in 0..count {
        tab.press("Tab");
        let [place, name, outline] = [0, 1, 2].map(|n| tab.evaluate(&format!("focused()[{n}]")));
        assert_eq!(place, json!(expected), "{name}");
        assert!(outline.as_f64().unwrap() >= 2.0, "{name}: no outline");
    }
    tab.assert_quiet();
}

#[test]
fn on_paper_nothing_is_cut_off_and_nothing_is_dark() {
    let Some(mut browser) = Browser::start() else { return };
    for run in [fixture::crowded(), fixture_trials::run(), fixture_map::run()] {
        let mut tab = browser.open(&render(&run), PAPER, "dark");
        tab.emulate("print", &[("prefers-color-scheme", "dark")]);
        assert_eq!(tab.evaluate(CUT_OFF), json!([]));
        let paper = "getComputedStyle(document.body).backgroundColor + getComputedStyle(document.body).color";
        assert_eq!(tab.evaluate(paper), json!("rgb(255, 255, 255)rgb(26, 26, 26)"));
        let pressable =
            "[...document.querySelectorAll('nav, .legend, .get')].filter((e) => e.getClientRects().length).length";
        assert_eq!(tab.evaluate(pressable), json!(0), "nothing on paper can be pressed");
        assert!(pages(&tab.pdf()) > 1);
    }
}

/// How many pages a PDF says that it has.
fn pages(pdf: &[u8]) -> usize {
    assert!(pdf.starts_with(b"%PDF-"));
    let text = String::from_utf8_lossy(pdf);
    let root = text.split("/Type /Pages").nth(1).unwrap();
    root.split("/Count ").nth(1).unwrap().split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[test]
fn nothing_moves_for_whoever_prefers_that() {
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&render(&fixture::small()), 1280, "light");
    tab.emulate("", &[("prefers-reduced-motion", "no-preference")]);
    assert_eq!(moving(&mut tab), json!(["HTML"]), "links glide to where they lead");
    tab.emulate("", &[("prefers-reduced-motion", "reduce")]);
    assert_eq!(moving(&mut tab), json!([]));
}

fn moving(tab: &mut Tab<'_>) -> Value {
    tab.evaluate(
        "[...document.querySelectorAll('*')].filter((e) => { const s = getComputedStyle(e); return s.scrollBehavior !== 'auto' ||
            s.animationName !== 'none' || /[1-9]/.test(s.transitionDuration); }).map((e) => e.tagName)",
    )
}

/// Everything that can be worked with, in the page's order, and which of them has the focus.
const CONTROLS: &str = "
const controls = [...document.querySelectorAll('a[href], button, select, summary, [tabindex=\"0\"]')]
  .filter((e) => e.checkVisibility());
const focused = () => {
  const at = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(at);
  return [controls.indexOf(at), at.outerHTML.slice(0, 200), outlineStyle === 'none' ? 0 : parseFloat(outlineWidth)];
};";

/// What is wider than the paper, or than a box that hides the rest.
const CUT_OFF: &str =
    "[...document.querySelectorAll('body *')].filter((e) => e.checkVisibility() && !e.closest('svg') &&
  (e.getBoundingClientRect().right > innerWidth + 1 ||
    (getComputedStyle(e).overflowX !== 'visible' && e.scrollWidth > e.clientWidth)))
  .map((e) => e.outerHTML.slice(0, 120))";
