//! Where a run comes from: the commit of the checkout, the time of day.

use std::process::{Command, Stdio};
use std::time::SystemTime;

/// The commit of the sources, with `-dirty` where they have changed since; nothing outside a checkout or without git.
pub fn commit() -> Option<String> {
    let output = Command::new("git")
        .args(["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--abbrev=12", "--dirty", "--exclude=*"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}

/// The time of day in UTC, as RFC 3339 to the second.
pub fn utc_now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}
