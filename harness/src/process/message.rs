//! The lines between a server and whoever started it, over two pipes: on its stdout a first, a last and answers between; on
//! its stdin questions about its inside. Both sides use these types, so neither can drift from the other. A person who runs
//! a server by hand reads the same lines.
//!
//! One question is under way at a time and asking never waits. So a server that hangs costs whoever asks nothing but the
//! answer, and neither pipe can fill up. An answer says itself when it was given, so it may be read late. Beside it:
//! `supervised.rs`, where the answers come from; `pipe.rs`, which reads whatever comes.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, OnceLock};

use reports::record::{InsideAnswer, ServerCounters};
use serde::{Deserialize, Serialize};

use super::pipe::take_all;

/// The first line: the server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Where it listens, with the port that it really has.
    pub address: SocketAddr,
    /// Its process id.
    pub pid: u32,
    /// What the parent gave it on its command line; empty for a server run by hand. A program that merely happens to
    /// talk on the pipe, or an answer meant for another parent, can't know it.
    #[serde(default)]
    pub nonce: String,
    /// The model that runs.
    #[serde(default)]
    pub model: String,
}

/// The last line: the server was asked to stop and has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Farewell {
    /// What it counted in its life.
    pub stopped: ServerCounters,
    /// How its runtime asked the kernel for I/O, where it had a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
}

/// The line with which the parent asks for an [`InsideReply`].
pub(super) const QUESTION: &str = "inside";

/// A line between the first and the last: the server was asked what its inside looks like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InsideReply {
    /// Its inside at that moment, on the monotonic clock.
    pub inside: InsideAnswer,
}

