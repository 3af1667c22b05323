//! A lesson on a terminal: the question, what came out beside what was expected, and why.
//!
//! Must not know: how it was found. Beside it: `reports::words::predicted`, which has the sentences.

use std::fmt::Write;

use reports::record::PredictionRecord;
use reports::words::predicted::{Predicted, lettered};

use super::StoodServer;
use crate::cli::output::wrapped;
use crate::workshop::lesson::{Lesson, LessonSetup};

/// Where answers stand.
const ANSWER: usize = 5;

/// The title, the question and the answers to choose from.
pub(super) fn question(lesson: &Lesson, setup: &LessonSetup) -> String {
    let story = lesson.story;
    let answers = story.possible_answers.iter().zip('A'..);
    let answers = answers.map(|(answer, letter)| wrapped(&format!("  {letter}  "), ANSWER, answer));
    format!("{}\n\n{}\n{}\n", story.title, wrapped("", 0, &setup.question), answers.collect::<String>())
}

/// What was expected, what was measured, which answer is right, and why.
pub(super) fn reveal(prediction: &PredictionRecord, explanation: Vec<String>) -> String {
    let Predicted { measured, verdict, undecided, .. } = Predicted::of(prediction);
    let chosen = lettered(&prediction.answers, prediction.chosen);
    let mut text = format!("\n{}", wrapped("You said:  ", 11, &chosen));
    text += &wrapped("Measured:  ", 11, &measured);
    text += &format!("\n{}", wrapped("", 0, &verdict));
    text += &undecided.map_or_else(String::new, |why| wrapped("", 0, &why));
    for paragraph in explanation {
        text += &format!("\n{}", wrapped("", 0, &paragraph));
    }
    text
}

/// What can be looked at and changed next.
pub(super) fn next(lesson: &Lesson) -> String {
    let mut text = format!("\nLook at it yourself, with --look:\n{}", commands(lesson, "PID"));
    for control in lesson.controls {
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\nChange it: harness lesson {} --set {}=N ({}, {} to {})\n",
            lesson.name,
            control.kind.name(),
            control.label,
            control.least,
            control.most
        );
    }
    text
}

/// The servers that are left running, and what to look at in the first.
pub(super) fn look(lesson: &Lesson, servers: &[StoodServer]) -> String {
    let line = |server: &StoodServer| format!("  {}: process {}\n", server.contender, server.pid);
    let pid = servers.first().map_or_else(|| "PID".to_owned(), |server| server.pid.to_string());
    let lines: String = servers.iter().map(line).collect();
    format!("\nRunning now, under a small load:\n{lines}In another terminal:\n{}", commands(lesson, &pid))
}

/// The commands with this in the place of the number of the process.
fn commands(lesson: &Lesson, pid: &str) -> String {
    let command = |look: &crate::workshop::lesson::LookCommand| {
        format!("  {}\n{}", look.command.replace("PID", pid), wrapped("      ", 6, look.shows))
    };
    lesson.look.iter().map(command).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workshop::LESSONS;
    use crate::workshop::lesson::LessonSettings;

    #[test]
    fn a_question_fits_a_terminal() {
        for lesson in LESSONS {
            let setup = (lesson.setup)(&LessonSettings::usual(lesson.controls));
            let text = question(lesson, &setup);
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
            assert!(text.contains("\n  A  ") && text.contains("\n  C  "), "{text}");
        }
    }

    #[test]
    fn commands_name_the_process_that_runs() {
        let servers = [StoodServer { contender: "threaded".to_owned(), pid: 4_711 }];
        let text = look(LESSONS[0], &servers);
        assert!(text.contains("threaded: process 4711") && text.contains("/proc/4711/status"), "{text}");
        assert!(!text.contains("PID"), "{text}");
    }
}
