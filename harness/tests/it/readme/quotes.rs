//! What README, guide and CONTRIBUTING quote stands where they say: lines of the sources, models, exit codes, the Rust version.

use servers::MODELS;

use crate::common::home::{Ended, harness};
use crate::common::source;
use crate::readme::markdown::{Block, blocks, code_spans};
use crate::readme::pages::section;

/// Stands for lines that are left out of a quotation.
const ELLIPSIS: &str = "// ...\n";

/// Whether each piece of a quotation stands in the source as it is, one after the other.
fn is_quoted_from(quotation: &str, source: &str) -> bool {
    let mut rest = source;
    quotation.split(ELLIPSIS).all(|piece| match rest.split_once(piece) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

#[test]
fn quoted_lines_are_in_the_sources() {
    let mut quotations = 0;
    for Block { info, text: quotation } in blocks(&source("CONTRIBUTING.md")) {
        if let Some(path) = info.strip_prefix("rust ") {
            assert!(
                is_quoted_from(&quotation, &source(path)),
                "{path} does not read as CONTRIBUTING.md says:\n{quotation}"
            );
            quotations += 1;
        }
    }
    assert!(quotations >= 2, "it shows a model and its entry in the table");
}

#[test]
fn a_changed_line_is_noticed() {
    assert!(is_quoted_from("a\n// ...\nd\n", "a\nb\nc\nd\n"));
    assert!(!is_quoted_from("a\nc\n", "a\nb\nc\n"));
    assert!(!is_quoted_from("d\n// ...\na\n", "a\nb\nc\nd\n"));
}

#[test]
fn every_model_is_in_the_guide() {
    let spans = code_spans(&section("The models"));
    for model in MODELS {
        assert!(spans.contains(&model.name.to_owned()), "{}", model.name);
    }
}

#[test]
fn exit_codes_are_those_of_the_help() {
    let help = Ended::of(&mut harness(&["--help"])).stdout;
    let (_, of_help) = help.split_once("Exit codes:").unwrap();
    let of_guide: Vec<u8> = section("Exit codes")
        .lines()
        .filter_map(|row| row.strip_prefix("| ")?.split_once(" |"))
        .flat_map(|(codes, _)| codes.split(", "))
        .filter_map(|code| code.parse().ok())
        .collect();
    assert_eq!(of_guide, numbers(of_help));
}

fn numbers(text: &str) -> Vec<u8> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

#[test]
fn the_rust_version_is_that_of_the_workspace() {
    let workspace = source("Cargo.toml");
    let version = workspace.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(source("README.md").contains(&format!("Rust {version} or later")), "{version}");
}
