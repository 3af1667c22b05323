//! One worker as whoever started it sees it: its process, what it says, and its clock.
//!
//! Everything that is waited for has a deadline, and whoever is silent for long is lost. The process is in a group of its
//! own, so that Ctrl-C stops the load and does not cut the line to who has its figures. Beside it: `worker.rs`, the other
//! side; `fleet.rs`, which has several of these.

use std::io::{self, ErrorKind};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use instruments::clock::now_ns;
use rustix::process::{Pid, Signal, kill_process_group};

use super::clocks::{ClockOffset, ClockReading};
use super::hello::{Hello, PROTOCOL};
use super::lines::{MessageLines, MessageRead, say};
use super::message::{FromWorker, ToWorker, Trouble};
use super::problem::{LastWords, WorkerProblem};
use crate::process::StderrTail;

/// What starts a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// As it was typed, without our program.
    pub text: String,
    /// All words: those that were typed, our program as it is found over there, and what it is to do.
    pub words: Vec<String>,
}

/// The time from its start in which a worker says hello: a cluster may pull an image meanwhile.
const HELLO: Duration = Duration::from_secs(60);

/// Readings of a clock: so many, or as many as there is time for.
const READINGS: u32 = 300;
const READING_TIME: Duration = Duration::from_secs(1);

/// The time between two words of a worker that is at work.
pub(super) const SILENCE: Duration = Duration::from_secs(10);

/// How often a wait looks whether it is to go on.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long a worker that was told good-bye may take to end.
const FAREWELL: Duration = Duration::from_secs(2);

/// How much of what is no message is shown.
const SHOWN: usize = 100;

type WorkerLine = Result<(FromWorker, u64), String>;

/// A worker's process.
pub(super) struct Hand {
    child: Child,
    stdin: Option<ChildStdin>,
    heard: Receiver<WorkerLine>,
    stderr: StderrTail,
    pings: u32,
    hello: Option<Hello>,
    /// Of the one whose place it takes.
    before: Option<Hello>,
}

impl Hand {
    /// Starts the command and greets whoever it is.
    pub(super) fn start(command: &WorkerCommand, hello: &Hello) -> Result<Hand, WorkerProblem> {
        let (program, arguments) = command.words.split_first().ok_or(WorkerProblem::GivenUp)?;
        let mut process = Command::new(program);
        process.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = process.spawn().map_err(WorkerProblem::NotStarted)?;
        let taken = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = taken else { return Err(WorkerProblem::GivenUp) };
        let (tell, heard) = channel();
        let listening = thread::Builder::new().name("worker-listener".into()).spawn(move || listen(stdout, &tell));
        let stderr = listening.and_then(|_| StderrTail::of(stderr));
        let stderr = match stderr {
            Ok(stderr) => stderr,
            Err(error) => {
                end(&mut child);
                return Err(WorkerProblem::NoThread(error));
            }
        };
        let mut hand = Hand { child, stdin: Some(stdin), heard, stderr, pings: 0, hello: None, before: None };
        hand.say(&ToWorker::Hello(Box::new(hello.clone())))?;
        Ok(hand)
    }

    /// Starts the command again, for one that is spent. Whoever says hello then has to be on the same machine.
    pub(super) fn anew(&self, command: &WorkerCommand, hello: &Hello) -> Result<Hand, WorkerProblem> {
        let mut hand = Hand::start(command, hello)?;
        hand.before = self.hello.clone().or_else(|| self.before.clone());
        Ok(hand)
    }

    /// Its process here: the worker itself, or what speaks to it, such as ssh.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether its process here is gone.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Who it says it is.
    pub(super) fn hello(&mut self, stop: &AtomicBool) -> Result<Hello, WorkerProblem> {
        if let Some(hello) = &self.hello {
            return Ok(hello.clone());
        }
        match self.hear(HELLO, stop)?.0 {
            FromWorker::Hello(hello) if hello.protocol == PROTOCOL => {
                let shown = |text: &str| text.chars().filter(|it| !it.is_control()).take(SHOWN).collect::<String>();
                let (host, kernel) = (shown(&hello.host), hello.kernel.as_deref().map(shown));
                let build = hello.build.as_deref().map(shown);
                let hello = Hello { host, kernel, build, version: shown(&hello.version), ..*hello };
                if let Some(differs) = self.before.as_ref().and_then(|before| hello.differs_from(before)) {
                    return Err(WorkerProblem::Another(differs));
                }
                self.hello = Some(hello.clone());
                Ok(hello)
            }
            FromWorker::Hello(hello) => Err(WorkerProblem::OtherProtocol { theirs: hello.protocol }),
            other => Err(self.out_of_turn(&other)),
        }
    }

    /// Says something to it.
    pub(super) fn say(&mut self, message: &ToWorker) -> Result<(), WorkerProblem> {
        match &mut self.stdin {
            Some(stdin) => say(stdin, message).map_err(|error| match error.kind() {
                ErrorKind::BrokenPipe => self.why_gone(),
                _ => WorkerProblem::NotStarted(error),
            }),
            None => Err(WorkerProblem::GivenUp),
        }
    }

