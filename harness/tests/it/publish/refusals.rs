//! What is not published, with the reason and the remedy.

use std::fs;

use crate::common::home::Ended;
use crate::publish::subject::Place;

/// Must end with this code and write nothing to stdout; what was said.
fn refused(home: &Place, arguments: &[&str], code: i32) -> String {
    let Ended { stdout, stderr, .. } = home.harness(arguments).with_code(code);
    assert_eq!(stdout, "", "{arguments:?}");
    stderr
}

#[test]
fn somebody_elses_folder_is_left_alone() {
    let home = Place::new();
    home.run_of("one", "2026-01-05");
    fs::create_dir(home.path("mine")).unwrap();
    fs::write(home.path("mine/thesis.txt"), "years of work").unwrap();
    let before = home.files("mine");
    let said = refused(&home, &["publish", "mine", "one"], 2);
    assert!(said.contains("mine is not empty") && said.contains("name a new or an empty folder"), "{said}");
    assert!(home.files("mine") == before);
}

#[test]
fn an_index_that_is_none_is_named() {
    let home = Place::new();
    home.run_of("one", "2026-01-05");
    fs::create_dir_all(home.path("odd/data")).unwrap();
    fs::write(home.path("odd/data/index.json"), "[1, 2, 3]").unwrap();
    let said = refused(&home, &["publish", "odd", "one"], 1);
    assert!(said.contains("odd/data/index.json") && said.contains("not of a site"), "{said}");
    fs::write(home.path("odd/data/index.json"), "{\"schema_version\": 99}").unwrap();
    let said = refused(&home, &["publish", "odd", "one"], 1);
    assert!(said.contains("publish with the newer program"), "{said}");
    assert_eq!(home.files("odd").len(), 1);
}

#[test]
fn one_run_that_is_refused_leaves_the_site_as_it_is() {
    let home = Place::new();
    home.run_of("one", "2026-01-05");
    home.run_of("two", "2026-01-09");
    home.run("going-on", &[("\"ending\":\"completed\"", "\"ending\":\"running\"")]);
    home.run("undated", &[("2026-01-02T03:04:05Z", "once upon a time")]);
    home.done(&["publish", "site", "one"]);
    let before = home.files("site");
    for (run, words) in
        [("going-on", "has not ended"), ("undated", "does not say on which day"), ("nothing-here", "holds no run")]
    {
        let said = refused(&home, &["publish", "site", "two", run], 2);
        assert!(said.contains(run) && said.contains(words), "{said}");
        assert!(home.files("site") == before, "{run}");
    }
    refused(&home, &["publish", "new", "going-on"], 2);
    assert!(!home.path("new").exists(), "no site for nothing");
}

#[test]
fn a_run_under_another_name_is_named() {
    let home = Place::new();
    home.run_of("one", "2026-01-05");
    home.done(&["publish", "site", "one"]);
    let folder = fs::read_dir(home.path("site/runs")).unwrap().next().unwrap().unwrap().path();
    fs::rename(&folder, folder.with_file_name("2026-01-05-00000000")).unwrap();
    let said = refused(&home, &["publish", "site"], 1);
    assert!(said.contains("2026-01-05-00000000/entry.json") && said.contains("keep its name"), "{said}");
}

#[test]
fn an_address_must_be_one_of_the_web() {
    let home = Place::new();
    for odd in ["example.org", "ftp://example.org", "https://example.org/\"><script>", "https://a b"] {
        let said = refused(&home, &["publish", "site", "--url", odd], 2);
        assert!(said.contains("https://example.org/benchmarks"), "{said}");
    }
    assert!(!home.path("site").exists());
}
