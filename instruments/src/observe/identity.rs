//! Who a process is, so that a person can find it and ask whoever started it.
//!
//! Everything is what the kernel says of it, but for its command, which it can choose; that is for reading only. Must not know:
//! why somebody asks.

use std::fmt;
use std::fs;
use std::time::Duration;

use super::machine::cpus::tick_ns;
use super::proc_file::{field, text};
use super::process_reader::fields_after_name;

/// A command is cut after so many characters.
const COMMAND_CHARACTERS: usize = 80;

/// A process as a person would look for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessIdentity {
    /// Its number, as seen from here.
    pub pid: u32,
    /// The name of its user, or the number where this machine has no name for it.
    pub user: String,
    /// What it was started as, or its short name where that is hidden. Without control characters, and cut.
    pub command: String,
    /// How long it has been running. Absent where the kernel does not say.
    pub age: Option<Duration>,
}

impl ProcessIdentity {
    /// Of a process that is there; none where it has ended, or is hidden from us.
    pub fn of(pid: u32) -> Option<ProcessIdentity> {
        let status = text(format!("/proc/{pid}/status"))?;
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let command = if arguments.is_empty() { field(&status, "Name")?.to_owned() } else { joined(&arguments) };
        Some(ProcessIdentity {
            pid,
            user: user_name(field(&status, "Uid")?.split_whitespace().next()?.parse().ok()?),
            command: readable(&command),
            age: age(&String::from_utf8_lossy(&stat), &text("/proc/uptime")?),
        })
    }
}

impl fmt::Display for ProcessIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`, process {} of {}", self.command, self.pid, self.user)?;
        match self.age {
            Some(age) => write!(f, ", started {} ago", humantime::format_duration(Duration::from_secs(age.as_secs()))),
            None => Ok(()),
        }
    }
}

/// The name of a user, from this machine's own list; other directories have theirs, and the number will do.
pub fn user_name(uid: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_in(&users, uid).map_or_else(|| format!("user {uid}"), readable)
}

fn name_in(users: &str, uid: u32) -> Option<&str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

/// Arguments as the kernel keeps them, with a zero behind each.
fn joined(arguments: &[u8]) -> String {
    let words = arguments.strip_suffix(b"\0").unwrap_or(arguments).split(|byte| *byte == 0);
    words.map(|word| String::from_utf8_lossy(word).into_owned()).collect::<Vec<_>>().join(" ")
}

/// Anybody can call a process anything, and this is written to a terminal.
fn readable(text: &str) -> String {
    let mut readable: String =
        text.chars().take(COMMAND_CHARACTERS).map(|c| if c.is_control() { '?' } else { c }).collect();
    if text.chars().nth(COMMAND_CHARACTERS).is_some() {
        readable.push('…');
    }
    readable
}

/// From `/proc/PID/stat` and `/proc/uptime`, which both count from the start of the machine.
fn age(stat: &str, uptime: &str) -> Option<Duration> {
    const STARTED: usize = 19;
    let started: u64 = fields_after_name(stat)?.nth(STARTED)?.parse().ok()?;
    let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    Some(
        Duration::try_from_secs_f64(uptime).ok()?.saturating_sub(Duration::from_nanos(started.checked_mul(tick_ns())?)),
    )
}

#[cfg(test)]
mod tests {
    use std::process;

    use super::*;

    #[test]
    fn this_process_is_known_by_its_command_and_user() {
        let us = ProcessIdentity::of(process::id()).unwrap();
        assert_eq!((us.pid, us.user.as_str()), (process::id(), user_name(rustix::process::getuid().as_raw()).as_str()));
        assert!(
            us.command.contains(env!("CARGO_CRATE_NAME")) && us.age.is_some_and(|age| age < Duration::from_secs(3_600)),
            "{us}"
        );
        assert_eq!(ProcessIdentity::of(u32::MAX), None);
    }

    #[test]
    fn a_command_can_not_command_a_terminal() {
        assert_eq!(readable(&joined(b"ev\x1b[31mil\0a\nb\0")), "ev?[31mil a?b");
        assert_eq!(readable(&"x".repeat(100)), format!("{}…", "x".repeat(80)));
    }

    #[test]
    fn a_user_without_a_name_has_a_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n";
        assert_eq!((name_in(users, 1_000), name_in(users, 10)), (Some("alice"), None));
        assert_eq!(user_name(u32::MAX - 7), format!("user {}", u32::MAX - 7));
    }
}
