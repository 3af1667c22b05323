//! What strangers' numbers and texts may do: every field of a saved run, one at a time, gets a value that it should not
//! have. The run is refused with its file, or all that is made of a run is made of it, whole and with numbers that are some.
//!
//! `PROPTEST_CASES=5000 cargo test -p reports --test it hostile` looks longer.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use reports::diff::{Gate, between, of_contenders, within};
use reports::record::store::{RecordError, Run, RunFolder};
use reports::site::SiteContents;
use reports::study::groups;
use reports::{export, page, site, slides, summary, trace_events};
use serde_json::{Value, json};

use crate::fixture::{contents, save};
use crate::{fixture, fixture_map, fixture_trials, inside, lanes};

/// Where in a record: names of fields, and `*` for every entry of an array.
type FieldPath = Vec<String>;

/// A saved run, its files as JSON, and every field that there is in them.
struct Subject {
    files: Vec<(PathBuf, Value)>,
    fields: Vec<(Kind, FieldPath)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Manifest,
    Cell,
    Timeline,
}

static SUBJECTS: LazyLock<Vec<Subject>> = LazyLock::new(|| {
    let runs = [fixture::duel(), fixture_trials::run(), fixture_map::run(), lanes::traced(), inside::looked_at()];
    runs.iter().map(Subject::of).collect()
});

impl Subject {
    fn of(run: &Run) -> Subject {
        let home = tempfile::tempdir().unwrap();
        let folder = save(run, &home.path().join("run"));
        let files = folder.files().unwrap().into_iter();
        let files: Vec<(PathBuf, Value)> =
            files.map(|file| (PathBuf::from(file.name), serde_json::from_slice(&file.bytes).unwrap())).collect();
        let mut fields = BTreeSet::new();
        for (path, json) in &files {
            paths(json, &mut Vec::new(), &mut |found| {
                fields.insert((kind(path), found.clone()));
            });
        }
        Subject { files, fields: fields.into_iter().collect() }
    }

    /// Saves the run with `value` in a field: wherever there is one, or only in the `only`-th.
    fn saved_with(&self, (of, field): &(Kind, FieldPath), value: &Value, only: Option<Index>, to: &Path) -> RunFolder {
        let all = || self.files.iter().filter(|(path, _)| kind(path) == *of);
        let count: usize = all().map(|(_, json)| occurrences(&mut json.clone(), field, &mut |_| {})).sum();
        let chosen = only.map(|only| only.index(count));
        let mut seen = 0;
        for (path, json) in &self.files {
            let mut json = json.clone();
            if kind(path) == *of {
                occurrences(&mut json, field, &mut |found| {
                    if chosen.is_none_or(|chosen| chosen == seen) {
                        *found = value.clone();
                    }
                    seen += 1;
                });
            }
            let path = to.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, json.to_string()).unwrap();
        }
        RunFolder::open(to).unwrap()
    }
}

fn kind(path: &Path) -> Kind {
    match path.parent().and_then(Path::to_str) {
        Some("cells") => Kind::Cell,
        Some("timelines") => Kind::Timeline,
        _ => Kind::Manifest,
    }
}

/// Tells of every value in `json` but the whole.
fn paths(json: &Value, at: &mut FieldPath, tell: &mut impl FnMut(&FieldPath)) {
    let below: Vec<(&str, &Value)> = match json {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.as_str(), value)).collect(),
        Value::Array(entries) => entries.iter().map(|entry| ("*", entry)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in below {
        at.push(name.to_owned());
        tell(at);
        paths(value, at, tell);
        at.pop();
    }
}

/// Shows every value at a path; returns how many there are.
fn occurrences(json: &mut Value, path: &[String], show: &mut impl FnMut(&mut Value)) -> usize {
    let Some((first, rest)) = path.split_first() else {
        show(json);
        return 1;
    };
    match json {
        Value::Array(entries) if first == "*" => entries.iter_mut().map(|entry| occurrences(entry, rest, show)).sum(),
        Value::Object(fields) => fields.get_mut(first).map_or(0, |field| occurrences(field, rest, show)),
        _ => 0,
    }
}

/// What no field should have, and what some may have and none likes.
fn values() -> Vec<Value> {
    let numbers = [json!(-1), json!(0), json!(1), json!(1_u64 << 53), json!(u64::MAX), json!(i64::MIN)];
    let points = [json!(1e308), json!(-1e308), json!(1e-300), json!(0.5), json!(9e15)];
    let texts = [json!(""), json!("x"), json!("\u{1b}[2J\u{7}=1+1|`<b>![](x)"), json!("é".repeat(300))];
    let others = [json!(null), json!(true), json!([]), json!([0]), json!({}), json!({"x": -1})];
    [&numbers[..], &points, &texts, &others].concat()
}

