//! Work as it is typed, `sleep 5ms`, as a workload of an experiment.

use std::borrow::Cow;

use servers::service::decide;

use super::{PageRequest, PlanError, Work, Workload};

/// What an echo without a text says.
const ECHO: &str = "hi";

impl Workload {
    /// The workload of `echo`, `echo hi`, `sleep 5ms` and so on. Experiments are data for as long as the program runs, and
    /// so is what was typed: its text is leaked, once for each work on the command line.
    ///
    /// # Errors
    /// Where no server knows such work.
    pub fn named(text: &str, description: &'static str) -> Result<Workload, PlanError> {
        let (name, parameter) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let parameter = if (name, parameter) == ("echo", "") { ECHO } else { parameter.trim() };
        decide(name, Cow::Borrowed(parameter)).map_err(|refusal| PlanError::Usage(refusal.to_string()))?;
        let label = if name == "echo" { name.to_owned() } else { format!("{name} {}", spaced(parameter)) };
        let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let key: String = format!("{name}-{parameter}").chars().map(safe).take(LONGEST_KEY).collect();
        Ok(Workload {
            key: key.leak(),
            label: label.leak(),
            description,
            work: (name.to_owned().leak(), parameter.to_owned().leak()),
        })
    }

    /// The workload of a page, which stands for an echo in a run that asks for it.
    pub fn of_page(page: &PageRequest, description: &'static str) -> Workload {
        let label = Work::Page(page.clone()).to_string();
        Workload { key: "page", label: label.leak(), description, work: ("echo", ECHO) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_named_for_files_and_for_readers() {
        let of = |text: &str| {
            let Workload { key, label, work, .. } = Workload::named(text, "").unwrap();
            (key, label, work)
        };
        assert_eq!(of("echo"), ("echo-hi", "echo", ("echo", "hi")));
        assert_eq!(of(" sleep 5ms "), ("sleep-5ms", "sleep 5 ms", ("sleep", "5ms")));
        assert_eq!(of("reply 1000"), ("reply-1000", "reply 1000", ("reply", "1000")));
    }

    #[test]
    fn work_that_no_server_knows_is_refused_with_what_there_is() {
        let said = |text: &str| Workload::named(text, "").unwrap_err().to_string();
        assert!(said("dance").contains("work: echo, sleep"), "{}", said("dance"));
        assert!(said("sleep").contains("write it as in"), "{}", said("sleep"));
    }
}
