//! The process of a headless chromium: started, asked through the DevTools protocol, heard and ended.
//!
//! Must not know: what a page is.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::skipped::missing;

/// Longer than any test has a page wait for something, so that the page gets to say what it lacks.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);
/// What a browser may take to end when it is asked to; it is killed afterwards.
const FAREWELL: Duration = Duration::from_secs(5);
/// The first of them draws pages as the others do, but has no windows and menus around them: that is more than half of the work.
const PROGRAMS: [&str; 4] =
    ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
];

/// A browser reads what it is to do from descriptor 3 and answers on 4, and ends where nobody holds the other end of 3: so it
/// ends with whoever started it, however that ends. The shell becomes the browser.
const BY_PIPES: &str = r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null"#;

/// A running browser; it ends with this value, and all that it wrote is removed.
pub(crate) struct Chromium {
    process: Child,
    said: Receiver<Value>,
    pub(super) calls: u64,
    pub(super) events: Vec<Value>,
    home: tempfile::TempDir,
}

impl Chromium {
    /// The program; none where chromium is not installed, which is an error where `CI` is set.
    pub(crate) fn program() -> Option<&'static str> {
        let found = PROGRAMS.into_iter().find(|path| Path::new(path).exists());
        if found.is_none() {
            missing("chromium");
        }
        found
    }

    /// Starts one, where there is a program.
    pub(crate) fn start() -> Option<Chromium> {
        let program = Chromium::program()?;
        let home = tempfile::tempdir().unwrap();
        let [profile, scratch] = ["profile", "scratch"].map(|name| home.path().join(name));
        std::fs::create_dir(&scratch).unwrap();
        let mut process = Command::new("sh")
            .args(["-c", BY_PIPES, "sh", program])
            .args(FLAGS)
            // It keeps a folder there that it leaves behind when it is killed.
            .env("TMPDIR", &scratch)
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (say, said) = mpsc::channel();
        let messages = BufReader::new(process.stdout.take().unwrap()).split(0);
        // Ends with the browser, or with whoever listens.
        thread::spawn(move || {
            let mut messages = messages.map_while(|message| serde_json::from_slice(&message.ok()?).ok());
            messages.try_for_each(|message| say.send(message))
        });
        let mut chromium = Chromium { process, said, calls: 0, events: Vec::new(), home };
        chromium.call(None, "Browser.getVersion", json!({}));
        Some(chromium)
    }

    /// Its process.
    #[allow(dead_code, reason = "the harness's tests see it end with whoever started it")]
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// The folder of everything that this browser writes.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(super) fn call(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        self.asked(session, method, parameters).unwrap_or_else(|why| panic!("{method}: {why}"))
    }

    /// As [`Chromium::call`], with what went wrong instead of a panic.
    pub(super) fn asked(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Result<Value, String> {
        let mut request = json!({ "method": method, "params": parameters });
        if let Some(session) = session {
            request["sessionId"] = json!(session);
        }
        self.ask(request)?;
        let until = Instant::now() + PATIENCE;
        loop {
            let message = self.hear(until)?;
            if message["id"] == json!(self.calls) {
                let error = &message["error"];
                return if error.is_null() { Ok(message["result"].clone()) } else { Err(error.to_string()) };
            }
            self.events.push(message);
        }
    }

    /// Waits until this event has been told of since the events were last cleared.
    pub(super) fn wait_for(&mut self, method: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.events.iter().any(|event| event["method"] == method) {
            let message = self.hear(until).unwrap_or_else(|why| panic!("{method}: {why}"));
            self.events.push(message);
        }
    }

    fn hear(&mut self, until: Instant) -> Result<Value, String> {
        let left = until.saturating_duration_since(Instant::now());
        self.said.recv_timeout(left).map_err(|error| error.to_string())
    }

    /// Sends a request under the next number.
    fn ask(&mut self, mut request: Value) -> Result<(), String> {
        self.calls += 1;
        request["id"] = json!(self.calls);
        let mut ears = self.process.stdin.as_ref().expect("it is a pipe");
        ears.write_all(format!("{request}\0").as_bytes()).map_err(|error| error.to_string())
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Asked to end, it ends its helpers first, and nobody writes into a folder that is being removed.
        let until = Instant::now() + FAREWELL;
        if self.ask(json!({ "method": "Browser.close" })).is_ok() {
            while Instant::now() < until && matches!(self.process.try_wait(), Ok(None)) {
                thread::sleep(Duration::from_millis(10));
            }
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
