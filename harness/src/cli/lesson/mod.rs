//! `harness lesson`: a question, the learner's answer and how sure they are, a short run, what came out, and why.
//!
//! Read `asking.rs` (what the learner says), `run.rs` (the run), `telling.rs` (what is said then), `standing.rs` (servers that
//! are left running to be looked at). Must not know: pages. Beside it: `../../workshop/`, the lessons.

mod asking;
mod run;
mod standing;
mod telling;

use std::path::PathBuf;
use std::process::ExitCode;

use reports::record::store::RunFolder;
use reports::record::{Confidence, PredictionRecord, SCHEMA_VERSION};

use super::busy::FirstLook;
use super::ending::{code_of_answer, code_of_lesson};
use super::new_run;
use super::output::{print, recorded, tell, usage, wrapped};
use super::progress::{QuietArg, TerminalProgress};
use super::report;
use crate::plan::PlanError;
use crate::workshop::lesson::{Lesson, LessonSettings, LessonSetup, SettingError};
use crate::workshop::settle::{LessonFindings, settle};
use crate::workshop::{LESSONS, find};

pub(super) use run::{LessonRun, LessonStage, settings_of_saved};
pub(super) use standing::{StandingServers, StoodServer};

/// Take a lesson in this terminal: a question, your answer, a short run, and what came out
#[derive(Debug, clap::Args)]
pub(super) struct LessonArgs {
    /// The lesson to take; without one, all of them are listed
    name: Option<String>,

    /// Your answer, by its letter or its number, if you don't want to be asked
    #[arg(long, value_name = "N", requires = "name")]
    answer: Option<String>,

    /// How sure you are of it
    #[arg(long, requires = "answer", value_parser = recorded::<Confidence>(SURE), default_value = "middle")]
    sure: Confidence,

    /// Change the run, as in workers=8: connections, workers, work-ms or timeout-ms, where the lesson has it; can be repeated
    #[arg(long = "set", value_name = "WHAT=N", value_parser = setting, requires = "name")]
    changed: Vec<(String, u32)>,

    /// Show what a saved run of the lesson found, and run nothing
    #[arg(long, value_name = "RUN", conflicts_with_all = ["out", "changed", "look"], requires = "name")]
    replay: Option<PathBuf>,

    /// Folder for the run, which must be new [default: runs/TIME-lesson]
    #[arg(long, value_name = "DIR", requires = "name")]
    out: Option<PathBuf>,

    /// Leave the lesson's servers running afterwards, so that you can look at them, until you press Enter
    #[arg(long, requires = "name")]
    look: bool,

    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    quiet: QuietArg,
}

const SURE: &[(&str, &str)] =
    &[("low", "It is a guess"), ("middle", "It is more than a guess"), ("high", "You would bet on it")];

/// Reads `workers=8`.
fn setting(text: &str) -> Result<(String, u32), String> {
    let (name, value) = text.split_once('=').ok_or("write it as in workers=8")?;
    let value = value.trim().parse().map_err(|_| format!("{value} is not a whole number; write it as in workers=8"))?;
    Ok((name.trim().to_owned(), value))
}

pub(super) fn run(args: LessonArgs) -> anyhow::Result<ExitCode> {
    match &args.name {
        None => {
            print(&list())?;
            Ok(ExitCode::SUCCESS)
        }
        Some(name) => teach(named(name)?, &args),
    }
}

/// The lesson of this name.
///
/// # Errors
/// Where there is none.
pub(super) fn named(name: &str) -> Result<&'static Lesson, PlanError> {
    let unknown = || {
        let all: Vec<&str> = LESSONS.iter().map(|lesson| lesson.name).collect();
        PlanError::Usage(servers::no_such("lesson", name, &all))
    };
    find(name).ok_or_else(unknown)
}

/// A line for each, in the order in which they are taught.
fn list() -> String {
    let line = |lesson: &&Lesson| format!("{:<21}{}\n", lesson.name, lesson.story.finds_out);
    let lessons: String = LESSONS.iter().map(line).collect();
    let core: Vec<&str> = LESSONS.iter().filter(|lesson| lesson.is_core).map(|lesson| lesson.name).collect();
    let core = wrapped("", 0, &format!("For two hours: {}.", core.join(", ")));
    format!("{lessons}\n{core}To begin: harness lesson {}\n", LESSONS[0].name)
}

/// A setting that the lesson can't take is a mistake of whoever typed it.
pub(super) fn mistyped(error: SettingError) -> PlanError {
    PlanError::Usage(error.to_string())
}

