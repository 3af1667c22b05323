//! A site that grows.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::publish::subject::{Files, Place, links, target};

/// The addresses of the runs on a site.
fn addresses(files: &Files) -> Vec<String> {
    let entries = files.keys().filter_map(|name| name.strip_prefix("runs/")?.strip_suffix("/entry.json"));
    entries.map(str::to_owned).collect()
}

fn text<'a>(files: &'a Files, name: &str) -> &'a str {
    std::str::from_utf8(&files[name]).unwrap()
}

#[test]
fn a_second_run_joins_and_the_first_stays_as_it_is() {
    let home = Place::new();
    home.run_of("one", "2026-01-05");
    home.run_of("two", "2026-01-09");
    assert_eq!(home.done(&["publish", "site", "one"]), "site: site/index.html, 1 run\n");
    let before = home.files("site");
    let [first] = addresses(&before).try_into().unwrap();
    assert!(first.starts_with("2026-01-05-"), "{first}");
    assert_eq!(home.done(&["publish", "site", "two", "one"]), "site: site/index.html, 2 runs\n");
    let after = home.files("site");
    assert_eq!(addresses(&after).len(), 2);
    for (name, bytes) in before.iter().filter(|(name, _)| name.starts_with("runs/")) {
        assert!(after[name] == *bytes, "{name} has changed");
    }
    for page in ["index.html", "data/index.json", "latest/index.html"] {
        assert!(after[page] != before[page], "{page} knows nothing of the second run");
    }
    let index: Value = serde_json::from_slice(&after["data/index.json"]).unwrap();
    assert_eq!(index["runs"][1]["address"], first.as_str(), "the newest first");
    assert!(text(&after, "index.html").contains("id=\"trend-"), "two runs of one machine are a trend");
}

#[test]
fn publishing_again_changes_nothing() {
    let home = Place::new();
    home.run_of("one", "2026-01-05");
    home.run_of("two", "2026-01-09");
    home.done(&["publish", "site", "two", "one"]);
    let before = home.files("site");
    home.done(&["publish", "site", "one", "two"]);
    home.done(&["publish", "site"]);
    assert!(home.files("site") == before);
}

#[test]
fn the_newest_is_latest_whatever_came_last() {
    let home = Place::new();
    home.run_of("one", "2026-01-05");
    home.run_of("two", "2026-01-09");
    home.done(&["publish", "site", "two"]);
    home.done(&["publish", "site", "one"]);
    let files = home.files("site");
    let newest = addresses(&files).into_iter().max().unwrap();
    for name in ["records.tar.gz", "preview.png", "entry.json"] {
        assert!(files[&format!("latest/{name}")] == files[&format!("runs/{newest}/{name}")], "{name}");
    }
    assert!(text(&files, "latest/index.html").contains(&format!("href=\"../runs/{newest}/index.html\"")));
}

#[test]
fn every_link_of_every_page_leads_to_a_file_or_a_place_on_it() {
    let home = Place::new();
    home.run_of("one", "2026-01-05");
    home.run_of("two", "2026-01-09");
    home.done(&["publish", "below/a/site", "one", "two"]);
    let files = home.files("below/a/site");
    let mut followed = 0;
    for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".html")) {
        let page = std::str::from_utf8(bytes).unwrap();
        for link in links(page) {
            assert!(!link.contains("://") && !link.starts_with('/'), "{link} on {name} is not relative");
            let leads_to = target(name, &link);
            assert!(files.contains_key(&leads_to), "{link} on {name} leads to {leads_to}, which is not there");
            if let Some((_, place)) = link.split_once('#') {
                let there = text(&files, &leads_to);
                assert!(there.contains(&format!("id=\"{place}\"")), "{link} on {name}: no such place");
            }
            followed += 1;
        }
    }
    assert!(followed > 60, "only {followed} links were found");
}

#[test]
fn downloaded_records_are_a_run_again() {
    let home = Place::new();
    home.run_of("one", "2026-01-05");
    home.done(&["publish", "site", "one"]);
    let unpacked = home.path("unpacked");
    fs::create_dir(&unpacked).unwrap();
    let archive = home.path("site/latest/records.tar.gz");
    assert!(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(&unpacked).status().unwrap().success());
    let folder = fs::read_dir(&unpacked).unwrap().next().unwrap().unwrap().path();
    assert!(fs::read(folder.join("manifest.json")).unwrap() == fs::read(home.path("one/manifest.json")).unwrap());
    home.done(&["report", folder.to_str().unwrap()]);
    home.done(&["report", "one"]);
    assert!(fs::read(folder.join("report.html")).unwrap() == fs::read(home.path("one/report.html")).unwrap());
    home.done(&["publish", "site", folder.to_str().unwrap()]);
    assert_eq!(addresses(&home.files("site")).len(), 1, "it is the same run");
}

#[test]
fn what_a_killed_program_left_is_completed() {
    let home = Place::new();
    home.run_of("one", "2026-01-05");
    home.run_of("two", "2026-01-09");
    home.done(&["publish", "site", "one", "two"]);
    let whole = home.files("site");
    // As if it had been killed while a third run was written, and before the index was.
    fs::create_dir(home.path("site/runs/.new-a1b2c3")).unwrap();
    fs::write(home.path("site/data/.tmpQ8x1Zb"), "{\"schema_ver").unwrap();
    fs::remove_file(home.path("site/index.html")).unwrap();
    fs::remove_dir_all(home.path("site/latest")).unwrap();
    fs::write(home.path("site/data/index.json"), "{\"schema_version\": 1, \"runs\": []}").unwrap();
    assert_eq!(home.done(&["publish", "site"]), "site: site/index.html, 2 runs\n");
    assert!(home.files("site") == whole);
}

