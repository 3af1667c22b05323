//! The tables of docs/experiments/README.md: one row for each experiment, and for each sentence of the usual answer an
//! experiment that rules on it.
//!
//! Beside it: `markdown.rs`, which reads the page.

use harness::experiments::{self, EXPERIMENTS};

use crate::common::source;
use crate::readme::markdown::{Section, links, sections};

const PAGE: &str = "docs/experiments/README.md";

/// The cells of each row of the one table in a text, without its head.
fn rows(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = |line: &str| line.split(" | ").map(str::to_owned).collect();
    lines.skip(1).map(cells).collect()
}

fn section(place: usize) -> Section {
    sections(&source(PAGE)).into_iter().nth(place).unwrap()
}

/// The experiments that a cell leads to, by the names of their pages.
fn named(cell: &str) -> Vec<String> {
    links(cell).iter().map(|target| target.strip_suffix(".md").unwrap_or(target).to_owned()).collect()
}

#[test]
fn every_experiment_has_a_row_in_the_order_of_the_reports() {
    let found: Vec<String> = rows(&section(0).text).iter().flat_map(|row| named(&row[0])).collect();
    let expected: Vec<&str> = EXPERIMENTS.iter().map(|experiment| experiment.name).collect();
    assert_eq!(found, expected);
}

#[test]
fn each_sentence_of_the_answer_is_ruled_on_by_an_experiment_that_there_is() {
    let Section { heading, text } = section(1);
    let rows = rows(&text);
    assert!(heading == "Sentence by sentence" && rows.len() > 15, "{heading}: {} rows", rows.len());
    for row in &rows {
        let [said, ruled_on_by] = &row[..] else { panic!("{row:?}") };
        let names = named(ruled_on_by);
        assert!(!said.is_empty() && !names.is_empty(), "{said:?} leads nowhere");
        for name in names {
            let experiment = experiments::find(&name).unwrap_or_else(|| panic!("{said:?}: there is no {name}"));
            assert!(experiment.decision().is_some(), "{said:?}: {name} rules on nothing");
        }
    }
}

#[test]
fn a_row_is_told_from_the_head_of_its_table() {
    let table = "a\n\n| said | by |\n|---|---|\n| x [y](z.md) | [b](b.md), [c](c.md): d |\n";
    assert_eq!(rows(table), [["x [y](z.md)", "[b](b.md), [c](c.md): d"]]);
    assert_eq!(named(&rows(table)[0][1]), ["b", "c"]);
}
