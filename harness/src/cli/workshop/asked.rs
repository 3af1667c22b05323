//! A prediction, and what becomes of it: what its page is given when the run is over, and what is handed out of all of them.
//!
//! Must not know: how a page looks. Beside it: `workshop/settle.rs`, which finds the answer; `reports::quiz` and
//! `reports::export`, which have what is handed out.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use reports::export::predictions_csv;
use reports::format::{Unit, number};
use reports::metrics::metric;
use reports::page::SoFar;
use reports::quiz::{QuizQuestion, render};
use reports::record::store::{RunFolder, write_whole};
use reports::record::{Confidence, LessonResult, PredictionRecord};
use reports::words::predicted::{Predicted, sure};
use serde_json::{Value, json};

use super::course::controls;
use crate::workshop::lesson::{Lesson, LessonSettings, LessonSetup};
use crate::workshop::settle::{LessonFindings, OnTheLine, settle};
use crate::workshop::source::side_by_side;

/// A prediction, and what has become of it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) lesson: &'static Lesson,
    pub(super) settings: LessonSettings,
    /// That of whoever sits at the page, or those of a room: one at least.
    pub(super) predictions: Vec<PredictionRecord>,
    /// How often a room chose each answer, in each of its rounds; empty where it was not asked.
    pub(super) counts: Vec<Vec<u32>>,
    /// Why it came out so; empty before the run.
    pub(super) explanation: Vec<String>,
    pub(super) state: AskedState,
}

impl Asked {
    /// What was expected beside what was measured, in sentences.
    pub(super) fn said(&self) -> Predicted {
        let all: Vec<&PredictionRecord> = self.predictions.iter().collect();
        Predicted::of_room(&all).expect("nothing is asked of nobody")
    }
}

/// What has become of a prediction.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AskedState {
    /// Nothing has been run.
    Predicted,
    /// Its run goes on, or is about to begin.
    Running,
    /// What came out, for the page.
    Revealed(Value),
}

/// Where a run of a prediction is written, beside those before it.
pub(super) fn folder_of(base: &Path, id: usize, lesson: &Lesson) -> PathBuf {
    base.join(format!("{:02}-{}", id + 1, lesson.name))
}

/// Reads the run in a folder, and completes a prediction with what it found.
///
/// # Errors
/// Where the run can't be read.
pub(super) fn reveal(id: usize, asked: &mut Asked, folder: &Path) -> anyhow::Result<()> {
    let run = RunFolder::open(folder)?.read().with_context(|| format!("{} can't be read", folder.display()))?;
    let lesson = asked.lesson;
    let setup = (lesson.setup)(&asked.settings);
    let (result, at, explanation) = {
        let findings = LessonFindings::of(&run, &asked.settings);
        let (result, at) = settle(&findings, &setup);
        (result, at, lesson.explained(&findings))
    };
    let so_far = SoFar::of(&run);
    // Who ran what comes first: it is the picture that people remember.
    let declared = so_far.pictures();
    let declared = declared.iter().filter_map(|(anchor, _)| so_far.picture(anchor));
    let pictures: Vec<String> = so_far.traced().into_iter().chain(so_far.moments()).chain(declared).collect();
    asked.predictions.iter_mut().for_each(|one| one.result = Some(result.clone()));
    asked.explanation.clone_from(&explanation);
    let said = asked.said();
    let LessonResult { right, points_to, .. } = &result;
    let first = &asked.predictions[0];
    // Of a room nobody's answer is the page's own.
    let own = asked.counts.is_empty().then_some(first);
    asked.state = AskedState::Revealed(json!({
        "id": id,
        "lesson": lesson.name,
        "title": lesson.story.title,
        "question": first.question,
        "answers": first.answers,
        "beliefs": lesson.beliefs,
        "chosen": own.map(|own| own.chosen),
        "sure": own.map(|own| how_sure(own.confidence)),
        "counts": asked.counts,
        "expected": said.expected,
        "right": right,
        "points_to": points_to,
        "verdict": said.verdict,
        "undecided": said.undecided,
        "measured": said.measured,
        "line": at.map(|at| line(&setup, at, &said.measured)),
        "explanation": explanation,
        "pictures": pictures,
        "models": lesson.models,
        "rows": side_by_side(lesson.models).unwrap_or_default(),
        "look": lesson.look.iter().map(|look| json!({ "command": look.command, "shows": look.shows })).collect::<Vec<_>>(),
        "controls": controls(&asked.settings),
        "report": folder.join("report.html").display().to_string(),
    }));
    Ok(())
}

