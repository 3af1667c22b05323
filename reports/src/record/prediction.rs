//! What somebody expected before a lesson was run, how sure they were, and what was measured then: the files under
//! `workshop/` in a run's folder.
//!
//! Must not know: which lessons there are, how a result was found. Beside it: `store.rs`, which reads and writes them;
//! `../words/predicted.rs`, which says them.

use serde::{Deserialize, Serialize};

/// A prediction, and its result once there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PredictionRecord {
    /// Version of the schema that it keeps to.
    pub schema_version: u32,
    /// The lesson's name, which is also that of the run's experiment.
    pub lesson: String,
    /// The question as it was asked.
    pub question: String,
    /// The answers to choose from, in their order.
    pub answers: Vec<String>,
    /// What was set for this run, a name and a number each, `("workers", 4)`; empty where nothing can be.
    #[serde(default)]
    pub settings: Vec<(String, u32)>,
    /// Place of the answer that was chosen, from 0.
    pub chosen: usize,
    /// How sure the learner was of it.
    pub confidence: Confidence,
    /// What they had said before a discussion; absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<EarlierAnswer>,
    /// What came out; absent where the run did not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<LessonResult>,
}

/// What somebody said before they said something else, or the same again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EarlierAnswer {
    /// Place of the answer, from 0.
    pub chosen: usize,
    /// How sure they were of it.
    pub confidence: Confidence,
}

/// How sure somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// It is a guess.
    Low,
    /// It is more than a guess.
    Middle,
    /// They would bet on it.
    High,
}

/// What a run says to the question of a lesson.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LessonResult {
    /// Place of the answer that is right, from 0; absent where the run can't tell.
    pub right: Option<usize>,
    /// Place of the answer that the measured value lies in, whether or not that is certain; absent without a value.
    pub points_to: Option<usize>,
    /// The measured value in a sentence, with its interval.
    pub measured: String,
    /// Why the run can't tell, and what to do; absent where it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undecided: Option<String>,
}

impl PredictionRecord {
    /// Whether the chosen answer turned out right; absent where that is not known.
    pub fn was_right(&self) -> Option<bool> {
        Some(self.result.as_ref()?.right? == self.chosen)
    }
}

#[cfg(test)]
impl PredictionRecord {
    /// A prediction of two answers.
    pub(crate) fn asked(question: &str, result: Option<LessonResult>) -> PredictionRecord {
        PredictionRecord {
            schema_version: super::SCHEMA_VERSION,
            lesson: "pool".into(),
            question: question.into(),
            answers: ["Not at all.", "Until <b>one</b> leaves."].map(str::to_owned).into(),
            settings: vec![("workers".into(), 4)],
            chosen: 0,
            confidence: Confidence::High,
            before: None,
            result,
        }
    }
}
