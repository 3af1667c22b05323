//! Every path that the documents name exists, and every module is named.

use std::fs;

use crate::markdown::{code_spans, links};
use crate::{root, text};

/// Folders that a run makes, and what is not a path of this repository.
fn is_of_this_repository(span: &str) -> bool {
    span.contains('/') && !span.starts_with('/') && !span.starts_with("runs/") && !span.contains(' ')
}

#[test]
fn every_path_named_exists() {
    let mut looked_at = 0;
    for document in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "docs/performance.md"] {
        let markdown = text(document);
        let spans = code_spans(&markdown).into_iter().filter(|span| is_of_this_repository(span) && span != "cells/");
        for path in spans.chain(links(&markdown).into_iter().filter(|link| !link.contains("://"))) {
            assert!(root().join(&path).exists(), "{document} names {path}, which is not there");
            looked_at += 1;
        }
    }
    assert!(looked_at > 50, "only {looked_at} paths were found in the documents");
}

#[test]
fn every_module_is_in_the_architecture() {
    let spans = code_spans(&text("ARCHITECTURE.md"));
    for package in ["servers", "harness", "reports"] {
        for entry in fs::read_dir(root().join(package).join("src")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                let folder = format!("{package}/src/{}/", entry.file_name().to_str().unwrap());
                assert!(spans.contains(&folder), "ARCHITECTURE.md does not say what {folder} is");
            }
        }
    }
}
