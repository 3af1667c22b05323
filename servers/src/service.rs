//! Decides what a request asks for. It knows the kinds of work and their limits, and neither how work is
//! done (`work/`) nor how requests arrive: no sockets, no clocks, no threads, no runtimes.

use std::borrow::Cow;
use std::time::Duration;

use thiserror::Error;

use crate::protocol::MAX_RESULT_BYTES;

/// The longest call, sleep, block, spin or lock that a client may ask for.
pub const MAX_WORK_DURATION: Duration = Duration::from_secs(60);

/// What a request asks for, within the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkOrder<'a> {
    /// Reply with this text.
    Echo(Cow<'a, str>),
    /// Ask the backend, which answers after this long, and wait for its answer.
    Call(Duration),
    /// Wait this long by a timer.
    Sleep(Duration),
    /// Block the thread that does the work for this long, as a call does that waits for a disk or a database.
    Block(Duration),
    /// Compute for as long as an otherwise idle CPU of this machine takes this time for.
    Spin(Duration),
    /// Wait this long while holding the lock that all connections of the server share.
    Lock(Duration),
    /// Reply with a result of this many bytes.
    Reply(usize),
}

impl<'a> WorkOrder<'a> {
    /// The same work, for whoever outlives the request's bytes.
    pub(crate) fn into_owned(self) -> WorkOrder<'static> {
        self.map(|text| Cow::Owned(text.into_owned()), |duration| duration)
    }

    /// What is replied once the work is done: nothing, where it only took time.
    pub(crate) fn into_result(self) -> Cow<'a, str> {
        match self {
            WorkOrder::Echo(text) => text,
            WorkOrder::Reply(bytes) => Cow::Owned("x".repeat(bytes)),
            _ => Cow::Borrowed(""),
        }
    }

    /// How long the work takes an undisturbed server, which for an echo and a reply is nothing to speak of.
    pub(crate) fn duration(&self) -> Duration {
        match *self {
            WorkOrder::Call(duration)
            | WorkOrder::Sleep(duration)
            | WorkOrder::Block(duration)
            | WorkOrder::Spin(duration)
            | WorkOrder::Lock(duration) => duration,
            WorkOrder::Echo(_) | WorkOrder::Reply(_) => Duration::ZERO,
        }
    }

    /// The same work, with times of so many percent of those asked for.
    pub(crate) fn stretched(self, percent: u32) -> WorkOrder<'a> {
        self.map(|text| text, |duration| duration * percent / 100)
    }

    /// The same work with another text or another time.
    fn map<'b>(
        self,
        text: impl FnOnce(Cow<'a, str>) -> Cow<'b, str>,
        time: impl FnOnce(Duration) -> Duration,
    ) -> WorkOrder<'b> {
        match self {
            WorkOrder::Echo(echoed) => WorkOrder::Echo(text(echoed)),
            WorkOrder::Call(duration) => WorkOrder::Call(time(duration)),
            WorkOrder::Sleep(duration) => WorkOrder::Sleep(time(duration)),
            WorkOrder::Block(duration) => WorkOrder::Block(time(duration)),
            WorkOrder::Spin(duration) => WorkOrder::Spin(time(duration)),
            WorkOrder::Lock(duration) => WorkOrder::Lock(time(duration)),
            WorkOrder::Reply(bytes) => WorkOrder::Reply(bytes),
        }
    }
}

/// Why a request is not served. The connection lives on, unless its work is used up.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// There is no such work.
    #[error("no work is called \"{0}\"; work: echo, call, sleep, block, spin, lock, reply")]
    UnknownWork(String),
    /// The parameter should have been a duration.
    #[error("\"{0}\" is not a duration; write it as in 250us, 5ms or 2s")]
    NoDuration(String),
    /// The duration is too long.
    #[error("\"{0}\" is too long; ask for at most {max}s", max = MAX_WORK_DURATION.as_secs())]
    TooLong(String),
    /// The parameter should have been a number of bytes.
    #[error("\"{0}\" is not a size; write a number of bytes up to {MAX_RESULT_BYTES}")]
    NoSize(String),
    /// The connection has asked for as much work as it may.
    #[error("one connection may ask for {}s of work in all, and this is more; connect again", .0.as_secs_f64())]
    WorkIsUsedUp(Duration),
}

