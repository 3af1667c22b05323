//! At home on the shell: completions in real shells, manual pages, settings from files and variables, mistakes and colours.

use std::fs;
use std::process::Command;

use crate::common::has;
use crate::common::home::{Ended, HARNESS, Home};

/// The harness with these arguments and variables.
fn run(home: &Home, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    Ended::of(home.command(arguments).envs(variables.iter().copied()))
}

/// What bash offers behind a line.
fn offered_by_bash(line: &str) -> Vec<String> {
    // As readline does it: the words of the line, the last of which is to be completed, and the function that was named for
    // the command.
    let script = format!(
        r#"source <("$HARNESS" completions bash) || exit 1
           read -ra COMP_WORDS <<<'{line}'
           [[ '{line}' == *' ' ]] && COMP_WORDS+=('')
           COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )) COMP_LINE='{line}' COMP_POINT={length}
           named=$(complete -p harness); named=${{named#*-F }}; named=${{named%% *}}
           "$named" harness "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
           printf '%s\n' "${{COMPREPLY[@]}}""#,
        length = line.len()
    );
    let shell = Ended::of(Command::new("bash").args(["--norc", "--noprofile", "-c", &script]).env("HARNESS", HARNESS));
    let Ended { stdout, stderr, .. } = shell.with_code(0);
    assert!(stderr.is_empty(), "{line}: {stderr}");
    stdout.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_names() {
    if !has("bash", "--version") {
        return;
    }
    assert_eq!(offered_by_bash("harness comp"), ["compare", "completions"]);
    assert_eq!(offered_by_bash("harness compare --pre"), ["--preset"]);
    assert_eq!(offered_by_bash("harness compare --preset "), ["smoke", "quick", "full"]);
    assert_eq!(offered_by_bash("harness compare --models rayon"), ["rayon-pool"]);
    assert_eq!(offered_by_bash("harness compare --experiments blocking-s"), ["blocking-sleep"]);
    assert_eq!(offered_by_bash("harness workshop --lesson connection"), ["connection-cost"]);
    assert_eq!(offered_by_bash("harness beco"), [""], "nobody types that");
}

#[test]
fn zsh_and_fish_read_their_completions() {
    let home = Home::new();
    for (shell, check) in [("zsh", "-n"), ("fish", "--no-execute")] {
        let script = run(&home, &["completions", shell], &[]).stdout;
        let file = home.join(shell);
        fs::write(&file, script).unwrap();
        if has(shell, "--version") {
            Ended::of(Command::new(shell).arg(check).arg(&file)).with_code(0);
        }
    }
}

#[test]
fn manual_pages_are_written_and_man_reads_them() {
    let home = Home::new();
    let told = home.ended(&["man", "--out", "pages"]).with_code(0).stdout;
    assert!(told.contains("pages in pages; read one with: man -l pages/harness.1"), "{told}");
    if has("man", "--version") {
        let page = home.join("pages/harness-trace.1");
        let shown = Ended::of(Command::new("man").arg("-l").arg(page).env("MANPAGER", "cat"));
        assert!(shown.stdout.contains("harness trace threaded --out trace.json"), "{shown:?}");
    }
}

#[test]
fn a_settings_file_says_what_was_not_typed() {
    let home = Home::new();
    let file = "[compare]\npreset = \"smoke\"\nexperiments = [\"memory\"]\nmodels = \"threaded\"\nseed = 7\n";
    fs::write(home.join("s.toml"), file).unwrap();
    let planned = |arguments: &[&str], variables: &[(&str, &str)]| {
        let all = [&["compare", "--dry-run"][..], arguments].concat();
        run(&home, &all, variables).with_code(0).stdout
    };
    let said = planned(&["--config", "s.toml"], &[]);
    assert!(said.contains("seed         7\n") && said.contains("servers      threaded\n"), "{said}");
    let said = planned(&["--config", "s.toml"], &[("HARNESS_SEED", "8")]);
    assert!(said.contains("seed         8\n"), "{said}");
    let said = planned(&["--config=s.toml", "--seed", "9"], &[("HARNESS_SEED", "8")]);
    assert!(said.contains("seed         9\n"), "{said}");
    let said = planned(&[], &[("HARNESS_CONFIG", "s.toml")]);
    assert!(said.contains("seed         7\n"), "{said}");
}

#[test]
fn a_run_keeps_the_command_that_does_the_same_without_file_and_environment() {
    let home = Home::new();
    let file = "[compare]\npreset = \"smoke\"\nexperiments = [\"memory\"]\nmodels = \"threaded\"\nquiet = true\n";
    fs::write(home.join("s.toml"), file).unwrap();
    let typed = ["compare", "--config", "s.toml", "--placement", "shared", "--out", "run"];
    let Ended { stderr, .. } = run(&home, &typed, &[("HARNESS_SEED", "8")]);
    let manifest = fs::read(home.join("run/manifest.json"));
    let manifest: serde_json::Value =
        serde_json::from_slice(&manifest.unwrap_or_else(|error| panic!("{error}: {stderr}"))).unwrap();
    assert_eq!(manifest["seed"], 8);
    let argv: Vec<&str> = manifest["argv"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let added = ["--seed=8", "--experiments=memory", "--models=threaded", "--preset=smoke", "--quiet"];
    assert_eq!(argv[1..], [&["compare"][..], &added, &typed[3..]].concat());
}

#[test]
fn a_setting_that_is_wrong_is_told_with_where_it_stands() {
    let home = Home::new();
    let refused = |file: &str, variables: &[(&str, &str)]| {
        fs::write(home.join("s.toml"), file).unwrap();
        let ended = run(&home, &["compare", "--dry-run", "--config", "s.toml"], variables).with_code(2);
        assert_eq!(ended.stdout, "");
        ended.stderr
    };
    let said = refused("[compare]\nblokcs = 3\n", &[]);
    assert!(
        said.starts_with("error: s.toml, line 2: compare has no option \"blokcs\"; did you mean blocks?"),
        "{said}"
    );
    let said = refused("[compare]\n\nblocks = 0\n", &[]);
    assert!(said.contains("1..=1000") && said.contains("\n--blocks is set in s.toml, line 3\n"), "{said}");
    let said = refused("", &[("HARNESS_PRESET", "smok")]);
    assert!(said.contains("'smoke'") && said.contains("\n--preset is set by HARNESS_PRESET\n"), "{said}");
}

#[test]
fn a_misspelt_variable_is_warned_of_once_and_changes_nothing() {
    let home = Home::new();
    let listed = |variables: &[(&str, &str)]| run(&home, &["list"], variables);
    let misspelt = [("HARNESS_FROMAT", "json"), ("HARNESS_TEST_PARENT", "1")];
    let Ended { stdout, stderr, .. } = listed(&misspelt).with_code(0);
    assert_eq!(stdout, listed(&[]).stdout);
    let said = "warning: HARNESS_FROMAT is ignored: no option has this variable; did you mean HARNESS_FORMAT?\n";
    assert_eq!(stderr, said);
    let misspelt = &[("HARNESS_OUTT", "t.json")][..];
    let Ended { stderr, .. } = run(&home, &["trace", "threaded"], misspelt);
    assert!(stderr.starts_with("warning: HARNESS_OUTT is ignored"), "{stderr}");
    for silent in [&["--help"][..], &["trace", "--help"], &["--version"], &["completions", "bash"]] {
        assert!(run(&home, silent, misspelt).stderr.is_empty(), "{silent:?}");
    }
}

#[test]
fn what_is_begun_overwrites_nothing() {
    let home = Home::new();
    for kind in ["compare", "server", "gate"] {
        let file = format!("{kind}.toml");
        let told = home.ended(&["init", kind, "--out", &file]).with_code(0).stdout;
        assert!(told.contains(&format!("--config {file}")), "{told}");
        fs::write(home.join(&file), "mine").unwrap();
        home.ended(&["init", kind, "--out", &file]).refused("exists already and stays as it is");
        assert_eq!(fs::read(home.join(&file)).unwrap(), b"mine");
    }
}

#[test]
fn colours_are_as_they_are_asked_for() {
    let home = Home::new();
    let is_coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        let Ended { stdout, stderr, .. } = run(&home, arguments, variables);
        stdout.contains('\u{1b}') || stderr.contains('\u{1b}')
    };
    assert!(!is_coloured(&["--help"], &[]), "a pipe is no terminal");
    assert!(is_coloured(&["--help", "--color", "always"], &[("NO_COLOR", "1")]));
    assert!(is_coloured(&["compare", "--color=always", "--nope"], &[]));
    assert!(!is_coloured(&["compare", "--color=never", "--nope"], &[]));
}

#[test]
fn quiet_commands_say_their_result_alone() {
    let home = Home::new();
    for (arguments, progress) in
        [(&["doctor"][..], "looking at this machine"), (&["selftest", "--only", "audit"], "known answers")]
    {
        home.ended(arguments).telling(progress);
        let quiet = home.ended(&[arguments, &["--quiet"]].concat());
        assert!(!quiet.stderr.contains(progress), "{arguments:?}: {}", quiet.stderr);
        assert!(!quiet.stdout.is_empty(), "{arguments:?}");
    }
}
