//! `harness publish`: runs become a static site, or join the one that is there.
//!
//! Keeps the folder of the site; what stands in its files is decided in `reports::site`.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use reports::format::counted;
use reports::record::Ending;
use reports::record::store::{RecordError, Run, RunFile, RunFolder, UNFINISHED, read_file, write_whole};
use reports::site::{self, Address, Entry, Index, NotAnEntry, Published};

use super::output::{print, tell};
use super::protagonists;
use super::shell::quiet::QuietArg;

/// Put runs on a static site: an index, a permanent page for each, trends, and their data
#[derive(Debug, clap::Args)]
pub(super) struct PublishArgs {
    /// Folder of the site; one that is not there or empty becomes a site
    site: PathBuf,

    /// Folders of runs, the ones with manifest.json in them. Without any, the index alone is made anew
    #[arg(value_name = "RUN")]
    runs: Vec<PathBuf>,

    /// Where the site will be on the web; without it, other sites may not find the picture to show beside a link
    #[arg(long, value_name = "URL", value_parser = web_address)]
    url: Option<String>,

    #[command(flatten)]
    quiet: QuietArg,
}

pub(super) fn web_address(text: &str) -> Result<String, String> {
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    let is_plain = !text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '?' | '#'));
    if is_web && is_plain { Ok(text.to_owned()) } else { Err("give it as in https://example.org/benchmarks".into()) }
}

