//! Files that are there whole or not at all: whoever reads one while it is replaced sees the old one or the new one.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Writes or replaces a file. Its folder must be there.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_data()?;
    let file = file.persist(path)?;
    // Temporary files are private; a report is to be served and shared.
    file.set_permissions(fs::Permissions::from_mode(0o644))
}