/// The work that a request's `request_message` and `parameter` name.
pub fn decide<'a>(request_message: &str, parameter: Cow<'a, str>) -> Result<WorkOrder<'a>, Refusal> {
    match request_message {
        "echo" => Ok(WorkOrder::Echo(parameter)),
        "call" => duration(&parameter).map(WorkOrder::Call),
        "sleep" => duration(&parameter).map(WorkOrder::Sleep),
        "block" => duration(&parameter).map(WorkOrder::Block),
        "spin" => duration(&parameter).map(WorkOrder::Spin),
        "lock" => duration(&parameter).map(WorkOrder::Lock),
        "reply" => size(&parameter).map(WorkOrder::Reply),
        unknown => Err(Refusal::UnknownWork(excerpt(unknown))),
    }
}

fn duration(parameter: &str) -> Result<Duration, Refusal> {
    let duration = humantime::parse_duration(parameter).map_err(|_| Refusal::NoDuration(excerpt(parameter)))?;
    if duration > MAX_WORK_DURATION {
        return Err(Refusal::TooLong(excerpt(parameter)));
    }
    Ok(duration)
}

fn size(parameter: &str) -> Result<usize, Refusal> {
    match parameter.parse() {
        Ok(bytes) if bytes <= MAX_RESULT_BYTES => Ok(bytes),
        _ => Err(Refusal::NoSize(excerpt(parameter))),
    }
}

/// What a refusal quotes of a parameter, which may be as long as a request.
fn excerpt(text: &str) -> String {
    const LONGEST_CHARS: usize = 40;
    text.chars().take(LONGEST_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask<'a>(work: &str, parameter: &'a str) -> Result<WorkOrder<'a>, Refusal> {
        decide(work, Cow::Borrowed(parameter))
    }

    #[test]
    fn work_is_named_by_the_request() {
        assert_eq!(ask("echo", "5ms"), Ok(WorkOrder::Echo("5ms".into())));
        assert_eq!(ask("call", "5ms"), Ok(WorkOrder::Call(Duration::from_millis(5))));
        assert_eq!(ask("sleep", "5ms"), Ok(WorkOrder::Sleep(Duration::from_millis(5))));
        assert_eq!(ask("block", "1s"), Ok(WorkOrder::Block(Duration::from_secs(1))));
        assert_eq!(ask("spin", "250us"), Ok(WorkOrder::Spin(Duration::from_micros(250))));
        assert_eq!(ask("lock", "0s"), Ok(WorkOrder::Lock(Duration::ZERO)));
        assert_eq!(ask("reply", "0"), Ok(WorkOrder::Reply(0)));
    }

    #[test]
    fn stretching_prolongs_what_takes_time_and_nothing_else() {
        let stretched = |work: &str, parameter: &'static str| ask(work, parameter).unwrap().stretched(120);
        assert_eq!(stretched("sleep", "5ms"), WorkOrder::Sleep(Duration::from_millis(6)));
        assert_eq!(stretched("call", "5ms"), WorkOrder::Call(Duration::from_millis(6)));
        assert_eq!(stretched("spin", "60s"), WorkOrder::Spin(Duration::from_secs(72)));
        assert_eq!(
            (stretched("echo", "5ms"), stretched("reply", "9")),
            (WorkOrder::Echo("5ms".into()), WorkOrder::Reply(9))
        );
        assert_eq!(ask("block", "7ms").unwrap().stretched(100), WorkOrder::Block(Duration::from_millis(7)));
    }

    #[test]
    fn limits_are_inclusive() {
        assert_eq!(ask("sleep", "60s"), Ok(WorkOrder::Sleep(MAX_WORK_DURATION)));
        assert_eq!(ask("sleep", "60s 1ns"), Err(Refusal::TooLong("60s 1ns".into())));
        assert_eq!(ask("reply", "1048576"), Ok(WorkOrder::Reply(MAX_RESULT_BYTES)));
        assert_eq!(ask("reply", "1048577"), Err(Refusal::NoSize("1048577".into())));
    }

    #[test]
    fn nonsense_is_refused_with_a_remedy() {
        let said = |work: &str, parameter: &str| ask(work, parameter).unwrap_err().to_string();
        assert_eq!(said("dance", ""), "no work is called \"dance\"; work: echo, call, sleep, block, spin, lock, reply");
        assert_eq!(said("sleep", "long"), "\"long\" is not a duration; write it as in 250us, 5ms or 2s");
        assert!(said("sleep", "18446744073709551615years").contains("not a duration"));
        assert_eq!(said("spin", "2m"), "\"2m\" is too long; ask for at most 60s");
        assert_eq!(said("reply", "-1"), "\"-1\" is not a size; write a number of bytes up to 1048576");
        assert!(said(&"x".repeat(60_000), "").len() < 120);
    }
}