#[test]
fn where_a_site_is_to_be_stands_in_its_picture_alone() {
    let home = Place::new();
    home.run_of("one", "2026-01-05");
    home.done(&["publish", "site", "one", "--url", "https://example.org/bench/"]);
    let files = home.files("site");
    let page = text(&files, "latest/index.html");
    let [address] = addresses(&files).try_into().unwrap();
    let own = format!("https://example.org/bench/runs/{address}/");
    assert!(page.contains(&format!("<meta property=\"og:image\" content=\"{own}preview.png\">")));
    assert_eq!(page.split("<script").next().unwrap().matches("example.org").count(), 2, "the picture and the page");
}

/// The files under a folder of a site.
fn under<'a>(files: &'a Files, folder: &str) -> Vec<&'a str> {
    files.keys().filter(|name| name.starts_with(folder)).map(String::as_str).collect()
}

#[test]
fn neighbours_are_compared_once_and_forgotten_with_their_run() {
    let home = Place::new();
    for (name, day) in [("one", "2026-01-05"), ("two", "2026-01-09"), ("three", "2026-01-12")] {
        home.run_of(name, day);
    }
    home.done(&["publish", "site", "one"]);
    assert_eq!(under(&home.files("site"), "compared/"), Vec::<&str>::new(), "one run has no neighbour");
    home.done(&["publish", "site", "two"]);
    let two = home.files("site");
    let [record, page] = under(&two, "compared/").try_into().unwrap();
    assert!(page.starts_with("compared/2026-01-05-") && page.ends_with("/index.html"), "{page}");
    assert!(text(&two, "index.html").contains(&format!("href=\"{page}\"")));
    let record: Value = serde_json::from_slice(&two[record]).unwrap();
    assert!(record["said"].as_str().unwrap().contains("figures compared"), "{record}");
    home.done(&["publish", "site", "three"]);
    let three = home.files("site");
    assert_eq!(under(&three, "compared/").len(), 4);
    assert!(three[page] == two[page], "what is there is not made again");
    // Of the run in the middle nothing is left, and its neighbours are compared with each other.
    let gone = addresses(&three).into_iter().find(|address| address.starts_with("2026-01-09-")).unwrap();
    fs::remove_dir_all(home.path("site/runs").join(&gone)).unwrap();
    home.done(&["publish", "site"]);
    let after = home.files("site");
    let compared = under(&after, "compared/2026-01-05-");
    assert_eq!((compared.len(), under(&after, "compared/").len()), (2, 2), "{compared:?}");
    assert!(compared[0].contains("-to-2026-01-12-"), "{compared:?}");
    for (name, _) in after.iter().filter(|(name, _)| name.ends_with(".html")) {
        assert!(
            !text(&after, name).contains(&format!("href=\"../../runs/{gone}")),
            "{name} leads to a run that is gone"
        );
        assert!(!text(&after, name).contains(&format!("href=\"runs/{gone}")), "{name}");
    }
    // Nor of all of them.
    fs::remove_dir_all(home.path("site/runs")).unwrap();
    assert_eq!(home.done(&["publish", "site"]), "site: site/index.html, 0 runs\n");
    let empty = home.files("site");
    assert_eq!(empty.keys().collect::<Vec<_>>(), ["data/index.json", "index.html"]);
}

#[test]
fn a_run_whose_records_are_gone_is_listed_and_compared_with_nothing() {
    let home = Place::new();
    home.run_of("one", "2026-01-05");
    home.run_of("two", "2026-01-09");
    home.done(&["publish", "site", "one"]);
    let [first] = addresses(&home.files("site")).try_into().unwrap();
    let records = home.path("site/runs").join(&first).join("records.tar.gz");
    for (damage, words) in [(Some(&b"no archive"[..]), "it is damaged"), (None, "cannot read")] {
        match damage {
            Some(bytes) => fs::write(&records, bytes).unwrap(),
            None => fs::remove_file(&records).unwrap(),
        }
        let output = home.harness(&["publish", "site", "two"]);
        let said = &output.stderr;
        assert!(output.code == Some(0) && said.contains(words) && said.contains(&first), "{said}");
        let files = home.files("site");
        assert_eq!((addresses(&files).len(), under(&files, "compared/").len()), (2, 0));
        assert!(!text(&files, "index.html").contains("compared/"));
    }
}

#[test]
fn a_site_remembers_where_it_is_and_every_address_in_its_feed_leads_to_a_file() {
    let home = Place::new();
    home.run_of("one", "2026-01-05");
    home.run_of("two", "2026-01-09");
    home.done(&["publish", "site", "one"]);
    assert!(!home.path("site/feed.xml").exists(), "nobody said where it is");
    home.done(&["publish", "site", "--url", "https://example.org/bench/"]);
    home.done(&["publish", "site", "two"]);
    let files = home.files("site");
    let feed = text(&files, "feed.xml");
    let leads: Vec<&str> = feed.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(leads.len(), 5, "itself, the index, two runs, a comparison: {leads:?}");
    for lead in leads {
        let file = lead.strip_prefix("https://example.org/bench/").unwrap_or_else(|| panic!("{lead}"));
        assert!(files.contains_key(file), "{file}");
    }
    let page = text(&files, "latest/index.html");
    assert!(page.contains("content=\"https://example.org/bench/runs/2026-01-09-"), "the second run knows it too");
    home.done(&["publish", "site"]);
    assert!(home.files("site") == files);
}
