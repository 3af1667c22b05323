//! What a request asks for: work of one of our servers, or a page of any.

use std::borrow::Cow;
use std::time::Duration;

use reports::record::Demand;
use servers::protocol::{MAX_RESULT_BYTES, Wire};
use servers::service::{WorkOrder, decide};

use crate::clock::nanoseconds;

/// What a request asks for, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Work of one of our own servers, which says in its reply what it did.
    Asked {
        /// How messages are written.
        wire: Wire,
        /// `echo`, `sleep`, ...
        request_message: String,
        /// `hi`, `5ms`, ...
        parameter: String,
    },
    /// A page of any HTTP server. A reply is right when it is whole and its status is 200 to 299.
    Page(PageRequest),
}

/// A request to any HTTP server. Its parts are written as they are: whoever makes one has looked at them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// `GET`, `POST`, ...: no spaces.
    pub method: String,
    /// Begins with a slash, and holds no spaces.
    pub path: String,
    /// What the `Host` header says: host and port as they were typed. Where it is none, the address.
    pub host: Option<String>,
    /// Further headers, as in `Accept: text/html`, without line ends.
    pub headers: Vec<String>,
    /// Sent behind the head, with its length said there. Where it is none, no length is.
    pub body: Option<Vec<u8>>,
}

impl PageRequest {
    /// `GET` of a path, and nothing besides.
    pub fn get(path: &str) -> PageRequest {
        PageRequest { method: "GET".to_owned(), path: path.to_owned(), host: None, headers: Vec::new(), body: None }
    }
}

impl Work {
    /// As in `Work::new("sleep", "5ms")`, in JSON lines.
    pub fn new(request_message: &str, parameter: &str) -> Work {
        Work::Asked {
            wire: Wire::JsonLines,
            request_message: request_message.to_owned(),
            parameter: parameter.to_owned(),
        }
    }

    /// As it is typed, `sleep 5ms`, in JSON lines. Whether any server knows it is not looked at.
    pub fn typed(text: &str) -> Work {
        let (request_message, parameter) = text.split_once(' ').unwrap_or((text, ""));
        Work::new(request_message, parameter)
    }

    /// How messages are written.
    pub fn wire(&self) -> Wire {
        match self {
            Work::Asked { wire, .. } => *wire,
            Work::Page(_) => Wire::Http,
        }
    }

    /// Whether the server asks its backend for it.
    pub fn calls_backend(&self) -> bool {
        matches!(self.order(), Some(WorkOrder::Call(_)))
    }

    /// What it asks of a server, as a record says it; absent where no server knows such work, and of a page.
    pub fn demand(&self) -> Option<Demand> {
        Some(match self.order()? {
            WorkOrder::Echo(_) | WorkOrder::Reply(_) => Demand::Nothing,
            WorkOrder::Sleep(duration) | WorkOrder::Call(duration) => Demand::Waiting { for_ns: nanoseconds(duration) },
            WorkOrder::Block(duration) => Demand::Blocking { for_ns: nanoseconds(duration) },
            WorkOrder::Spin(duration) => Demand::Computing { for_ns: nanoseconds(duration) },
            WorkOrder::Lock(duration) => Demand::Locking { for_ns: nanoseconds(duration) },
        })
    }

    /// How long a server is to be at it, beyond what every request takes; nothing where no server knows such work.
    pub fn lasts(&self) -> Duration {
        match self.order() {
            Some(
                WorkOrder::Sleep(duration)
                | WorkOrder::Call(duration)
                | WorkOrder::Block(duration)
                | WorkOrder::Spin(duration)
                | WorkOrder::Lock(duration),
            ) => duration,
            Some(WorkOrder::Echo(_) | WorkOrder::Reply(_)) | None => Duration::ZERO,
        }
    }

    /// The work as one of our servers understands it.
    fn order(&self) -> Option<WorkOrder<'_>> {
        match self {
            Work::Asked { request_message, parameter, .. } => decide(request_message, Cow::Borrowed(parameter)).ok(),
            Work::Page(_) => None,
        }
    }

    /// The `result` of a correct reply, as the protocol has it: the text of an echo, the bytes of a reply, and of
    /// everything else nothing.
    pub fn expected_result(&self) -> String {
        match self {
            Work::Asked { request_message, parameter, .. } => match request_message.as_str() {
                "echo" => parameter.clone(),
                "reply" => "x".repeat(parameter.parse().unwrap_or(0).min(MAX_RESULT_BYTES)),
                _ => String::new(),
            },
            Work::Page(_) => String::new(),
        }
    }
}

impl std::fmt::Display for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Work::Asked { request_message, parameter, .. } => write!(f, "{request_message} {parameter}"),
            Work::Page(page) => write!(f, "{} {}", page.method, page.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correct_reply_says_what_was_asked_for() {
        assert_eq!(Work::new("echo", "hi").expected_result(), "hi");
        assert_eq!(Work::new("reply", "3").expected_result(), "xxx");
        assert_eq!(Work::new("sleep", "5ms").expected_result(), "");
        assert_eq!(Work::new("reply", "99999999999999").expected_result().len(), MAX_RESULT_BYTES);
    }
}
