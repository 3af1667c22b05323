//! Reading the report in a real browser: values off the figures by keyboard and pointer, on either scale, in the unit
//! that a reader wants; and the link that brings all of it back.
//!
//! What is shown is held against the tables of the page. Beside it: `browser.rs`.

use reports::page::render;
use serde_json::{Value, json};

use crate::browser::{OVERFLOW, OVERLAPS, go_to};
use crate::devtools::{Browser, Tab};
use crate::{fixture, fixture_map};

const RESPONSE: &str = "latency-curve-response-sleep-5ms";
const CPU: &str = "latency-curve-cpu-sleep-5ms";

fn readout(tab: &mut Tab<'_>, figure: &str) -> String {
    let text = tab.evaluate(&format!("document.querySelector('#{figure} .readout').innerText"));
    text.as_str().unwrap().to_owned()
}

/// A cell of the table under a figure: its row by contender and x, its column by number.
fn number(tab: &mut Tab<'_>, figure: &str, contender: &str, x: &str, column: usize) -> String {
    let row = format!(
        "[...document.querySelectorAll('#{figure} tbody tr')].find((row) => row.cells[0].textContent === '{contender}' && \
         row.cells[1].textContent === '{x}')"
    );
    tab.evaluate(&format!("{row}.cells[{column}].textContent")).as_str().unwrap().to_owned()
}

/// What the readout must say of contenders at an x, from the table: p50 and p99 of the response time.
fn assert_read(tab: &mut Tab<'_>, contenders: &[&str], x: &str) {
    let read = readout(tab, RESPONSE);
    assert_eq!(read.matches(&format!(" at {x}")).count(), 2, "{read}");
    for contender in contenders {
        for column in [3, 5] {
            let value = number(tab, RESPONSE, contender, x, column);
            assert!(read.contains(&format!("{contender} {value}")), "{contender}, {value}: {read}");
        }
    }
}

#[test]
fn arrows_walk_over_the_measured_loads_in_every_figure_and_escape_leaves() {
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&render(&fixture::small()), 1280, "light");
    let all = ["sequential", "threaded", "async-multi"];
    tab.evaluate(&format!("document.querySelector('#{RESPONSE} .panels').focus()"));
    for (key, x) in [
        ("ArrowRight", "60/s"),
        ("ArrowRight", "700/s"),
        ("End", "8,000/s"),
        ("ArrowRight", "8,000/s"),
        ("ArrowLeft", "700/s"),
        ("Home", "60/s"),
    ] {
        tab.press(key);
        assert_read(&mut tab, &all, x);
        let linked = readout(&mut tab, CPU);
        let value = number(&mut tab, CPU, "threaded", x, 3);
        assert!(linked.contains(&format!("threaded {value}")), "{value}: {linked}");
    }
    let aloud = "[...document.querySelectorAll('.readout')].filter((e) => e.ariaLive === 'polite').length";
    assert_eq!(tab.evaluate(aloud), json!(1), "only the figure that is read is read aloud");
    let lines = "document.querySelectorAll('.cross').length";
    assert_eq!(tab.evaluate(lines), json!(3), "two panels of one figure, one of another");
    tab.press("Escape");
    assert_eq!(tab.evaluate(lines), json!(0));
    assert_eq!(tab.evaluate("document.activeElement.tagName"), json!("BODY"));
    assert_eq!(readout(&mut tab, RESPONSE), "");
    tab.assert_quiet();
}

