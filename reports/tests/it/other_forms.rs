//! Runs in other forms than a whole report of this version: those under `samples/`, whatever version made them; a run that
//! goes on, in pieces that are those of its report; and what a pull request gets.

use std::fs;
use std::path::{Path, PathBuf};

use reports::export::{MOST_ROWS, markdown};
use reports::page::{self, SoFar, render};
use reports::record::store::{Run, RunFolder};
use reports::record::{Ending, Purpose};
use reports::site;

use crate::{fixture, fixture_trials};

const MOST_BYTES: usize = 5_000_000;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

/// Every sample with its name.
fn all() -> Vec<(String, RunFolder, Run)> {
    let entries = fs::read_dir(samples()).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let read = folders.map(|entry| {
        let folder = RunFolder::open(entry.path()).unwrap_or_else(|error| panic!("{error}"));
        let run = folder.read().unwrap_or_else(|error| panic!("{error}"));
        (entry.file_name().into_string().unwrap(), folder, run)
    });
    read.collect()
}

#[test]
fn every_sample_renders() {
    let samples = all();
    assert!(!samples.is_empty());
    for (name, folder, run) in &samples {
        assert!(!run.cells.is_empty(), "{name} has no cell");
        let page = page::render(run);
        assert!(page.contains("</html>") && page.matches("<figure id=").count() > 2, "{name}");
        for contender in &run.manifest.contenders {
            assert!(page.contains(&contender.label), "{name}: {} is not on the page", contender.label);
        }
        let files = folder.files().unwrap();
        let address = site::address(run, &files).unwrap_or_else(|| panic!("{name} says no date"));
        let published = site::publish(run, &files, address, None);
        assert!(!published.entry.figures.is_empty(), "{name} has no headline figure");
    }
}

#[test]
fn samples_are_whole_and_say_where_they_come_from() {
    let readme = fs::read_to_string(samples().join("README.md")).unwrap();
    for (name, _, run) in all() {
        let manifest = &run.manifest;
        assert_eq!(manifest.ending, Ending::Completed, "{name}");
        assert_eq!(run.cells.len(), manifest.planned_cells as usize, "{name}");
        assert!(readme.contains(&format!("| [{name}]({name}) |")), "{name} is not in the list of samples");
        let commit = manifest.commit.as_deref().unwrap_or_else(|| panic!("{name} names no commit"));
        assert!(!commit.ends_with("-dirty"), "{name} was made from a changed tree");
        let own = |word: &String| word.starts_with('/') || word.contains("/home/");
        assert!(!manifest.argv.iter().any(own), "{name} tells of somebody's folders: {:?}", manifest.argv);
    }
}

#[test]
fn samples_are_small() {
    for (name, folder, _) in all() {
        let bytes: usize = folder.files().unwrap().iter().map(|file| file.bytes.len()).sum();
        assert!(bytes < MOST_BYTES, "{name} has {bytes} bytes");
    }
}

/// The run with its first cells only.
fn cut(run: &Run, cells: usize) -> Run {
    Run { cells: run.cells[..cells].to_vec(), ..run.clone() }
}

#[test]
fn the_pieces_of_a_whole_run_are_those_of_its_report() {
    for run in [fixture::small(), fixture_trials::run()] {
        let page = render(&run);
        let so_far = SoFar::of(&run);
        let drawn: Vec<String> = so_far.pictures().iter().filter_map(|(anchor, _)| so_far.picture(anchor)).collect();
        assert_eq!(drawn.len(), page.matches("<figure ").count());
        for piece in drawn {
            assert!(page.contains(piece.trim()), "the report draws it otherwise:\n{piece}");
        }
    }
}

#[test]
fn every_stage_of_a_run_has_pieces_that_can_be_drawn() {
    let run = fixture_trials::run();
    for cells in (0..run.cells.len()).step_by(3) {
        let begun = cut(&run, cells);
        let so_far = SoFar::of(&begun);
        let measured = begun.cells.iter().any(|cell| cell.purpose == Purpose::Measure);
        assert_eq!(so_far.pictures().is_empty(), !measured, "{cells} cells");
        for (anchor, experiment) in so_far.pictures() {
            assert!(run.manifest.experiments.iter().any(|known| known.name == experiment));
            if let Some(piece) = so_far.picture(&anchor) {
                assert!(piece.contains(&format!("<figure id=\"{anchor}\"")), "{anchor}");
            }
        }
        assert_eq!(so_far.sentences().contains("Nothing has been measured yet"), !measured, "{cells} cells");
    }
}

#[test]
fn claims_without_a_cell_are_not_in_it_and_hostile_names_stay_text() {
    let mut run = fixture_trials::run();
    assert!(SoFar::of(&run).sentences().contains("So far: "));
    let first = run.cells.iter().position(|cell| cell.purpose == Purpose::Measure).unwrap();
    let begun = cut(&run, first);
    assert!(!SoFar::of(&begun).sentences().contains("So far: "));
    run.manifest.experiments.iter_mut().for_each(|experiment| experiment.claim = "<script>1</script>".into());
    let sentences = SoFar::of(&run).sentences();
    assert!(sentences.contains("&lt;script&gt;") && !sentences.contains("<script>"), "{sentences}");
}

#[test]
fn a_pull_request_gets_eight_rows_at_most() {
    let rows = |text: &str| text.lines().filter(|line| line.starts_with("| `")).count();
    let text = markdown(&fixture::whole());
    assert_eq!(rows(&text), 6);
    assert!(text.contains("p99 response time, ") && text.contains("memory per idle connection"), "{text}");
    let mut run = fixture::whole();
    let model = run.manifest.contenders[1].clone();
    for copy in 0..5 {
        let label = format!("threaded:stack={copy}|<b>");
        run.manifest.contenders.push(reports::record::ContenderRecord { label: label.clone(), ..model.clone() });
        let copies: Vec<_> = run.cells.iter().filter(|cell| cell.contender == "threaded").cloned().collect();
        run.cells.extend(copies.into_iter().map(|mut cell| {
            cell.contender = label.clone();
            cell
        }));
    }
    let text = markdown(&run);
    assert_eq!(rows(&text), MOST_ROWS);
    assert!(text.contains("3 servers more in the report"), "{text}");
    assert!(!text.contains("<b>") && text.contains("\\|"), "{text}");
}
