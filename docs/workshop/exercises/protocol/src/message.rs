//! One connection's requests and replies, without I/O: bytes go in, and out comes what to do next.

use std::time::Duration;

use serde_json::{Value, json};

/// A request with its newline has as many bytes at most.
const MOST_BYTES: usize = 64 * 1024;
const MOST_RESULT_BYTES: usize = 1024 * 1024;
const LONGEST: Duration = Duration::from_secs(60);

/// What a request asks the server to do before it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Nothing.
    Nothing,
    /// Wait for a timer.
    Sleep(Duration),
    /// Wait, and block the thread meanwhile.
    Block(Duration),
    /// Compute for so long.
    Spin(Duration),
    /// Wait, and hold the server's one lock meanwhile.
    Lock(Duration),
}

/// A request that waits for its answer.
#[derive(Debug)]
pub struct Request {
    /// What is to be done first.
    pub work: Work,
    result: String,
    timestamp: String,
}

/// What a server does next on a connection.
#[derive(Debug)]
pub enum Step {
    /// There is no whole request yet: read on, and hand the bytes to `received`.
    Read,
    /// Do this work, then send what `done` returns.
    Work(Request),
    /// Send these bytes.
    Send(Vec<u8>),
    /// Send these bytes, and close the connection.
    SendAndClose(Vec<u8>),
}

/// One connection: what has come and was not looked at yet, and how many requests were served.
#[derive(Debug, Default)]
pub struct Conversation {
    unread: Vec<u8>,
    served: u64,
}

impl Conversation {
    /// Takes bytes that have come.
    pub fn received(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// What to do next.
    pub fn step(&mut self) -> Step {
        let end = self.unread.iter().take(MOST_BYTES).position(|byte| *byte == b'\n');
        let Some(end) = end else {
            if self.unread.len() < MOST_BYTES {
                return Step::Read;
            }
            return Step::SendAndClose(refusal("a line has 64 KiB at most, its newline included"));
        };
        let line: Vec<u8> = self.unread.drain(..=end).collect();
        let message: Value = serde_json::from_slice(&line).unwrap_or_default();
        if let Some(closing) = message.get("CloseConnection") {
            let reply = json!({ "ConnectionClosed": {
                "initial_timestamp": closing["initial_timestamp"],
                "final_timestamp": closing["final_timestamp"],
                "requests_served": self.served,
            } });
            return Step::SendAndClose(encoded(&reply));
        }
        match request(&message["RequestWork"]) {
            Ok(request) => Step::Work(request),
            Err(reason) => Step::Send(refusal(reason)),
        }
    }

    /// The reply to a request whose work is done.
    pub fn done(&mut self, request: Request) -> Vec<u8> {
        self.served += 1;
        encoded(&json!({ "WorkDone": { "sender_timestamp": request.timestamp, "result": request.result } }))
    }
}

/// A request, or why it is none.
fn request(fields: &Value) -> Result<Request, &'static str> {
    let text = |name| fields[name].as_str().ok_or("not a request of this protocol");
    let (message, parameter) = (text("request_message")?, text("parameter")?);
    let (work, result) = match message {
        "echo" => (Work::Nothing, parameter.to_owned()),
        "reply" => (Work::Nothing, "x".repeat(size(parameter)?)),
        "sleep" => (Work::Sleep(duration(parameter)?), String::new()),
        "block" => (Work::Block(duration(parameter)?), String::new()),
        "spin" => (Work::Spin(duration(parameter)?), String::new()),
        "lock" => (Work::Lock(duration(parameter)?), String::new()),
        _ => return Err("this server knows echo, reply, sleep, block, spin and lock"),
    };
    Ok(Request { work, result, timestamp: text("sender_timestamp")?.to_owned() })
}

fn size(text: &str) -> Result<usize, &'static str> {
    let size = text.parse().ok().filter(|size| *size <= MOST_RESULT_BYTES);
    size.ok_or("write a number of bytes of at most 1048576")
}

/// `250us`, `5ms` or `2s`.
fn duration(text: &str) -> Result<Duration, &'static str> {
    let digits = text.len() - text.trim_start_matches(|it: char| it.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| "write a duration as in 250us, 5ms or 2s")?;
    let duration = match unit {
        "ns" => Duration::from_nanos(number),
        "us" => Duration::from_micros(number),
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        _ => return Err("write a duration as in 250us, 5ms or 2s"),
    };
    if duration > LONGEST { Err("ask for 60s at most") } else { Ok(duration) }
}

fn refusal(reason: &str) -> Vec<u8> {
    encoded(&json!({ "Error": { "reason": reason } }))
}

fn encoded(reply: &Value) -> Vec<u8> {
    let mut line = reply.to_string().into_bytes();
    line.push(b'\n');
    line
}
