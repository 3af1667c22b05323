//! What a workshop's page asks and tells: the lessons, a question as it is set, a prediction, that a run is to begin, and
//! what came out.
//!
//! Asked by the thread that serves the page, so nothing here waits: a run is a job for `classroom.rs`. Nothing can be run that
//! was not predicted. Must not know: how a run is carried out.

use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reports::record::{Confidence, PredictionRecord};
use reports::words::predicted::Predicted;
use serde::Deserialize;
use serde_json::{Value, json};

use super::recorded::RecordedLesson;
use super::room::VotingRoom;
use super::{handouts, reveal};
use crate::cli::lesson::predicted;
use crate::live::web::{Desk, DeskRefusal};
use crate::workshop::lesson::{Control, Lesson, LessonSettings};
use crate::workshop::{LESSONS, find};

/// What is to be done, one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WorkshopJob {
    /// Run the lesson of this prediction.
    Run(usize),
    /// Leave the servers of this prediction's lesson running.
    Stand(usize),
    /// End what is left running.
    End,
}

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

/// Predictions that are kept: more than a room of people makes in a day at one laptop.
const MOST: usize = 2_000;

/// The desk.
pub(super) struct WorkshopDesk {
    is_trainer: bool,
    recorded: Vec<RecordedLesson>,
    /// Phones that vote, where there are to be any.
    room: Option<Arc<VotingRoom>>,
    /// Where what is handed out is written.
    folder: PathBuf,
    asked: Mutex<Vec<Asked>>,
    jobs: Sender<WorkshopJob>,
}

/// What a desk is given at its beginning.
#[derive(Default)]
pub(super) struct DeskSetting {
    pub(super) is_trainer: bool,
    pub(super) recorded: Vec<RecordedLesson>,
    pub(super) room: Option<Arc<VotingRoom>>,
    pub(super) folder: PathBuf,
}

/// What a page tells of an expectation.
#[derive(Deserialize)]
struct ToldPrediction {
    lesson: String,
    chosen: usize,
    sure: Confidence,
    #[serde(default)]
    settings: Vec<(String, u32)>,
}

/// Which prediction is meant.
#[derive(Deserialize)]
struct ToldId {
    id: usize,
}

impl WorkshopDesk {
    pub(super) fn new(setting: DeskSetting, jobs: Sender<WorkshopJob>) -> WorkshopDesk {
        let DeskSetting { is_trainer, recorded, room, folder } = setting;
        WorkshopDesk { is_trainer, recorded, room, folder, asked: Mutex::new(Vec::new()), jobs }
    }

    /// All predictions, to look at and to change.
    pub(super) fn asked(&self) -> MutexGuard<'_, Vec<Asked>> {
        // Every change leaves them whole, so a thread that panicked has spoilt nothing.
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn course(&self) -> Value {
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
                "script": self.is_trainer.then(|| json!({
                    "minutes": script.minutes,
                    "ask": script.ask,
                    "press": script.press,
                    "wrong_ideas": script.wrong_ideas,
                    "goes_wrong": script.goes_wrong,
                })),
            })
        };
        let has_run = asked.iter().any(|one| matches!(one.state, AskedState::Revealed(_)));
        let path = |file: &str| self.folder.join(file).display().to_string();
        let handouts = has_run.then(|| json!({ "quiz": path(handouts::QUIZ), "table": path(handouts::TABLE) }));
        let lessons: Vec<Value> = LESSONS.iter().map(lesson).collect();
        json!({ "trainer": self.is_trainer, "room": self.room.is_some(), "handouts": handouts, "lessons": lessons })
    }

    /// A lesson as it is set, `pool-and-fifth` or `pool-and-fifth/workers=8`.
    fn question(&self, what: &str) -> Option<Value> {
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

    fn recorded(&self, lesson: &Lesson) -> Option<&RecordedLesson> {
        self.recorded.iter().find(|recorded| recorded.lesson.name == lesson.name)
    }

    fn predict(&self, told: &str) -> Result<Value, DeskRefusal> {
        let ToldPrediction { lesson, chosen, sure, settings } = read(told)?;
        let (lesson, settings) = as_set(&lesson, &settings)?;
        let setup = (lesson.setup)(&settings);
        if chosen > setup.bounds.len() {
            return Err(refused("there is no such answer; choose one of those shown"));
        }
        let predictions = vec![predicted(lesson, &settings, &setup, (chosen, sure))];
        self.push(Asked {
            lesson,
            settings,
            predictions,
            counts: Vec::new(),
            explanation: Vec::new(),
            state: AskedState::Predicted,
        })
    }

    fn push(&self, one: Asked) -> Result<Value, DeskRefusal> {
        let mut asked = self.asked();
        if asked.len() >= MOST {
            return Err(refused("this workshop has had enough predictions; begin another one"));
        }
        asked.push(one);
        Ok(json!({ "id": asked.len() - 1 }))
    }

    /// Writes what is handed out after a run: all predictions as a table, and the quiz.
    ///
    /// # Errors
    /// Where they can't be written.
    pub(super) fn keep(&self) -> anyhow::Result<()> {
        handouts::write(&self.folder, &self.asked())
    }

    fn begin(&self, told: &str) -> Result<Value, DeskRefusal> {
        let ToldId { id } = read(told)?;
        let mut asked = self.asked();
        if asked.iter().any(|one| one.state == AskedState::Running) {
            return Err(refused("a run is going on; wait until it has ended"));
        }
        let one = asked.get_mut(id).ok_or_else(unpredicted)?;
        if one.state != AskedState::Predicted {
            return Err(refused("this has been run; predict again to run it again"));
        }
        one.state = AskedState::Running;
        drop(asked);
        self.wants(WorkshopJob::Run(id))
    }

    /// Shows what a recorded run found, beside this prediction.
    fn replay(&self, told: &str) -> Result<Value, DeskRefusal> {
        let ToldId { id } = read(told)?;
        let mut asked = self.asked();
        let one = asked.get_mut(id).ok_or_else(unpredicted)?;
        let recorded = self.recorded(one.lesson).ok_or_else(|| refused("there is no recorded run of this lesson"))?;
        // The run is of its own settings, and so is the question that it answers.
        let setup = (one.lesson.setup)(&recorded.settings);
        for prediction in &mut one.predictions {
            prediction.question.clone_from(&setup.question);
            prediction.settings = recorded.settings.to_record();
        }
        one.settings = recorded.settings.clone();
        reveal::fill(id, one, &recorded.folder).map_err(|error| refused(&format!("{error:#}")))?;
        handouts::write(&self.folder, &asked).map_err(|error| refused(&format!("{error:#}")))?;
        Ok(json!({}))
    }

    fn wants(&self, job: WorkshopJob) -> Result<Value, DeskRefusal> {
        let gone = |_| refused("the workshop is about to end");
        self.jobs.send(job).map_err(gone).map(|()| json!({}))
    }

    fn stand(&self, told: &str) -> Result<Value, DeskRefusal> {
        let ToldId { id } = read(told)?;
        let asked = self.asked();
        if asked.iter().any(|one| one.state == AskedState::Running) {
            return Err(refused("a run is going on, which other servers would disturb; wait until it has ended"));
        }
        asked.get(id).ok_or_else(unpredicted)?;
        drop(asked);
        self.wants(WorkshopJob::Stand(id))
    }
}

