//! Kinds of values that options take: sizes, times, numbers with an `off`, and words from a list. Each is read
//! and shown, so that a label has one spelling. Which option takes which stands in `keys.rs`.

use std::ops::RangeInclusive;
use std::time::Duration;

pub(super) const KIB: usize = 1024;
pub(super) const MIB: usize = 1024 * KIB;

/// What turns an option off.
const OFF: &str = "off";

/// Where a request's computing (`spin`) and blocking (`block`) happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkPlacement {
    /// On the thread that serves the connection.
    Inline,
    /// There too, in pieces of about 100 us, and other tasks may run after each. Nothing can cut a call that
    /// blocks into pieces, so `block` is as with `Inline`.
    Yielding,
    /// On a thread of the runtime's pool for calls that block.
    SpawnBlocking,
    /// On the same thread, while another one takes over the runtime's worker that it was.
    BlockInPlace,
    /// On rayon's pool, which has a thread for each CPU.
    Rayon,
}

/// Which lock a `lock` request holds, and how it waits while holding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockKind {
    /// A lock that blocks the thread, held by one that blocks too: a critical section without an `.await`.
    Std,
    /// Tokio's lock, held by a task that awaits.
    Tokio,
    /// A lock that blocks the thread, held by a task that awaits: the well-known mistake.
    StdAcrossAwait,
}

/// How a thread is spawned, which matters when none can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spawning {
    /// As `thread::Builder` does it, with an error.
    Builder,
    /// As `thread::spawn` does it, with a panic.
    Panicking,
}

/// How many sockets a server listens on, each with an accept loop of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepting {
    /// One, which every connection comes through.
    Single,
    /// Several on the same port; the kernel deals the connections out among them (SO_REUSEPORT).
    Reuseport,
}

/// Values that are words from a list.
pub(super) trait Keyword: Copy + PartialEq + 'static {
    /// All of them, as they are typed.
    const WORDS: &'static [(&'static str, Self)];

    fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, choice)| *choice)
    }

    fn show(self) -> String {
        let word = Self::WORDS.iter().find(|(_, choice)| *choice == self);
        word.expect("the list has a word for every choice, as a test says").0.to_owned()
    }
}

impl Keyword for WorkPlacement {
    const WORDS: &'static [(&'static str, WorkPlacement)] = &[
        ("inline", WorkPlacement::Inline),
        ("yielding", WorkPlacement::Yielding),
        ("spawn-blocking", WorkPlacement::SpawnBlocking),
        ("block-in-place", WorkPlacement::BlockInPlace),
        ("rayon", WorkPlacement::Rayon),
    ];
}

impl Keyword for LockKind {
    const WORDS: &'static [(&'static str, LockKind)] =
        &[("std", LockKind::Std), ("tokio", LockKind::Tokio), ("std-across-await", LockKind::StdAcrossAwait)];
}

impl Keyword for Spawning {
    const WORDS: &'static [(&'static str, Spawning)] =
        &[("builder", Spawning::Builder), ("panicking", Spawning::Panicking)];
}

impl Keyword for Accepting {
    const WORDS: &'static [(&'static str, Accepting)] =
        &[("single", Accepting::Single), ("reuseport", Accepting::Reuseport)];
}

/// So many bytes, KiB or MiB.
pub(super) fn parse_size(text: &str, allowed: RangeInclusive<usize>) -> Option<usize> {
    let (number, unit) = match (text.strip_suffix("KiB"), text.strip_suffix("MiB")) {
        (Some(number), _) => (number, KIB),
        (_, Some(number)) => (number, MIB),
        (None, None) => (text, 1),
    };
    number.parse::<usize>().ok()?.checked_mul(unit).filter(|bytes| allowed.contains(bytes))
}

pub(super) fn show_size(bytes: usize) -> String {
    match bytes {
        _ if bytes.is_multiple_of(MIB) => format!("{}MiB", bytes / MIB),
        _ if bytes.is_multiple_of(KIB) => format!("{}KiB", bytes / KIB),
        _ => bytes.to_string(),
    }
}