#[test]
fn the_pointer_reads_the_nearest_load_of_those_who_are_shown() {
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&render(&fixture::small()), 1280, "dark");
    tab.evaluate("document.querySelector('[data-toggle=\"0\"]').click()");
    tab.evaluate(&format!("document.getElementById('{RESPONSE}').scrollIntoView({{ behavior: 'instant' }})"));
    // Ten pixels beside a mark that is not the first.
    let place = tab.evaluate(&format!(
        "(() => {{ const box = document.querySelector('#{RESPONSE} [data-c=\"1\"] .pt[data-x=\"700\"]').getBoundingClientRect();
          return [box.left + box.width / 2 + 10, box.top - 20]; }})()"
    ));
    tab.point(place[0].as_f64().unwrap(), place[1].as_f64().unwrap());
    assert_read(&mut tab, &["threaded", "async-multi"], "700/s");
    let read = readout(&mut tab, RESPONSE);
    assert!(!read.contains("sequential"), "hidden everywhere: {read}");
    let off = "(() => { const marks = [...document.querySelectorAll('.cross')].map((e) => e.getBoundingClientRect().left);
      const of = (line) => document.querySelector('#latency-curve-response-sleep-5ms [data-c=\"1\"] .pt[data-x=\"700\"]').getBoundingClientRect();
      return Math.abs(marks[0] - of().left - of().width / 2); })()";
    assert!(tab.evaluate(off).as_f64().unwrap() < 1.0, "the line stands where the mark stands");
    tab.point(1.0, 1.0);
    assert_eq!(readout(&mut tab, RESPONSE), "");
    tab.assert_quiet();
}

#[test]
fn times_in_one_unit_are_the_same_times() {
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&render(&fixture::small()), 1280, "light");
    let texts = "[...document.querySelectorAll('.sortable td, figure td')].map((e) => e.textContent)";
    let before = tab.evaluate(texts);
    let choose = |unit: &str| {
        format!(
            "(() => {{ const s = document.getElementById('unit'); s.value = '{unit}'; s.dispatchEvent(new Event('change')); }})()"
        )
    };
    for unit in ["ns", "µs", "ms", "s"] {
        tab.evaluate(&choose(unit));
        let now = tab.evaluate(texts);
        let mut changed = 0;
        for (was, is) in before.as_array().unwrap().iter().zip(now.as_array().unwrap()) {
            let (was, is) = (was.as_str().unwrap(), is.as_str().unwrap());
            changed += usize::from(was != is);
            assert_eq!(nanoseconds(was), nanoseconds(is), "{was} became {is}");
            let others = ["ns", "µs", "ms", "s"].into_iter().filter(|other| *other != unit);
            others.for_each(|other| assert!(!is.split([' ', ',', ')']).any(|word| word == other), "{was} became {is}"));
        }
        assert!(changed > 20, "{changed} texts have changed");
    }
    tab.evaluate(&format!("document.querySelector('#{RESPONSE} .panels').focus()"));
    tab.press("End");
    let read = readout(&mut tab, RESPONSE);
    assert!(read.contains(" s") && !read.contains(" ms"), "{read}");
    tab.evaluate(&choose(""));
    assert_eq!(tab.evaluate(texts), before);
    tab.assert_quiet();
}

/// The times in a text, each to its last digit: "5.20 to 5.31 ms" has two.
fn nanoseconds(text: &str) -> Vec<i64> {
    let words: Vec<&str> = text.split_whitespace().map(|word| word.trim_matches(['(', ')', ',', ';'])).collect();
    let power = |word: &str| [("ns", 0), ("µs", 3), ("ms", 6), ("s", 9)].into_iter().find(|(name, _)| *name == word);
    let mut found = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let Some((_, power)) = power(word) else { continue };
        let pair = place >= 3 && words[place - 2] == "to" && words[place - 3].starts_with(|c: char| c.is_ascii_digit());
        let numbers = if pair { vec![words[place - 3], words[place - 1]] } else { vec![words[place - 1]] };
        found.extend(
            numbers
                .iter()
                .filter_map(|number| number.replace(',', "").parse::<f64>().ok())
                .map(|number| (number * 10f64.powi(power)).round() as i64),
        );
    }
    found
}

