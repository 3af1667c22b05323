//! Known answers: the harness measures what it knows already, and says whether it found it.
//!
//! Each row is a measurement by the real pipeline (load, processes, observation, statistics) of something whose truth
//! is known beforehand: a server that delays its replies by the clock, a process that was told how much to use. Where
//! the machine disturbed the truth itself, and only there, a row is tried again, and says in the end that it cannot
//! tell instead of passing. Must not know: how rows are shown. Read `row.rs` (what a row is), `figure.rs` (one number
//! held against its truth), then any file of `rows/`. `breakage` in the tests proves that each row can fail.

mod bench;
mod cells;
mod each_cpu;
mod figure;
mod lateness;
mod pages;
mod row;
mod rows;
pub mod subject;
mod synthetic;

pub use bench::Bench;
pub use figure::{Fit, SelftestFigure, ShownValue};
pub use row::{SelftestFinding, SelftestKind, SelftestRow, SelftestVerdict};
pub use rows::ROWS;

/// The rows of these names, in the order of [`ROWS`]; all of them where none is named.
///
/// # Errors
/// The first name that no row has.
pub fn select(names: &[String]) -> Result<Vec<&'static SelftestRow>, String> {
    if let Some(unknown) = names.iter().find(|name| ROWS.iter().all(|row| row.name != **name)) {
        return Err(unknown.clone());
    }
    let is_wanted = |row: &&SelftestRow| names.is_empty() || names.iter().any(|name| name == row.name);
    Ok(ROWS.iter().filter(is_wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_machine_can_disturb_is_right() {
        let bench = Bench::new().unwrap();
        let calculated = ROWS.iter().filter(|row| row.kind == SelftestKind::Calculated);
        let findings: Vec<SelftestFinding> = calculated.map(|row| row.find(&bench)).collect();
        assert!(findings.len() >= 5);
        for finding in findings {
            assert_eq!(finding.verdict, SelftestVerdict::Right, "{finding:#?}");
        }
    }

    #[test]
    fn names_are_unique_and_select() {
        for row in ROWS {
            assert_eq!(select(&[row.name.to_owned()]).unwrap().len(), 1, "{}", row.name);
        }
        assert_eq!(select(&[]).unwrap().len(), ROWS.len());
        assert_eq!(select(&["nope".to_owned()]).unwrap_err(), "nope");
    }
}
