//! The report: one offline HTML file from the records of a run, readable with scripts off.
//!
//! A pure function: same records, same bytes. Must not know: files, clocks, the environment. Beside it:
//! `page.html.jinja` (the layout), `style.css`, `script.js`, `content.rs` (what the layout is filled with), `trials.rs`
//! (the sections of experiments that put a claim to the test), `verdicts.rs` (who differs from whom), `downloads.rs` (records and table as data).

mod content;
mod downloads;
mod example;
mod trials;
mod verdicts;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, context};
use sha2::{Digest, Sha256};

use crate::record::store::Run;

const LAYOUT: &str = include_str!("page.html.jinja");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Renders the report of a run.
pub fn render(run: &Run) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("page", LAYOUT).expect("the layout is part of the program and tested");
    let page = environment.get_template("page").expect("it was added a line above");
    let values = context! {
        page => Value::from(Serde(content::Content::of(run))),
        style => STYLE,
        script => SCRIPT,
        style_hash => hash(STYLE),
        script_hash => hash(SCRIPT),
        records => downloads::records(run),
    };
    page.render(values).expect("the layout names only what it is given, and is tested")
}

/// As the content security policy names an inline script or style.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_script_and_style_stay_small() {
        assert!(SCRIPT.len() <= 10_000, "script.js has {} bytes", SCRIPT.len());
        assert!(STYLE.len() <= 6_000, "style.css has {} bytes", STYLE.len());
        assert!(!SCRIPT.contains("</script") && !STYLE.contains("</style"));
    }
}