impl Desk for WorkshopDesk {
    fn look(&self, what: &str) -> Option<String> {
        let (kind, rest) = what.split_once('/').unwrap_or((what, ""));
        let value = match kind {
            "course" => self.course(),
            "lesson" => self.question(rest)?,
            "prediction" => {
                let asked = self.asked();
                let one = asked.get(rest.parse::<usize>().ok()?)?;
                let who = if one.counts.is_empty() { "You said" } else { "The room said" };
                json!({ "said": format!("{who}: {}", one.said().expected) })
            }
            "room" => self.room.as_ref()?.look(),
            "reveal" => match &self.asked().get(rest.parse::<usize>().ok()?)?.state {
                AskedState::Revealed(value) => value.clone(),
                AskedState::Predicted | AskedState::Running => return None,
            },
            _ => return None,
        };
        Some(value.to_string())
    }

    fn take(&self, what: &str, told: &str) -> Result<String, DeskRefusal> {
        let answer = match what {
            "predict" => self.predict(told),
            "run" => self.begin(told),
            "replay" => self.replay(told),
            "ask-room" => self.ask_room(told),
            "close-vote" => self.room().and_then(VotingRoom::close).map(|()| json!({})),
            "vote-again" => self.room().and_then(VotingRoom::again).map(|()| json!({})),
            "settle-vote" => self.settle_room(),
            "stand" => self.stand(told),
            "end" => self.wants(WorkshopJob::End),
            _ => Err(DeskRefusal::Unknown),
        };
        answer.map(|value| value.to_string())
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

/// A lesson by its name, set as a page wants it.
fn as_set(lesson: &str, settings: &[(String, u32)]) -> Result<(&'static Lesson, LessonSettings), DeskRefusal> {
    let lesson = find(lesson).ok_or_else(|| refused("there is no such lesson; go back to the list"))?;
    let settings = LessonSettings::with(lesson.controls, settings).map_err(|why| refused(&why.to_string()))?;
    Ok((lesson, settings))
}

pub(super) fn read<'t, T: Deserialize<'t>>(told: &'t str) -> Result<T, DeskRefusal> {
    serde_json::from_str(told).map_err(|error| refused(&format!("that can't be read: {error}; reload the page")))
}

pub(super) fn refused(why: &str) -> DeskRefusal {
    DeskRefusal::Refused(why.to_owned())
}

fn unpredicted() -> DeskRefusal {
    refused("say first what you expect; nothing is run before that")
}

/// Where a run of a prediction is written, beside those before it.
pub(super) fn folder_of(base: &std::path::Path, id: usize, lesson: &Lesson) -> PathBuf {
    base.join(format!("{:02}-{}", id + 1, lesson.name))
}

mod votes;

#[cfg(test)]
mod tests;
