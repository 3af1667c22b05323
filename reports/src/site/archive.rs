//! The records of a run as one file to download: unpacked, it is a folder that the report can be rendered from again.
//!
//! The same files give the same bytes: no time, no owner. What is unpacked again may have been changed by anybody: sizes and
//! numbers are known before anything is kept. Must not know: what the records mean.

use std::collections::HashSet;
use std::io::{self, Read};
use std::path::PathBuf;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tar::{Archive, Builder, Header};

use crate::record::store::{LARGEST_FILE_BYTES, LARGEST_RUN_BYTES, MOST_FILES, RunFile};

/// Why a file with records cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Not what a site offers as the records of a run.
    #[error("it is damaged: {0}; give the file back as it was published")]
    Damaged(#[from] io::Error),
    /// More than any run has.
    #[error("it holds more than any run has; give the file back as it was published")]
    TooMuch,
    /// Two files of one name, of which a run is made of neither.
    #[error("it holds {0:?} twice; give the file back as it was published")]
    Twice(String),
}

/// Packs the files into a folder of this name.
pub(super) fn pack(folder: &str, files: &[RunFile]) -> Vec<u8> {
    const TO_MEMORY: &str = "writing to memory does not fail, and names of records are short";
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    for file in files {
        let mut header = Header::new_gnu();
        header.set_size(file.bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        archive.append_data(&mut header, format!("{}/{}", safe(folder), file.name), &file.bytes[..]).expect(TO_MEMORY);
    }
    archive.into_inner().and_then(GzEncoder::finish).expect(TO_MEMORY)
}

/// The files of a run, without the folder that they were packed into.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<RunFile>, ArchiveError> {
    let mut archive = Archive::new(GzDecoder::new(packed).take(LARGEST_RUN_BYTES));
    let (mut files, mut names) = (Vec::new(), HashSet::new());
    for entry in archive.entries()? {
        let mut entry = entry?;
        if files.len() >= MOST_FILES || entry.size() > LARGEST_FILE_BYTES {
            return Err(ArchiveError::TooMuch);
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let Some((_, name)) = path.split_once('/').filter(|_| entry.header().entry_type().is_file()) else { continue };
        if !names.insert(PathBuf::from(name)) {
            return Err(ArchiveError::Twice(name.to_owned()));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        files.push(RunFile { name: name.to_owned(), bytes });
    }
    Ok(files)
}

/// A run's name is whatever its folder was called; in an archive it must not lead anywhere.
fn safe(name: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    name.chars().map(kept).take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_or_larger_than_any_run_is_refused() {
        let file = |bytes: Vec<u8>| RunFile { name: "manifest.json".into(), bytes };
        let packed = pack("run", &[file(b"{}".to_vec())]);
        assert!(matches!(unpack(&packed[..packed.len() / 2]), Err(ArchiveError::Damaged(_))));
        assert!(matches!(unpack(b"no archive"), Err(ArchiveError::Damaged(_))));
        let large = pack("run", &[file(vec![b' '; LARGEST_FILE_BYTES as usize + 1])]);
        assert!(matches!(unpack(&large), Err(ArchiveError::TooMuch)));
        let empty = |number| RunFile { name: format!("cells/{number}.json"), bytes: Vec::new() };
        let many: Vec<RunFile> = (0..=MOST_FILES).map(empty).collect();
        assert!(matches!(unpack(&pack("run", &many)), Err(ArchiveError::TooMuch)));
    }

    #[test]
    fn two_files_of_one_name_are_refused() {
        let file = |name: &str| RunFile { name: name.into(), bytes: name.into() };
        for again in ["cells/a.json", "cells//./a.json"] {
            let files = ["cells/a.json", "cells/b.json", again].map(file);
            let said = unpack(&pack("run", &files)).unwrap_err().to_string();
            assert_eq!(said, "it holds \"cells/a.json\" twice; give the file back as it was published");
        }
    }

    #[test]
    fn what_is_packed_comes_out_and_stays_in_its_folder() {
        let file = |name: &str, bytes: &[u8]| RunFile { name: name.into(), bytes: bytes.into() };
        let files = [file("manifest.json", b"{}"), file("cells/a.json", b"[1]")];
        let packed = pack("../evil run", &files);
        assert_eq!(packed, pack("../evil run", &files));
        assert_eq!(unpack(&packed).unwrap(), files);
        let mut archive = Archive::new(GzDecoder::new(&packed[..]));
        let found = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            (entry.path().unwrap().to_str().unwrap().to_owned(), text)
        });
        let expected = [("---evil-run/manifest.json", "{}"), ("---evil-run/cells/a.json", "[1]")];
        assert_eq!(found.collect::<Vec<_>>(), expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }
}
