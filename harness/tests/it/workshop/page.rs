//! Every lesson in a real browser, from the prediction to what came out: by recorded runs in both themes, wide and on a phone,
//! and one of them with a run of its own.
//!
//! Beside it: `records.rs`, the recorded runs.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};

use harness::workshop::LESSONS;
use harness::workshop::lesson::LessonSettings;
use reports::record::store::RunFolder;
use rustix::process::Signal;
use serde_json::json;

use crate::common::home::Home;
use crate::common::started::{Killed, servers_of};
use crate::common::{LONGEST_WAIT, send, within};
use crate::devtools::{Browser, Tab, axe};
use crate::workshop::records::{amid, measured};

/// A workshop that is served.
pub(crate) struct Workshop {
    process: Killed,
    said: BufReader<ChildStdout>,
    pub(crate) address: String,
}

impl Workshop {
    pub(crate) fn open(mut command: Command) -> Workshop {
        let (process, said, first) = Killed::saying(command.stderr(Stdio::null()));
        assert!(first.starts_with("http://127.0.0.1:") && first.contains('/'), "the address comes first: {first}");
        let address = first.trim().split('#').next().unwrap().to_owned();
        Workshop { process, said, address }
    }

    /// The next line of what it says.
    pub(crate) fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn pid(&self) -> u32 {
        self.process.0.id()
    }
}

/// A recorded run of each lesson, in which the last answer is right.
pub(crate) fn record_all(folder: &Path) {
    for lesson in LESSONS {
        let setup = (lesson.setup)(&LessonSettings::usual(lesson.controls));
        let run = measured(lesson, &setup, &[amid(&setup, setup.bounds.len()); 4]);
        let saved = RunFolder::create(folder.join(lesson.name)).unwrap();
        saved.write_manifest(&run.manifest).unwrap();
        run.cells.iter().for_each(|cell| saved.write_cell(cell).unwrap());
    }
}

/// Waits until an expression holds in the page.
pub(crate) fn wait_for(tab: &mut Tab<'_>, expression: &str) {
    let until = format!(
        "new Promise((done) => {{ const end = Date.now() + {}; const look = () => \
         ({expression}) ? done(true) : Date.now() > end ? done(false) : setTimeout(look, 20); look(); }})",
        LONGEST_WAIT.as_millis()
    );
    if tab.evaluate(&until) != json!(true) {
        panic!("{expression} has not come true; the page says {}", tab.evaluate("document.body.innerText"));
    }
}

/// Nothing sticks out of the window, and axe has no serious complaint where it is there.
pub(crate) fn assert_fits(tab: &mut Tab<'_>, axe: Option<&str>, view: &str) {
    assert_eq!(tab.evaluate(OVERFLOW), json!([]), "{view}");
    let Some(axe) = axe else { return };
    tab.assert_open_to_all(axe, 10, view);
}

/// Predicts: nothing can be run before that.
fn predict(tab: &mut Tab<'_>, lesson: &str, answer: usize) {
    tab.evaluate(&format!("location.hash = '#lesson/{lesson}'; 0"));
    wait_for(tab, "document.querySelector('input[name=answer]') !== null");
    assert_eq!(tab.evaluate("document.getElementById('run')"), json!(null));
    let done = "[...document.querySelectorAll('main > button')].find((one) => /my answer/.test(one.textContent))";
    assert_eq!(tab.evaluate(&format!("{done}.disabled")), json!(true), "{lesson}: nothing is chosen yet");
    tab.evaluate(&format!("document.querySelectorAll('input[name=answer]')[{answer}].click()"));
    assert_eq!(tab.evaluate(&format!("{done}.disabled")), json!(true), "{lesson}: and how sure?");
    tab.evaluate("document.querySelector('input[name=sure][value=high]').click()");
    tab.evaluate(&format!("{done}.click()"));
    wait_for(tab, "document.getElementById('run') !== null");
}

