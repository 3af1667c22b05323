//! A prediction beside what was measured, in sentences.
//!
//! Must not know: HTML, which lessons there are. Beside it: `../record/prediction.rs`.

use itertools::Itertools;
use serde::Serialize;

use crate::record::{Confidence, PredictionRecord};

/// A prediction as a reader meets it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Predicted {
    /// The question, with what was set for it where that can be changed.
    pub question: String,
    /// What was expected, and how sure they were.
    pub expected: String,
    /// What was measured.
    pub measured: String,
    /// Whether it was right, or which answer was, or that this is not known.
    pub verdict: String,
    /// Why it is not known, and what to do; absent where it is.
    pub undecided: Option<String>,
}

impl Predicted {
    /// Of one prediction.
    pub fn of(prediction: &PredictionRecord) -> Predicted {
        let settings: Vec<String> = prediction.settings.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let with = if settings.is_empty() { String::new() } else { format!(" ({})", settings.join(", ")) };
        let sure = sure(prediction.confidence);
        Predicted {
            question: format!("{}{with}", prediction.question),
            expected: format!("{} {sure}", lettered(&prediction.answers, prediction.chosen)),
            measured: prediction.result.as_ref().map_or("Nothing yet.".into(), |result| result.measured.clone()),
            verdict: verdict(prediction),
            undecided: prediction.result.as_ref().and_then(|result| result.undecided.clone()),
        }
    }

    /// Of all of them: one for each question, so what a room expected is said in one.
    pub fn of_all(predictions: &[PredictionRecord]) -> Vec<Predicted> {
        let asked = |one: &PredictionRecord| (one.lesson.clone(), one.question.clone(), one.settings.clone());
        let questions = predictions.iter().map(asked).unique();
        let of = |question| Predicted::of_room(&predictions.iter().filter(|one| asked(one) == question).collect_vec());
        questions.filter_map(of).collect()
    }

    /// Of what some have said to one question; as [`Predicted::of`] where it is one, and absent where it is nobody.
    pub fn of_room(predictions: &[&PredictionRecord]) -> Option<Predicted> {
        let first = *predictions.first()?;
        let one = Predicted::of(first);
        if predictions.len() == 1 {
            return Some(one);
        }
        let now = counted_answers(first, predictions.iter().map(|one| one.chosen));
        let twice = predictions.iter().filter(|one| one.before.is_some()).count();
        let before = counted_answers(first, predictions.iter().filter_map(|one| Some(one.before?.chosen)));
        let before = match twice {
            0 => String::new(),
            _ if twice == predictions.len() => format!(" Before the discussion: {before}."),
            _ => format!(" Of {twice} who answered twice, before the discussion: {before}."),
        };
        let right = predictions.iter().filter(|one| one.was_right() == Some(true)).count();
        let result = first.result.as_ref();
        let verdict = match result.and_then(|result| result.right) {
            Some(place) => {
                format!("Right is {} So said {right} of {}.", lettered(&first.answers, place), predictions.len())
            }
            // Whom it is said to makes no difference then.
            None => one.verdict,
        };
        Some(Predicted { expected: format!("{} people: {now}.{before}", predictions.len()), verdict, ..one })
    }

    /// All of it in one line, for a terminal.
    pub fn line(&self) -> String {
        let why = self.undecided.as_deref().unwrap_or_default();
        let Predicted { question, expected, measured, verdict, .. } = self;
        format!("{question} Expected: {expected} Measured: {measured} {verdict} {why}").trim_end().to_owned()
    }
}

/// `A 3, B 12`, in the order of the answers, with those that nobody chose.
fn counted_answers(of: &PredictionRecord, chosen: impl Iterator<Item = usize>) -> String {
    let counts = chosen.counts();
    let letters = ('A'..='Z').take(of.answers.len()).enumerate();
    letters.map(|(place, letter)| format!("{letter} {}", counts.get(&place).unwrap_or(&0))).join(", ")
}

/// `A. Not at all.`; a number where there is no such answer.
pub fn lettered(answers: &[String], place: usize) -> String {
    let letter = ('A'..='Z').nth(place).unwrap_or('?');
    answers.get(place).map_or_else(|| format!("answer {}", place + 1), |answer| format!("{letter}. {answer}"))
}

