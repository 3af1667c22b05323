//! The lessons as a page shows them: the list with what has come out so far, a question as it is set, and recorded runs for
//! when the machine says no.
//!
//! Must not know: how a page looks. Beside it: `desk.rs`, which is asked for them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use reports::record::store::RunFolder;
use serde_json::{Value, json};

use super::asked::{Asked, AskedState, QUIZ, TABLE};
use super::desk::WorkshopDesk;
use crate::cli::lesson::settings_of_saved;
use crate::cli::output::usage;
use crate::workshop::lesson::{Control, Lesson, LessonSettings};
use crate::workshop::{LESSONS, find};

impl WorkshopDesk {
    pub(super) fn course(&self) -> Value {
        let asked = self.asked();
        let lesson = |lesson: &&'static Lesson| {
            let story = lesson.story;
            let of_it = |one: &(usize, &Asked)| one.1.lesson.name == lesson.name;
            let revealed = |(id, one): (usize, &Asked)| match &one.state {
                AskedState::Revealed(_) => Some((id, one.said().verdict)),
                AskedState::Predicted | AskedState::Running => None,
            };
            let last = asked.iter().enumerate().filter(of_it).filter_map(revealed).next_back();
            let script = &lesson.script;
            json!({
                "name": lesson.name,
                "title": story.title,
                "asks": reports::format::capitalised(story.finds_out),
                "core": lesson.is_core,
                "id": last.as_ref().map(|(id, _)| id),
                "verdict": last.as_ref().map(|(_, verdict)| verdict),
                "script": self.setting.is_trainer.then(|| json!({
                    "minutes": script.minutes,
                    "ask": script.ask,
                    "press": script.press,
                    "wrong_ideas": script.wrong_ideas,
                    "goes_wrong": script.goes_wrong,
                })),
            })
        };
        let has_run = asked.iter().any(|one| matches!(one.state, AskedState::Revealed(_)));
        let path = |file: &str| self.setting.folder.join(file).display().to_string();
        let handouts = has_run.then(|| json!({ "quiz": path(QUIZ), "table": path(TABLE) }));
        let lessons: Vec<Value> = LESSONS.iter().map(lesson).collect();
        json!({ "trainer": self.setting.is_trainer, "room": self.setting.room.is_some(), "handouts": handouts, "lessons": lessons })
    }

    /// A lesson as it is set, `pool-and-fifth` or `pool-and-fifth/workers=8`.
    pub(super) fn question(&self, what: &str) -> Option<Value> {
        let (name, settings) = what.split_once('/').unwrap_or((what, ""));
        let lesson = find(name)?;
        let changed = settings.split(',').filter(|setting| !setting.is_empty());
        let changed = changed.map(|setting| {
            let (name, value) = setting.split_once('=')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        let settings = LessonSettings::with(lesson.controls, &changed.collect::<Option<Vec<_>>>()?).ok()?;
        let story = lesson.story;
        Some(json!({
            "name": lesson.name,
            "title": story.title,
            "question": (lesson.setup)(&settings).question,
            "answers": story.possible_answers,
            "controls": controls(&settings),
            "recorded": self.recorded(lesson).is_some(),
        }))
    }

    pub(super) fn recorded(&self, lesson: &Lesson) -> Option<&RecordedLesson> {
        self.setting.recorded.iter().find(|recorded| recorded.lesson.name == lesson.name)
    }
}

/// The controls of a lesson as they are set.
pub(super) fn controls(settings: &LessonSettings) -> Vec<Value> {
    let control = |(control, value): &(Control, u32)| {
        let Control { kind, label, least, most, usual } = *control;
        json!({ "name": kind.name(), "label": label, "least": least, "most": most, "usual": usual, "value": value })
    };
    settings.values().iter().map(control).collect()
}

/// A recorded run of a lesson.
#[derive(Debug)]
pub(super) struct RecordedLesson {
    pub(super) lesson: &'static Lesson,
    pub(super) settings: LessonSettings,
    pub(super) folder: PathBuf,
}

/// The recorded runs in a folder, which is one itself or has some in it, by name.
///
/// # Errors
/// Where it can't be read, or has none.
pub(super) fn recorded_in(folder: &Path) -> anyhow::Result<Vec<RecordedLesson>> {
    let mut folders = vec![folder.to_owned()];
    if !folder.join("manifest.json").exists() {
        let entries = fs::read_dir(folder).with_context(|| format!("{} can't be read", folder.display()))?;
        folders = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        folders.sort();
    }
    let mut found = Vec::new();
    for path in folders.into_iter().filter(|path| path.join("manifest.json").exists()) {
        let run = RunFolder::open(&path)?.read()?;
        let of = LESSONS.iter().find_map(|lesson| Some((*lesson, settings_of_saved(&run, lesson)?)));
        found.extend(of.map(|(lesson, settings)| RecordedLesson { lesson, settings, folder: path }));
    }
    if found.is_empty() {
        let folder = folder.display();
        return usage(format!(
            "{folder} has no run of a lesson in it; make one with harness lesson NAME --out {folder}/NAME"
        ));
    }
    Ok(found)
}
