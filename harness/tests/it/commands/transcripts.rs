//! Each line of `harness check` holds for who keeps to it, and does not for who does not.

use std::time::Duration;

use harness::check::{Came, CheckFinding, CheckItem, Weight, check, transcripts};
use servers::MODELS;

use crate::commands::faulty;
use crate::common::home::{HARNESS, Home};
use crate::common::nobody;

/// As long as a reply may take where one is to come; where none is, a test waits so long.
const REPLY_TIMEOUT: Duration = Duration::from_secs(3);

fn findings(fault: Option<CheckItem>) -> Vec<CheckFinding> {
    check(faulty::start(fault), REPLY_TIMEOUT, |_| {})
}

fn broken(findings: &[CheckFinding]) -> Vec<CheckItem> {
    findings.iter().filter(|finding| finding.broken.is_some()).map(|finding| finding.transcript.item).collect()
}

#[test]
fn a_server_that_keeps_to_all_of_it_passes() {
    let findings = findings(None);
    assert_eq!(broken(&findings), [], "{findings:?}");
    assert_eq!(findings.len(), transcripts().len());
}

const ATTEMPTS: usize = 3;

#[test]
fn each_line_fails_for_a_server_that_does_otherwise() {
    std::thread::scope(|scope| {
        for transcript in transcripts() {
            scope.spawn(move || {
                let item = transcript.item;
                // A machine that is late by as much as a reply is early hides that once, and not again and again.
                let findings = (0..ATTEMPTS).map(|_| findings(Some(item))).find(|found| broken(found).contains(&item));
                let findings = findings.unwrap_or_else(|| panic!("{item:?} is not noticed"));
                let broken =
                    findings.into_iter().find_map(|of| of.broken.filter(|_| of.transcript.item == item)).unwrap();
                assert!(!broken.expected.is_empty() && !broken.sent.is_empty(), "{item:?}: {broken:?}");
            });
        }
    });
}

#[test]
fn what_came_is_told_apart() {
    let came = |fault: CheckItem| {
        let finding = findings(Some(fault)).into_iter().find(|finding| finding.transcript.item == fault).unwrap();
        finding.broken.unwrap().came
    };
    assert!(matches!(came(CheckItem::NotJson), Came::End(bytes) if bytes.is_empty()));
    assert!(matches!(came(CheckItem::Sleep), Came::TooSoon(_)));
    assert!(matches!(came(CheckItem::Reply), Came::Bytes(bytes) if bytes.ends_with(b"\n")));
    assert!(matches!(came(CheckItem::SideBySide), Came::Silence(bytes, _) if bytes.is_empty()));
}

#[test]
fn every_model_of_ours_passes() {
    let home = &Home::new();
    std::thread::scope(|scope| {
        for model in MODELS {
            scope.spawn(move || {
                let command = format!("{HARNESS} serve {} --listen {{address}}", model.name);
                let said = home.ended(&["check", "--server", &command, "--patience", "10s"]).with_code(0).stdout;
                let required = transcripts().iter().filter(|of| of.weight == Weight::Required).count();
                assert!(said.contains(&format!("{required} of {required} required hold")), "{said}");
                assert!(said.contains("it can take part in thread-or-task, latency-curve, memory"), "{said}");
            });
        }
    });
}

#[test]
fn a_server_that_does_not_pass_is_told_what_was_sent_and_what_came() {
    let home = Home::new();
    let address = faulty::start(Some(CheckItem::UnknownWork)).to_string();
    let said = home.ended(&["check", &address]).with_code(1).stdout;
    let (_, after) = said.split_once("does not  work that is not known").unwrap();
    let lines: Vec<&str> = after.lines().skip(1).take(3).map(str::trim).collect();
    assert!(lines[0].starts_with("sent      {\"RequestWork\":{\"request_message\":\"dance\""), "{lines:?}");
    assert_eq!(lines[1], "expected  Error with a reason");
    assert!(lines[2].starts_with("came      {\"WorkDone\":"), "{lines:?}");

    let verbose = home.ended(&["check", &address, "--verbose"]).stdout;
    assert!(verbose.lines().nth(4).unwrap().trim().starts_with("sent      {\"RequestWork\""), "{verbose}");
    home.ended(&["check", "192.0.2.1:80"]).refused("--allow-remote");
    home.ended(&["check"]).with_code(2);
    home.ended(&["check", "--server", "py=no-such-program"]).refused("takes a command without a name");
    let nobody = nobody().to_string();
    let refused = home.ended(&["check", &nobody]).with_code(1).telling("start it first");
    assert_eq!(refused.stdout, "");
}
