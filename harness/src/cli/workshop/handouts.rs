//! What a workshop leaves in its folder to hand out: all predictions as a table without names, and a quiz for weeks later.
//!
//! Written anew after each run. Must not know: how either looks. Beside it: `reports::quiz`, `reports::export`.

use std::fs;
use std::path::Path;

use anyhow::Context;
use reports::export::predictions_csv;
use reports::quiz::{QuizQuestion, render};
use reports::record::PredictionRecord;
use reports::record::store::write_whole;

use super::desk::Asked;

/// The table.
pub(super) const TABLE: &str = "predictions.csv";
/// The quiz.
pub(super) const QUIZ: &str = "quiz.html";

/// Writes both, of everything that has been run.
///
/// # Errors
/// Where the folder can't be written to.
pub(super) fn write(folder: &Path, asked: &[Asked]) -> anyhow::Result<()> {
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
