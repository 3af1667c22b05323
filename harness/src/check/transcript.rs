//! What a transcript is: steps of what a client says and what must come, and which rule of the protocol they check.
//!
//! Must not know: which transcripts there are. Beside it: `transcripts.rs`, all of them; `dialogue.rs`, which carries one out.

use std::time::Duration;

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each transcript says what it checks")]
pub enum CheckItem {
    OneRequest,
    Text,
    InTurn,
    Pipelined,
    Bytewise,
    Spelling,
    LongestLine,
    NotJson,
    UnknownWork,
    Closing,
    HalfClose,
    Oversize,
    Reply,
    Call,
    Sleep,
    Block,
    Spin,
    Lock,
    BadParameter,
    SideBySide,
    Times,
}

/// Whether a server of the protocol must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It must.
    Required,
    /// It need not; without it, it takes part in less, or less is said of it.
    Optional,
}

/// One thing that is checked.
#[derive(Debug, Clone)]
pub struct Transcript {
    /// Which.
    pub item: CheckItem,
    /// Whether it must hold.
    pub weight: Weight,
    /// What holds, as a sentence without its stop.
    pub says: &'static str,
    /// What is said and expected, in turn.
    pub steps: Vec<TranscriptStep>,
}

/// A step of a transcript. It begins on connection 0; connections are opened when they are first used.
#[derive(Debug, Clone)]
pub enum TranscriptStep {
    /// Send this in one write.
    Send(Vec<u8>),
    /// Send this a byte at a time.
    SendBytewise(Vec<u8>),
    /// Send as much of this as the server takes.
    SendAsTaken(Vec<u8>),
    /// Send no more, and go on reading.
    EndSending,
    /// This must come next.
    Expect(Expected),
    /// So much time must have passed since the transcript began.
    AtLeast(Duration),
    /// Go on with another connection.
    On(usize),
    /// Close the connection.
    HangUp,
}

/// What must come.
#[derive(Debug, Clone)]
pub enum Expected {
    /// A WorkDone with this timestamp and this result.
    Done { timestamp: String, result: String },
    /// The same, with both times, on this machine's monotonic clock and between the sending and the coming.
    DoneWithTimes { timestamp: String, result: String },
    /// An Error.
    Refusal,
    /// ConnectionClosed with these timestamps, after so many requests.
    Closed { initial: String, last: String, served: u64 },
    /// The end of the connection.
    End,
    /// An Error and the end, or the end alone.
    RefusalOrEnd,
}

impl Transcript {
    /// All that is sent if everything holds.
    pub fn sent(&self) -> Vec<u8> {
        let bytes = self.steps.iter().filter_map(|step| match step {
            TranscriptStep::Send(bytes) | TranscriptStep::SendBytewise(bytes) | TranscriptStep::SendAsTaken(bytes) => {
                Some(bytes.as_slice())
            }
            TranscriptStep::EndSending
            | TranscriptStep::Expect(_)
            | TranscriptStep::AtLeast(_)
            | TranscriptStep::On(_)
            | TranscriptStep::HangUp => None,
        });
        bytes.collect::<Vec<_>>().concat()
    }
}
