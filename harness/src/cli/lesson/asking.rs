//! What a learner says: an answer, and how sure they are of it. From a terminal as well as from a pipe.
//!
//! Beside it: `mod.rs`, which asks.

use std::io::{self, BufRead};
use std::time::Duration;

use reports::record::Confidence;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::cli::output::{print, tell, usage};
use crate::run::Interrupt;

/// Asks until there is an answer to a question with so many, and how sure the learner is.
///
/// # Errors
/// Where the input ends before that.
pub(super) fn ask(answers: usize) -> anyhow::Result<(usize, Confidence)> {
    let mut lines = io::stdin().lock().lines();
    print(&format!("Your answer (A to {}): ", letter(answers - 1)))?;
    let chosen = read(&mut lines, |text| place(text, answers), |text| no_answer(text, answers))?;
    print("How sure are you (low, middle, high)? ")?;
    let confidence = read(&mut lines, sure, |text| format!("{text} is not low, middle or high; type one of them"))?;
    Ok((chosen, confidence))
}

fn read<T>(
    lines: &mut impl Iterator<Item = io::Result<String>>,
    understood: impl Fn(&str) -> Option<T>,
    otherwise: impl Fn(&str) -> String,
) -> anyhow::Result<T> {
    for line in lines {
        let line = line?;
        match understood(line.trim()) {
            Some(value) => return Ok(value),
            None => tell(&otherwise(line.trim())),
        }
    }
    usage("the input ended before there was an answer; type one, or give --answer and --sure")
}

/// The place of an answer that is typed as its letter or its number, from 1.
pub(super) fn place(text: &str, answers: usize) -> Option<usize> {
    let number = |text: &str| text.parse::<usize>().ok()?.checked_sub(1);
    let of_letter = |text: &str| match text.to_ascii_uppercase().as_bytes() {
        [letter @ b'A'..=b'Z'] => Some(usize::from(letter - b'A')),
        _ => None,
    };
    number(text).or_else(|| of_letter(text)).filter(|place| *place < answers)
}

/// Why a text is no answer.
pub(super) fn no_answer(text: &str, answers: usize) -> String {
    format!("{text:?} is not one of the answers; type a letter from A to {}", letter(answers - 1))
}

fn letter(place: usize) -> char {
    ('A'..='Z').nth(place).unwrap_or('?')
}

fn sure(text: &str) -> Option<Confidence> {
    match text.to_ascii_lowercase().as_str() {
        "low" | "l" | "1" => Some(Confidence::Low),
        "middle" | "m" | "2" => Some(Confidence::Middle),
        "high" | "h" | "3" => Some(Confidence::High),
        _ => None,
    }
}

/// Time between two looks at whether a signal has come.
const LOOK: Duration = Duration::from_millis(200);

/// Returns when a line has come, the input has ended, or a signal has come.
pub(super) fn wait_for_enter(interrupt: &Interrupt) {
    let stdin = io::stdin();
    let patience = Timespec { tv_sec: 0, tv_nsec: LOOK.subsec_nanos().into() };
    while !interrupt.is_set() {
        let mut waited = [PollFd::new(&stdin, PollFlags::IN)];
        // A signal wakes it too, and is looked at next.
        if poll(&mut waited, Some(&patience)).is_ok_and(|ready| ready > 0) {
            let _ = stdin.lock().read_line(&mut String::new());
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(lines: &[&str]) -> anyhow::Result<usize> {
        let mut lines = lines.iter().map(|line| Ok((*line).to_owned()));
        read(&mut lines, |text| place(text, 3), |text| no_answer(text, 3))
    }

    #[test]
    fn it_is_asked_again_until_there_is_an_answer() {
        assert_eq!(asked(&["b"]).unwrap(), 1);
        assert_eq!(asked(&["", "D", "4", "0", "-1", "because", " C "]).unwrap(), 2);
        let ended = asked(&["D"]).unwrap_err().to_string();
        assert!(ended.contains("--answer"), "{ended}");
        assert_eq!(no_answer("D", 3), "\"D\" is not one of the answers; type a letter from A to C");
    }

    #[test]
    fn how_sure_has_three_words() {
        assert_eq!([sure("low"), sure("M"), sure("HIGH")].map(|it| it.is_some()), [true; 3]);
        assert_eq!(sure("very"), None);
    }
}