fn teach(lesson: &'static Lesson, args: &LessonArgs) -> anyhow::Result<ExitCode> {
    let first_look = FirstLook::take();
    let replayed = args.replay.as_ref().map(|run| run::replayed(run, lesson)).transpose()?;
    let settings = match &replayed {
        Some((_, settings)) => settings.clone(),
        None => LessonSettings::with(lesson.controls, &args.changed).map_err(mistyped)?,
    };
    let setup = (lesson.setup)(&settings);
    let typed = args.answer.as_deref().map(|text| answer(text, lesson)).transpose()?;
    print(&telling::question(lesson, &setup))?;
    let (chosen, confidence) = match typed {
        Some(chosen) => (chosen, args.sure),
        None => asking::ask(lesson.story.possible_answers.len())?,
    };
    let prediction = predicted(lesson, &settings, &setup, (chosen, confidence));
    if let Some((saved, _)) = replayed {
        let findings = LessonFindings::of(&saved, &settings);
        let (result, _) = settle(&findings, &setup);
        let is_decided = result.right.is_some();
        let prediction = PredictionRecord { result: Some(result), ..prediction };
        print(&telling::reveal(&prediction, lesson.explained(&findings)))?;
        return Ok(ExitCode::from(code_of_answer(is_decided)));
    }
    let stage = LessonStage::enter()?;
    let (folder, _) = new_run::folder(args.out.as_deref(), "lesson")?;
    let taught = LessonRun { lesson, settings: &settings, setup: &setup, seed: args.seed, folder: &folder };
    let mut progress = TerminalProgress::new(args.quiet);
    let ended = taught.carry_out(&stage, first_look, std::slice::from_ref(&prediction), &mut progress);
    progress.end();
    let end = ended?;
    let folder = RunFolder::open(&folder)?;
    let run = folder.read()?;
    let findings = LessonFindings::of(&run, &settings);
    let saved = run.predictions.first().unwrap_or(&prediction);
    let is_decided = saved.result.as_ref().is_some_and(|result| result.right.is_some());
    let report = report::write_page(&folder, &run)?;
    let told = telling::reveal(saved, lesson.explained(&findings));
    print(&format!("{told}{}\nreport: {}\n", telling::next(lesson), report.display()))?;
    if args.look && !stage.interrupt.is_set() {
        look(lesson, &setup, &stage)?;
    }
    Ok(code_of_lesson(&end, is_decided, &stage.interrupt))
}

/// The place of an answer that was typed as its letter or its number.
fn answer(text: &str, lesson: &Lesson) -> Result<usize, PlanError> {
    let count = lesson.story.possible_answers.len();
    asking::place(text, count).map_or_else(|| usage(asking::no_answer(text, count)), Ok)
}

/// What the learner expects, before anything is known.
pub(super) fn predicted(
    lesson: &Lesson,
    settings: &LessonSettings,
    setup: &LessonSetup,
    (chosen, confidence): (usize, Confidence),
) -> PredictionRecord {
    PredictionRecord {
        schema_version: SCHEMA_VERSION,
        lesson: lesson.name.to_owned(),
        question: setup.question.clone(),
        answers: lesson.story.possible_answers.iter().map(|answer| (*answer).to_owned()).collect(),
        settings: settings.to_record(),
        chosen,
        confidence,
        before: None,
        result: None,
    }
}

/// Leaves the servers running under a small load until Enter is pressed, or the input ends.
fn look(lesson: &Lesson, setup: &LessonSetup, stage: &LessonStage) -> anyhow::Result<()> {
    let standing = StandingServers::start(setup, stage)?;
    print(&telling::look(lesson, &standing.servers))?;
    tell("press Enter to end them");
    asking::wait_for_enter(&stage.interrupt);
    drop(standing);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_a_line_for_each_lesson() {
        let list = list();
        for lesson in LESSONS {
            let line = list.lines().find(|line| line.starts_with(&format!("{}  ", lesson.name)));
            assert!(line.is_some_and(|line| line.ends_with('?')), "{}: {list}", lesson.name);
        }
        assert!(list.contains("For two hours: connection-cost, "), "{list}");
    }

    #[test]
    fn settings_and_answers_are_read_as_they_are_typed() {
        assert_eq!(setting("workers=8"), Ok(("workers".to_owned(), 8)));
        assert!(setting("workers").is_err() && setting("workers=many").is_err());
        let lesson = named("pool-and-fifth").unwrap();
        assert_eq!((answer("C", lesson).unwrap(), answer("1", lesson).unwrap()), (2, 0));
        assert!(answer("D", lesson).is_err() && answer("0", lesson).is_err());
        assert!(named("nope").unwrap_err().to_string().contains("pool-and-fifth"));
    }
}
