//! A run as slides: one offline HTML file, driven by the keyboard, the report's figures one to a page.
//!
//! A question with its plausible answers comes before what was measured, so that a room can vote. A pure function: same
//! records, same bytes. Must not know: files, clocks, the environment. Beside it: `deck.rs` (which slides there are),
//! `figures.rs` (those with a picture), `closing.rs` (those after them), `slides.html.jinja`, `slides.css` (after the
//! report's own style, so that a figure looks the same), `slides.js`.

mod closing;
mod deck;
mod figures;

use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use crate::charts::{DataTable, PanelPicture};
use crate::page::{STYLE, filled, hash};
use crate::record::store::Run;

const LAYOUT: &str = include_str!("slides.html.jinja");
const OWN_STYLE: &str = include_str!("slides.css");
const SCRIPT: &str = include_str!("slides.js");

/// Renders the slides of a run.
pub fn render(run: &Run) -> String {
    let values = context! {
        run => run.manifest.run.clone(),
        slides => Value::from(Serde(deck::slides(run))),
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
    choices: Vec<String>,
    /// A term and what is said of it, a row each.
    rows: Vec<(String, String)>,
    picture: Option<SlidePicture>,
    /// The scorecard as HTML.
    card: Option<String>,
    /// Under a picture: what follows from it.
    answer: Option<String>,
    /// For the speaker: what it is about and a sentence on it, a paragraph each.
    notes: Vec<(String, String)>,
    /// For the speaker: the numbers of the picture.
    numbers: Option<DataTable>,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
enum SlideKind {
    #[default]
    Title,
    Question,
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
        assert!(OWN_STYLE.len() <= 4_000, "slides.css has {} bytes", OWN_STYLE.len());
        assert!(!SCRIPT.contains("</script") && !OWN_STYLE.contains("</style"));
    }
}
