//! `harness publish`: runs become a static site, or join the one that is there.
//!
//! What stands in the files of a site is decided in `reports::site`. Beside it: `publish/folder.rs` keeps the site's
//! folder, `publish/compared.rs` the comparisons in it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use reports::record::Ending;
use reports::record::store::{Run, RunFile, RunFolder};
use reports::site::{self, Address};

use super::output::print;
use super::progress::QuietArg;
use super::protagonists;

mod compared;
mod folder;

use folder::SiteFolder;
pub(super) use folder::{SiteError, UNFINISHED_RUN};

/// Publish runs on a static site, with an index, permanent pages and trends
#[derive(Debug, clap::Args)]
pub(super) struct PublishArgs {
    /// Folder of the site; a new or empty one becomes a site
    site: PathBuf,

    /// Folders of runs, the ones with manifest.json in them; without any, only the index is written again
    #[arg(value_name = "RUN")]
    runs: Vec<PathBuf>,

    /// Where the site will be on the web, which it remembers; without it there is no feed, and links to it may show no
    /// picture
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
    let site = SiteFolder::open(&args.site, args.url.as_deref())?;
    for Candidate { run, files, address } in runs {
        let place = site.run_folder(&address);
        if place.exists() {
            args.quiet.tell(&format!("already there: {}", place.display()));
            continue;
        }
        site.add(&site::publish(&run, &files, address, site.url()))?;
        args.quiet.tell(&format!("added: {}", place.display()));
    }
    let runs = site.refresh(&|line| args.quiet.tell(line))?;
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