/// Says a message as one line. A reader that has gone is an error, never a panic.
pub fn say(message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_string(message)?;
    line.push('\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(line.as_bytes())?;
    stdout.flush()
}

/// The last of `lines` that is a farewell.
pub(super) fn farewell_in(lines: &str) -> Option<Farewell> {
    lines.lines().rev().find_map(|line| serde_json::from_str(line).ok())
}

/// A server's last line, where somebody read it who was not waiting for it: one that ends of itself says it while it is still
/// asked about its inside.
pub(super) type Overheard = Arc<OnceLock<Farewell>>;

/// A way to ask a server that can go to another thread, as the server itself can't.
#[derive(Debug)]
pub struct Channel {
    questions: OwnedFd,
    answers: OwnedFd,
    /// What has come of the answer that is under way.
    partial: Vec<u8>,
    state: ChannelState,
    overheard: Overheard,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChannelState {
    /// Nothing is under way.
    Free,
    /// A question was asked and not answered yet.
    Asked,
    /// The server has ended, or talks otherwise.
    Gone,
}

/// More than this without the end of a line is no answer of ours.
const LONGEST_ANSWER: usize = 1 << 20;

impl Channel {
    /// Asks through pipes of its own, which lead where these do.
    pub(super) fn new(questions: &impl AsFd, answers: &impl AsFd, overheard: Overheard) -> io::Result<Channel> {
        let [questions, answers] = [questions.as_fd(), answers.as_fd()].map(|fd| fd.try_clone_to_owned());
        let (partial, state) = (Vec::new(), ChannelState::Free);
        Ok(Channel { questions: questions?, answers: answers?, partial, state, overheard })
    }

    /// The answer to the last question, if it has come; then the next question is asked. Never waits.
    pub fn ask(&mut self) -> Option<InsideAnswer> {
        let answer = match self.state {
            ChannelState::Free => None,
            ChannelState::Asked => self.hear(),
            ChannelState::Gone => {
                // One that talks otherwise must not wait until somebody listens.
                self.lines();
                if self.partial.len() > LONGEST_ANSWER {
                    self.partial.clear();
                }
                None
            }
        };
        if self.state == ChannelState::Free {
            let question = format!("{QUESTION}\n");
            // So few bytes are written whole or not at all: the pipe holds nothing else.
            let written = rustix::io::write(&self.questions, question.as_bytes());
            self.state = if written.is_ok() { ChannelState::Asked } else { ChannelState::Gone };
        }
        answer
    }

    /// Reads what has come. A line that is no answer is none, and ends the question all the same.
    fn hear(&mut self) -> Option<InsideAnswer> {
        let (lines, may_come) = self.lines();
        self.state = match lines.len() {
            _ if !may_come || self.partial.len() > LONGEST_ANSWER => ChannelState::Gone,
            0 => ChannelState::Asked,
            _ => ChannelState::Free,
        };
        let answers = lines.split(|byte| *byte == b'\n');
        answers.rev().find_map(|line| serde_json::from_slice::<InsideReply>(line).ok()).map(|answer| answer.inside)
    }

    /// All whole lines that have come, and whether more may. A farewell among them is kept for whoever stops the server.
    fn lines(&mut self) -> (Vec<u8>, bool) {
        let may_come = take_all(&self.answers, |bytes| self.partial.extend_from_slice(bytes));
        let whole = self.partial.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let lines: Vec<u8> = self.partial.drain(..whole).collect();
        if let Some(farewell) = farewell_in(&String::from_utf8_lossy(&lines)) {
            // It is said once.
            let _ = self.overheard.set(farewell);
        }
        (lines, may_come)
    }
}

/// Properties of what a server says on its pipe: lines of ours are read as they were meant, and any other are none.
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed {
    use serde::de::DeserializeOwned;

    use super::*;

    /// The lines of a server: its first, its last, and answers between.
    pub fn messages(bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        for line in text.lines() {
            comes_back::<Ready>(line);
            comes_back::<Farewell>(line);
            comes_back::<InsideReply>(line);
        }
        if let Some(farewell) = farewell_in(&text) {
            let line = serde_json::to_string(&farewell).expect("what was JSON is JSON again");
            assert_eq!(farewell_in(&format!("{text}\n{line}\n")), Some(farewell));
        }
    }

    fn comes_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(line: &str) {
        let Ok(message) = serde_json::from_str::<T>(line) else { return };
        let again = serde_json::to_string(&message).expect("what was JSON is JSON again");
        assert_eq!(serde_json::from_str::<T>(&again).expect("what was written can be read"), message);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{PipeReader, PipeWriter, Read, Write, pipe};

    use super::*;

    #[test]
    fn counters_are_found_after_other_lines() {
        let lines = "noise\n{\"stopped\":{\"accepted\":3,\"accept_errors\":0,\"spawn_errors\":0,\
                     \"requests_served\":7,\"requests_refused\":1}}\n";
        let stopped = farewell_in(lines).unwrap().stopped;
        assert_eq!((stopped.accepted, stopped.requests_served), (3, 7));
        assert_eq!(farewell_in("{\"stopped\":{\"accepted\":3}}\n"), None);
    }

    /// A channel, and the server's ends of it.
    fn channel() -> (Channel, PipeReader, PipeWriter) {
        let ((asked, question), (answer, say)) = (pipe().unwrap(), pipe().unwrap());
        (Channel::new(&question, &answer, Overheard::default()).unwrap(), asked, say)
    }

    fn said(requests_ended: u64) -> String {
        let inside = InsideAnswer { requests_ended, ..InsideAnswer::default() };
        format!("{}\n", serde_json::to_string(&InsideReply { inside }).unwrap())
    }

    #[test]
    fn one_question_is_under_way_at_a_time() {
        let (mut channel, mut asked, mut server) = channel();
        assert_eq!([channel.ask(), channel.ask(), channel.ask()], [None, None, None]);
        let (head, tail) = (&said(7)[..20], &said(7)[20..]);
        server.write_all(head.as_bytes()).unwrap();
        assert_eq!(channel.ask(), None, "half an answer");
        server.write_all(tail.as_bytes()).unwrap();
        assert_eq!(channel.ask().unwrap().requests_ended, 7);
        drop(channel);
        let mut questions = String::new();
        asked.read_to_string(&mut questions).unwrap();
        assert_eq!(questions, "inside\ninside\n", "four looks, and one answer");
    }

    /// More than a pipe holds at every look, as from a build that prints what it does.
    #[test]
    fn a_server_that_chats_is_drained_and_its_answers_are_found() {
        let (mut channel, _asked, mut server) = channel();
        channel.ask();
        let chat = format!("{}\n", "x".repeat(999)).repeat(60);
        for number in 1..5 {
            server.write_all(chat.as_bytes()).unwrap();
            server.write_all(said(number).as_bytes()).unwrap();
            assert_eq!(channel.ask().unwrap().requests_ended, number);
        }
        for _ in 0..60 {
            // No line at all: it is asked no more, and read all the same.
            server.write_all(&[b'x'; 60_000]).unwrap();
            assert_eq!(channel.ask(), None);
        }
        assert_eq!(channel.state, ChannelState::Gone);
    }

    #[test]
    fn what_is_no_answer_is_none_and_the_end_is_the_end() {
        let (mut channel, _asked, mut server) = channel();
        channel.ask();
        server.write_all(b"good morning\n").unwrap();
        assert_eq!(channel.ask(), None);
        server.write_all(said(1).as_bytes()).unwrap();
        assert_eq!(channel.ask().unwrap().requests_ended, 1, "it was asked again");
        drop(server);
        assert_eq!([channel.ask(), channel.ask()], [None, None]);
        assert_eq!(channel.state, ChannelState::Gone);
    }

    /// It ends of itself, and whoever asks reads its last line: with an answer, or after a question that nobody took.
    #[test]
    fn a_farewell_that_is_overheard_is_kept() {
        let farewell = "{\"stopped\":{\"accepted\":3,\"accept_errors\":0,\"spawn_errors\":0,\
                        \"requests_served\":7,\"requests_refused\":1}}\n";
        for is_asked in [true, false] {
            let (mut channel, asked, mut server) = channel();
            if is_asked {
                channel.ask();
                server.write_all(said(7).as_bytes()).unwrap();
            }
            drop(asked);
            server.write_all(farewell.as_bytes()).unwrap();
            drop(server);
            assert_eq!(channel.ask().map(|answer| answer.requests_ended), is_asked.then_some(7));
            channel.ask();
            assert_eq!(channel.overheard.get().map(|farewell| farewell.stopped.requests_served), Some(7), "{is_asked}");
        }
    }

    #[test]
    fn a_server_that_is_gone_is_not_asked() {
        let (mut channel, asked, _server) = channel();
        drop(asked);
        assert_eq!([channel.ask(), channel.ask()], [None, None]);
        assert_eq!(channel.state, ChannelState::Gone);
    }
}
