//! Pages of a headless chromium: just enough to open one, look at it, point at it and press its keys, and axe-core to ask what
//! keeps people from using it.
//!
//! A browser is handed from test to test, since to start one costs as much as to look at a page or two. Each test has a
//! context of its own in it, which shares no page, no storage and no download with another's. Beside it:
//! `devtools/chromium.rs`, the process.

#[path = "devtools/chromium.rs"]
mod chromium;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::skipped::missing;
pub(crate) use chromium::Chromium;
use chromium::PATIENCE;

const AXE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../axe-core/axe.min.js");

/// The keys that tests press, with the codes that the protocol wants beside their names.
const KEYS: [(&str, u32); 6] =
    [("Tab", 9), ("Escape", 27), ("End", 35), ("Home", 36), ("ArrowLeft", 37), ("ArrowRight", 39)];

/// What axe takes for serious or critical, and how many rules it found kept.
const SERIOUS: &str = "axe.run(document, { resultTypes: ['violations', 'passes'] }).then(({ violations, passes }) => ({
  violations: violations.filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html, failureSummary }) => [html.slice(0, 200), failureSummary])]),
  passes: passes.length,
}))";

/// What of a browser a test has for itself.
pub(crate) struct Browser {
    /// Absent once it was handed on.
    chromium: Option<Chromium>,
    context: Value,
    downloads: PathBuf,
}

/// Browsers that no test uses at the moment, and how many tests use one. The last of these ends them all: nobody else
/// would, since what is static is never dropped.
struct Shared {
    idle: Vec<Chromium>,
    users: usize,
}

static SHARED: Mutex<Shared> = Mutex::new(Shared { idle: Vec::new(), users: 0 });

/// One page of a browser; it is closed with this value.
pub(crate) struct Tab<'a> {
    browser: &'a mut Browser,
    target: Value,
    session: String,
    url: String,
}

impl Browser {
    /// One that no other test uses; none where chromium is not installed, which is an error where `CI` is set.
    pub(crate) fn start() -> Option<Browser> {
        let idle = {
            let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
            shared.users += 1;
            shared.idle.pop()
        };
        // From here on it is counted out again whatever happens.
        let mut browser = Browser { chromium: idle, context: Value::Null, downloads: PathBuf::new() };
        if browser.chromium.is_none() {
            browser.chromium = Chromium::start();
        }
        let chromium = browser.chromium.as_mut()?;
        let context = chromium.call(None, "Target.createBrowserContext", json!({}))["browserContextId"].clone();
        let downloads = chromium.home().join(format!("downloads-{}", chromium.calls));
        let behavior = json!({ "behavior": "allow", "browserContextId": context, "downloadPath": downloads });
        chromium.call(None, "Browser.setDownloadBehavior", behavior);
        (browser.context, browser.downloads) = (context, downloads);
        Some(browser)
    }

    /// Where files go that a page offers.
    pub(crate) fn downloads(&self) -> &Path {
        &self.downloads
    }

    /// Opens a page of this HTML in a window of this width and theme, and waits until it has loaded.
    pub(crate) fn open(&mut self, html: &str, width: u32, theme: &str) -> Tab<'_> {
        let url = self.saved(html);
        self.visit(url, width, theme)
    }

    /// As [`Browser::open`] in a wide window and the light theme, by a link with this hash.
    pub(crate) fn open_at(&mut self, html: &str, hash: &str) -> Tab<'_> {
        let url = self.saved(html);
        self.load(url, hash, 1280, "light")
    }

    /// Opens what is at an address, likewise.
    pub(crate) fn visit(&mut self, url: String, width: u32, theme: &str) -> Tab<'_> {
        self.load(url, "", width, theme)
    }

    /// The address of a file of this HTML.
    fn saved(&mut self, html: &str) -> String {
        let chromium = self.chromium();
        let file = chromium.home().join(format!("page-{}.html", chromium.calls));
        std::fs::write(&file, html).unwrap();
        format!("file://{}", file.display())
    }

    fn load(&mut self, url: String, hash: &str, width: u32, theme: &str) -> Tab<'_> {
        let blank = json!({ "url": "about:blank", "browserContextId": self.context });
        let target = self.chromium().call(None, "Target.createTarget", blank)["targetId"].clone();
        let attach = json!({ "targetId": target, "flatten": true });
        let attached = self.chromium().call(None, "Target.attachToTarget", attach);
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        let mut tab = Tab { browser: self, target, session, url };
        for domain in ["Page", "Runtime", "Network", "Log"] {
            tab.call(&format!("{domain}.enable"), json!({}));
        }
        tab.resize(width, 900);
        tab.prefer(theme);
        tab.browser.chromium().events.clear();
        tab.call("Page.navigate", json!({ "url": format!("{}{hash}", tab.url) }));
        tab.evaluate("document.readyState === 'complete' || new Promise((done) => addEventListener('load', done))");
        tab
    }

    fn chromium(&mut self) -> &mut Chromium {
        self.chromium.as_mut().expect("it is handed on only when this ends")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // What a failed test leaves is nothing for another to build on, nor is a browser that keeps pages open.
        let own = json!({ "browserContextId": self.context });
        let left = self.chromium.take().filter(|_| !thread::panicking());
        let left =
            left.and_then(|mut left| left.asked(None, "Target.disposeBrowserContext", own).is_ok().then_some(left));
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.users -= 1;
        shared.idle.extend(left);
        let of_nobody = if shared.users == 0 { std::mem::take(&mut shared.idle) } else { Vec::new() };
        drop(shared);
        drop(of_nobody);
    }
}

