//! The workload of an experiment, which names what its requests ask for, for files and for readers; also where it was typed:
//! `sleep 5ms`.
//!
//! Beside it: `page.rs`, experiments with a page in place of their work.

use std::borrow::Cow;

use instruments::load::{PageRequest, Work};
use reports::record::WorkloadRecord;
use servers::service::decide;

use super::PlanError;

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
}
