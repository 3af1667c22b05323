//! The pages for users: README.md, the guide and the trainer's. Which there are, what stands under a heading, and that they hang together.
//!
//! Beside it: `commands.rs` and `servers.rs`, which run what the pages say; `markdown.rs`, which reads them.

use std::fs;

use crate::common::{root, source};
use crate::readme::markdown::{Block, Section, blocks, links, sections};

const GUIDE: &str = "docs/guide";
const TRAINERS: &str = "docs/workshop/README.md";
/// A README that grows beyond this has something that belongs in the guide.
const LONGEST_README: usize = 160;
/// As many lines as a screen shows.
const SCREEN: usize = 25;
/// What runs the commands of the pages.
const RUNNERS: [&str; 2] = [include_str!("commands.rs"), include_str!("servers.rs")];

/// The pages' paths from the root, README.md first.
pub(crate) fn pages() -> Vec<String> {
    let entries = fs::read_dir(root().join(GUIDE)).unwrap().map(|entry| entry.unwrap().file_name());
    let mut guide: Vec<String> = entries.map(|name| format!("{GUIDE}/{}", name.to_str().unwrap())).collect();
    guide.sort();
    [vec!["README.md".to_owned()], guide, vec![TRAINERS.to_owned()]].concat()
}

/// What stands under a heading, of which all pages have one.
pub(crate) fn section(heading: &str) -> String {
    let all = pages().into_iter().flat_map(|page| sections(&source(&page)));
    let found: Vec<Section> = all.filter(|section| section.heading == heading).collect();
    let [section] = &found[..] else { panic!("{} sections are called {heading:?}, and not one", found.len()) };
    section.text.clone()
}

/// The blocks with this mark under a heading.
pub(crate) fn marked(heading: &str, mark: &str) -> Vec<String> {
    let found = blocks(&section(heading)).into_iter().filter(|block| block.info == mark);
    found.map(|Block { text, .. }| text).collect()
}

/// Who asks for the blocks under a heading takes them apart into as many as there are, so that a further one fails there.
#[test]
fn no_command_is_left_out() {
    let mut commands = 0;
    for page in pages() {
        for Section { heading, text } in sections(&source(&page)) {
            for Block { info, text } in blocks(&text) {
                let (marked, ran) = (format!("marked(\"{heading}\", \"{info}\")"), format!("ran(\"{heading}\")"));
                let is_asked_for =
                    |runner: &&str| runner.contains(&marked) || (info == "sh run" && runner.contains(&ran));
                let is_run = ["sh run", "sh serve"].contains(&info.as_str()) && RUNNERS.iter().any(is_asked_for);
                assert!(is_run || !info.starts_with("sh"), "{page}, {heading}: not run by a test:\n{text}");
                commands += usize::from(is_run);
            }
        }
    }
    assert!(commands > 15, "only {commands} blocks were found");
}

#[test]
fn the_readme_is_short_and_leads_to_every_page() {
    let readme = source("README.md");
    assert!(readme.lines().count() <= LONGEST_README, "what is beyond {LONGEST_README} lines belongs in {GUIDE}");
    let first = readme.lines().position(|line| line == "```sh run").unwrap();
    assert!(first < SCREEN, "the first command stands in line {first}");
    let links = links(&readme);
    for page in &pages()[1..] {
        assert!(links.contains(page), "README.md does not lead to {page}");
    }
}
