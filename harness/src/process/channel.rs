//! The parent's side of asking a server about its inside: a line on its stdin, a line from its stdout.
//!
//! One question is under way at a time and nothing here ever waits. So a server that hangs costs whoever asks nothing but
//! the answer, and neither pipe can fill up. An answer says itself when it was given, so it may be read late. Beside it:
//! `supervised.rs`, where the answers come from.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use reports::record::InsideAnswer;

use super::message::{Answer, QUESTION, wait_readable};

/// A way to ask a server that can go to another thread, as the server itself can't.
#[derive(Debug)]
pub struct Channel {
    questions: OwnedFd,
    answers: OwnedFd,
    /// What has come of the answer that is under way.
    partial: Vec<u8>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
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
    pub(super) fn new(questions: &impl AsFd, answers: &impl AsFd) -> io::Result<Channel> {
        let [questions, answers] = [questions.as_fd(), answers.as_fd()].map(|fd| fd.try_clone_to_owned());
        Ok(Channel { questions: questions?, answers: answers?, partial: Vec::new(), state: State::Free })
    }

    /// The answer to the last question, if it has come; then the next question is asked. Never waits.
    pub fn ask(&mut self) -> Option<InsideAnswer> {
        let answer = if self.state == State::Asked { self.hear() } else { None };
        if self.state == State::Free {
            let question = format!("{QUESTION}\n");
            // So few bytes are written whole or not at all: the pipe holds nothing else.
            let written = rustix::io::write(&self.questions, question.as_bytes());
            self.state = if written.is_ok() { State::Asked } else { State::Gone };
        }
        answer
    }

    /// Reads what has come. A line that is no answer is none, and ends the question all the same.
    fn hear(&mut self) -> Option<InsideAnswer> {
        let mut chunk = [0; 4096];
        while matches!(wait_readable(&self.answers, Instant::now()), Ok(true)) {
            let count = rustix::io::read(&self.answers, &mut chunk).unwrap_or(0);
            self.partial.extend_from_slice(&chunk[..count]);
            if count == 0 || self.partial.len() > LONGEST_ANSWER {
                self.state = State::Gone;
                return None;
            }
            if self.partial.ends_with(b"\n") {
                self.state = State::Free;
                let line = std::mem::take(&mut self.partial);
                return serde_json::from_slice::<Answer>(&line).ok().map(|answer| answer.inside);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::io::{PipeReader, PipeWriter, Read, Write, pipe};

    use super::*;

    /// A channel, and the server's ends of it.
    fn channel() -> (Channel, PipeReader, PipeWriter) {
        let ((asked, question), (answer, say)) = (pipe().unwrap(), pipe().unwrap());
        (Channel::new(&question, &answer).unwrap(), asked, say)
    }

    fn said(requests_ended: u64) -> String {
        let inside = InsideAnswer { requests_ended, ..InsideAnswer::default() };
        format!("{}\n", serde_json::to_string(&Answer { inside }).unwrap())
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
        assert_eq!(channel.state, State::Gone);
    }

    #[test]
    fn a_server_that_is_gone_is_not_asked() {
        let (mut channel, asked, _server) = channel();
        drop(asked);
        assert_eq!([channel.ask(), channel.ask()], [None, None]);
        assert_eq!(channel.state, State::Gone);
    }
}
