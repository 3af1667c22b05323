//! What holds for every figure of an experiment that was measured too seldom for any verdict: said once, on top of a page.
//!
//! Must not know: figures. Beside it: `title.rs`, whose titles say none of it.

use crate::format::{self, often};
use crate::record::Manifest;
use crate::verdict::BLOCKS_FOR_A_CLAIM;

/// `Measured once, so its figures are estimates: Response time under load.` Absent where everything was measured often
/// enough for a claim at least.
pub fn estimates(manifest: &Manifest) -> Option<String> {
    let all =
        manifest.experiments.iter().map(|one| (one.title.as_str(), one.blocks.unwrap_or(manifest.blocks) as usize));
    said(&all.collect::<Vec<_>>())
}

/// Experiments with how often each of their cells was planned.
fn said(experiments: &[(&str, usize)]) -> Option<String> {
    let seldom: Vec<&(&str, usize)> = experiments.iter().filter(|(_, times)| *times < BLOCKS_FOR_A_CLAIM).collect();
    let most = seldom.iter().map(|(_, times)| *times).max()?;
    if seldom.len() == experiments.len() {
        return Some(format!("Everything was measured {}, so all figures are estimates.", often(most)));
    }
    let titles: Vec<&str> = seldom.iter().map(|(title, _)| *title).collect();
    Some(format!("Measured {}, so the figures are estimates: {}.", often(most), format::list(&titles)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_seldom_is_named_once() {
        assert_eq!(said(&[("Load", 10), ("Memory", 3)]), None);
        assert_eq!(said(&[("Load", 1), ("Memory", 3)]).unwrap(), "Measured once, so the figures are estimates: Load.");
        assert_eq!(
            said(&[("Load", 2), ("Memory", 2)]).unwrap(),
            "Everything was measured twice, so all figures are estimates."
        );
        assert_eq!(said(&[]), None);
    }
}
