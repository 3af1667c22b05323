//! `harness publish`: runs become a static site, or join the one that is there.
//!
//! Beside it: `folder.rs`, which keeps the site's folder; what stands in its files is decided in `reports`.

mod folder;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use reports::record::Ending;
use reports::record::store::{Run, RunFile, RunFolder};
use reports::site::{self, Address};

pub(super) use self::folder::SiteError;
use self::folder::SiteFolder;
use super::output::{print, tell};

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
}

fn web_address(text: &str) -> Result<String, String> {
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
            tell(&format!("already there: {}", place.display()));
            continue;
        }
        site.add(&site::publish(&run, &files, address, args.url.as_deref()))?;
        tell(&format!("added: {}", place.display()));
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
        let (run, files) = (folder.read()?, folder.files()?);
        if run.manifest.ending == Ending::Running {
            return Err(SiteError::NotEnded(path.to_owned()).into());
        }
        let address = site::address(&run, &files).ok_or_else(|| SiteError::NoDate(path.to_owned()))?;
        Ok(Candidate { run, files, address })
    }
}
