//! The records of a run as one file to download: unpacked, it is a folder that the report can be rendered from again.
//!
//! The same files give the same bytes: no time, no owner. Must not know: what the records mean.

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, Header};

use crate::record::store::RunFile;

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

/// A run's name is whatever its folder was called; in an archive it must not lead anywhere.
fn safe(name: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    name.chars().map(kept).take(120).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_packed_comes_out_and_stays_in_its_folder() {
        let file = |name: &str, bytes: &[u8]| RunFile { name: name.into(), bytes: bytes.into() };
        let files = [file("manifest.json", b"{}"), file("cells/a.json", b"[1]")];
        let packed = pack("../evil run", &files);
        assert_eq!(packed, pack("../evil run", &files));
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&packed[..]));
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
