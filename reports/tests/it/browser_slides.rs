//! The slides in a real browser: keys walk through them, the address remembers, nothing sticks out or overlaps.
//!
//! Beside it: `browser.rs` for the report, `devtools.rs`, which talks to the browser.

use reports::record::store::Run;
use reports::slides::render;
use serde_json::json;

use crate::browser::OVERLAPS;
use crate::devtools::{Browser, Tab};
use crate::{fixture, fixture_map, fixture_trials};

const COUNT: &str = "document.querySelectorAll('.slide').length";
const SHOWN: &str =
    "[...document.querySelectorAll('.slide')].filter((s) => s.getClientRects().length).map((s) => Number(s.id))";

fn press(tab: &mut Tab<'_>, key: &str) {
    tab.evaluate(&format!(
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}', bubbles: true, cancelable: true }}))"
    ));
}

#[test]
fn keys_walk_through_and_the_address_remembers() {
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&render(&fixture::small()), 1280, "light");
    let last = tab.evaluate(COUNT).as_u64().unwrap();
    assert!(last > 8);
    let walk: [(&[&str], u64); 6] = [
        (&[], 1),
        (&["ArrowRight", "PageDown", " ", "ArrowDown"], 5),
        (&["ArrowLeft", "PageUp", "ArrowUp"], 2),
        (&["End", "ArrowRight"], last),
        (&["Home", "ArrowLeft"], 1),
        (&["End", "ArrowLeft"], last - 1),
    ];
    for (keys, at) in walk {
        keys.iter().for_each(|key| press(&mut tab, key));
        assert_eq!(tab.evaluate(SHOWN), json!([at]), "after {keys:?}");
        assert_eq!(tab.evaluate("location.hash"), json!(format!("#{at}")));
        assert_eq!(
            tab.evaluate("document.querySelector('nav.walk span').textContent"),
            json!(format!("{at} / {last}"))
        );
    }
    tab.evaluate(
        "new Promise((done) => { addEventListener('hashchange', done, { once: true }); location.hash = '#4' })",
    );
    assert_eq!(tab.evaluate(SHOWN), json!([4]));
    tab.evaluate("location.hash = '#nonsense'; new Promise((done) => setTimeout(done, 0))");
    assert_eq!(tab.evaluate(SHOWN), json!([1]));
    tab.assert_quiet();
}

#[test]
fn notes_and_overview_come_and_go() {
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&render(&fixture::small()), 1280, "dark");
    let notes = "[...document.querySelectorAll('.notes')].filter((n) => n.getClientRects().length).length";
    press(&mut tab, "ArrowRight");
    for shown in [1, 0] {
        press(&mut tab, "n");
        assert_eq!(tab.evaluate(notes), json!(shown));
        assert_eq!(tab.evaluate(SHOWN), json!([2]));
    }
    let all = tab.evaluate(COUNT);
    for key in ["o", "Escape"] {
        press(&mut tab, key);
        assert_eq!(tab.evaluate(&format!("{SHOWN}.length")), all);
        press(&mut tab, key);
        assert_eq!(tab.evaluate(SHOWN), json!([2]));
    }
    press(&mut tab, "o");
    tab.evaluate("document.getElementById('4').click()");
    assert_eq!(tab.evaluate(SHOWN), json!([4]), "a click in the overview chooses");
    tab.assert_quiet();
}

/// Looks at every slide of a run in a window of this size.
fn on_every_slide(run: &Run, (width, height): (u32, u32), check: impl Fn(&mut Tab<'_>, u64)) {
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&render(run), width, "light");
    tab.resize(width, height);
    for slide in 1..=tab.evaluate(COUNT).as_u64().unwrap() {
        assert_eq!(tab.evaluate(SHOWN), json!([slide]));
        check(&mut tab, slide);
        press(&mut tab, "ArrowRight");
    }
    tab.assert_quiet();
}

#[test]
fn nothing_sticks_out_of_a_slide_or_lies_on_another() {
    for run in [fixture::whole(), fixture::decided(), fixture_trials::run(), fixture_map::run()] {
        for size in [(1280, 720), (1024, 768)] {
            on_every_slide(&run, size, |tab, slide| {
                assert_eq!(tab.evaluate(STICKS_OUT), json!([]), "slide {slide} at {size:?}");
                let shown = OVERLAPS.replace("'svg[role=img]'", "'.now svg[role=img]'");
                assert_eq!(tab.evaluate(&shown), json!([]), "texts overlap on slide {slide} at {size:?}");
            });
        }
    }
}

#[test]
fn a_phone_shows_a_slide_that_can_be_read() {
    on_every_slide(&fixture::whole(), (360, 740), |tab, slide| {
        let wide = tab.evaluate("document.documentElement.scrollWidth > innerWidth");
        assert_eq!(wide, json!(false), "slide {slide} is wider than the window");
        let size = tab.evaluate("parseFloat(getComputedStyle(document.querySelector('.now h1, .now h2')).fontSize)");
        assert!(size.as_f64().unwrap() >= 20.0, "slide {slide}");
    });
}

#[test]
fn every_slide_is_printed_on_a_page_of_its_own() {
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&render(&fixture::small()), 1280, "dark");
    let all = tab.evaluate(COUNT).as_u64().unwrap();
    assert_eq!(tab.printed_pages() as u64, all);
    press(&mut tab, "n");
    assert_eq!(tab.printed_pages() as u64, all, "notes are not printed");
}

#[test]
fn without_scripts_all_slides_stand_one_below_the_other() {
    let Some(mut browser) = Browser::start() else { return };
    let html = render(&fixture::small());
    let silent = html.replacen("<script>", "<script type=\"text/plain\">", 1);
    assert_ne!(html, silent);
    let mut tab = browser.open(&silent, 1280, "light");
    let all = tab.evaluate(COUNT);
    assert_eq!(tab.evaluate(&format!("{SHOWN}.length")), all);
    let notes = "[...document.querySelectorAll('.notes')].filter((n) => n.getClientRects().length).length";
    assert_eq!(tab.evaluate(notes), all);
}

/// Elements of the shown slide that end outside of it, or lie under the buttons.
const STICKS_OUT: &str = "(() => {
  const slide = document.querySelector('.slide.now');
  const frame = slide.getBoundingClientRect();
  const nav = document.querySelector('nav.walk').getBoundingClientRect();
  const out = [];
  if (frame.right > innerWidth + 1 || frame.bottom > innerHeight + 1) out.push(['slide', frame.right, frame.bottom]);
  for (const element of slide.querySelectorAll('p, h1, h2, h3, li, dt, dd, svg[role=img]')) {
    const box = element.getBoundingClientRect();
    if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1)
      out.push([element.tagName, element.textContent.slice(0, 40), box.right, box.bottom]);
    if (element.matches('svg:not(.card *)') && (box.width < 120 || box.height < 80)) out.push(['too small', box.width, box.height]);
    if (box.right > nav.left && box.bottom > nav.top && element.matches('svg')) out.push(['under the buttons']);
  }
  return out;
})()";
