//! Which bytes are executed as a server. A path names whatever lies there by now, and a build may end while a run goes on:
//! so our own servers are the image of the program that runs here, and those of another build are the file that was looked
//! at, held open.
//!
//! Must not know: what is served, who asks. Beside it: `launch.rs`, `command.rs`.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

/// The image of whoever executes it, even where the file has been replaced or removed since. A child that is about to become
/// another program is still that of its parent.
pub(super) const OWN_IMAGE: &str = "/proc/self/exe";

/// What a process of this program is called, however it was executed: a descriptor has only a number for a name.
pub(super) const OWN_NAME: &str = env!("CARGO_PKG_NAME");

/// Has the calling thread, the first of its process, bear the program's name.
pub fn bear_own_name() {
    // A name is for people, who do without where the kernel refuses.
    let _ = std::ffi::CString::new(OWN_NAME).map(|name| rustix::thread::set_name(&name));
}

/// SHA-256 of the program that runs here, in hexadecimal. Read once, which takes a tenth of a second or so.
///
/// # Errors
/// Where the kernel does not show it.
pub fn sha256_of_own_image() -> io::Result<&'static str> {
    static OWN: OnceLock<String> = OnceLock::new();
    match OWN.get() {
        Some(sha256) => Ok(sha256),
        None => {
            let sha256 = sha256_of(&mut File::open(OWN_IMAGE)?)?;
            Ok(OWN.get_or_init(|| sha256))
        }
    }
}

/// A file that is executed as it was when it was opened, whatever its path leads to by now.
#[derive(Debug)]
pub struct HeldProgram {
    file: File,
    sha256: String,
    written: WriteStamp,
}

impl HeldProgram {
    /// Opens and reads it. Nothing of it is executed.
    ///
    /// # Errors
    /// Where it is no file, or can't be read.
    pub fn open(path: &Path) -> io::Result<HeldProgram> {
        // Looked at before it is opened: opening a pipe would wait for whoever writes into it.
        if !path.metadata()?.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        let mut file = File::open(path)?;
        let written = WriteStamp::of(&file.metadata()?);
        let sha256 = sha256_of(&mut file)?;
        Ok(HeldProgram { file, sha256, written })
    }

    /// SHA-256 of the file, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Where it can be executed, as long as this is there.
    ///
    /// # Errors
    /// Where somebody has written into the file since it was opened: it is another program then.
    pub fn path(&self) -> io::Result<PathBuf> {
        if WriteStamp::of(&self.file.metadata()?) != self.written {
            return Err(io::Error::other(
                "its file has been written to since the run began; put it back, or start a new run",
            ));
        }
        // Of this process and not of `self`, so that a script's interpreter finds it too.
        Ok(PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd())))
    }
}

/// What changes whenever somebody writes into a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct WriteStamp {
    bytes: u64,
    modified_s_ns: (i64, i64),
}

impl WriteStamp {
    // Not the time of change, which another name or other rights move too.
    fn of(metadata: &Metadata) -> WriteStamp {
        WriteStamp { bytes: metadata.size(), modified_s_ns: (metadata.mtime(), metadata.mtime_nsec()) }
    }
}

fn sha256_of(file: &mut File) -> io::Result<String> {
    let (mut hash, mut chunk) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            count => hash.update(&chunk[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    /// A script in a folder, written by another process: a descriptor of ours that is open for writing could be inherited
    /// by a child that another test forks at this moment, and the script could then not be executed.
    fn script(folder: &Path, text: &str) -> PathBuf {
        let path = folder.join("program");
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod +x "$0""#;
        assert!(Command::new("sh").args(["-c", write]).arg(&path).arg(text).status().unwrap().success());
        path
    }

    fn said_by(program: &HeldProgram) -> String {
        let output = Command::new(program.path().unwrap()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn a_held_program_is_the_one_that_was_opened_whatever_lies_at_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let held = HeldProgram::open(&script(folder.path(), "echo first")).unwrap();
        fs::remove_file(folder.path().join("program")).unwrap();
        assert_eq!(said_by(&held), "first\n");
        let other = HeldProgram::open(&script(folder.path(), "echo second")).unwrap();
        assert_eq!((said_by(&held).as_str(), said_by(&other).as_str()), ("first\n", "second\n"));
        assert_ne!(held.sha256(), other.sha256());
    }

    #[test]
    fn one_that_was_written_into_is_executed_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = script(folder.path(), "echo first");
        let held = HeldProgram::open(&path).unwrap();
        script(folder.path(), "echo another");
        assert!(held.path().unwrap_err().to_string().contains("written to since the run began"));
        assert!(HeldProgram::open(folder.path()).unwrap_err().to_string().contains("not a file"));
    }

    #[test]
    fn the_hash_is_that_of_the_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        fs::write(&path, "abc").unwrap();
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(HeldProgram::open(&path).unwrap().sha256(), known);
        let own = HeldProgram::open(&std::env::current_exe().unwrap()).unwrap();
        assert_eq!(sha256_of_own_image().unwrap(), own.sha256());
    }
}
