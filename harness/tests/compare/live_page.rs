//! The live page in a real browser: it grows with the run, fits, is quiet, and holds the report at the end.
//!
//! Beside it: `live.rs`, without a browser.

use rustix::process::Signal;
use serde_json::json;

use crate::devtools::{Browser, Tab};
use crate::live::followed;
use crate::subject::Home;
use crate::{PATIENT, turn, within};

/// Waits until an expression holds in the page.
fn wait_for(tab: &mut Tab<'_>, expression: &str) {
    let until = format!(
        "new Promise((done) => {{ const end = Date.now() + {}; const look = () => \
         ({expression}) ? done(true) : Date.now() > end ? done(false) : setTimeout(look, 20); look(); }})",
        PATIENT.as_millis()
    );
    assert_eq!(tab.evaluate(&until), json!(true), "{expression} has not come true");
}

const FITS: &str = "document.documentElement.scrollWidth <= innerWidth";

#[test]
fn the_page_grows_with_the_run_and_holds_the_report_when_the_run_is_gone() {
    let Some(mut browser) = Browser::start() else { return };
    let _turn = turn();
    for (width, theme) in [(360, "dark"), (1280, "light")] {
        let home = Home::new();
        // Longer than the browser takes to look twice.
        let (mut subject, address) = followed(&home, "latency-curve", &["--blocks", "9"]);
        let mut tab = browser.visit(format!("http://{address}/"), width, theme);
        wait_for(&mut tab, "document.querySelectorAll('#pictures figure').length > 0");
        let ended = "document.getElementById('progress').value";
        let first = tab.evaluate(ended);
        wait_for(&mut tab, &format!("{ended} > {first}"));
        assert_eq!(tab.evaluate(FITS), json!(true), "at {width} px");
        subject.signal(Signal::INT);
        wait_for(&mut tab, "document.querySelector('#end a') !== null");
        subject.status_within(PATIENT).expect("Ctrl-C ends it");
        assert_eq!(tab.evaluate(FITS), json!(true), "at {width} px");
        tab.assert_quiet();
        // What the link leads to is in the page already, and no server is there any more.
        tab.evaluate("document.querySelector('#end a').click()");
        assert!(within(PATIENT, || tab.evaluate("document.querySelectorAll('.get a').length > 0") == json!(true)));
        assert_eq!(tab.evaluate("getComputedStyle(document.body).maxWidth"), json!("1216px"), "its style is let in");
        assert_eq!(tab.evaluate(FITS), json!(true), "the report at {width} px");
    }
}