    /// What it says next, and when that came. Waits no longer than `silence`, and not at all once `stop` is set.
    pub(super) fn hear(&mut self, silence: Duration, stop: &AtomicBool) -> Result<(FromWorker, u64), WorkerProblem> {
        let give_up = Instant::now() + silence;
        loop {
            match self.heard.recv_timeout(LOOK_EVERY) {
                Ok(heard) => return self.understood(heard),
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
                Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => return Err(WorkerProblem::GivenUp),
                Err(RecvTimeoutError::Timeout) if Instant::now() > give_up => {
                    return Err(WorkerProblem::Silent(silence));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// What it has said since, without waiting; nothing where it said nothing.
    pub(super) fn has_heard(&mut self) -> Option<Result<FromWorker, WorkerProblem>> {
        Some(match self.heard.try_recv() {
            Ok(heard) => self.understood(heard).map(|(message, _)| message),
            Err(TryRecvError::Disconnected) => Err(self.ended()),
            Err(TryRecvError::Empty) => return None,
        })
    }

    /// A message, or the trouble that it tells of.
    fn understood(&self, heard: WorkerLine) -> Result<(FromWorker, u64), WorkerProblem> {
        match heard {
            Ok((FromWorker::Error(trouble), _)) => Err(shortened(trouble)),
            Ok(message) => Ok(message),
            Err(line) => Err(WorkerProblem::Babbles(line, self.last_words())),
        }
    }

    /// By how much its clock is ahead, by the fastest of some hundred questions.
    pub(super) fn clock(&mut self, stop: &AtomicBool) -> Result<ClockOffset, WorkerProblem> {
        let (begun, mut readings) = (Instant::now(), Vec::new());
        for _ in 0..READINGS {
            self.pings += 1;
            let (number, asked_ns) = (self.pings, now_ns());
            self.say(&ToWorker::Ping { number })?;
            match self.hear(SILENCE, stop)? {
                (FromWorker::Pong { number: of, clock_ns }, came_ns) if of == number => {
                    readings.push(ClockReading { asked_ns, came_ns, told_ns: clock_ns });
                }
                (other, _) => return Err(self.out_of_turn(&other)),
            }
            if begun.elapsed() > READING_TIME {
                break;
            }
        }
        ClockOffset::fastest(&readings).ok_or(WorkerProblem::GivenUp)
    }

    /// What it said is a message, and not the one that was to come.
    pub(super) fn out_of_turn(&self, message: &FromWorker) -> WorkerProblem {
        let said = serde_json::to_string(message).unwrap_or_default();
        WorkerProblem::Babbles(beginning(&said), self.last_words())
    }

    fn last_words(&self) -> LastWords {
        LastWords(self.stderr.text())
    }

    /// It does not listen any more, and may have said why.
    fn why_gone(&mut self) -> WorkerProblem {
        loop {
            match self.heard.recv_timeout(FAREWELL) {
                Ok(heard) => match self.understood(heard) {
                    Ok(_) => {}
                    Err(problem) => return problem,
                },
                Err(_) => return self.ended(),
            }
        }
    }

    fn ended(&mut self) -> WorkerProblem {
        WorkerProblem::Ended(self.last_words())
    }

    /// Says good-bye, and waits a moment for the end.
    pub(super) fn dismiss(mut self) {
        if self.say(&ToWorker::Bye).is_ok() {
            let give_up = Instant::now() + FAREWELL;
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < give_up {
                thread::sleep(Duration::from_millis(2));
            }
        }
    }
}

impl Drop for Hand {
    /// Its stdin ends first, at which a worker ends wherever it is; then what was started here is ended.
    fn drop(&mut self) {
        self.stdin = None;
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    if matches!(child.try_wait(), Ok(Some(_))) {
        return;
    }
    // The group's id is the child's, which nobody else can get before it is reaped. No such group is fine.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    let _ = child.wait();
}

/// Passes on what comes, until it ends or is no message.
fn listen(stdout: impl io::Read, tell: &Sender<WorkerLine>) {
    let mut lines = MessageLines::new(stdout);
    loop {
        let heard = match lines.next() {
            MessageRead::Line(line, at_ns) => {
                serde_json::from_str(&line).map(|message| (message, at_ns)).map_err(|_| beginning(&line))
            }
            MessageRead::TooLong => Err("more than any message has".to_owned()),
            MessageRead::Ended => return,
        };
        let is_over = heard.is_err();
        if tell.send(heard).is_err() || is_over {
            return;
        }
    }
}

/// As much of its reason as is shown and kept.
fn shortened(trouble: Trouble) -> WorkerProblem {
    const REASON: usize = 1_000;
    WorkerProblem::Trouble(Trouble { reason: trouble.reason.chars().take(REASON).collect(), ..trouble })
}

fn beginning(line: &str) -> String {
    line.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests;
