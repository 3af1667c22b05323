//! The folder of a site: runs that join it, and what is made anew of all of them.
//!
//! What is written is seen whole or not at all. Must not know: what stands in the files. Beside it: `compared.rs`, which
//! has the folders of comparisons.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use reports::format::counted;
use reports::record::store::{RecordError, UNFINISHED, read_file, write_whole};
use reports::site::{self, Address, Entry, Index, NotAnEntry, Published, SiteContents, SiteFile};

use super::compared::COMPARED;
use crate::cli::output::tell;

const INDEX: &str = "data/index.json";

/// The records of a large run, or the entries of some ten thousand.
pub(super) const LARGEST_SITE_FILE_BYTES: u64 = 256 << 20;
/// How the name of a run's folder begins that is not whole yet.
pub(in crate::cli) const UNFINISHED_RUN: &str = ".new-";

/// Why a run is not published.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum SiteError {
    /// Somebody else's folder.
    #[error("{} is not empty and has no {INDEX}, so it is not a site of this program; name a new or an empty folder", .0.display())]
    NotASite(PathBuf),
    /// The run may still change.
    #[error("the run in {} has not ended, and a published run can't change any more; wait for its end, or run it again", .0.display())]
    NotEnded(PathBuf),
    /// The run cannot be given an address.
    #[error("the run in {} does not say on which day it began; its manifest.json should have started_at as in 2026-01-02T03:04:05Z", .0.display())]
    NoDate(PathBuf),
    /// A file of the site that cannot be used.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: NotAnEntry,
    },
    /// A folder of a run that holds the entry of another.
    #[error("{} says that it is of {address}; a run's folder must keep its name, give it back or remove it", path.display())]
    Moved {
        /// The file.
        path: PathBuf,
        /// The address in it.
        address: Address,
    },
    /// Something else where a file of the site should be.
    #[error(transparent)]
    File(#[from] RecordError),
    /// The operating system refused.
    #[error("{}: cannot {doing}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// A verb, such as `write`.
        doing: &'static str,
        /// What it said.
        source: io::Error,
    },
}

/// A site, into which nobody else publishes meanwhile: a second publisher waits until the first is done.
#[derive(Debug)]
pub(super) struct SiteFolder {
    path: PathBuf,
    /// Where it is on the web, as its index says or whoever publishes.
    url: Option<String>,
    _turn: Option<fs::File>,
}

impl SiteFolder {
    /// A folder that is a site already, or becomes one.
    pub(super) fn open(path: &Path, url: Option<&str>) -> Result<SiteFolder, SiteError> {
        let index = path.join(INDEX);
        let mut known_url = None;
        if index.is_file() {
            let json = read_file(&index, LARGEST_SITE_FILE_BYTES)?;
            known_url = Index::from_json(&json).map_err(|why| SiteError::Unreadable { path: index, why })?.url;
        } else {
            let data = path.join("data");
            fs::create_dir_all(path).map_err(refused("create", path))?;
            if fs::read_dir(path).map_err(refused("list", path))?.next().is_some() {
                return Err(SiteError::NotASite(path.to_owned()));
            }
            fs::create_dir_all(&data).map_err(refused("create", &data))?;
            write(&index, &SiteContents::default().index_record())?;
        }
        let runs = path.join("runs");
        fs::create_dir_all(&runs).map_err(refused("create", &runs))?;
        // Where folders can't be locked all goes on as it would with one publisher.
        let turn = fs::File::open(&runs).ok().filter(|folder| folder.lock().is_ok());
        if turn.is_some() {
            sweep(path);
        }
        let url = url.map(str::to_owned).or(known_url);
        Ok(SiteFolder { path: path.to_owned(), url, _turn: turn })
    }

    /// Where the site is on the web; absent where nobody ever said.
    pub(super) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// The folder of this name in the site's.
    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where a run is, or would be.
    pub(super) fn run_folder(&self, address: &Address) -> PathBuf {
        self.path.join("runs").join(address.to_string())
    }

    /// Adds a run.
    pub(super) fn add(&self, published: &Published) -> Result<(), SiteError> {
        self.add_folder("runs", &published.entry.address.to_string(), &published.files)
    }

    /// Adds a folder with files under a folder of the site: first whole under another name, then under its own.
    pub(super) fn add_folder(&self, under: &str, name: &str, files: &[SiteFile]) -> Result<(), SiteError> {
        let under = self.folder(under);
        let place = under.join(name);
        fs::create_dir_all(&under).map_err(refused("create", &under))?;
        let new = tempfile::Builder::new().prefix(UNFINISHED_RUN).tempdir_in(&under);
        let new = new.map_err(refused("write to", &under))?;
        for (name, bytes) in files {
            write(&new.path().join(name), bytes)?;
        }
        // A temporary folder is private; a site is to be served.
        fs::set_permissions(new.path(), fs::Permissions::from_mode(0o755)).map_err(refused("open", new.path()))?;
        fs::rename(new.path(), &place).map_err(refused("create", &place))?;
        // Under its new name there is nothing left to clear away.
        let _ = new.keep();
        Ok(())
    }

