//! A server of an exercise, and what the harness saw of it. The server ends with the value.

use std::cell::RefCell;
use std::fmt::Display;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// Lines of a server's stderr that are shown.
const MOST_LINES: usize = 6;

/// Why a check comes to no end.
#[derive(Debug)]
pub(crate) enum CheckError {
    /// The server ended under the load, which is an answer.
    ServerEnded(ExitStatus),
    /// It can't be made, which says nothing of the exercise.
    Hindered(String),
}

impl CheckError {
    pub(crate) fn new(what: &str, why: &dyn Display) -> CheckError {
        CheckError::Hindered(format!("{what}: {why}"))
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
pub(crate) struct ServerUnderCheck {
    harness: String,
    server: RefCell<Child>,
    pub(crate) address: String,
    said: Arc<Mutex<Vec<String>>>,
}

impl ServerUnderCheck {
    /// Starts a server and waits until it says where it listens.
    pub(crate) fn set(program: &Path) -> Result<ServerUnderCheck, CheckError> {
        let harness = std::env::var("HARNESS").map_err(|_| {
            CheckError::Hindered("HARNESS does not name the harness; ./check builds it and sets that".into())
        })?;
        let mut server = Command::new(program)
            .env("PORT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| CheckError::new("the server can't be started", &error))?;
        let stdout = server.stdout.take().expect("it was asked for");
        let stderr = server.stderr.take().expect("it was asked for");
        let said = Arc::new(Mutex::new(Vec::new()));
        let mut stage =
            ServerUnderCheck { harness, server: RefCell::new(server), address: String::new(), said: Arc::clone(&said) };
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
        BufReader::new(stdout)
            .read_line(&mut line)
            .map_err(|error| CheckError::new("the server said nothing", &error))?;
        let address = line.trim_end().strip_prefix("listening on ");
        let said = || format!("the server ended before it listened; it said:\n{}", stage.said());
        stage.address = address.ok_or_else(|| CheckError::Hindered(said()))?.to_owned();
        Ok(stage)
    }

    /// What the harness sees under this load.
    pub(crate) fn load(&self, options: &str) -> Result<LoadFindings, CheckError> {
        self.end_load(self.begin_load(options)?)
    }

    /// The same, to be waited for by `end_load`.
    pub(crate) fn begin_load(&self, options: &str) -> Result<Child, CheckError> {
        let mut harness = Command::new(&self.harness);
        harness.args(["load", &self.address, "--format", "json"]);
        // No option here has a space in it but the work, which is behind the bar.
        let (options, work) = options.split_once(" | ").unwrap_or((options, "echo hi"));
        harness.args(options.split(' ')).args(["--work", work]);
        let piped = harness.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        piped.spawn().map_err(|error| CheckError::new(&format!("{} can't be started", self.harness), &error))
    }

    /// Waits for the end of a load. Its own exit code is no reason to stop: nobody answered, or the machine is busy, and what
    /// counts is counted.
    pub(crate) fn end_load(&self, harness: Child) -> Result<LoadFindings, CheckError> {
        let output = harness.wait_with_output().map_err(|error| CheckError::new("the harness has no end", &error))?;
        if let Some(status) = self.server.borrow_mut().try_wait().ok().flatten() {
            return Err(CheckError::ServerEnded(status));
        }
        let why = String::from_utf8_lossy(&output.stderr);
        let seen = serde_json::from_slice(&output.stdout);
        Ok(LoadFindings(seen.map_err(|_| CheckError::new("harness load saw nothing", &why.trim_end()))?))
    }

    /// Threads that the server has now.
    pub(crate) fn threads(&self) -> Result<usize, CheckError> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.server.borrow().id()));
        Ok(tasks.map_err(|error| CheckError::new("the server has ended, or there is no /proc", &error))?.count())
    }

    /// Whether the server still keeps to the protocol.
    pub(crate) fn protocol(&self) -> Result<Finding, CheckError> {
        let output = Command::new(&self.harness).args(["check", &self.address]).output();
        let output = output.map_err(|error| CheckError::new(&format!("{} can't be started", self.harness), &error))?;
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

impl Drop for ServerUnderCheck {
    fn drop(&mut self) {
        let server = self.server.get_mut();
        let _ = server.kill();
        let _ = server.wait();
    }
}

/// What the harness saw under a load.
#[derive(Debug)]
pub(crate) struct LoadFindings(Value);

impl LoadFindings {
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