/// A whole number from 1 to `most`.
pub(super) fn parse_count(text: &str, most: usize) -> Option<usize> {
    text.parse().ok().filter(|count| (1..=most).contains(count))
}

/// The same, or `off`.
pub(super) fn parse_count_or_off(text: &str, most: usize) -> Option<Option<usize>> {
    parse_unless_off(text, |text| parse_count(text, most))
}

/// `off`, or what `parse` reads.
fn parse_unless_off<T>(text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if text == OFF { Some(None) } else { parse(text).map(Some) }
}

pub(super) fn show_unless_off<T>(value: Option<T>, show: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| OFF.to_owned(), show)
}

/// A time from a millisecond to an hour, in whole milliseconds: timers of either world are no finer.
fn parse_timeout(text: &str) -> Option<Duration> {
    let time = humantime::parse_duration(text).ok()?;
    let is_whole = time.subsec_nanos().is_multiple_of(1_000_000);
    (is_whole && (Duration::from_millis(1)..=Duration::from_secs(3600)).contains(&time)).then_some(time)
}

/// The same, or `off`.
pub(super) fn parse_timeout_or_off(text: &str) -> Option<Option<Duration>> {
    parse_unless_off(text, parse_timeout)
}

/// Seconds where they are whole, milliseconds otherwise.
pub(super) fn show_timeout(time: Duration) -> String {
    if time.subsec_nanos() == 0 { format!("{}s", time.as_secs()) } else { format!("{}ms", time.as_millis()) }
}

/// From the whole of it to ten times as much.
pub(super) fn parse_percent(text: &str) -> Option<u32> {
    text.strip_suffix('%')?.parse().ok().filter(|percent| (100..=1_000).contains(percent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        let size = |text: &str| parse_size(text, 64..=2 * MIB);
        assert_eq!((size("64KiB"), size("2MiB"), size("70000")), (Some(65_536), Some(2_097_152), Some(70_000)));
        for nonsense in ["", "KiB", "64kb", "-1", "1.5MiB", "18446744073709551615MiB", "63", "3MiB"] {
            assert_eq!(size(nonsense), None, "{nonsense}");
        }
        assert_eq!(show_size(65_536), "64KiB");
        assert_eq!(show_size(2_097_152), "2MiB");
        assert_eq!(show_size(70_000), "70000");
    }

    #[test]
    fn times_have_one_spelling() {
        let spelled = |text: &str| parse_timeout(text).map(show_timeout);
        assert_eq!(spelled("5s").as_deref(), Some("5s"));
        assert_eq!(spelled("5000ms").as_deref(), Some("5s"));
        assert_eq!(spelled("1s 500ms").as_deref(), Some("1500ms"));
        assert_eq!(spelled("2m").as_deref(), Some("120s"));
        assert_eq!(spelled("1ms").as_deref(), Some("1ms"));
        for nonsense in ["", "5", "0s", "999us", "1500us", "3601s", "-1s", "off"] {
            assert_eq!(spelled(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn off_is_a_value_of_its_own() {
        let count = |text: &str| parse_count_or_off(text, 10);
        assert_eq!((count("off"), count("10"), count("11"), count("0")), (Some(None), Some(Some(10)), None, None));
        assert_eq!(show_unless_off(None, |count: usize| count.to_string()), "off");
        assert_eq!(show_unless_off(Some(10), |count: usize| count.to_string()), "10");
    }

    #[test]
    fn every_choice_has_a_word() {
        fn all_return<T: Keyword + std::fmt::Debug>() {
            for (word, choice) in T::WORDS {
                assert_eq!((T::parse(word), choice.show().as_str()), (Some(*choice), *word));
            }
        }
        all_return::<WorkPlacement>();
        all_return::<LockKind>();
        all_return::<Spawning>();
        all_return::<Accepting>();
        assert_eq!(WorkPlacement::parse("Inline"), None);
    }
}
