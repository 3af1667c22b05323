//! The archive unpacked into an empty place, with nothing of the repository or of this machine's settings at hand.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::home::Home;
use crate::common::started::Killed;
use crate::common::{has, text};
use crate::release::installed;
use crate::skipped::skipped;

#[test]
fn it_says_its_version_and_puts_load_on_its_own_server() {
    let home = Home::new();
    let said = installed().harness(&home, &["--version"]);
    assert_eq!(said.stdout, format!("harness {}\n", env!("CARGO_PKG_VERSION")));
    let program = installed().file("harness");
    let mut server = installed().command(program.to_str().unwrap(), &home);
    server.args(["serve", "async-single", "--listen", "127.0.0.1:0"]);
    let (_server, _said, line) = Killed::saying(server.stdin(Stdio::piped()));
    let ready: Value = serde_json::from_str(&line).unwrap();
    let address = ready["address"].as_str().unwrap();
    let load = ["load", address, "--duration", "200ms", "--warm-up", "50ms", "--format", "csv"];
    let csv = installed().harness(&home, &load).measured().stdout;
    assert_eq!(csv.lines().count(), 2, "{csv}");
}

#[test]
#[ignore = "it measures for half a minute"]
fn it_compares_and_writes_a_report() {
    let home = Home::new();
    installed().harness(&home, &["compare", "--preset", "smoke", "--out", "run"]).measured();
    assert!(fs::metadata(home.join("run/report.html")).unwrap().len() > 100_000);
}

#[test]
fn completions_complete_in_bash() {
    if !has("bash", "--version") {
        return;
    }
    let home = Home::new();
    let script = r#"source "$COMPLETIONS" || exit 1
        COMP_WORDS=(harness compare --models rayon) COMP_CWORD=3 COMP_LINE="harness compare --models rayon"
        COMP_POINT=${#COMP_LINE}
        named=$(complete -p harness); named=${named#*-F }; named=${named%% *}
        "$named" harness rayon --models
        printf '%s\n' "${COMPREPLY[@]}""#;
    let mut bash = installed().command("bash", &home);
    bash.args(["--norc", "--noprofile", "-c", script]).env("COMPLETIONS", installed().file("completions/harness.bash"));
    let output = bash.output().unwrap();
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("rayon-pool\n", ""));
}

#[test]
fn manual_pages_are_found_and_read() {
    if !has("man", "--version") {
        return;
    }
    let home = Home::new();
    let mut man = installed().command("man", &home);
    man.arg("harness-load").env("MANPATH", installed().file("man")).env("MANPAGER", "cat").env("LC_ALL", "C.UTF-8");
    let output = man.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    // What is bold is written over itself.
    let page = String::from_utf8_lossy(&output.stdout).replace('\u{8}', "");
    assert!(page.contains("Put load on any server"), "{page}");
}

/// The libraries that the program is linked to, as the loader says.
fn libraries(program: &Path) -> Vec<String> {
    let output = Command::new("ldd").arg(program).output().unwrap();
    let words = text(&output.stdout).split_whitespace().filter(|word| word.starts_with('/'));
    words.map(str::to_owned).collect()
}

/// A root with the program and the C library, and nothing else: no shell, no settings, not even a time zone.
#[test]
fn it_runs_where_there_is_nothing_but_the_c_library() {
    let root = tempfile::tempdir().unwrap();
    let program = installed().file("harness");
    for library in libraries(&program) {
        let place = root.path().join(library.trim_start_matches('/'));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(&library, place).unwrap();
    }
    fs::copy(&program, root.path().join("harness")).unwrap();
    symlink("/harness", root.path().join("h")).unwrap();
    let enter = |arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.arg("--map-root-user").arg(format!("--root={}", root.path().display())).args(arguments);
        command.env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin").stdin(Stdio::null()).output()
    };
    let said = match enter(&["/harness", "--version"]) {
        Ok(output) if output.status.success() => output,
        refused => {
            return skipped(format_args!("no namespace can be made here: {refused:?}"));
        }
    };
    assert_eq!(text(&said.stdout), format!("harness {}\n", env!("CARGO_PKG_VERSION")));
    let list = enter(&["/h", "list"]).unwrap();
    assert!(list.status.success() && text(&list.stdout).contains("async-multi"), "{}", text(&list.stderr));
}
