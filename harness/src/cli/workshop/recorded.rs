//! Recorded runs of lessons, for when the machine says no.
//!
//! Beside it: `desk.rs`, which offers them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use reports::record::store::RunFolder;

use crate::cli::lesson::settings_of_saved;
use crate::cli::output::usage;
use crate::workshop::LESSONS;
use crate::workshop::lesson::{Lesson, LessonSettings};

/// A recorded run of a lesson.
#[derive(Debug)]
pub(super) struct RecordedLesson {
    pub(super) lesson: &'static Lesson,
    pub(super) settings: LessonSettings,
    pub(super) folder: PathBuf,
}

/// The recorded runs in a folder, which is one itself or has some in it, by name.
///
/// # Errors
/// Where it can't be read, or has none.
pub(super) fn runs(folder: &Path) -> anyhow::Result<Vec<RecordedLesson>> {
    let mut folders = vec![folder.to_owned()];
    if !folder.join("manifest.json").exists() {
        let entries = fs::read_dir(folder).with_context(|| format!("{} can't be read", folder.display()))?;
        folders = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        folders.sort();
    }
    let mut found = Vec::new();
    for path in folders.into_iter().filter(|path| path.join("manifest.json").exists()) {
        let run = RunFolder::open(&path)?.read()?;
        let of = LESSONS.iter().find_map(|lesson| Some((*lesson, settings_of_saved(&run, lesson)?)));
        found.extend(of.map(|(lesson, settings)| RecordedLesson { lesson, settings, folder: path }));
    }
    if found.is_empty() {
        let folder = folder.display();
        return usage(format!(
            "{folder} has no run of a lesson in it; make one with harness lesson NAME --out {folder}/NAME"
        ));
    }
    Ok(found)
}
