//! The comparisons of a site: each run against the one before it on the same machine.
//!
//! A comparison is made once, from the records that the site itself offers, and stays for as long as both its runs do. Must
//! not know: what it says. Beside it: `reports::site`, which decides who is compared with whom.

use std::fs;
use std::path::Path;

use reports::record::store::{Run, read_file};
use reports::site::{self, Address, ComparisonEntry, Entry};

use super::folder::{LARGEST_SITE_FILE_BYTES, SiteError, SiteFolder, refused, remove_folder};
use crate::cli::output::tell;

/// The folder of all of them in a site's.
pub(super) const COMPARED: &str = "compared";

impl SiteFolder {
    /// Makes the comparisons that are not there yet, and reads what came of all of them. Two runs whose records are gone or
    /// damaged are not compared, which is said.
    pub(super) fn compare_neighbours(
        &self,
        entries: &[Entry],
        told: &dyn Fn(&str),
    ) -> Result<Vec<ComparisonEntry>, SiteError> {
        let mut comparisons = Vec::new();
        for (base, new) in site::pairs(entries) {
            let name = site::folder(&base.address, &new.address);
            let place = self.folder(COMPARED).join(&name);
            if !place.exists() {
                let runs = [base, new].map(|entry| self.run_of(entry));
                let [Some(base_run), Some(new_run)] = runs else { continue };
                self.add_folder(COMPARED, &name, &site::compare((base, &base_run), (new, &new_run)))?;
                told(&format!("compared: {}", place.display()));
            }
            let path = place.join(site::COMPARISON);
            let json = read_file(&path, LARGEST_SITE_FILE_BYTES)?;
            let found = ComparisonEntry::from_json(&json);
            comparisons.push(found.map_err(|why| SiteError::Unreadable { path, why })?);
        }
        Ok(comparisons)
    }

    /// Removes the comparisons of runs that are there no longer.
    pub(super) fn forget_comparisons(&self, entries: &[Entry]) -> Result<(), SiteError> {
        let compared = self.folder(COMPARED);
        if !compared.is_dir() {
            return Ok(());
        }
        for found in fs::read_dir(&compared).map_err(refused("list", &compared))? {
            let found = found.map_err(refused("list", &compared))?;
            let of = found.file_name().to_str().and_then(site::of_folder);
            let is_there = |address: &Address| entries.iter().any(|entry| entry.address == *address);
            if of.is_some_and(|of| !of.iter().all(is_there)) {
                remove_folder(&found.path())?;
            }
        }
        Ok(())
    }

    fn run_of(&self, entry: &Entry) -> Option<Run> {
        let path = self.run_folder(&entry.address).join(site::RECORDS);
        read_run(&path)
            .map_err(|why| tell(&format!("note: nothing is compared with the run {}: {why:#}", entry.address)))
            .ok()
    }
}

fn read_run(records: &Path) -> anyhow::Result<Run> {
    let packed = read_file(records, LARGEST_SITE_FILE_BYTES)?;
    site::run_of_records(&packed).map_err(|why| anyhow::anyhow!("{}: {why}", records.display()))
}
