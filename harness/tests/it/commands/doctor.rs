//! `harness doctor` on the machine that runs the test, which may be busy: its code follows from what it says.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::home::Home;

/// What it says in JSON, and that its exit code agrees.
fn said(home: &Home) -> Value {
    let ended = home.ended(&["doctor", "--format", "json", "--runs", "runs"]);
    let said = ended.json();
    let rows = said["rows"].as_array().unwrap();
    let spoils = rows.iter().any(|row| row["state"] == "spoils");
    let (code, verdict) = if spoils { (3, "unfit") } else { (0, "fit") };
    assert_eq!((ended.code, said["verdict"].as_str()), (Some(code), Some(verdict)), "{said:#}");
    for row in rows.iter().filter(|row| row["state"] == "spoils" || row["state"] == "worth-knowing") {
        assert!(!row["effect"].as_str().unwrap().is_empty() && !row["remedy"].as_str().unwrap().is_empty(), "{row:#}");
    }
    said
}

fn row<'s>(said: &'s Value, name: &str) -> &'s Value {
    let found = said["rows"].as_array().unwrap().iter().find(|row| row["name"] == name);
    found.unwrap_or_else(|| panic!("no {name:?} in {said:#}"))
}

#[test]
fn limits_and_noise_are_told_with_their_remedies() {
    let home = Home::new();
    let said = said(&home);
    for name in [
        "other programs",
        "waking on time",
        "CPU quota",
        "free memory",
        "CPU governor",
        "CPUs sleep",
        "memory on disk (swap)",
    ] {
        assert!(!row(&said, name)["value"].as_str().unwrap().is_empty());
    }
    assert_eq!(
        (&row(&said, "another benchmark")["state"], &row(&said, "files that were cut off")["state"]),
        (&"fine".into(), &"fine".into())
    );
}

#[test]
fn what_was_left_behind_is_named_and_stays() {
    let home = Home::new();
    let cut_off = home.join("runs/a/cells/.tmpAbCdEf");
    fs::create_dir_all(cut_off.parent().unwrap()).unwrap();
    fs::write(&cut_off, "{").unwrap();
    // A guard whose server is long gone: no process can have this number.
    fs::write(home.join("guard"), "read line\n").unwrap();
    let mut orphan =
        Command::new("sh").args(["guard", "4194305"]).current_dir(home.path()).stdin(Stdio::piped()).spawn().unwrap();
    let said = said(&home);
    let files = row(&said, "files that were cut off");
    assert_eq!(files["state"], "worth-knowing");
    assert!(files["value"].as_str().unwrap().contains(".tmpAbCdEf"), "{files:#}");
    let servers = row(&said, "servers without a harness");
    assert!(servers["remedy"].as_str().unwrap().contains(&orphan.id().to_string()), "{servers:#}");
    assert!(cut_off.exists() && orphan.try_wait().unwrap().is_none(), "it only says so");
    drop(orphan.stdin.take());
    orphan.wait().unwrap();
}

#[test]
fn beside_another_benchmark_the_machine_is_not_fit() {
    let home = Home::new();
    let lock = fs::File::create(home.join("lock")).unwrap();
    lock.lock().unwrap();
    let said = said(&home);
    let other = row(&said, "another benchmark");
    assert_eq!((&other["state"], &said["verdict"]), (&"spoils".into(), &"unfit".into()));
    assert!(other["remedy"].as_str().unwrap().contains(&format!("process {} of ", std::process::id())), "{other:#}");
}
