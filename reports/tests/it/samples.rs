//! The runs under `samples/`: each renders, whatever version made it, and says where it comes from.

use std::fs;
use std::path::{Path, PathBuf};

use reports::record::Ending;
use reports::record::store::{Run, RunFolder};
use reports::{page, site};

const MOST_BYTES: usize = 2_000_000;

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
