//! What a workshop's page asks and tells: the lessons, a question as it is set, a prediction, that a run is to begin, and
//! what came out.
//!
//! Asked by the thread that serves the page, so nothing here waits: a run is a job for `classroom.rs`. Nothing can be run that
//! was not predicted. Must not know: how a run is carried out.

use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reports::record::Confidence;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{self, Asked, AskedState};
use super::ballot::Ballot;
use super::course::RecordedLesson;
use super::room::VotingRoom;
use crate::cli::lesson::predicted;
use crate::live::web::{Desk, DeskRefusal};
use crate::workshop::find;
use crate::workshop::lesson::{Lesson, LessonSettings};

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

/// Predictions that are kept: more than a room of people makes in a day at one laptop.
const MOST: usize = 2_000;

/// The desk.
pub(super) struct WorkshopDesk {
    pub(super) setting: DeskSetting,
    asked: Mutex<Vec<Asked>>,
    jobs: Sender<WorkshopJob>,
}

/// What a desk is given at its beginning.
#[derive(Default)]
pub(super) struct DeskSetting {
    pub(super) is_trainer: bool,
    pub(super) recorded: Vec<RecordedLesson>,
    /// Phones that vote, where there are to be any.
    pub(super) room: Option<Arc<VotingRoom>>,
    /// Where what is handed out is written.
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

/// What a page wants to ask the room.
#[derive(Deserialize)]
struct ToldQuestion {
    lesson: String,
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
        WorkshopDesk { setting, asked: Mutex::new(Vec::new()), jobs }
    }

    /// All predictions, to look at and to change.
    pub(super) fn asked(&self) -> MutexGuard<'_, Vec<Asked>> {
        // Every change leaves them whole, so a thread that panicked has spoilt nothing.
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
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
        asked::hand_out(&self.setting.folder, &self.asked())
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
        asked::reveal(id, one, &recorded.folder).map_err(|error| refused(&format!("{error:#}")))?;
        asked::hand_out(&self.setting.folder, &asked).map_err(|error| refused(&format!("{error:#}")))?;
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

    fn room(&self) -> Result<&VotingRoom, DeskRefusal> {
        self.setting.room.as_deref().ok_or_else(|| refused("there is no room; begin the workshop with --room"))
    }

    /// Puts a lesson's question to the room.
    fn ask_room(&self, told: &str) -> Result<Value, DeskRefusal> {
        let ToldQuestion { lesson, settings } = read(told)?;
        let (lesson, settings) = as_set(&lesson, &settings)?;
        let asked = predicted(lesson, &settings, &(lesson.setup)(&settings), (0, Confidence::Low));
        self.room()?.ask(Ballot::open(lesson, settings, asked));
        Ok(json!({}))
    }

    /// What the room said is the prediction of the run to come.
    fn settle_room(&self) -> Result<Value, DeskRefusal> {
        let ballot = self.room()?.settle()?;
        self.push(Asked {
            predictions: ballot.predictions(),
            counts: ballot.counts(),
            lesson: ballot.lesson,
            settings: ballot.settings,
            explanation: Vec::new(),
            state: AskedState::Predicted,
        })
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
            "room" => self.setting.room.as_ref()?.look(),
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

#[cfg(test)]
mod tests;
