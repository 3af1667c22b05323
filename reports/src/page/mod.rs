//! The report: one offline HTML file from the records of a run, readable with scripts off.
//!
//! A pure function: same records, same bytes. Must not know: files, clocks, the environment. Beside it:
//! `page.html.jinja` (the layout), `style.css`, `script.js` and what it names, `content.rs` (what the layout is filled
//! with), `first_screen.rs` and `card.rs` (the scorecard), `why.rs` (what is behind its rows), `moments.html.jinja`
//! (recorded moments to step through, without a script), `trials.rs` (the sections of experiments that put a claim to
//! the test), `environment.rs` (on what it was made), `tables.rs` (bars behind numbers, and who differs from whom),
//! `downloads.rs` (records, tables and histograms as data), `so_far.rs` (a run that goes on, in pieces).

pub(crate) mod card;
mod content;
mod downloads;
mod environment;
mod first_screen;
mod so_far;
mod tables;
mod trials;
mod why;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::charts::backend::escape;
use crate::record::store::Run;

pub use so_far::SoFar;

const LAYOUT: &str = include_str!("page.html.jinja");
const MOMENTS: &str = include_str!("moments.html.jinja");
pub(crate) const STYLE: &str =
    concat!(include_str!("style.css"), include_str!("card.css"), include_str!("moments.css"));
/// One script, in a file per purpose; they share a scope.
const SCRIPTS: [&str; 3] = [include_str!("script.js"), include_str!("crosshair.js"), include_str!("saving.js")];

/// The picture in a browser's tab, a part of the page: a dot for a task beside the bar of a thread, in the colours of either theme.
pub(crate) const ICON: &str = concat!(
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E",
    "%3Cpath d='M2 2h4v12H2z' fill='%23b87a00'/%3E%3Ccircle cx='11' cy='8' r='4' fill='%230072b2'/%3E%3C/svg%3E"
);

/// What a report says of the site that it is published on.
#[derive(Debug, Clone, Serialize)]
pub struct Surroundings {
    /// The run's folder under `runs/`.
    pub address: String,
    /// What the run says in a sentence, for whoever is shown a link to it.
    pub headline: String,
    /// URL of the site, without a slash at the end; absent where it is not known.
    pub base: Option<String>,
}

impl Surroundings {
    /// URL of the run's folder as it stands in an attribute; empty where the site's is not known. Slashes stay slashes,
    /// since not everybody who looks for a picture reads HTML well.
    fn own_url(&self) -> String {
        self.base.as_ref().map_or(String::new(), |base| escape(&format!("{base}/runs/{}/", self.address)))
    }
}

/// Renders the report of a run.
pub fn render(run: &Run) -> String {
    layout(run, None)
}

/// Renders the report of a run as it stands on a site, with links to the rest of it.
pub fn render_published(run: &Run, surroundings: &Surroundings) -> String {
    layout(run, Some(surroundings))
}

fn layout(run: &Run, site: Option<&Surroundings>) -> String {
    let script = script();
    let values = context! {
        icon => ICON,
        page => Value::from(Serde(content::PageContent::of(run))),
        site => site.map(|site| Value::from(Serde(site.clone()))),
        own_url => site.map(Surroundings::own_url),
        style => STYLE,
        style_hash => hash(STYLE),
        script_hash => hash(&script),
        script => script,
        records => downloads::records(run),
    };
    filled(LAYOUT, values)
}

/// A layout of this program, filled.
pub(crate) fn filled(layout: &str, values: Value) -> String {
    templates().render_str(layout, values).expect("a layout names only what it is given, and is tested")
}

/// What every template is filled in with.
fn templates() -> Environment<'static> {
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    templates.add_filter("whole", |sentence: String| whole(&sentence));
    templates.add_template("moments", MOMENTS).expect("it is part of the program and tested");
    templates
}

/// A sentence in which no line breaks between a number and its unit.
fn whole(sentence: &str) -> String {
    let mut whole = String::with_capacity(sentence.len());
    for word in sentence.split_inclusive(' ') {
        let is_unit = UNITS.contains(&word.trim_end_matches(|c: char| !c.is_alphanumeric()));
        if is_unit && whole.strip_suffix(' ').is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit())) {
            whole.pop();
            whole.push('\u{a0}');
        }
        whole.push_str(word);
    }
    whole
}

const UNITS: [&str; 8] = ["ns", "µs", "ms", "s", "B", "KiB", "MiB", "GiB"];

fn script() -> String {
    without_comments(SCRIPTS)
}

/// Scripts as a page carries them: comments and indentation are for whoever changes them.
pub(crate) fn without_comments<const N: usize>(sources: [&str; N]) -> String {
    let lines = sources.iter().flat_map(|source| source.lines()).map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The style sheet of a report, for a page that shows pieces of one.
pub fn style_sheet() -> &'static str {
    STYLE
}

/// What a content security policy must allow of inline styles and of inline scripts, in this order, so that a page may
/// open a report.
pub fn inline_sources() -> [String; 2] {
    [STYLE, &script()].map(|text| format!("'{}'", hash(text)))
}

/// As the content security policy names an inline script or style.
pub(crate) fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_with_their_units() {
        assert_eq!(
            whole("It took 5 ms, 1.2 µs (64 KiB) or 3 s. 2 so s 4 more"),
            "It took 5\u{a0}ms, 1.2\u{a0}µs (64\u{a0}KiB) or 3\u{a0}s. 2 so s 4 more"
        );
    }

    #[test]
    fn own_script_and_style_stay_small() {
        let script = script();
        assert!(script.len() <= 10_000, "the script has {} bytes", script.len());
        assert!(STYLE.len() <= 11_000, "the style sheet has {} bytes", STYLE.len());
        assert!(!script.contains("</script") && !STYLE.contains("</style"));
    }
}