#[test]
fn a_figure_can_be_read_on_its_other_scale_which_came_with_the_page() {
    let Some(mut browser) = Browser::start() else { return };
    for run in [fixture::crowded(), fixture_map::run()] {
        let page = render(&run);
        for width in [360, 1280] {
            let mut tab = browser.open(&page, width, "light");
            let drawn = "[...document.querySelectorAll('.draw svg')].map((e) => e.outerHTML)";
            let ticks = format!(
                "[...document.querySelectorAll('#{RESPONSE} .panel:first-child .axes .tick')].map((e) => e.textContent)"
            );
            let (before, first_ticks) = (tab.evaluate(drawn), tab.evaluate(&ticks));
            tab.evaluate("document.querySelectorAll('.turn').forEach((button) => button.click())");
            let turned = tab.evaluate(drawn);
            let changed = before.as_array().unwrap().iter().zip(turned.as_array().unwrap()).filter(|(a, b)| a != b);
            assert!(changed.count() >= 2);
            assert_eq!(tab.evaluate(OVERLAPS), json!([]), "texts overlap at {width} px");
            assert_eq!(tab.evaluate(OVERFLOW), json!([]), "wider than the window at {width} px");
            if first_ticks != json!([]) {
                assert_ne!(first_ticks, tab.evaluate(&ticks));
                let of = format!(
                    "[...document.querySelectorAll('#{RESPONSE} .pt')].map((e) => [e.dataset.x, e.dataset.y, e.textContent])"
                );
                let values = tab.evaluate(&of);
                tab.evaluate(&format!("document.querySelector('#{RESPONSE} .turn').click()"));
                assert_eq!(tab.evaluate(&of), values, "the same values on either scale");
            }
            tab.assert_quiet();
        }
    }
}

/// How the page is shown: who is hidden, the first column of the first table, which buttons are pressed, the unit.
const SHOWN: &str = "JSON.stringify([[...document.querySelectorAll('.off')].length,
  [...document.querySelectorAll('#summary tbody')][0].innerText,
  [...document.querySelectorAll('[aria-sort]')].map((e) => [e.textContent, e.ariaSort]),
  [...document.querySelectorAll('[aria-pressed], .turn')].map((e) => e.ariaPressed ?? e.textContent),
  [...document.querySelectorAll('.draw svg')].map((e) => e.querySelectorAll('*').length),
  document.getElementById('unit').value])";

#[test]
fn the_link_brings_back_filter_order_scale_and_unit() {
    let Some(mut browser) = Browser::start() else { return };
    let page = render(&fixture::small());
    let mut tab = browser.open(&page, 1280, "light");
    let untouched = tab.evaluate(SHOWN);
    tab.evaluate(&format!(
        "document.querySelector('[data-toggle=\"1\"]').click();
         const head = document.querySelectorAll('#summary th button')[2]; head.click(); head.click();
         document.querySelector('#{RESPONSE} .turn').click();
         document.getElementById('unit').value = 'µs'; document.getElementById('unit').dispatchEvent(new Event('change'));"
    ));
    let chosen = tab.evaluate(SHOWN);
    assert_ne!(chosen, untouched);
    let hash = tab.evaluate("location.hash").as_str().unwrap().to_owned();
    assert_eq!(hash, format!("#hide=1&sort=0.2d&scale={RESPONSE}&unit=%C2%B5s"));
    go_to(&mut tab, "summary");
    assert_eq!(tab.evaluate(SHOWN), untouched, "a link without them shows the page as it came");
    go_to(&mut tab, &hash);
    assert_eq!(tab.evaluate(SHOWN), chosen);
    go_to(&mut tab, "hide=,,x&sort=0.99,7.1d,x&scale=nothing&unit=years");
    assert_eq!(tab.evaluate(SHOWN), untouched, "what makes no sense changes nothing");
    tab.assert_quiet();
    drop(tab);
    // Opened afresh with the link.
    let mut tab = browser.open_at(&page, &hash);
    assert_eq!(tab.evaluate(SHOWN), chosen);
    assert_eq!(tab.evaluate("typeof document.getElementById('unit').value"), Value::from("string"));
    tab.assert_quiet();
}
