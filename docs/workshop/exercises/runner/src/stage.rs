//! A server of an exercise, and what the harness saw of it. The server ends with the value.

use std::fmt::{self, Display};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// Lines of a server's stderr that are shown.
const MOST_LINES: usize = 6;

/// Why a check can't be made.
#[derive(Debug)]
pub(crate) struct Trouble(pub(crate) String);

impl Trouble {
    pub(crate) fn new(what: &str, why: &dyn Display) -> Trouble {
        Trouble(format!("{what}: {why}"))
    }
}

impl Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something that must hold, and whether it does.
#[derive(Debug)]
pub(crate) struct Finding {
    /// What must hold, as a sentence.
    pub(crate) fact: String,
    pub(crate) seen: String,
    pub(crate) holds: bool,
    /// What to think about where it doesn't.
    pub(crate) think: &'static str,
}

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Stage {
    harness: String,
    server: Child,
    pub(crate) address: String,
    said: Arc<Mutex<Vec<String>>>,
}

impl Stage {
    /// Starts a server and waits until it says where it listens.
    pub(crate) fn set(program: &Path) -> Result<Stage, Trouble> {
        let harness = std::env::var("HARNESS")
            .map_err(|_| Trouble("HARNESS does not name the harness; ./check builds it and sets that".into()))?;
        let mut server = Command::new(program)
            .env("PORT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Trouble::new("the server can't be started", &error))?;
        let stdout = server.stdout.take().expect("it was asked for");
        let stderr = server.stderr.take().expect("it was asked for");
        let said = Arc::new(Mutex::new(Vec::new()));
        let mut stage = Stage { harness, server, address: String::new(), said: Arc::clone(&said) };
        // To its end, or the server would wait for somebody to read.
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                if said.len() < MOST_LINES {
                    said.push(line);
                }
            }
        });
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).map_err(|error| Trouble::new("the server said nothing", &error))?;
        let address = line.trim_end().strip_prefix("listening on ");
        let said = || format!("the server ended before it listened; it said:\n{}", stage.said());
        stage.address = address.ok_or_else(|| Trouble(said()))?.to_owned();
        Ok(stage)
    }

    /// What the harness sees under this load.
    pub(crate) fn load(&self, options: &str) -> Result<Load, Trouble> {
        Load::ended(self.begin_load(options)?)
    }

    /// The same, to be waited for by `Load::ended`.
    pub(crate) fn begin_load(&self, options: &str) -> Result<Child, Trouble> {
        let mut harness = Command::new(&self.harness);
        harness.args(["load", &self.address, "--format", "json"]);
        // No option here has a space in it but the work, which is behind the bar.
        let (options, work) = options.split_once(" | ").unwrap_or((options, "echo hi"));
        harness.args(options.split(' ')).args(["--work", work]);
        let piped = harness.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        piped.spawn().map_err(|error| Trouble::new(&format!("{} can't be started", self.harness), &error))
    }

    /// Threads that the server has now.
    pub(crate) fn threads(&self) -> Result<usize, Trouble> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.server.id()));
        Ok(tasks.map_err(|error| Trouble::new("the server has ended, or there is no /proc", &error))?.count())
    }

    /// Whether the server still keeps to the protocol.
    pub(crate) fn protocol(&self) -> Result<Finding, Trouble> {
        let output = Command::new(&self.harness).args(["check", &self.address]).output();
        let output = output.map_err(|error| Trouble::new(&format!("{} can't be started", self.harness), &error))?;
        let said = String::from_utf8_lossy(&output.stdout);
        Ok(Finding {
            fact: "The server keeps to the protocol.".into(),
            seen: said
                .lines()
                .find(|line| line.contains("required hold"))
                .unwrap_or("no answer of harness check")
                .trim()
                .into(),
            holds: output.status.success(),
            think: "`harness check` with the server's address says line by line what does not hold. Did a reply get lost?",
        })
    }

    /// The first lines that the server wrote to stderr, indented.
    pub(crate) fn said(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// What the harness saw under a load.
#[derive(Debug)]
pub(crate) struct Load(Value);

impl Load {
    /// Waits for the end of a load.
    pub(crate) fn ended(harness: Child) -> Result<Load, Trouble> {
        let output = harness.wait_with_output().map_err(|error| Trouble::new("the harness has no end", &error))?;
        // A figure of its own code is no reason to stop: nobody answered, or the machine is busy. What counts is counted.
        let seen = serde_json::from_slice(&output.stdout);
        Ok(Load(seen.map_err(|error| Trouble::new(&format!("harness load ended with {}", output.status), &error))?))
    }

    /// A count by its place in the object.
    fn count(&self, place: &str) -> u64 {
        self.0.pointer(place).and_then(Value::as_u64).unwrap_or_default()
    }

    pub(crate) fn scheduled(&self) -> u64 {
        self.count("/ledger/scheduled")
    }

    /// Requests that got the right reply.
    pub(crate) fn ok(&self) -> u64 {
        self.count("/ledger/ok")
    }

    /// From the first request to the last.
    pub(crate) fn lasted(&self) -> Duration {
        Duration::from_nanos(self.count("/duration_ns"))
    }

    /// The median from when a request was due; absent where fewer than half were answered.
    pub(crate) fn median_response(&self) -> Option<Duration> {
        self.0.pointer("/response_time_ns/p50/value").and_then(Value::as_u64).map(Duration::from_nanos)
    }

    /// The median from when a request was sent.
    pub(crate) fn median_service(&self) -> Option<Duration> {
        self.0.pointer("/service_time_ns/p50/value").and_then(Value::as_u64).map(Duration::from_nanos)
    }
}
