//! A folder with runs and a site in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::copy_run;
use crate::common::home::{Ended, Home};

/// Files by their path from the site's folder.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Where everything of one test lies.
pub(crate) struct Place {
    home: Home,
}

impl Place {
    pub(crate) fn new() -> Place {
        Place { home: Home::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// The saved run of schema 1 under this name, its manifest changed here and there.
    pub(crate) fn run(&self, name: &str, changes: &[(&str, &str)]) {
        let run = self.path(name);
        copy_run("reports/tests/fixtures/schema-1", &run);
        let mut manifest = fs::read_to_string(run.join("manifest.json")).unwrap();
        for (from, to) in changes {
            assert!(manifest.contains(from), "the fixture has no {from}");
            manifest = manifest.replace(from, to);
        }
        fs::write(run.join("manifest.json"), manifest).unwrap();
    }

    /// The saved run as made on another day.
    pub(crate) fn run_of(&self, name: &str, day: &str) {
        self.run(name, &[("2026-01-02T", &format!("{day}T"))]);
    }

    /// The program with these arguments, run to its end in this folder.
    pub(crate) fn harness(&self, arguments: &[&str]) -> Ended {
        self.home.ended(arguments)
    }

    /// As [`Place::harness`], to a good end; what it wrote to stdout.
    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        self.harness(arguments).with_code(0).stdout
    }

    /// All files under a folder.
    pub(crate) fn files(&self, folder: &str) -> Files {
        let mut files = Files::new();
        collect(&self.path(folder), "", &mut files);
        files
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{name}/"), files);
        } else {
            files.insert(name, fs::read(entry.path()).unwrap());
        }
    }
}

/// Where a link on a page leads, from the site's folder; the page itself where it leads to a place on it.
pub(crate) fn target(page: &str, link: &str) -> String {
    let path = link.split('#').next().unwrap();
    if path.is_empty() {
        return page.to_owned();
    }
    let mut steps: Vec<&str> = page.split('/').collect();
    steps.pop();
    for step in path.split('/') {
        match step {
            ".." => {
                steps.pop().unwrap_or_else(|| panic!("{link} on {page} leads out of the site"));
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// The links of a page, with those of its picture.
pub(crate) fn links(page: &str) -> Vec<String> {
    // The records inside a report are data; they may say anything.
    let page = page.split("<script type=\"application/json\"").next().unwrap().to_owned()
        + page.split_once("</script>").map_or("", |(_, rest)| rest);
    let marked = |mark: &str| -> Vec<String> {
        page.split(mark).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let all = [marked("href=\""), marked("src=\""), marked("property=\"og:image\" content=\"")].concat();
    all.into_iter().filter(|link| !link.starts_with("data:")).collect()
}