#[test]
fn every_lesson_goes_from_the_prediction_to_what_came_out() {
    let Some(mut browser) = Browser::start() else { return };
    let home = Home::new();
    let recorded = home.path().join("recorded");
    record_all(&recorded);
    let workshop =
        Workshop::open(home.command(&["workshop", "--port", "0", "--trainer", "--replay", recorded.to_str().unwrap()]));
    let axe = axe();
    for (width, theme) in [(1280, "light"), (390, "dark")] {
        let mut tab = browser.visit(workshop.address.clone(), width, theme);
        wait_for(&mut tab, "document.querySelectorAll('.lessons a').length >= 12");
        assert_fits(&mut tab, axe.as_deref(), &format!("the list at {width} px"));
        for lesson in LESSONS {
            let (name, last) = (lesson.name, lesson.beliefs.len() - 1);
            predict(&mut tab, name, 0);
            assert_fits(&mut tab, axe.as_deref(), &format!("the question of {name} at {width} px"));
            tab.evaluate("document.getElementById('replay').click()");
            wait_for(
                &mut tab,
                "document.getElementById('verdict') !== null && document.querySelector('.script') !== null",
            );
            let right = lesson.story.possible_answers[last];
            let verdict = tab.evaluate("document.getElementById('verdict').textContent");
            assert!(verdict.as_str().unwrap().contains(right), "{name}: {verdict}");
            let marked = "document.querySelector('.answers .right').textContent";
            assert!(tab.evaluate(marked).as_str().unwrap().contains("right here"), "{name}");
            let chosen = tab.evaluate("document.querySelector('.answers .chosen').textContent");
            assert!(chosen.as_str().unwrap().contains("your answer, very sure"), "{name}: {chosen}");
            let differs = tab.evaluate("document.querySelectorAll('.beside .differs').length > 3");
            assert_eq!(differs, json!(true), "{name}: lines that differ");
            // What is counted exactly has none.
            let setup = (lesson.setup)(&LessonSettings::usual(lesson.controls));
            let has_interval = setup.quantity.value.metric != "peak_threads";
            let drawn = tab.evaluate("document.querySelector('svg.line .ci') !== null");
            assert_eq!(drawn, json!(has_interval), "{name}: an interval");
            assert_fits(&mut tab, axe.as_deref(), &format!("what came out of {name} at {width} px, {theme}"));
        }
        tab.evaluate("location.hash = ''; 0");
        wait_for(&mut tab, "document.querySelectorAll('.lessons a[href^=\"#seen\"]').length >= 12");
        tab.assert_quiet();
    }
}

#[test]
fn a_prediction_is_made_by_keyboard_alone() {
    let Some(mut browser) = Browser::start() else { return };
    let home = Home::new();
    let workshop = Workshop::open(home.command(&["workshop", "--port", "0"]));
    let mut tab = browser.visit(format!("{}#lesson/who-waits", workshop.address), 1280, "light");
    wait_for(&mut tab, "document.querySelector('input[name=answer]') !== null");
    // The link to the list comes first. In a group the arrows choose.
    for key in ["Tab", "Tab", "ArrowRight", "Tab", "ArrowRight", "ArrowRight", "Tab"] {
        tab.press(key);
        let outline = "parseFloat(getComputedStyle(document.activeElement).outlineWidth)";
        assert!(tab.evaluate(outline).as_f64().unwrap() >= 1.0, "after {key} nothing shows where the focus is");
    }
    let focused = tab.evaluate("document.activeElement.textContent");
    assert_eq!(focused, json!("That is my answer"), "it can be pressed now");
    tab.evaluate("document.activeElement.click()");
    wait_for(&mut tab, "document.activeElement.id === 'run'");
    let said = "/^You said: [BC]\\. .* (Fairly|Very) sure\\.$/.test(document.getElementById('said').textContent)";
    wait_for(&mut tab, said);
}

