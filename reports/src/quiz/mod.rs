//! The questions of lessons once more, weeks later: one offline HTML file that asks, counts, and shows what was measured then.
//!
//! A pure function, like the report. With scripts off every answer can be unfolded. Must not know: lessons, files, clocks. Beside
//! it: `quiz.html.jinja` (the layout), `quiz.css` (after the report's own style), `quiz.js`; `../record/prediction.rs`.

use itertools::Itertools;
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use crate::page::{STYLE, filled, hash};
use crate::record::{LessonResult, PredictionRecord};
use crate::words::predicted::lettered;

const LAYOUT: &str = include_str!("quiz.html.jinja");
const OWN_STYLE: &str = include_str!("quiz.css");
const SCRIPT: &str = include_str!("quiz.js");

/// A question with the answer that a run found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuizQuestion {
    /// The lesson's name.
    lesson: String,
    title: String,
    question: String,
    answers: Vec<String>,
    /// Place of the answer that is right, or looked so, from 0.
    right: usize,
    /// The same with its letter.
    said: String,
    /// Whether the run could tell.
    is_certain: bool,
    measured: String,
    why: String,
}

impl QuizQuestion {
    /// Of a prediction; absent where its run measured nothing that points to an answer. `title` is the lesson's, `why` a
    /// paragraph on why it came out so.
    pub fn of(prediction: &PredictionRecord, title: &str, why: &str) -> Option<QuizQuestion> {
        let LessonResult { right, points_to, measured, .. } = prediction.result.as_ref()?;
        let (right, is_certain) = ((*right).or(*points_to)?, right.is_some());
        Some(QuizQuestion {
            lesson: prediction.lesson.clone(),
            title: title.to_owned(),
            question: prediction.question.clone(),
            answers: prediction.answers.clone(),
            right,
            is_certain,
            said: lettered(&prediction.answers, right),
            measured: measured.clone(),
            why: why.to_owned(),
        })
    }

    /// Each question once, as its last run found it, in the order in which they were asked first.
    pub fn last_of_each(questions: impl IntoIterator<Item = QuizQuestion>) -> Vec<QuizQuestion> {
        let mut kept: Vec<QuizQuestion> = Vec::new();
        for question in questions {
            match kept.iter_mut().find(|one| (&one.lesson, &one.question) == (&question.lesson, &question.question)) {
                Some(one) => *one = question,
                None => kept.push(question),
            }
        }
        kept
    }
}

/// The page.
pub fn render(questions: &[QuizQuestion]) -> String {
    let values = context! {
        questions => Value::from(Serde(questions)),
        letters => ('A'..='Z').map(String::from).collect_vec(),
        styles => [STYLE, OWN_STYLE],
        script => SCRIPT,
        style_hashes => [hash(STYLE), hash(OWN_STYLE)],
        script_hash => hash(SCRIPT),
    };
    filled(LAYOUT, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(question: &str, right: Option<usize>) -> PredictionRecord {
        let measured = "It waited 600 ms.".into();
        PredictionRecord::asked(question, Some(LessonResult { right, points_to: right, measured, undecided: None }))
    }

    #[test]
    fn a_question_is_asked_once_and_only_where_its_answer_is_known() {
        let of = |question: &str, right| QuizQuestion::of(&settled(question, right), "A pool", "Because.");
        assert_eq!(of("How long?", None), None, "the run found nothing");
        let mut doubtful = settled("How long?", None);
        doubtful.result.as_mut().unwrap().points_to = Some(1);
        let page = render(&[QuizQuestion::of(&doubtful, "A pool", "").unwrap()]);
        assert!(page.contains("It looked like") && page.contains("could not tell for sure"), "{page}");
        let asked = [of("How long?", Some(0)), of("And with 8?", Some(1)), of("How long?", Some(1))];
        let kept = QuizQuestion::last_of_each(asked.into_iter().flatten());
        assert_eq!(
            kept.iter().map(|one| (one.question.as_str(), one.right)).collect_vec(),
            [("How long?", 1), ("And with 8?", 1)]
        );
    }

    #[test]
    fn the_page_is_whole_and_shows_text_as_text() {
        let question = QuizQuestion::of(&settled("How long?", Some(1)), "A pool", "Because.").unwrap();
        let page = render(&[question]);
        assert!(page.contains("Until &lt;b&gt;one&lt;") && page.contains("It waited 600 ms."), "{page}");
        assert!(page.contains("default-src 'none'") && !page.contains("unsafe") && !page.contains("http://"));
        assert!(render(&[]).contains("No run has found an answer"));
    }

    #[test]
    fn own_script_and_style_stay_small() {
        assert!(SCRIPT.len() < 2_500 && OWN_STYLE.len() < 1_500, "{} and {} bytes", SCRIPT.len(), OWN_STYLE.len());
        assert!(!SCRIPT.contains("</script") && !OWN_STYLE.contains("</style"));
    }
}
