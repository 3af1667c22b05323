//! The slides in a real browser: keys walk through them, the address remembers, nothing sticks out or overlaps.
//!
//! Beside it: `browser.rs` for the report, `devtools.rs`, which talks to the browser.

use reports::slides::render;
use serde_json::json;

use crate::browser::{OVERLAPS, go_to};
use crate::devtools::{Browser, Tab};
use crate::slides::with_all_figures;
use crate::talk::traced_sample;
use crate::why::sample;
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
    let mut tab = browser.open(&with_all_figures(&fixture::small()), 1280, "light");
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
    go_to(&mut tab, "#4");
    assert_eq!(tab.evaluate(SHOWN), json!([4]));
    tab.evaluate("location.hash = '#nonsense'; new Promise((done) => setTimeout(done, 0))");
    assert_eq!(tab.evaluate(SHOWN), json!([1]));
    tab.assert_quiet();
}

#[test]
fn notes_and_overview_come_and_go() {
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&with_all_figures(&fixture::small()), 1280, "dark");
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

#[test]
fn a_vote_shows_its_answer_with_the_next_key_and_to_whoever_comes_back() {
    let Some(mut browser) = Browser::start() else { return };
    let html = render(&sample());
    let mut tab = browser.open(&html, 1280, "light");
    let seen = "[[...document.querySelectorAll('.now .reveal')].filter((e) => e.getClientRects().length).length,
      [...document.querySelectorAll('.now .sign')].filter((e) => e.getClientRects().length).length]";
    assert_eq!(tab.evaluate(seen), json!([0, 0]), "the first two are no votes");
    let walk = [
        ("ArrowRight", 2, [0, 0]),
        ("ArrowRight", 3, [0, 0]),
        ("ArrowRight", 3, [1, 1]),
        ("PageDown", 4, [0, 0]),
        ("ArrowLeft", 3, [1, 1]),
        (" ", 4, [0, 0]),
        (" ", 4, [1, 1]),
        ("n", 4, [1, 1]),
    ];
    for (key, slide, shown) in walk {
        press(&mut tab, key);
        assert_eq!((tab.evaluate(SHOWN), tab.evaluate(seen)), (json!([slide]), json!(shown)), "after {key}");
    }
    let all = tab.evaluate(COUNT).as_u64().unwrap();
    assert_eq!(tab.printed_pages() as u64, all, "a vote and its answer are one page");
    tab.assert_quiet();
}

/// Looks at every slide of a run in windows of these sizes, at votes before and after their answers.
fn on_every_slide(html: &str, sizes: &[(u32, u32)], check: impl Fn(&mut Tab<'_>, &str)) {
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(html, sizes[0].0, "light");
    let in_all_sizes = |tab: &mut Tab<'_>, slide: u64| {
        for (width, height) in sizes {
            tab.resize(*width, *height);
            check(tab, &format!("slide {slide} at {width}x{height}"));
        }
    };
    for slide in 1..=tab.evaluate(COUNT).as_u64().unwrap() {
        assert_eq!(tab.evaluate(SHOWN), json!([slide]));
        in_all_sizes(&mut tab, slide);
        if tab.evaluate("document.querySelector('.now.asking') !== null") == json!(true) {
            press(&mut tab, "ArrowRight");
            in_all_sizes(&mut tab, slide);
        }
        press(&mut tab, "ArrowRight");
    }
    tab.assert_quiet();
}

#[test]
fn nothing_sticks_out_of_a_slide_or_lies_on_another() {
    let all = [fixture::whole(), fixture::decided(), fixture_trials::run(), fixture_map::run()];
    let talks = [traced_sample(), fixture_trials::run(), fixture_map::run()].map(|run| render(&run));
    for run in all.iter().map(with_all_figures).chain(talks) {
        on_every_slide(&run, &[(1280, 720), (1024, 768)], |tab, view| {
            assert_eq!(tab.evaluate(STICKS_OUT), json!([]), "{view}");
            let shown = OVERLAPS.replace("'svg[role=img]'", "'.now svg[role=img]'");
            assert_eq!(tab.evaluate(&shown), json!([]), "texts overlap on {view}");
        });
    }
}

#[test]
fn a_phone_shows_a_slide_that_can_be_read() {
    on_every_slide(&render(&traced_sample()), &[(360, 740)], |tab, view| {
        let wide = tab.evaluate("document.documentElement.scrollWidth > innerWidth");
        assert_eq!(wide, json!(false), "{view} is wider than the window");
        let size = tab.evaluate("parseFloat(getComputedStyle(document.querySelector('.now h1, .now h2')).fontSize)");
        assert!(size.as_f64().unwrap() >= 20.0, "{view}");
    });
}

#[test]
fn every_slide_is_printed_on_a_page_of_its_own() {
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&with_all_figures(&fixture::small()), 1280, "dark");
    let all = tab.evaluate(COUNT).as_u64().unwrap();
    assert_eq!(tab.printed_pages() as u64, all);
    press(&mut tab, "n");
    assert_eq!(tab.printed_pages() as u64, all, "notes are not printed");
}

#[test]
fn without_scripts_all_slides_stand_one_below_the_other() {
    let Some(mut browser) = Browser::start() else { return };
    let html = with_all_figures(&fixture::small());
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
    if (!element.getClientRects().length) continue;
    const box = element.getBoundingClientRect();
    if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1)
      out.push([element.tagName, element.textContent.slice(0, 40), box.right, box.bottom]);
    if (element.matches('svg:not(.card *)') && (box.width < 120 || box.height < 80)) out.push(['too small', box.width, box.height]);
    if (box.right > nav.left && box.bottom > nav.top && element.matches('svg')) out.push(['under the buttons']);
  }
  return out;
})()";