pub(super) fn run(args: PublishArgs) -> anyhow::Result<ExitCode> {
    // All of them are read before anything is written: a run that is refused leaves the site as it is.
    let runs = args.runs.iter().map(|path| Candidate::read(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let site = SiteFolder::open(&args.site)?;
    for Candidate { run, files, address } in runs {
        let place = site.run_folder(&address);
        if place.exists() {
            args.quiet.tell(&format!("already there: {}", place.display()));
            continue;
        }
        site.add(&site::publish(&run, &files, address, args.url.as_deref()))?;
        args.quiet.tell(&format!("added: {}", place.display()));
    }
    let runs = site.refresh()?;
    let page = args.site.join(site::PAGE);
    print(&format!("site: {}, {runs} run{}\n", page.display(), if runs == 1 { "" } else { "s" }))?;
    Ok(ExitCode::SUCCESS)
}

/// A run that may be published.
struct Candidate {
    run: Run,
    files: Vec<RunFile>,
    address: Address,
}

impl Candidate {
    fn read(path: &Path) -> anyhow::Result<Candidate> {
        let folder = RunFolder::open(path)?;
        let (run, files) = (protagonists::read(&folder, None)?, folder.files()?);
        if run.manifest.ending == Ending::Running {
            return Err(SiteError::NotEnded(path.to_owned()).into());
        }
        let address = site::address(&run, &files).ok_or_else(|| SiteError::NoDate(path.to_owned()))?;
        Ok(Candidate { run, files, address })
    }
}

const INDEX: &str = "data/index.json";

/// The records of a large run, or the entries of some ten thousand.
const LARGEST_FILE_BYTES: u64 = 256 << 20;
/// How the name of a run's folder begins that is not whole yet.
pub(super) const UNFINISHED_RUN: &str = ".new-";

/// Why a run is not published.
#[derive(Debug, thiserror::Error)]
pub(super) enum SiteError {
    /// Somebody else's folder.
    #[error("{} is not empty and holds no {INDEX}, so it is not a site of this program; name a new folder, or an empty one", .0.display())]
    NotASite(PathBuf),
    /// The run may still change.
    #[error("the run in {} has not ended, and what is published stays as it is; wait for its end, or run it again", .0.display())]
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
    _turn: Option<fs::File>,
}

impl SiteFolder {
    /// A folder that is a site already, or becomes one.
    pub(super) fn open(path: &Path) -> Result<SiteFolder, SiteError> {
        let index = path.join(INDEX);
        if index.is_file() {
            let json = read_file(&index, LARGEST_FILE_BYTES)?;
            Index::from_json(&json).map_err(|why| SiteError::Unreadable { path: index, why })?;
        } else {
            let data = path.join("data");
            fs::create_dir_all(path).map_err(refused("create", path))?;
            if fs::read_dir(path).map_err(refused("list", path))?.next().is_some() {
                return Err(SiteError::NotASite(path.to_owned()));
            }
            fs::create_dir_all(&data).map_err(refused("create", &data))?;
            write(&index, &site::index_record(&[]))?;
        }
        let runs = path.join("runs");
        fs::create_dir_all(&runs).map_err(refused("create", &runs))?;
        // Where folders can't be locked all goes on as it would with one publisher.
        let turn = fs::File::open(&runs).ok().filter(|folder| folder.lock().is_ok());
        if turn.is_some() {
            sweep(path);
        }
        Ok(SiteFolder { path: path.to_owned(), _turn: turn })
    }

    /// Where a run is, or would be.
    pub(super) fn run_folder(&self, address: &Address) -> PathBuf {
        self.path.join("runs").join(address.to_string())
    }

    /// Adds a run: first whole under another name, then under its own.
    pub(super) fn add(&self, published: &Published) -> Result<(), SiteError> {
        let place = self.run_folder(&published.entry.address);
        let runs = self.path.join("runs");
        let new =
            tempfile::Builder::new().prefix(UNFINISHED_RUN).tempdir_in(&runs).map_err(refused("write to", &runs))?;
        for (name, bytes) in &published.files {
            write(&new.path().join(name), bytes)?;
        }
        // A temporary folder is private; a site is to be served.
        fs::set_permissions(new.path(), fs::Permissions::from_mode(0o755)).map_err(refused("open", new.path()))?;
        fs::rename(new.path(), &place).map_err(refused("create", &place))?;
        // Under its new name there is nothing left to clear away.
        let _ = new.keep();
        Ok(())
    }

    /// Makes anew what all runs have in common, and returns how many there are.
    pub(super) fn refresh(&self) -> Result<usize, SiteError> {
        let entries = self.entries()?;
        if let Some(newest) = entries.iter().max_by_key(|entry| (&entry.started_at, &entry.address)) {
            self.copy_latest(&newest.address)?;
        }
        write(&self.path.join(site::PAGE), site::index_page(&entries).as_bytes())?;
        write(&self.path.join(INDEX), &site::index_record(&entries))?;
        Ok(entries.len())
    }

    fn entries(&self) -> Result<Vec<Entry>, SiteError> {
        let runs = self.path.join("runs");
        let mut entries = Vec::new();
        for found in fs::read_dir(&runs).map_err(refused("list", &runs))? {
            let found = found.map_err(refused("list", &runs))?;
            // Anything else is a folder that was being written when somebody killed the program.
            let Some(address) = found.file_name().to_str().and_then(Address::parse) else { continue };
            let path = found.path().join(site::ENTRY);
            let json = read_file(&path, LARGEST_FILE_BYTES)?;
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
            let bytes = read_file(&from.join(&name), LARGEST_FILE_BYTES)?;
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
    let runs = begun_in(site.join("runs"), UNFINISHED_RUN).filter(|run| fs::remove_dir_all(run.path()).is_ok()).count();
    let folders = [site.to_owned(), site.join("data"), site.join("latest")];
    let files = folders.into_iter().flat_map(|folder| begun_in(folder, UNFINISHED));
    let files = files.filter(|file| fs::remove_file(file.path()).is_ok()).count();
    if runs + files > 0 {
        let [runs, files] =
            [(runs, "half-written run"), (files, "file")].map(|(count, what)| counted(count as u64, what));
        tell(&format!("note: removed what a killed publish had left behind: {runs}, {files}"));
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), SiteError> {
    write_whole(path, bytes).map_err(refused("write", path))
}

fn refused(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SiteError + use<> {
    let path = path.to_owned();
    move |source| SiteError::Io { path, doing, source }
}