#[test]
fn the_script_in_a_window_of_its_own_is_not_on_the_page_that_the_room_sees() {
    let Some(mut browser) = Browser::start() else { return };
    let home = Home::new();
    let workshop = Workshop::open(home.command(&["workshop", "--port", "0", "--trainer"]));
    let mut tab = browser.visit(format!("{}#lesson/who-waits", workshop.address), 1280, "light");
    let (here, there) = (
        "document.querySelector('.script h2')?.textContent",
        "other.document.querySelector('.script h2')?.textContent",
    );
    wait_for(&mut tab, &format!("{here} === 'For the trainer: Who waits for what'"));
    // The page opens it; here the window is kept, so that it can be looked at.
    tab.evaluate(
        "const open = window.open; window.open = (...told) => { window.other = open(...told); return other; }; 0",
    );
    tab.evaluate("document.querySelector('.script button').click()");
    wait_for(&mut tab, &format!("{there} === 'For the trainer: Who waits for what'"));
    wait_for(&mut tab, &format!("{here} === undefined"));
    assert_eq!(tab.evaluate("other.document.querySelector('main fieldset, .script button')"), json!(null));
    tab.evaluate("location.hash = '#lesson/blocking-a-task'; 0");
    wait_for(&mut tab, &format!("{there} === 'For the trainer: Blocking a task'"));
    assert_eq!(tab.evaluate(here), json!(null));
    let jump = "const jump = other.document.getElementById('jump'); jump.value = 'honest-clock'; jump.dispatchEvent(new Event('change'))";
    tab.evaluate(&format!("{{ {jump} }}"));
    wait_for(
        &mut tab,
        "location.hash === '#lesson/honest-clock' && document.querySelector('input[name=answer]') !== null",
    );
    tab.evaluate("other.close()");
    wait_for(&mut tab, &format!("/^For the trainer: /.test({here})"));
}

#[test]
fn a_run_that_is_begun_on_the_page_is_shown_while_it_grows_and_leaves_nothing_behind() {
    let Some(mut browser) = Browser::start() else { return };
    let home = Home::new();
    let out = home.path().join("workshop");
    let mut workshop = Workshop::open(home.command(&["workshop", "--port", "0", "--out", out.to_str().unwrap()]));
    let pid = workshop.pid();
    let mut tab = browser.visit(workshop.address.clone(), 1280, "dark");
    predict(&mut tab, "who-waits", 1);
    tab.evaluate(
        "new MutationObserver(() => { window.grew ||= document.querySelector('#picture svg') !== null; })
            .observe(document.body, { subtree: true, childList: true })",
    );
    tab.evaluate("document.getElementById('run').click()");
    wait_for(&mut tab, "/\\d+ of \\d+ measurements/.test(document.getElementById('state')?.textContent || '')");
    wait_for(&mut tab, "document.getElementById('verdict') !== null");
    assert_eq!(tab.evaluate("window.grew"), json!(true), "a picture grows while it goes on");
    let figures = tab.evaluate("document.querySelectorAll('main figure').length").as_u64().unwrap();
    assert!(figures >= 1, "what came out has its pictures");
    assert_eq!(tab.evaluate("document.querySelector('.script')"), json!(null), "the script is the trainer's");
    let saved = RunFolder::open(out.join("01-who-waits")).unwrap().read().unwrap();
    assert!(out.join("01-who-waits/report.html").exists());
    assert_eq!(saved.predictions.len(), 1);
    assert!(saved.predictions[0].result.is_some());

    let start = "[...document.querySelectorAll('button')].find((one) => one.textContent === 'Start the servers')";
    tab.evaluate(&format!("{start}.click()"));
    wait_for(&mut tab, "/is process \\d+/.test(document.body.innerText)");
    let named = tab.evaluate("Number(document.body.innerText.match(/is process (\\d+)/)[1])").as_u64().unwrap();
    let servers = servers_of(pid);
    assert!(servers.contains(&(named as u32)), "{named} is none of {servers:?}");
    let command = tab.evaluate("document.querySelector('.look code').textContent");
    assert!(command.as_str().unwrap().contains(&named.to_string()), "{command}");
    tab.assert_quiet();
    send(pid, Signal::INT);
    assert!(within(LONGEST_WAIT, || workshop.process.0.try_wait().unwrap().is_some()), "Ctrl-C ends it");
    assert_eq!(workshop.process.0.wait().unwrap().code(), Some(130));
    assert_eq!(servers_of(pid), Vec::<u32>::new());
}

/// Elements that stick out of the window, other than those inside a box that scrolls.
const OVERFLOW: &str = "(() => {
  const wide = document.documentElement.scrollWidth > innerWidth ? ['page ' + document.documentElement.scrollWidth] : [];
  const out = [...document.querySelectorAll('body *')].filter((e) => !e.closest('.scroll, .draw, .beside, .look code') &&
    e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1);
  return wide.concat(out.map((e) => e.tagName + '.' + e.className));
})()";
