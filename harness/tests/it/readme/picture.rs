//! The README's picture can be made again from the sample that stands behind it.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::common::home::HARNESS;
use crate::common::{copy_run, root, source};
use crate::devtools::Chromium;

/// Every PNG file begins with these; width and height stand behind them and the head of the first chunk.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The sample that the README tells to look at.
fn sample() -> String {
    let readme = source("README.md");
    let (_, after) = readme.split_once("-- report reports/samples/").unwrap();
    format!("reports/samples/{}", after.split('`').next().unwrap())
}

/// Width and height in pixels.
fn size(picture: &Path) -> [u32; 2] {
    let bytes = fs::read(picture).unwrap();
    assert!(bytes.starts_with(PNG), "{} is no PNG file", picture.display());
    [16, 20].map(|at| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()))
}

#[test]
fn the_picture_can_be_made_again() {
    if Chromium::program().is_none() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    // The report is written beside the records.
    copy_run(&sample(), &run);
    let output = Command::new(root().join("scripts/picture"))
        .args([&run, folder.path()])
        .env("HARNESS", HARNESS)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let [light, dark] = ["scorecard.png", "scorecard-dark.png"].map(|name| folder.path().join(name));
    let [width, height] = size(&light);
    assert!(size(&dark) == [width, height] && height > width / 4, "{width} by {height}");
    assert_ne!(fs::read(light).unwrap(), fs::read(dark).unwrap(), "the dark one is not dark");
}