    /// Makes anew what all runs have in common, and returns how many there are. What names others comes first, and what is
    /// named by nobody any longer goes last: no link leads to what is not there.
    pub(super) fn refresh(&self, told: &dyn Fn(&str)) -> Result<usize, SiteError> {
        let entries = self.entries()?;
        let comparisons = self.compare_neighbours(&entries, told)?;
        let newest = entries.iter().max_by_key(|entry| (&entry.started_at, &entry.address));
        if let Some(newest) = newest {
            self.copy_latest(&newest.address)?;
        }
        let has_newest = newest.is_some();
        let contents = SiteContents { entries, comparisons, url: self.url.clone() };
        let feed = contents.feed();
        if let Some(feed) = &feed {
            write(&self.folder(site::FEED), feed.as_bytes())?;
        }
        write(&self.folder(site::PAGE), contents.index_page().as_bytes())?;
        write(&self.folder(INDEX), &contents.index_record())?;
        if feed.is_none() {
            remove_file(&self.folder(site::FEED))?;
        }
        if !has_newest {
            remove_folder(&self.folder("latest"))?;
        }
        self.forget_comparisons(&contents.entries)?;
        Ok(contents.entries.len())
    }

    fn entries(&self) -> Result<Vec<Entry>, SiteError> {
        let runs = self.path.join("runs");
        let mut entries = Vec::new();
        for found in fs::read_dir(&runs).map_err(refused("list", &runs))? {
            let found = found.map_err(refused("list", &runs))?;
            // Anything else is a folder that was being written when somebody killed the program.
            let Some(address) = found.file_name().to_str().and_then(Address::parse) else { continue };
            let path = found.path().join(site::ENTRY);
            let json = read_file(&path, LARGEST_SITE_FILE_BYTES)?;
            let entry = Entry::from_json(&json).map_err(|why| SiteError::Unreadable { path: path.clone(), why })?;
            if entry.address != address {
                return Err(SiteError::Moved { path, address: entry.address });
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    /// Each file is replaced at once, and the page last: it never names what is not there yet.
    fn copy_latest(&self, address: &Address) -> Result<(), SiteError> {
        let (from, latest) = (self.run_folder(address), self.path.join("latest"));
        fs::create_dir_all(&latest).map_err(refused("create", &latest))?;
        let mut names = Vec::new();
        for file in fs::read_dir(&from).map_err(refused("list", &from))? {
            names.extend(file.map_err(refused("list", &from))?.file_name().into_string());
        }
        names.sort_by_key(|name| name == site::PAGE);
        for name in names {
            let bytes = read_file(&from.join(&name), LARGEST_SITE_FILE_BYTES)?;
            write(&latest.join(&name), &site::as_latest(&name, bytes))?;
        }
        Ok(())
    }
}

/// Removes from a site what a program had begun to write when it was killed, and says so.
fn sweep(site: &Path) {
    let begun_in = |folder: PathBuf, prefix: &'static str| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter(move |entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)))
    };
    let runs = ["runs", COMPARED].into_iter().flat_map(|under| begun_in(site.join(under), UNFINISHED_RUN));
    let runs = runs.filter(|run| fs::remove_dir_all(run.path()).is_ok()).count();
    let folders = [site.to_owned(), site.join("data"), site.join("latest")];
    let files = folders.into_iter().flat_map(|folder| begun_in(folder, UNFINISHED));
    let files = files.filter(|file| fs::remove_file(file.path()).is_ok()).count();
    if runs + files > 0 {
        let [runs, files] =
            [(runs, "half-written run"), (files, "file")].map(|(count, what)| counted(count as u64, what));
        tell(&format!("note: removed what a killed publish had left behind: {runs}, {files}"));
    }
}

/// Removes a folder and what is in it, where it is there.
pub(super) fn remove_folder(path: &Path) -> Result<(), SiteError> {
    if path.is_dir() { fs::remove_dir_all(path).map_err(refused("remove", path)) } else { Ok(()) }
}

fn remove_file(path: &Path) -> Result<(), SiteError> {
    if path.is_file() { fs::remove_file(path).map_err(refused("remove", path)) } else { Ok(()) }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), SiteError> {
    write_whole(path, bytes).map_err(refused("write", path))
}

pub(super) fn refused(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SiteError + use<> {
    let path = path.to_owned();
    move |source| SiteError::Io { path, doing, source }
}