/// As a sentence of its own.
pub fn sure(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "A guess.",
        Confidence::Middle => "Fairly sure.",
        Confidence::High => "Very sure.",
    }
}

fn verdict(prediction: &PredictionRecord) -> String {
    let Some(result) = &prediction.result else { return "The run has not ended.".into() };
    match (result.right, result.points_to) {
        (Some(right), _) if right == prediction.chosen => "That was right.".into(),
        (Some(right), _) => format!("Right is {}", lettered(&prediction.answers, right)),
        (None, Some(place)) => format!("Cannot tell for sure. It looks like {}", lettered(&prediction.answers, place)),
        (None, None) => "Cannot tell.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{EarlierAnswer, LessonResult};

    fn prediction(result: Option<LessonResult>) -> PredictionRecord {
        PredictionRecord::asked("How long does the fifth wait?", result)
    }

    fn result(right: Option<usize>, points_to: Option<usize>) -> LessonResult {
        let undecided = right.is_none().then(|| "Others used the machine.".to_owned());
        LessonResult { right, points_to, measured: "It waited 600 ms.".into(), undecided }
    }

    #[test]
    fn a_prediction_stands_beside_what_was_measured() {
        let line = |result| Predicted::of(&prediction(result)).line();
        let begin = "How long does the fifth wait? (workers 4) Expected: A. Not at all. Very sure. Measured: ";
        assert_eq!(line(None), format!("{begin}Nothing yet. The run has not ended."));
        let wrong = line(Some(result(Some(1), Some(1))));
        assert_eq!(wrong, format!("{begin}It waited 600 ms. Right is B. Until <b>one</b> leaves."));
        assert!(line(Some(result(Some(0), Some(0)))).ends_with("That was right."));
    }

    #[test]
    fn what_cannot_be_told_says_so_and_where_it_points() {
        let of = |points_to| Predicted::of(&prediction(Some(result(None, points_to))));
        assert_eq!(of(Some(1)).verdict, "Cannot tell for sure. It looks like B. Until <b>one</b> leaves.");
        assert_eq!(of(None).verdict, "Cannot tell.");
        assert_eq!(of(None).undecided.as_deref(), Some("Others used the machine."));
        assert!(of(None).line().ends_with("Cannot tell. Others used the machine."));
        assert_eq!(prediction(Some(result(None, Some(1)))).was_right(), None);
        assert_eq!(prediction(Some(result(Some(1), None))).was_right(), Some(false));
    }

    #[test]
    fn what_a_room_said_is_one_line_with_what_it_had_said_before() {
        let said = |chosen: usize, before: Option<usize>, result: Option<LessonResult>| PredictionRecord {
            chosen,
            before: before.map(|chosen| EarlierAnswer { chosen, confidence: Confidence::Low }),
            ..prediction(result)
        };
        let wrong = result(Some(1), Some(1));
        let room =
            [said(1, Some(0), Some(wrong.clone())), said(1, Some(1), Some(wrong.clone())), said(0, None, Some(wrong))];
        let [all] = &Predicted::of_all(&room)[..] else { panic!("one question") };
        assert_eq!(all.expected, "3 people: A 1, B 2. Of 2 who answered twice, before the discussion: A 1, B 1.");
        assert_eq!(all.verdict, "Right is B. Until <b>one</b> leaves. So said 2 of 3.");
        let twice = Predicted::of_all(&room[..2]);
        assert_eq!(twice[0].expected, "2 people: A 0, B 2. Before the discussion: A 1, B 1.");
        let other = PredictionRecord { question: "Another?".into(), ..prediction(None) };
        let both = [room[0].clone(), other.clone(), room[1].clone()];
        assert_eq!(Predicted::of_all(&both).len(), 2);
        assert_eq!(Predicted::of_all(&both)[1], Predicted::of(&other));
        assert_eq!(Predicted::of_all(&[other.clone(), other])[0].verdict, "The run has not ended.");
        assert!(Predicted::of_all(&[]).is_empty());
    }
}
