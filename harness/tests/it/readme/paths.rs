//! Every path that the documents name exists, and every module is named.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::common::{PACKAGES, root, source};
use crate::readme::markdown::{Block, anchor, blocks, code_spans, links, sections};
use crate::readme::pages::pages;

/// What is promised where something goes wrong, each with the tests that hold it to that.
const RELIABILITY: &str = "docs/reliability.md";

/// Folders of a checkout that a run or a build makes.
const MADE: [&str; 2] = ["runs/", "target/"];

fn is_of_this_repository(span: &str) -> bool {
    let is_made = MADE.iter().any(|folder| span.starts_with(folder));
    span.contains('/') && !span.starts_with('/') && !is_made && !span.contains(' ')
}

/// The documents that are read, by their paths from the root.
fn documents() -> Vec<String> {
    let others = [
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/beside-others.md",
        "docs/demonstration.md",
        "docs/formats.md",
        "docs/performance.md",
        "docs/protocol.md",
        "docs/workshop/exercises/README.md",
        RELIABILITY,
        "docs/several-machines.md",
    ];
    let entries = fs::read_dir(root().join("docs/experiments")).unwrap().map(|entry| entry.unwrap().file_name());
    let experiments = entries.map(|name| format!("docs/experiments/{}", name.to_str().unwrap()));
    let entries = fs::read_dir(root().join("docs/workshop/lessons")).unwrap().map(|entry| entry.unwrap().file_name());
    let lessons = entries.map(|name| format!("docs/workshop/lessons/{}", name.to_str().unwrap()));
    [pages(), others.map(str::to_owned).to_vec(), experiments.collect(), lessons.collect()].concat()
}

/// Code spans name paths from the root; links lead from the document's own folder, and to a heading where they name one.
#[test]
fn every_path_named_exists() {
    let mut looked_at = 0;
    for document in documents() {
        let markdown = source(&document);
        let spans = code_spans(&markdown).into_iter().filter(|span| is_of_this_repository(span) && span != "cells/");
        for path in spans {
            assert!(root().join(&path).exists(), "{document} names {path}, which is not there");
            looked_at += 1;
        }
        for link in links(&markdown).into_iter().filter(|link| !link.contains("://")) {
            let (path, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = match path {
                "" => root().join(&document),
                path => root().join(&document).parent().unwrap().join(path),
            };
            assert!(target.exists(), "{document} leads to {link}, which is not there");
            let is_there =
                || sections(&fs::read_to_string(&target).unwrap()).iter().any(|it| anchor(&it.heading) == heading);
            assert!(heading.is_empty() || is_there(), "{document} leads to {link}, which has no such heading");
            looked_at += 1;
        }
    }
    assert!(looked_at > 100, "only {looked_at} paths were found in the documents");
}

/// The drawing of the packages, each from the line with its folder on.
#[test]
fn every_folder_is_in_the_drawing_and_no_other() {
    let architecture = source("ARCHITECTURE.md");
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
    for package in PACKAGES {
        let entries = fs::read_dir(root().join(package).join("src")).unwrap().map(Result::unwrap);
        let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
        let there: BTreeSet<String> =
            folders.map(|entry| format!("{}/", entry.file_name().to_str().unwrap())).collect();
        assert_eq!(drawn.get(package), Some(&there), "{package}/src in the drawing of ARCHITECTURE.md");
    }
}

/// The last column of a row: the tests that hold the harness to the promise.
#[test]
fn every_test_of_a_promise_is_there() {
    let sources: String = PACKAGES.iter().flat_map(|package| tests_in(&root().join(package))).collect();
    let promises = source(RELIABILITY);
    let rows = promises.lines().filter(|line| line.starts_with("| F"));
    let mut looked_at = 0;
    for row in rows {
        let tests = code_spans(row.trim_end_matches(" |").rsplit(" | ").next().unwrap());
        assert!(!tests.is_empty(), "no test holds the harness to {row}");
        for test in tests {
            // A file is checked with all other paths, and an option is of cargo's.
            if test.contains('/') || test.starts_with('-') {
                continue;
            }
            assert!(
                sources.contains(&format!("fn {test}(")),
                "{RELIABILITY} names the test {test}, which is not there"
            );
            looked_at += 1;
        }
    }
    assert!(looked_at > 20);
}

/// The sources under a folder of a package that may hold tests.
fn tests_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| match path.extension() {
        _ if path.is_dir() => tests_in(&path),
        Some(ending) if ending == "rs" => vec![fs::read_to_string(&path).unwrap()],
        _ => Vec::new(),
    });
    found.collect()
}
