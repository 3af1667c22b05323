//! What is not measured, and why: each with the remedy, and before anything is built.

use std::fs;

use crate::gate::subject::{Repository, ended};

#[test]
fn what_makes_no_pair_is_refused_with_the_remedy() {
    let repository = Repository::new();
    repository.branch("next", "README", "Another text.");
    let server = ["--server", "./server {address}"];
    let refused = [
        (&["--head", "next"][..], "--base is missing"),
        (&["--base", "main"], "--server is missing"),
        (&["--base"], "--base has no value"),
        (&["--bass", "main"], "there is no option --bass"),
        (&["--base-command", "./server {address}"], "belong together"),
        (&["--base-command", "a", "--head-command", "b", "--base", "main"], "take the place of"),
    ];
    for (arguments, reason) in refused {
        let (code, said) = ended(repository.gate(arguments));
        assert!(code == Some(2) && said.contains(reason) && said.contains("--help"), "{arguments:?}: {code:?} {said}");
    }
    let of_revisions = [
        (["--base", "nowhere", "--head", "next"], "there is no commit nowhere here"),
        (["--base", "main", "--head", "nowhere"], "there is no commit nowhere here"),
        (["--base", "next", "--head", "main"], "main is a part of next"),
        (["--base", "main", "--comment", "7"], "--comment needs GITHUB_REPOSITORY"),
    ];
    for (revisions, reason) in of_revisions {
        let mut command = repository.gate(&revisions);
        command.args(server);
        let (code, said) = ended(command);
        assert!(code == Some(2) && said.contains(reason), "{revisions:?}: {code:?} {said}");
    }
    repository.git(&["checkout", "--quiet", "--orphan", "stranger"]);
    repository.commit("Nothing in common");
    let mut command = repository.gate(&["--base", "main"]);
    command.args(server);
    let (code, said) = ended(command);
    assert!(code == Some(2) && said.contains("have no commit in common") && said.contains("fetch-depth: 0"), "{said}");
    repository.assert_clean();
}

#[test]
fn results_that_are_there_stay() {
    let repository = Repository::new();
    repository.branch("next", "README", "Another text.");
    fs::create_dir(repository.out()).unwrap();
    fs::write(repository.out().join("mine"), "kept").unwrap();
    let (code, said) = ended(repository.gate_on("next"));
    assert!(code == Some(2) && said.contains("is there already") && said.contains("--out"), "{said}");
    assert_eq!(repository.result("mine"), "kept");
    repository.assert_clean();
}

#[test]
fn a_harness_that_is_not_there_is_named() {
    let repository = Repository::new();
    repository.branch("next", "README", "Another text.");
    let mut command = repository.gate_on("next");
    command.env("HARNESS", "/nowhere/harness");
    let (code, said) = ended(command);
    assert!(code == Some(2) && said.contains("there is no program /nowhere/harness"), "{said}");
    repository.assert_clean();
}
