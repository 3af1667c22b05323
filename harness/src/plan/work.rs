//! What a request asks for: work of one of our servers or a page of any, and the workload of an experiment, which names it
//! for files and for readers, also where it was typed: `sleep 5ms`.
//!
//! Beside it: `page.rs`, experiments with a page in place of their work.

use std::borrow::Cow;

use reports::record::{Demand, WorkloadRecord};
use servers::protocol::{MAX_RESULT_BYTES, Wire};
use servers::service::{WorkOrder, decide};

use super::{PlanError, nanoseconds};

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

/// One variant of what requests ask for.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Unique within the experiment, and safe in a file name.
    pub key: Cow<'static, str>,
    /// For a heading.
    pub label: Cow<'static, str>,
    /// One sentence on what a connection does.
    pub description: &'static str,
    /// `request_message` and `parameter`.
    pub work: (Cow<'static, str>, Cow<'static, str>),
}

impl Workload {
    /// A workload that is data of the program; [`Workload::named`] is one that was typed.
    pub const fn new(
        key: &'static str,
        label: &'static str,
        description: &'static str,
        (name, parameter): (&'static str, &'static str),
    ) -> Workload {
        Workload {
            key: Cow::Borrowed(key),
            label: Cow::Borrowed(label),
            description,
            work: (Cow::Borrowed(name), Cow::Borrowed(parameter)),
        }
    }

    /// The work as the generator takes it.
    pub fn work(&self) -> Work {
        Work::new(&self.work.0, &self.work.1)
    }

    /// The workload of `echo`, `echo hi`, `sleep 5ms` and so on, as it was typed.
    ///
    /// # Errors
    /// Where no server knows such work.
    pub fn named(text: &str, description: &'static str) -> Result<Workload, PlanError> {
        let (name, parameter) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let parameter = if (name, parameter) == ("echo", "") { ECHOED } else { parameter.trim() };
        decide(name, Cow::Borrowed(parameter)).map_err(|refusal| PlanError::Usage(refusal.to_string()))?;
        let label = if name == "echo" { name.to_owned() } else { format!("{name} {}", spaced(parameter)) };
        let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let key: String = format!("{name}-{parameter}").chars().map(safe).take(LONGEST_KEY).collect();
        Ok(Workload {
            key: key.into(),
            label: label.into(),
            description,
            work: (name.to_owned().into(), parameter.to_owned().into()),
        })
    }

    /// Whether its requests have the server ask its backend.
    pub fn calls_backend(&self) -> bool {
        self.work().calls_backend()
    }

    /// The workload of a page, which stands for an echo in a run that asks for it.
    pub fn of_page(page: &PageRequest, description: &'static str) -> Workload {
        let label = Work::Page(page.clone()).to_string();
        Workload { label: label.into(), ..Workload::new("page", "", description, ("echo", ECHOED)) }
    }

    pub(super) fn to_record(&self) -> WorkloadRecord {
        WorkloadRecord {
            key: self.key.clone().into_owned(),
            label: self.label.clone().into_owned(),
            description: self.description.to_owned(),
            demand: self.work().demand(),
        }
    }
}

/// As long as a part of a file's name may be.
const LONGEST_KEY: usize = 40;

/// `5ms` as a reader writes it, `5 ms`.
fn spaced(parameter: &str) -> String {
    let digits = parameter.chars().take_while(char::is_ascii_digit).count();
    let (number, unit) = parameter.split_at(digits);
    if unit.is_empty() { number.to_owned() } else { format!("{number} {}", unit.trim_start()) }
}

/// What an echo without a text says.
const ECHOED: &str = "hi";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_named_for_files_and_for_readers() {
        let of = |text: &str| {
            let Workload { key, label, work: (name, parameter), .. } = Workload::named(text, "").unwrap();
            [key, label, name, parameter].map(Cow::into_owned)
        };
        assert_eq!(of("echo"), ["echo-hi", "echo", "echo", "hi"]);
        assert_eq!(of(" sleep 5ms "), ["sleep-5ms", "sleep 5 ms", "sleep", "5ms"]);
        assert_eq!(of("reply 1000"), ["reply-1000", "reply 1000", "reply", "1000"]);
    }

    #[test]
    fn work_that_no_server_knows_is_refused_with_what_there_is() {
        let said = |text: &str| Workload::named(text, "").unwrap_err().to_string();
        assert!(said("dance").contains("work: echo, call, sleep"), "{}", said("dance"));
        assert!(said("sleep").contains("write it as in"), "{}", said("sleep"));
    }

    #[test]
    fn a_correct_reply_says_what_was_asked_for() {
        assert_eq!(Work::new("echo", "hi").expected_result(), "hi");
        assert_eq!(Work::new("reply", "3").expected_result(), "xxx");
        assert_eq!(Work::new("sleep", "5ms").expected_result(), "");
        assert_eq!(Work::new("reply", "99999999999999").expected_result().len(), MAX_RESULT_BYTES);
    }
}
