//! What settings add to a command line, and how they are refused.

use std::path::Path;

use super::*;
use crate::cli::built_definition;

/// The words that come of a line, a file's text and variables.
fn words_of(line: &str, file: &str, variables: &[(&str, &str)]) -> Result<String, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.toml");
    std::fs::write(&path, file).unwrap();
    let definition = built_definition();
    let mut typed = shlex::split(line).unwrap();
    typed.extend(["--config".to_owned(), path.to_str().unwrap().to_owned()]);
    let environment =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let completed = completed(&definition, typed.into_iter().map(OsString::from).collect(), &environment)?;
    let words = completed.without_file();
    Ok(words.into_iter().map(|word| word.into_string().unwrap()).collect::<Vec<_>>().join(" "))
}

fn refused(file: &str) -> String {
    let error = words_of("harness compare", file, &[]).unwrap_err().to_string();
    // The folder is another each time.
    error.split_once("s.toml, ").unwrap().1.to_owned()
}

#[test]
fn what_is_left_open_is_added_as_if_it_had_been_typed() {
    let sizes = "[compare]\npreset = \"full\"\nseed = 3\nblocks = 4\n";
    let quiet = "[compare]\nquiet = true\n[list]\nformat = \"json\"\n";
    let lists =
        "[compare]\nmodels = [\"threaded\", \"thread-pool:workers=8\"]\nexperiments = [\"memory\", \"churn\"]\n";
    let listed = "--experiments=memory --experiments=churn --models=threaded,thread-pool:workers=8";
    let (out, like, wire) = ("[trace]\nout = \"t.json\"\n", "[compare]\nlike = \"runs/a\"", "[serve]\nwire = \"http\"");
    let supervised = "serve threaded --supervised --parent 1";
    let both = &[("HARNESS_PRESET", "smoke"), ("HARNESS_SEED", "5")][..];
    let none: &[(&str, &str)] = &[];
    let table = [
        (
            "a flag beats a variable, and that the file",
            "compare --seed 9",
            sizes,
            both,
            "compare --preset=smoke --blocks=4 --seed 9",
        ),
        ("a short flag counts as typed", "compare -q", quiet, none, "compare -q"),
        ("other commands' tables do not count", "list", quiet, none, "list --format=json"),
        ("a switch can be off", "compare", quiet, &[("HARNESS_QUIET", "0")][..], "compare"),
        ("what was typed excludes it", "compare --resume a", sizes, none, "compare --blocks=4 --resume a"),
        ("the other way round, too", "compare --preset quick", like, none, "compare --preset quick"),
        ("lists become what the option takes", "compare", lists, none, &*format!("compare {listed}")),
        ("what is required may be in the file", "trace threaded", out, none, "trace --out=t.json threaded"),
        ("servers of the harness are told everything", supervised, wire, &[("HARNESS_WIRE", "http")][..], supervised),
    ];
    for (why, line, file, variables, words) in table {
        let found = words_of(&format!("harness {line}"), file, variables).unwrap();
        assert_eq!(found, format!("harness {words}"), "{why}");
    }
}

#[test]
fn another_programs_words_stay_as_they_are() {
    let line = "harness become --parent 1 --port 2 -- program --config x";
    let definition = built_definition();
    let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    let completed = completed(&definition, words.clone(), &|_| Some("1".to_owned())).unwrap();
    assert_eq!(completed.without_file(), words);
}

#[test]
fn what_there_is_not_is_refused_with_its_line_and_what_may_be_meant() {
    let said = refused("# mine\n[compare]\nseed = 1\npresett = \"full\"\n");
    assert!(
        said.starts_with("line 4: compare has no option \"presett\"; did you mean preset? its options: "),
        "{said}"
    );
    let said = refused("[compar]\nseed = 1\n");
    assert!(said.starts_with("line 1: no command is called \"compar\"; did you mean compare? commands: "), "{said}");
    assert!(refused("[lode]\n").starts_with("line 1: no command is called \"lode\""), "of another command, too");
    assert_eq!(
        refused("seed = 1\n"),
        "line 1: seed stands above every table; put it below its command, as in [compare]"
    );
    assert!(refused("[compare]\nseed = \n").starts_with("line 2: this is not TOML: "));
    assert_eq!(refused("[compare]\n\nquiet = 3"), "line 3: quiet: this is a switch; write true or false");
    assert!(refused("[compare]\nseed = true").starts_with("line 2: seed: this takes a text or a number"));
    assert!(refused("[compare]\nseed = {a = 1}").starts_with("line 2: seed: write a text in quotes"));
    assert!(
        refused("[serve]\nsupervised = true").contains("serve has no option \"supervised\""),
        "hidden ones stay so"
    );
    let said = words_of("harness compare", "", &[("HARNESS_QUIET", "perhaps")]).unwrap_err().to_string();
    assert_eq!(said, "HARNESS_QUIET: this is a switch; write true or false");
    let gone = settings_file::read(Path::new("no/such.toml"), &built_definition()).unwrap_err().to_string();
    assert!(gone.contains("no/such.toml can't be read") && gone.contains("harness init"), "{gone}");
}
