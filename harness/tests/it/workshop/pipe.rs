//! A lesson in a terminal, or rather without one: answers come from a pipe or from options.

use std::io::Write;
use std::process::{Command, Stdio};

use reports::record::Confidence;
use serde_json::{Value, json};

use crate::common::home::{Ended, Home};
use crate::common::started::{Started, servers_of};

/// The command, with this on its standard input.
fn piped(mut command: Command, input: &str) -> (Ended, u32) {
    let mut child = Started::of(command.stdin(Stdio::piped()));
    // It may have ended without reading all of it.
    let _ = child.stdin().write_all(input.as_bytes());
    let pid = child.pid();
    (child.ended(), pid)
}

/// The smallest lesson, which takes some seconds.
const SMALL: [&str; 5] = ["lesson", "who-waits", "--set", "connections=24", "--out"];

#[test]
fn a_lesson_is_asked_run_revealed_and_kept() {
    let home = Home::new();
    let out = home.out();
    let command = home.command(&[&SMALL[..], &[out.to_str().unwrap()]].concat());
    let (ended, pid) = piped(command, "Z\nb\nsure\nhigh\n");
    let (said, told) = (ended.stdout, ended.stderr);
    assert!([Some(0), Some(4)].contains(&ended.code), "{told}");
    for part in ["Who waits for what", "24 clients", "  A  Fewer than ten.", "You said:  B. About half"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.contains("Measured:  The tokio server had at most ") && said.contains("report: "), "{said}");
    assert!(
        told.contains("\"Z\" is not one of the answers") && told.contains("sure is not low, middle or high"),
        "{told}"
    );
    let run = home.run();
    let [prediction] = &run.predictions[..] else { panic!("{:?}", run.predictions) };
    assert_eq!((prediction.chosen, prediction.confidence), (1, Confidence::High));
    assert_eq!(prediction.settings, [("connections".to_owned(), 24)]);
    let result = prediction.result.as_ref().unwrap();
    assert_eq!(result.right.is_some(), ended.code == Some(0), "{result:?}");
    assert_eq!(result.right.is_none(), result.undecided.is_some(), "{result:?}");
    assert_eq!(run.timelines.len(), 2, "who ran what is traced for both");
    assert_eq!(servers_of(pid), Vec::<u32>::new());

    let (report, _) = piped(home.command(&["report", out.to_str().unwrap(), "--format", "table"]), "");
    assert!(report.stdout.contains("Expected: B. About half"), "{}", report.stdout);
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("<section id=\"predicted\">") && page.contains("B. About half"));
    let (again, _) = piped(home.command(&["lesson", "who-waits", "--replay", out.to_str().unwrap()]), "a\nlow\n");
    assert_eq!(again.code, ended.code, "the same records say the same");
    assert!(again.stdout.contains("24 clients"), "{}", again.stdout);
    let (other, _) = piped(home.command(&["lesson", "many-cores", "--replay", out.to_str().unwrap()]), "");
    assert!(other.code == Some(2) && other.stderr.contains("not a run of the lesson many-cores"));
}

#[test]
fn what_makes_no_sense_is_a_mistake_of_whoever_typed_it() {
    let home = Home::new();
    let refused = |arguments: &[&str], input: &str, why: &str| {
        let (ended, _) = piped(home.command(arguments), input);
        ended.refused(why);
        assert!(!home.out().exists());
    };
    refused(&["lesson", "nope"], "", "no lesson is called \"nope\"; lessons: connection-cost, ");
    refused(&["lesson", "who-waits", "--answer", "D"], "", "type a letter from A to C");
    refused(&["lesson", "who-waits", "--set", "connections=5"], "", "connections can be 24 to 200 here, not 5");
    refused(&["lesson", "who-waits", "--set", "workers=5"], "", "no workers to set; it has: connections");
    refused(&["lesson", "who-waits"], "a\n", "the input ended before there was an answer");
    refused(&["workshop", "--lesson", "nope"], "", "no lesson is called");
    refused(&["workshop", "--replay", "."], "", "no run of a lesson in it");
}

#[test]
fn the_list_is_a_line_for_each_lesson() {
    let home = Home::new();
    let (ended, _) = piped(home.command(&["lesson"]), "");
    let said = &ended.stdout;
    let lessons: Vec<Value> =
        said.lines().filter_map(|line| line.split_once("  ")).map(|(name, _)| json!(name)).collect();
    assert!(lessons.len() >= 12 && lessons[0] == json!("connection-cost"), "{said}");
}
