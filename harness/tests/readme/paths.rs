//! Every path that the documents name exists, and every module is named.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::markdown::{Block, blocks, code_spans, links};
use crate::{root, text};

/// Folders that a run makes, and what is not a path of this repository.
fn is_of_this_repository(span: &str) -> bool {
    span.contains('/') && !span.starts_with('/') && !span.starts_with("runs/") && !span.contains(' ')
}

#[test]
fn every_path_named_exists() {
    let mut looked_at = 0;
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/performance.md"] {
        let markdown = text(document);
        let spans = code_spans(&markdown).into_iter().filter(|span| is_of_this_repository(span) && span != "cells/");
        for path in spans.chain(links(&markdown).into_iter().filter(|link| !link.contains("://"))) {
            assert!(root().join(&path).exists(), "{document} names {path}, which is not there");
            looked_at += 1;
        }
    }
    assert!(looked_at > 50, "only {looked_at} paths were found in the documents");
}

/// The drawing of the packages, each from the line with its folder on.
#[test]
fn every_folder_is_in_the_drawing_and_no_other() {
    let architecture = text("ARCHITECTURE.md");
    let drawings: Vec<Block> = blocks(&architecture).into_iter().filter(|block| block.info == "text").collect();
    let [drawing] = &drawings[..] else { panic!("one drawing, and not {}", drawings.len()) };
    let mut drawn: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut package = "";
    for line in drawing.text.lines() {
        let names = line.split_whitespace().filter(|word| word.ends_with('/'));
        match line.split_once("/src/") {
            Some((of_line, _)) => package = of_line,
            None => drawn.entry(package).or_default().extend(names.map(str::to_owned)),
        }
    }
    for package in ["servers", "harness", "reports"] {
        let entries = fs::read_dir(root().join(package).join("src")).unwrap().map(Result::unwrap);
        let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
        let there: BTreeSet<String> =
            folders.map(|entry| format!("{}/", entry.file_name().to_str().unwrap())).collect();
        assert_eq!(drawn.get(package), Some(&there), "{package}/src in the drawing of ARCHITECTURE.md");
    }
}
