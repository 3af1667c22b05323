//! A headless chromium, spoken to through its DevTools protocol: just enough to open a page and look at it.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

const PATIENCE: Duration = Duration::from_secs(60);
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
];

/// A running browser; it ends with this value.
pub(crate) struct Browser {
    process: Child,
    socket: WebSocket<TcpStream>,
    calls: u64,
    events: Vec<Value>,
    home: tempfile::TempDir,
}

/// One page of a browser.
pub(crate) struct Tab<'a> {
    browser: &'a mut Browser,
    session: String,
    url: String,
}

impl Browser {
    /// Starts one; none where chromium is not installed, which is an error where `CI` is set.
    pub(crate) fn start() -> Option<Browser> {
        let candidates = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
        let Some(program) = candidates.into_iter().find(|path| Path::new(path).exists()) else {
            assert!(std::env::var_os("CI").is_none(), "no chromium here: install it, in CI nothing is skipped");
            eprintln!("skipped: no chromium at {candidates:?}");
            return None;
        };
        let home = tempfile::tempdir().unwrap();
        let profile = home.path().join("profile");
        let process = Command::new(program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (port, path) = address(&profile.join("DevToolsActivePort"));
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) = tungstenite::client(format!("ws://127.0.0.1:{port}{path}"), stream).unwrap();
        Some(Browser { process, socket, calls: 0, events: Vec::new(), home })
    }

    /// Opens a page of this HTML in a window of this width and theme, and waits until it has loaded.
    pub(crate) fn open(&mut self, html: &str, width: u32, theme: &str) -> Tab<'_> {
        let file = self.home.path().join(format!("page-{}.html", self.calls));
        std::fs::write(&file, html).unwrap();
        self.visit(format!("file://{}", file.display()), width, theme)
    }

    /// Opens what is at an address, likewise.
    pub(crate) fn visit(&mut self, url: String, width: u32, theme: &str) -> Tab<'_> {
        let target = self.call(None, "Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.call(None, "Target.attachToTarget", attach)["sessionId"].as_str().unwrap().to_owned();
        let mut tab = Tab { browser: self, session, url };
        for domain in ["Page", "Runtime", "Network", "Log"] {
            tab.call(&format!("{domain}.enable"), json!({}));
        }
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        tab.call("Emulation.setDeviceMetricsOverride", metrics);
        let theme = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        tab.call("Emulation.setEmulatedMedia", theme);
        tab.browser.events.clear();
        tab.call("Page.navigate", json!({ "url": tab.url }));
        tab.evaluate("document.readyState === 'complete' || new Promise((done) => addEventListener('load', done))");
        tab
    }

    fn call(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let mut request = json!({ "id": self.calls, "method": method, "params": parameters });
        if let Some(session) = session {
            request["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(request.to_string())).unwrap();
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let message: Value = match self.socket.read() {
                Ok(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
                Ok(_) => continue,
                Err(error) => panic!("{method}: {error}"),
            };
            if message["id"] == json!(self.calls) {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.events.push(message);
        }
        panic!("{method}: no reply within {PATIENCE:?}");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Tab<'_> {
    /// The value of an expression in the page; a promise is waited for.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let result = self.call("Runtime.evaluate", parameters);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// Nothing was logged, thrown or refused by the page's policy, and nothing was asked for but the page and what lies
    /// under its address.
    pub(crate) fn assert_quiet(&mut self) {
        // One more round trip, so that whatever the page did before has been told.
        self.evaluate("new Promise((done) => setTimeout(done, 0))");
        for event in &self.browser.events {
            let method = event["method"].as_str().unwrap_or("");
            let loud = ["Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"];
            assert!(!loud.contains(&method), "{event}");
            if method == "Network.requestWillBeSent" {
                let asked = event["params"]["request"]["url"].as_str().unwrap_or("");
                assert!(asked.starts_with(&self.url) || asked.starts_with("data:"), "the page asked for {asked}");
            }
        }
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        let session = self.session.clone();
        self.browser.call(Some(&session), method, parameters)
    }
}

/// Port and path that the browser wrote once it listened.
fn address(file: &Path) -> (u16, String) {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        match std::fs::read_to_string(file) {
            Ok(text) => {
                let mut lines = text.lines();
                if let (Some(port), Some(path)) = (lines.next(), lines.next()) {
                    return (port.parse().unwrap(), path.to_owned());
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => panic!("{}: {error}", file.display()),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("chromium did not listen within {PATIENCE:?}");
}
