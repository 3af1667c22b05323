//! What goes out: text to stdout, whole and once (a reader that leaves early, as `head` does, is no error), lines to stderr, and
//! the shapes that figures have there.
//!
//! Beside it: `summary.rs`, what a run says in each of its formats.

use std::borrow::Cow;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle};
use reports::format;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::plan::PlanError;

/// How what was found is written, where there are just these two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TableOrJson {
    /// For a terminal.
    Table,
    /// One JSON object.
    Json,
}

/// Takes what records call by these names; help says of each what it means.
pub(super) fn recorded<T: DeserializeOwned + Clone + Send + Sync + 'static>(
    values: &[(&'static str, &'static str)],
) -> impl TypedValueParser<Value = T> + use<T> {
    let values = values.iter().map(|(name, help)| PossibleValue::new(name).help(help));
    PossibleValuesParser::new(values).map(|name| serde_json::from_value(name.into()).expect("records have these names"))
}

/// From now on a file that would grow beyond the limit of this process (`ulimit -f`) can't be written, as on a full disk,
/// and whoever writes says which file it is. The kernel would end the process without a word.
pub(super) fn outlive_file_limit() {
    // A handler that only sets a flag. A program that this one becomes or starts has the kernel's way again. Where the
    // handler is refused, all is as it would be without.
    let _ = signal_hook::flag::register(rustix::process::Signal::XFSZ.as_raw(), Arc::new(AtomicBool::new(false)));
}

/// Writes to stdout, what could command a terminal made visible.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(visible(text).as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// The text with escape sequences, and all else that a terminal obeys instead of showing it, written out as JSON does. Labels, and what
/// servers said last, come from others: they must not move the cursor, change a title, or turn the order of what stands
/// beside them.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| {
        let turns_order = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        (c.is_control() && c != '\n' && c != '\t') || turns_order
    };
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| if obeyed(c) { format!("\\u{:04x}", c as u32) } else { c.to_string() };
    Cow::Owned(text.chars().map(shown).collect())
}

/// Writes a line to stderr, as [`print`] does. It, too, may have a reader that leaves early, as in `2>&1 | head`: that ends no run, which
/// `eprintln!` would.
pub(super) fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{}", visible(line));
}

/// What was typed can't be done; `sentence` says why, and what to type instead.
pub(super) fn usage<T, E: From<PlanError>>(sentence: impl Into<String>) -> Result<T, E> {
    Err(PlanError::Usage(sentence.into()).into())
}

/// A table as wide as the terminal at the most, its first column to the left and the others to the right.
pub(super) fn styled(header: Vec<String>, rows: impl Iterator<Item = Vec<String>>, style: TableStyle) -> String {
    let mut drawn = aligned(header, rows, style);
    if let Some(columns) = terminal_columns() {
        drawn.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
    }
    drawn.trim_fmt()
}

/// The same, as wide as it needs to be.
pub(super) fn aligned(header: Vec<String>, rows: impl IntoIterator<Item = Vec<String>>, style: TableStyle) -> Table {
    let mut drawn = Table::new();
    drawn.load_style(style).set_header(header);
    for row in rows {
        drawn.add_row(row);
    }
    for column in drawn.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    drawn
}

/// Width of the terminal that stdout is; nothing where it is none, and lines may be as long as they like.
fn terminal_columns() -> Option<u16> {
    rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| size.ws_col).filter(|columns| *columns > 0)
}

/// What is so rare is shown as a power of ten.
const RARE: f64 = 1e-6;

/// Three significant digits, without zeros behind the point that say nothing: `0.2/s`, `1.25/s`, `12,300/s`.
pub(super) fn per_second(rps: f64) -> String {
    if rps > 0.0 && rps < RARE {
        return format!("{rps:e}/s");
    }
    let number = format::number(rps);
    let number = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { &number };
    format!("{number}/s")
}

/// What a terminal shows without wrapping it itself.
pub(super) const COLUMNS: usize = 80;

/// `begin` and then `text`, in lines that fit; those after the first begin at `column`. A word longer than that stands
/// on a line of its own.
pub(super) fn wrapped(begin: &str, column: usize, text: &str) -> String {
    let lines = broken(text, COLUMNS.saturating_sub(begin.chars().count()), COLUMNS - column);
    format!("{begin}{}\n", lines.join(&format!("\n{}", " ".repeat(column))))
}

/// Broken between words into lines, the first of which has `first` characters at the most and the others `width`, unless a word
/// has more.
pub(super) fn broken(text: &str, first: usize, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let room = if lines.len() == 1 { first } else { width };
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => line.extend([" ", word]),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A value as JSON for people, and the end of its line.
pub(super) fn json_text(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(visible("a label\twith 5 µs\nand a line"), "a label\twith 5 µs\nand a line");
        assert_eq!(visible("\u{1b}]0;owned\u{7}\u{1b}[2J"), "\\u001b]0;owned\\u0007\\u001b[2J");
        assert_eq!(visible("a\rb \u{9b}31m \u{202e}desrever"), "a\\u000db \\u009b31m \\u202edesrever");
        let json = serde_json::to_string("\u{202e}\u{85}").unwrap();
        assert_eq!(serde_json::from_str::<String>(&visible(&json)).unwrap(), "\u{202e}\u{85}", "JSON stays JSON");
    }

    #[test]
    fn a_rate_has_three_digits_whatever_its_size() {
        let shown = [0.2, 0.0312, 1.25, 5.004, 100.0, 812.4, 12_345.0, 2_000.0, 0.0, 1e-12, 1e-300].map(per_second);
        let expected = [
            "0.2/s", "0.0312/s", "1.25/s", "5/s", "100/s", "812/s", "12,300/s", "2,000/s", "0/s", "1e-12/s", "1e-300/s",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn lines_end_between_words() {
        let text = "x".repeat(70) + " second third";
        assert_eq!(wrapped("  a ", 4, &text), format!("  a {}\n    second third\n", "x".repeat(70)));
        assert_eq!(wrapped("  a ", 4, "short"), "  a short\n");
        let long = "y".repeat(90);
        assert_eq!(wrapped("", 2, &format!("{long} z")), format!("{long}\n  z\n"));
    }
}
