//! `harness report --slides`: a file of slides beside the records, or where it is asked for.

use std::fs;

use crate::publish::subject::Place;

#[test]
fn slides_go_beside_the_records_or_where_they_are_asked_for() {
    let home = Place::new();
    home.run("one", &[]);
    assert_eq!(home.done(&["report", "one", "--slides"]), "slides: one/slides.html\n");
    assert!(!home.path("one/report.html").exists(), "slides are asked for, and no report");
    home.done(&["report", "one", "--slides", "--out", "talk.html"]);
    let [beside, asked_for] = ["one/slides.html", "talk.html"].map(|name| fs::read_to_string(home.path(name)).unwrap());
    assert!(beside == asked_for && beside.starts_with("<!doctype html>"));
    home.done(&["report", "one", "--slides", "--figures", "all", "--out", "all.html"]);
    assert!(fs::read_to_string(home.path("all.html")).unwrap().contains("Run it yourself"));
    home.run("two", &[]);
    let both = home.done(&["report", "one", "two", "--slides"]);
    assert_eq!(both, "slides: one/slides.html\nslides: two/slides.html\n");
}

#[test]
fn what_has_no_slides_is_refused_and_changes_nothing() {
    let home = Place::new();
    home.run("one", &[]);
    home.run("two", &[]);
    fs::create_dir(home.path("folder")).unwrap();
    let cases: [(&[&str], &str); 9] = [
        (&["report", "one", "two", "--slides", "--out", "talk.html"], "--out names one file, and there are 2 runs"),
        (&["report", "one", "--slides", "--out", "folder"], "--out folder is a folder; name a file in it"),
        (&["report", "one", "nothing-here", "--slides"], "holds no run"),
        (&["report", "one", "--out", "talk.html"], "--slides"),
        (&["report", "one", "--slides", "--format", "md"], "cannot be used with"),
        (&["report", "--slides"], "required"),
        (
            &["report", "one", "--slides", "--figures", "nonsense"],
            "no figure of this run is called nonsense; its figures: ",
        ),
        (&["report", "one", "--slides", "--models", "nobody"], "nobody took no part in this run; its contenders: "),
        (&["report", "one", "--figures", "all"], "--slides"),
    ];
    for (arguments, words) in cases {
        assert_eq!(home.harness(arguments).refused(words).stdout, "", "{arguments:?}");
    }
    assert!(!home.path("talk.html").exists() && !home.path("one/slides.html").exists());
    let said = home.harness(&["report", "one", "--slides", "--out", "nowhere/talk.html"]);
    assert_eq!(said.code, Some(1), "a folder that is not there");
}
