//! `docs/formats.md` names every format that a command can write, and every schema.

use std::fs;

use crate::common::home::{Ended, harness};
use crate::common::{root, source};
use crate::readme::markdown::links;

const PAGE: &str = "docs/formats.md";
/// What has no name of its own on the page, which says so: text for a terminal.
const FOR_PEOPLE: &str = "table";

fn help(arguments: &[&str]) -> String {
    Ended::of(harness(arguments).arg("-h")).stdout
}

/// The commands there are.
fn commands() -> Vec<String> {
    let help = help(&[]);
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let lines = list.lines().take_while(|line| !line.trim().is_empty()).filter(|line| !line.starts_with("   "));
    lines.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

/// The values of `--format`, as the command's help has them.
fn formats(command: &str) -> Vec<String> {
    let help = help(&[command]).split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((_, rest)) = help.split_once(" --format <FORMAT> ") else { return Vec::new() };
    let (_, values) = rest.split_once("[possible values: ").unwrap();
    let (values, _) = values.split_once(']').unwrap();
    values.split(", ").map(str::to_owned).collect()
}

#[test]
fn every_format_of_every_command_is_on_the_page() {
    let page = source(PAGE).replace(" RUN RUN", "").replace(" RUN", "");
    let mut looked_at = 0;
    for command in commands() {
        for format in formats(&command).iter().filter(|format| *format != FOR_PEOPLE) {
            let wanted = format!("`{command} --format {format}`");
            assert!(page.contains(&wanted), "{PAGE} has no {wanted}");
            looked_at += 1;
        }
    }
    assert!(looked_at > 20, "only {looked_at} formats were found in the help");
}

#[test]
fn every_schema_is_on_the_page() {
    let links = links(&source(PAGE));
    for entry in fs::read_dir(root().join("docs/schemas")).unwrap() {
        let name = entry.unwrap().file_name();
        let link = format!("schemas/{}", name.to_str().unwrap());
        assert!(links.contains(&link), "{PAGE} does not lead to {link}");
    }
}

#[test]
fn the_page_says_which_schema_records_keep_to() {
    let version = reports::record::SCHEMA_VERSION;
    assert!(source(PAGE).contains(&format!("Today's schema is {version}.")), "{PAGE} is of another schema");
}