impl Drop for Tab<'_> {
    fn drop(&mut self) {
        // Open, it would go on to draw itself. After a failure its browser ends anyway, and may not answer.
        if thread::panicking() {
            return;
        }
        let own = json!({ "targetId": self.target });
        let _ = self.browser.chromium().asked(None, "Target.closeTarget", own);
    }
}

impl Tab<'_> {
    /// The value of an expression in the page; a promise is waited for.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        // What a page may do only after a click, it may do here.
        let parameters =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true });
        let result = self.call("Runtime.evaluate", parameters);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// Clicks on a link to another page, and waits until that has loaded. Meanwhile nobody could say which of the two answers.
    #[allow(dead_code, reason = "the harness's tests follow links with it")]
    pub(crate) fn follow(&mut self, link: &str) {
        self.browser.chromium().events.clear();
        self.evaluate(&format!("{link}.click()"));
        self.browser.chromium().wait_for("Page.loadEventFired");
    }

    /// Shows the page as on this medium (none is the screen) and to somebody who prefers this.
    pub(crate) fn emulate(&mut self, medium: &str, features: &[(&str, &str)]) {
        let features = features.iter().map(|(name, value)| json!({ "name": name, "value": value }));
        let features: Vec<Value> = features.collect();
        self.call("Emulation.setEmulatedMedia", json!({ "media": medium, "features": features }));
    }

    /// Shows the page to somebody who prefers this theme.
    pub(crate) fn prefer(&mut self, theme: &str) {
        self.emulate("", &[("prefers-color-scheme", theme)]);
    }

    /// Presses and releases a key.
    pub(crate) fn press(&mut self, key: &str) {
        let code = KEYS.iter().find(|(name, _)| *name == key).expect("the key is in the table").1;
        for kind in ["rawKeyDown", "keyUp"] {
            let event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Moves the pointer to a point of the window.
    pub(crate) fn point(&mut self, x: f64, y: f64) {
        self.call("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": x, "y": y }));
    }

    /// The page as it is printed on A4.
    pub(crate) fn pdf(&mut self) -> Vec<u8> {
        let printed = self.call("Page.printToPDF", json!({ "paperWidth": 8.27, "paperHeight": 11.69 }));
        STANDARD.decode(printed["data"].as_str().unwrap()).unwrap()
    }

    /// What a page has offered under this name, once it is whole.
    pub(crate) fn downloaded(&mut self, name: &str) -> Vec<u8> {
        let file = self.browser.downloads.join(name);
        let until = Instant::now() + PATIENCE;
        // Until it is whole it has another name, and an empty file holds its own.
        while file.metadata().map_or(0, |metadata| metadata.len()) == 0 {
            assert!(Instant::now() < until, "{name} was not saved");
            self.evaluate("new Promise((done) => setTimeout(done, 20))");
        }
        std::fs::read(file).unwrap()
    }

    /// Gives the window another size.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// How many pages it prints, each of the size that its own style asks for.
    pub(crate) fn printed_pages(&mut self) -> usize {
        let parameters = json!({ "preferCSSPageSize": true, "printBackground": true });
        let printed = self.call("Page.printToPDF", parameters);
        let pdf = STANDARD.decode(printed["data"].as_str().unwrap()).unwrap();
        let text = String::from_utf8_lossy(&pdf);
        text.matches("/Type /Page\n").count()
    }

    /// axe has no serious complaint, and found more than `rules` of its rules kept: it did look.
    pub(crate) fn assert_open_to_all(&mut self, axe: &str, rules: u64, view: &str) {
        self.evaluate(&format!("window.axe ? 0 : (() => {{ {axe} }})(), 0"));
        let found = self.evaluate(SERIOUS);
        assert_eq!(found["violations"], json!([]), "{view}");
        assert!(found["passes"].as_u64().unwrap() > rules, "{view}: axe looked at nothing: {found}");
    }

    /// Nothing was logged, thrown or refused by the page's policy, and nothing was asked for but the page and what lies
    /// under its address.
    pub(crate) fn assert_quiet(&mut self) {
        // One more round trip, so that whatever the page did before has been told.
        self.evaluate("new Promise((done) => setTimeout(done, 0))");
        for event in &self.browser.chromium().events {
            let method = event["method"].as_str().unwrap_or("");
            let loud = ["Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"];
            assert!(!loud.contains(&method), "{event}");
            if method == "Network.requestWillBeSent" {
                let asked = event["params"]["request"]["url"].as_str().unwrap_or("");
                let own = [&self.url, "data:", "blob:"].iter().any(|start| asked.starts_with(start));
                assert!(own, "the page asked for {asked}");
            }
        }
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        let session = self.session.clone();
        self.browser.chromium().call(Some(&session), method, parameters)
    }
}

/// axe-core, which looks for what keeps people from using a page. `scripts/test` fetches it; without it the test says that it
/// skipped, and fails where `CI` is set.
pub(crate) fn axe() -> Option<String> {
    let axe = std::fs::read_to_string(AXE).ok();
    if axe.is_none() {
        missing("axe-core, which scripts/test fetches");
    }
    axe
}
