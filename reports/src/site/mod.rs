//! A static site of runs: what each of its files holds.
//!
//! A run is published into a folder that never changes again; what all runs have in common (the index, the trends, the
//! newest run under a name of its own) is made anew from the entries of all of them. Every link is relative, so a site
//! works wherever it is put; only a feed takes full addresses. Must not know: files, clocks; the folder is the business of
//! whoever calls. Beside it: `entry.rs` (what a site knows of a run), `index.rs` (the page of all runs), `trends.rs`,
//! `comparison.rs` (a run against the one before it), `feed.rs`, `preview.rs` (the picture that a link is shown with); `../machine.rs` (which runs may be compared).

mod archive;
mod comparison;
mod entry;
mod feed;
mod index;
mod preview;
mod preview_card;
mod trends;

use sha2::{Digest, Sha256};

use crate::page::{self, Surroundings};
use crate::record::store::{Run, RunFile};
use crate::scorecard::Scorecard;
use crate::study::groups;
use crate::summary;

pub use comparison::{
    ArchiveError, COMPARISON, ComparisonEntry, NoRecords, compare, folder, of_folder, pairs, run_of_records,
};
pub use entry::{Address, Entry, EntryCard, EntryRow, Index, NotAnEntry, SITE_VERSION};
pub use feed::FEED;

/// The page of a run or of the index, in its folder.
pub const PAGE: &str = "index.html";
/// What the index knows of a run, in the run's folder.
pub const ENTRY: &str = "entry.json";
/// The records of a run, in its folder.
pub const RECORDS: &str = "records.tar.gz";
/// The picture that a link to a run is shown with, in its folder.
pub const PREVIEW: &str = "preview.png";

/// A file of a site: its name within its folder and what is in it.
pub type SiteFile = (&'static str, Vec<u8>);

/// What all runs of a site have in common is made anew from this.
#[derive(Debug, Clone, Default)]
pub struct SiteContents {
    /// Of its runs, in any order.
    pub entries: Vec<Entry>,
    /// Of its comparisons, in any order; those of runs that are not neighbours are shown nowhere.
    pub comparisons: Vec<ComparisonEntry>,
    /// Where the site is on the web; absent where that is not known.
    pub url: Option<String>,
}

impl SiteContents {
    /// `index.html`.
    pub fn index_page(&self) -> String {
        index::page(&self.newest_first(), &self.shown(), self.url())
    }

    /// `data/index.json`.
    pub fn index_record(&self) -> Vec<u8> {
        Index { schema_version: SITE_VERSION, url: self.url().map(str::to_owned), runs: self.newest_first() }.to_json()
    }

    /// `feed.xml`; absent where the site's address is not known, or no run says when it was made.
    pub fn feed(&self) -> Option<String> {
        feed::feed(&self.newest_first(), &self.shown(), self.url()?)
    }

    fn url(&self) -> Option<&str> {
        self.url.as_deref().map(|url| url.trim_end_matches('/'))
    }

    /// Times in UTC sort as texts.
    fn newest_first(&self) -> Vec<Entry> {
        let mut entries = self.entries.clone();
        entries.sort_by(|a, b| (&b.started_at, &b.address).cmp(&(&a.started_at, &a.address)));
        entries
    }

    /// The comparisons of neighbours.
    fn shown(&self) -> Vec<&ComparisonEntry> {
        let neighbours: Vec<String> =
            pairs(&self.entries).into_iter().map(|(base, new)| folder(&base.address, &new.address)).collect();
        self.comparisons.iter().filter(|comparison| neighbours.contains(&comparison.folder())).collect()
    }
}

/// The folder of a run: where, and what is in it.
#[derive(Debug, Clone)]
pub struct Published {
    /// What the index says of the run, its address among it.
    pub entry: Entry,
    /// Its files.
    pub files: Vec<SiteFile>,
}

/// Where a run is to be found on a site: the day it was made, and a hash of its files. The same files have the same
/// address, so a run that is published twice is there once. Absent where the run does not say when it was made.
pub fn address(run: &Run, files: &[RunFile]) -> Option<Address> {
    let mut hash = Sha256::new();
    for file in files {
        hash.update((file.name.len() as u64).to_le_bytes());
        hash.update(&file.name);
        hash.update((file.bytes.len() as u64).to_le_bytes());
        hash.update(&file.bytes);
    }
    let hash: String = hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    Address::parse(&format!("{}-{hash}", run.manifest.started_at.get(..10)?))
}

/// Everything that is published of a run. `base` is the site's own URL, where it is known: other sites show a picture
/// only by its full address.
pub fn publish(run: &Run, files: &[RunFile], address: Address, base: Option<&str>) -> Published {
    let groups = groups(run);
    let summary = summary::of_groups(run, &groups);
    let card = Scorecard::of_groups(run, &groups).filter(|card| !card.rows.is_empty());
    let entry = Entry::of(run, (&groups, card.as_ref()), &summary, address);
    let surroundings = Surroundings {
        address: entry.address.to_string(),
        headline: entry.headline.clone(),
        base: base.map(|base| base.trim_end_matches('/').to_owned()),
    };
    let files = vec![
        (RECORDS, archive::pack(&format!("{}-{}", entry.run, entry.address), files)),
        (PREVIEW, preview::draw(run, &entry, card.as_ref())),
        (PAGE, page::render_published(run, &surroundings).into_bytes()),
        (ENTRY, entry.to_json()),
    ];
    Published { entry, files }
}

/// A file of a run's folder as it stands in `latest/`, which is one folder less deep: of the page, the links to the
/// rest of the site are adapted; all else is the same.
pub fn as_latest(name: &str, bytes: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(bytes) {
        Ok(page) if name == PAGE => page.replace("href=\"../../", "href=\"../").into_bytes(),
        Ok(text) => text.into_bytes(),
        Err(binary) => binary.into_bytes(),
    }
}
