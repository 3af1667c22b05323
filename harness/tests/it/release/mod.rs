//! The archive of a release, as `scripts/release` packs it and a person installs it.
//!
//! Packed is the program that this test was built with, or looked at the archive that `RELEASE_ARCHIVE` names. Beside it:
//! `.github/workflows/release.yml`, which does the latter with what is to be published.

mod installed;
mod packed;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::common::home::{Ended, HARNESS, Home, at_home};
use crate::common::root;

/// `scripts/release` with these arguments, from another folder than the repository.
fn release(arguments: &[&str]) -> Ended {
    let elsewhere = Home::new();
    let mut command = Command::new(root().join("scripts/release"));
    at_home(&mut command, elsewhere.path());
    Ended::of(command.args(arguments))
}

/// The archive that a pack into this folder makes.
fn pack(out: &Path) -> PathBuf {
    let said = release(&["--out", out.to_str().unwrap(), "--binary", HARNESS]).with_code(0).stdout;
    let said = said.trim_end();
    PathBuf::from(said.strip_prefix("archive: ").unwrap_or_else(|| panic!("{said}")))
}

/// What a pack of this build's program makes, and the folder that it is in. Once for all tests in here.
fn packed() -> &'static (Home, PathBuf) {
    static PACKED: OnceLock<(Home, PathBuf)> = OnceLock::new();
    PACKED.get_or_init(|| {
        let out = Home::shared();
        let archive = pack(out.path());
        (out, archive)
    })
}

/// An archive unpacked into an empty folder.
struct Installed {
    folder: Home,
    archive: PathBuf,
}

/// Once for all tests in here.
fn installed() -> &'static Installed {
    static INSTALLED: OnceLock<Installed> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let folder = Home::shared();
        let archive = env::var_os("RELEASE_ARCHIVE").map_or_else(|| packed().1.clone(), PathBuf::from);
        let tar = Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(folder.path()).status().unwrap();
        assert!(tar.success());
        Installed { folder, archive }
    })
}

impl Installed {
    /// What was unpacked.
    fn tree(&self) -> PathBuf {
        let folders = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        folders.into_iter().find(|path| path.is_dir()).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.tree().join(name)
    }

    /// A command in an environment that has nothing but the installed program in its path, in a folder of its own.
    fn command(&self, program: &str, home: &Home) -> Command {
        let mut command = Command::new(program);
        let path = format!("{}:/usr/bin:/bin", self.tree().display());
        command.env_clear().env("PATH", path).env("HOME", home.path());
        at_home(&mut command, home.path());
        command
    }

    fn harness(&self, home: &Home, arguments: &[&str]) -> Ended {
        Ended::of(self.command(self.file("harness").to_str().unwrap(), home).args(arguments))
    }
}