/// Within a sentence.
fn how_sure(confidence: Confidence) -> String {
    sure(confidence).trim_end_matches('.').to_lowercase()
}

/// Places from 0 to 1 on the line that the answers divide: each answer is as wide as its bounds are apart on a logarithm,
/// and the first and the last have room for what lies beyond.
fn line(setup: &LessonSetup, at: OnTheLine, said: &str) -> Value {
    let bounds = &setup.bounds;
    let unit = metric(&setup.quantity.value.metric).map_or(Unit::Count, |metric| metric.unit);
    let is_times = setup.quantity.over.is_some();
    let is_share = unit == Unit::Share && !is_times;
    let (first, last) = (bounds[0], bounds[bounds.len() - 1]);
    let (from, to) = if is_share { (0.0, 1.0) } else { ((first / MARGIN).ln(), (last * MARGIN).ln()) };
    let place = |value: f64| {
        let on_axis = if is_share { value } else { value.max(f64::MIN_POSITIVE).ln() };
        ((on_axis - from) / (to - from)).clamp(0.0, 1.0)
    };
    let label = |bound: &f64| if is_times { number(*bound) } else { unit.show(*bound) };
    json!({
        "bounds": bounds.iter().map(|bound| place(*bound)).collect::<Vec<f64>>(),
        "labels": bounds.iter().map(label).collect::<Vec<String>>(),
        "value": place(at.value),
        "interval": at.interval.map(|(lo, hi)| [place(lo), hi.map_or(1.0, place)]),
        "said": said,
    })
}

/// How far the line goes beyond its first and its last bound.
const MARGIN: f64 = 10.0;

/// The table.
pub(super) const TABLE: &str = "predictions.csv";
/// The quiz.
pub(super) const QUIZ: &str = "quiz.html";

/// Writes table and quiz of everything that has been run.
///
/// # Errors
/// Where the folder can't be written to.
pub(super) fn hand_out(folder: &Path, asked: &[Asked]) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("{} can't be created", folder.display()))?;
    let predictions: Vec<&PredictionRecord> =
        asked.iter().flat_map(|one| &one.predictions).filter(|one| one.result.is_some()).collect();
    let questions = asked.iter().filter_map(|one| {
        let why = one.explanation.first().cloned().unwrap_or_default();
        QuizQuestion::of(one.predictions.first()?, one.lesson.story.title, &why)
    });
    put(&folder.join(TABLE), &predictions_csv(&predictions))?;
    put(&folder.join(QUIZ), &render(&QuizQuestion::last_of_each(questions)))
}

fn put(path: &Path, text: &str) -> anyhow::Result<()> {
    write_whole(path, text.as_bytes()).with_context(|| format!("{} can't be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workshop::LESSONS;

    #[test]
    fn the_line_is_in_order_and_holds_every_value() {
        for lesson in LESSONS {
            let setup = (lesson.setup)(&LessonSettings::usual(lesson.controls));
            let at = |value| OnTheLine { value, interval: Some((value / 2.0, None)) };
            let drawn = line(&setup, at(setup.bounds[0]), "said");
            let bounds: Vec<f64> = drawn["bounds"].as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect();
            assert!(
                bounds.is_sorted() && bounds[0] > 0.05 && *bounds.last().unwrap() < 0.95,
                "{}: {drawn}",
                lesson.name
            );
            assert_eq!((&drawn["value"], &drawn["interval"][1]), (&json!(bounds[0]), &json!(1.0)), "{}", lesson.name);
            assert_eq!(line(&setup, at(0.0), "")["value"], json!(0.0), "{}", lesson.name);
            assert_eq!(line(&setup, at(1e300), "")["value"], json!(1.0), "{}", lesson.name);
        }
    }
}
