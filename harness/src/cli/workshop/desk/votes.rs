//! What the trainer's page asks of the room: a lesson's question for the phones, and their answer as the prediction of a run.
//!
//! Beside it: `../room.rs`, which takes the votes.

use reports::record::Confidence;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, AskedState, WorkshopDesk, as_set, read, refused};
use crate::cli::lesson::predicted;
use crate::cli::workshop::ballot::Ballot;
use crate::cli::workshop::room::VotingRoom;
use crate::live::web::DeskRefusal;

/// What a page wants to ask the room.
#[derive(Deserialize)]
struct ToldQuestion {
    lesson: String,
    #[serde(default)]
    settings: Vec<(String, u32)>,
}

impl WorkshopDesk {
    pub(super) fn room(&self) -> Result<&VotingRoom, DeskRefusal> {
        self.room.as_deref().ok_or_else(|| refused("there is no room; begin the workshop with --room"))
    }

    /// Puts a lesson's question to the room.
    pub(super) fn ask_room(&self, told: &str) -> Result<Value, DeskRefusal> {
        let ToldQuestion { lesson, settings } = read(told)?;
        let (lesson, settings) = as_set(&lesson, &settings)?;
        let asked = predicted(lesson, &settings, &(lesson.setup)(&settings), (0, Confidence::Low));
        self.room()?.ask(Ballot::open(lesson, settings, asked));
        Ok(json!({}))
    }

    /// What the room said is the prediction of the run to come.
    pub(super) fn settle_room(&self) -> Result<Value, DeskRefusal> {
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
