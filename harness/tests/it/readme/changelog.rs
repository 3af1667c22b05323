//! The changelog follows the versions: what is being made stands under Unreleased, and each version has its day.

use std::process::Command;

use crate::common::{root, source};

/// The headings of versions in order, without their brackets: `Unreleased`, `0.1.0] - 2026-12-01`.
fn versions() -> Vec<String> {
    let changelog = source("CHANGELOG.md");
    changelog.lines().filter_map(|line| line.strip_prefix("## [")).map(str::to_owned).collect()
}

fn of_program() -> String {
    let manifest = source("Cargo.toml");
    manifest.lines().find_map(|line| line.strip_prefix("version = ")).unwrap().trim_matches('"').to_owned()
}

#[test]
fn what_is_being_made_comes_first_and_each_version_has_its_day() {
    let versions = versions();
    assert_eq!(versions.first().map(String::as_str), Some("Unreleased]"));
    for version in &versions[1..] {
        let (number, day) = version.split_once("] - ").unwrap_or_else(|| panic!("## [{version} has no day"));
        let is_number = number.split('.').count() == 3 && number.split('.').all(|part| part.parse::<u32>().is_ok());
        assert!(is_number && humantime::parse_rfc3339(&format!("{day}T00:00:00Z")).is_ok(), "## [{version}");
    }
    let days: Vec<&str> = versions[1..].iter().filter_map(|version| Some(version.split_once("] - ")?.1)).collect();
    assert!(days.is_sorted_by(|later, earlier| later >= earlier), "the last comes first: {days:?}");
}

/// A tag is a version that went out: the program is of that one, with its section, or on the way to the next.
#[test]
fn every_version_that_went_out_has_a_section() {
    let listed = Command::new("git").args(["tag", "--list", "v*"]).current_dir(root()).output().unwrap();
    let tags = String::from_utf8(listed.stdout).unwrap();
    let of_tags = tags.lines().map(|tag| tag.trim_start_matches('v').to_owned());
    let has_section = |version: &str| versions().iter().any(|heading| heading.starts_with(&format!("{version}]")));
    let lost: Vec<String> = of_tags.filter(|version| !has_section(version)).collect();
    assert!(lost.is_empty(), "CHANGELOG.md has no section of {lost:?}");
    // Before its tag a version stands under Unreleased.
    let latest = versions().get(1).and_then(|heading| Some(heading.split_once(']')?.0.to_owned()));
    let numbers = |version: &str| version.split('.').map(|part| part.parse().unwrap()).collect::<Vec<u32>>();
    let is_ahead = latest.as_deref().is_none_or(|latest| numbers(&of_program()) >= numbers(latest));
    assert!(is_ahead, "Cargo.toml is of {}, and CHANGELOG.md has {latest:?} already", of_program());
}

/// The kinds of change are those of Keep a Changelog, and one of our own: what holds when something goes wrong.
#[test]
fn changes_are_of_the_usual_kinds() {
    let kinds = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Reliability"];
    let changelog = source("CHANGELOG.md");
    let headings: Vec<&str> = changelog.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let others: Vec<&&str> = headings.iter().filter(|heading| !kinds.contains(heading)).collect();
    assert!(!headings.is_empty() && others.is_empty(), "{others:?}");
}