/// Everything that is made of a run, as text.
fn made_of(folder: &RunFolder, run: &Run) -> Vec<String> {
    let labels: Vec<&str> = run.manifest.contenders.iter().map(|contender| contender.label.as_str()).collect();
    let groups = groups(run);
    let figures = summary::headlines(&groups);
    let sane = fixture::duel();
    let diffs = [Some(between(&sane, run)), Some(between(run, run)), within(run)].into_iter().flatten();
    let diffs = diffs.chain(labels.first().zip(labels.last()).and_then(|(a, b)| of_contenders(run, a, b)));
    let gates = ["p99>+10%", "throughput<-5%"].map(|text| text.parse::<Gate>().unwrap());
    let mut made = vec![page::render(run), slides::render(run), export::markdown(run)];
    made.push(export::bencher(&figures));
    made.push(export::github_action_benchmark(&figures, "a run"));
    made.push(serde_json::to_string(&export::RunSummary::of(run, None)).unwrap());
    made.push(export::openmetrics(run));
    for diff in diffs {
        made.push(serde_json::to_string(&diff).unwrap());
        made.push(serde_json::to_string(&gates.each_ref().map(|gate| gate.hold(&diff))).unwrap());
    }
    made.extend(run.timelines.iter().map(|timeline| trace_events::trace_events(timeline).to_string()));
    let files = folder.files().unwrap();
    if let Some(address) = site::address(run, &files) {
        let published = site::publish(run, &files, address, None);
        let itself = (&published.entry, run);
        let compared = site::compare(itself, itself);
        made.extend(compared.into_iter().filter_map(|(_, bytes)| String::from_utf8(bytes).ok()));
        let site = SiteContents {
            url: Some("https://example.org".into()),
            ..contents(std::slice::from_ref(&published.entry))
        };
        made.push(site.index_page());
        made.extend(site.feed());
        made.push(serde_json::to_string(&published.entry).unwrap());
    }
    made
}

/// Numbers that are none, wherever they stand as a word of their own.
fn no_numbers(text: &str) -> usize {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| matches!(*word, "NaN" | "nan" | "inf" | "Infinity")).count()
}

/// What came of a run; one that keeps a reader busy for minutes fails.
fn outcome(folder: RunFolder) -> Result<Vec<String>, RecordError> {
    let (tells, told) = mpsc::channel();
    let reader = thread::spawn(move || {
        let made = folder.read().map(|run| made_of(&folder, &run));
        // Who has given up waiting does not listen.
        let _ = tells.send(made);
    });
    match told.recv_timeout(Duration::from_secs(120)) {
        Ok(made) => made,
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            panic!("{:?}", reader.join().unwrap_err().downcast_ref::<String>())
        }
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("nothing came of it in two minutes"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn no_value_of_a_field_breaks_a_reader(
        subject in any::<Index>(), field in any::<Index>(), value in select(values()), only in any::<Option<Index>>(),
    ) {
        let subject = subject.get(&SUBJECTS);
        let field = field.get(&subject.fields);
        let home = tempfile::tempdir().unwrap();
        let folder = subject.saved_with(field, &value, only, home.path());
        let told = format!("{field:?} = {value}, only {}", only.is_some());
        match outcome(folder) {
            Ok(made) => for text in made {
                prop_assert!(no_numbers(&text) <= 1, "{told}: a number that is none in {}", around_no_number(&text));
                prop_assert!(text.len() < 8 << 20, "{told}: {} bytes", text.len());
            },
            Err(error) => {
                let said = error.to_string();
                let names_it = field.1.iter().any(|name| name != "*" && said.contains(name));
                prop_assert!(said.contains(".json") && names_it, "{told}: {said}");
            }
        }
    }

    #[test]
    fn a_file_with_other_bytes_is_read_or_refused_by_its_name(
        subject in any::<Index>(), file in any::<Index>(), place in any::<Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let subject = subject.get(&SUBJECTS);
        let (path, json) = file.get(&subject.files);
        let home = tempfile::tempdir().unwrap();
        let folder = subject.saved_with(&(Kind::Manifest, Vec::new()), &subject.files[0].1, None, home.path());
        let mut bytes = json.to_string().into_bytes();
        let place = place.index(bytes.len());
        if cut { bytes.truncate(place) } else { bytes[place] = byte }
        fs::write(home.path().join(path), bytes).unwrap();
        if let Err(error) = folder.read() {
            let said = error.to_string();
            prop_assert!(said.contains(path.to_str().unwrap()), "{said}");
        }
    }
}

/// A run takes a second or so to render without optimisation.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(24)
}

fn around_no_number(text: &str) -> String {
    let places = ["NaN", "nan", "inf", "Infinity"].iter().flat_map(|word| text.match_indices(word));
    let around =
        |place: usize| text.get(place.saturating_sub(60)..(place + 60).min(text.len())).unwrap_or("?").to_owned();
    places.map(|(place, _)| around(place)).collect::<Vec<_>>().join(" ... ")
}
