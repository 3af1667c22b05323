//! A run as slides: one offline HTML file, driven by the keyboard, that a speaker tells from a question to what to do on
//! Monday in at most fifteen slides; or every figure of the report, for whoever asks for them.
//!
//! A vote and what it turned out to be are one slide in two steps, so that a room can vote. A pure function: same records,
//! same bytes. Must not know: files, clocks, the environment. Beside it: `choice.rs` (what a speaker chooses), `talk.rs` (the
//! talk), `votes.rs` (a vote and its reveal), `deck.rs` (all figures), `figures.rs` (those with a picture), `closing.rs`
//! (those after them), `slides.html.jinja`, `slides.css` (after the report's own style, so that a figure looks the same),
//! `slides.js`.

mod choice;
mod closing;
mod deck;
mod figures;
mod talk;
mod votes;

use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use crate::charts::{DataTable, PanelPicture};
use crate::page::{STYLE, filled, hash};
use crate::record::store::Run;
use crate::scorecard::run_question;

pub use choice::{DeckChoice, FigureChoice, UnknownChoice};

const LAYOUT: &str = include_str!("slides.html.jinja");
const OWN_STYLE: &str = include_str!("slides.css");
const SCRIPT: &str = include_str!("slides.js");

/// Renders the talk on a run.
pub fn render(run: &Run) -> String {
    page(run, &talk::slides(run, &[]))
}

/// Renders the slides that a speaker has chosen.
///
/// # Errors
/// Where the run has no figure or no contender of a name.
pub fn render_chosen(run: &Run, choice: &DeckChoice) -> Result<String, UnknownChoice> {
    let run = &choice.of_models(run)?;
    Ok(match choice.figures(run)? {
        Some(figures) => page(run, &talk::slides(run, &figures)),
        None => page(run, &deck::slides(run)),
    })
}

fn page(run: &Run, slides: &[Slide]) -> String {
    let values = context! {
        question => run_question(&run.manifest),
        run => run.manifest.run.clone(),
        slides => Value::from(Serde(slides)),
        styles => [STYLE, OWN_STYLE],
        script => SCRIPT,
        style_hashes => [hash(STYLE), hash(OWN_STYLE)],
        script_hash => hash(SCRIPT),
    };
    filled(LAYOUT, values)
}

/// A slide, with what whoever shows it should know.
#[derive(Debug, Default, Serialize)]
struct Slide {
    kind: SlideKind,
    /// In small letters over the heading.
    kicker: String,
    /// The point.
    heading: String,
    /// Plausible answers to the question that the heading is.
    choices: Vec<PossibleAnswer>,
    /// A term and what is said of it, a row each.
    rows: Vec<(String, String)>,
    picture: Option<SlidePicture>,
    /// The scorecard as HTML.
    card: Option<String>,
    /// Under a picture, or over that of a vote: what follows from it.
    answer: Option<String>,
    /// Under the picture of a vote: why that is so.
    why: Vec<String>,
    /// For the speaker: what it is about and a sentence on it, a paragraph each.
    notes: Vec<(String, String)>,
    /// For the speaker: the numbers of the picture.
    numbers: Option<DataTable>,
}

/// A plausible answer.
#[derive(Debug, Clone, Serialize)]
struct PossibleAnswer {
    letter: char,
    text: String,
    /// Whether it turned out right, which a room sees after the vote.
    is_right: bool,
}

/// Answers of which nobody has said which is right.
fn lettered(answers: &[String]) -> Vec<PossibleAnswer> {
    let lettered = ('A'..).zip(answers);
    lettered.map(|(letter, text)| PossibleAnswer { letter, text: text.clone(), is_right: false }).collect()
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
enum SlideKind {
    #[default]
    Title,
    Question,
    /// A question, and in a second step what it turned out to be.
    Vote,
    Figure,
    Words,
    End,
}

/// What is drawn of a figure on one slide.
#[derive(Debug, Serialize)]
struct SlidePicture {
    /// The figure's anchor in the report.
    figure: String,
    panels: Vec<PanelPicture>,
    parts: Vec<(usize, String)>,
    /// Whether the parts are drawn faint.
    faint: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_script_and_style_stay_small() {
        assert!(SCRIPT.len() <= 4_000, "slides.js has {} bytes", SCRIPT.len());
        assert!(OWN_STYLE.len() <= 4_500, "slides.css has {} bytes", OWN_STYLE.len());
        assert!(!SCRIPT.contains("</script") && !OWN_STYLE.contains("</style"));
    }
}
