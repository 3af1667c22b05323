//! At home on the shell: completions in real shells, manual pages, settings from files and variables, mistakes and colours.

use std::fs;
use std::process::{Command, Output};

use crate::commands::{HARNESS, harness};
use crate::common::{has, text};

/// The harness with these arguments and variables, in a folder of its own.
fn run(arguments: &[&str], variables: &[(&str, &str)], folder: &tempfile::TempDir) -> Output {
    let mut command = Command::new(HARNESS);
    command.args(arguments).current_dir(folder.path()).envs(variables.iter().copied());
    command.env("TMPDIR", folder.path()).env("HARNESS_LOCK", folder.path().join("lock"));
    command.output().unwrap()
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
    let shell = Command::new("bash").args(["--norc", "--noprofile", "-c", &script]).env("HARNESS", HARNESS).output();
    let Output { status, stdout, stderr } = shell.unwrap();
    assert!(status.success() && stderr.is_empty(), "{line}: {}", text(&stderr));
    text(&stdout).lines().map(str::to_owned).collect()
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
    let folder = tempfile::tempdir().unwrap();
    for (shell, check) in [("zsh", "-n"), ("fish", "--no-execute")] {
        let script = run(&["completions", shell], &[], &folder).stdout;
        let file = folder.path().join(shell);
        fs::write(&file, script).unwrap();
        if has(shell, "--version") {
            let Output { status, stderr, .. } = Command::new(shell).arg(check).arg(&file).output().unwrap();
            assert!(status.success(), "{shell}: {}", text(&stderr));
        }
    }
}

#[test]
fn manual_pages_are_written_and_man_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let Output { status, stdout, stderr } = run(&["man", "--out", "pages"], &[], &folder);
    assert!(status.success(), "{}", text(&stderr));
    assert!(text(&stdout).contains("pages in pages; read one with: man -l pages/harness.1"), "{}", text(&stdout));
    if has("man", "--version") {
        let page = folder.path().join("pages/harness-trace.1");
        let shown = Command::new("man").arg("-l").arg(page).env("MANPAGER", "cat").output().unwrap();
        assert!(text(&shown.stdout).contains("harness trace threaded --out trace.json"), "{shown:?}");
    }
}

#[test]
fn a_settings_file_says_what_was_not_typed() {
    let folder = tempfile::tempdir().unwrap();
    let file = "[compare]\npreset = \"smoke\"\nexperiments = [\"memory\"]\nmodels = \"threaded\"\nseed = 7\n";
    fs::write(folder.path().join("s.toml"), file).unwrap();
    let planned = |arguments: &[&str], variables: &[(&str, &str)]| {
        let all = [&["compare", "--dry-run"][..], arguments].concat();
        let Output { status, stdout, stderr } = run(&all, variables, &folder);
        assert!(status.success(), "{}", text(&stderr));
        text(&stdout).to_owned()
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
    let folder = tempfile::tempdir().unwrap();
    let file = "[compare]\npreset = \"smoke\"\nexperiments = [\"memory\"]\nmodels = \"threaded\"\nquiet = true\n";
    fs::write(folder.path().join("s.toml"), file).unwrap();
    let typed = ["compare", "--config", "s.toml", "--placement", "shared", "--out", "run"];
    let Output { stderr, .. } = run(&typed, &[("HARNESS_SEED", "8")], &folder);
    let manifest = fs::read(folder.path().join("run/manifest.json"));
    let manifest: serde_json::Value =
        serde_json::from_slice(&manifest.unwrap_or_else(|error| panic!("{error}: {}", text(&stderr)))).unwrap();
    assert_eq!(manifest["seed"], 8);
    let argv: Vec<&str> = manifest["argv"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let added = ["--seed=8", "--experiments=memory", "--models=threaded", "--preset=smoke", "--quiet"];
    assert_eq!(argv[1..], [&["compare"][..], &added, &typed[3..]].concat());
}

#[test]
fn a_setting_that_is_wrong_is_told_with_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |file: &str, variables: &[(&str, &str)]| {
        fs::write(folder.path().join("s.toml"), file).unwrap();
        let Output { status, stdout, stderr } =
            run(&["compare", "--dry-run", "--config", "s.toml"], variables, &folder);
        assert_eq!((status.code(), text(&stdout)), (Some(2), ""), "{}", text(&stderr));
        text(&stderr).to_owned()
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
    let folder = tempfile::tempdir().unwrap();
    let listed = |variables: &[(&str, &str)]| run(&["list"], variables, &folder);
    let Output { status, stdout, stderr } = listed(&[("HARNESS_FROMAT", "json"), ("HARNESS_TEST_PARENT", "1")]);
    assert_eq!((status.code(), stdout), (Some(0), listed(&[]).stdout));
    let said = "warning: HARNESS_FROMAT is ignored: no option has this variable; did you mean HARNESS_FORMAT?\n";
    assert_eq!(text(&stderr), said);
    let misspelt = &[("HARNESS_OUTT", "t.json")][..];
    let Output { stderr, .. } = run(&["trace", "threaded"], misspelt, &folder);
    assert!(text(&stderr).starts_with("warning: HARNESS_OUTT is ignored"), "{}", text(&stderr));
    for silent in [&["--help"][..], &["trace", "--help"], &["--version"], &["completions", "bash"]] {
        assert!(run(silent, misspelt, &folder).stderr.is_empty(), "{silent:?}");
    }
}

#[test]
fn what_is_begun_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for kind in ["compare", "server", "gate"] {
        let file = format!("{kind}.toml");
        let Output { status, stdout, stderr } = run(&["init", kind, "--out", &file], &[], &folder);
        assert!(status.success(), "{}", text(&stderr));
        assert!(text(&stdout).contains(&format!("--config {file}")), "{}", text(&stdout));
        fs::write(folder.path().join(&file), "mine").unwrap();
        let Output { status, stderr, .. } = run(&["init", kind, "--out", &file], &[], &folder);
        assert_eq!(status.code(), Some(2));
        assert!(text(&stderr).contains("exists already and stays as it is"), "{}", text(&stderr));
        assert_eq!(fs::read(folder.path().join(&file)).unwrap(), b"mine");
    }
}

#[test]
fn colours_are_as_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let is_coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        let Output { stdout, stderr, .. } = run(arguments, variables, &folder);
        stdout.contains(&0x1b) || stderr.contains(&0x1b)
    };
    assert!(!is_coloured(&["--help"], &[]), "a pipe is no terminal");
    assert!(is_coloured(&["--help", "--color", "always"], &[("NO_COLOR", "1")]));
    assert!(is_coloured(&["compare", "--color=always", "--nope"], &[]));
    assert!(!is_coloured(&["compare", "--color=never", "--nope"], &[]));
}

#[test]
fn quiet_commands_say_their_result_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, progress) in
        [(&["doctor"][..], "looking at this machine"), (&["selftest", "--only", "audit"], "known answers")]
    {
        let loud = harness(arguments, folder.path());
        assert!(text(&loud.stderr).contains(progress), "{arguments:?}: {}", text(&loud.stderr));
        let quiet = harness(&[arguments, &["--quiet"]].concat(), folder.path());
        assert!(!text(&quiet.stderr).contains(progress), "{arguments:?}: {}", text(&quiet.stderr));
        assert!(!quiet.stdout.is_empty(), "{arguments:?}");
    }
}
