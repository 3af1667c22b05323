//! What an earlier command left behind when it was killed is cleared away by the next, which says so in one line.

use reports::format::counted;

use super::output::tell;
use crate::process::sweep_control_groups;
use crate::trace::sweep_notes;

/// Clears away control groups and folders of notes whose makers have ended, and says so with the `unfinished` files that were
/// removed from a run's folder already. Nothing is said where there was nothing, or all is to be `quiet`.
pub(super) fn clear_away(unfinished: usize, quiet: bool) {
    let found =
        [(unfinished, "half-written file"), (sweep_notes(), "notes folder"), (sweep_control_groups(), "control group")];
    if let Some(line) = line(&found).filter(|_| !quiet) {
        tell(&line);
    }
}

fn line(found: &[(usize, &str)]) -> Option<String> {
    let those: Vec<String> =
        found.iter().filter(|(count, _)| *count > 0).map(|(count, what)| counted(*count as u64, what)).collect();
    (!those.is_empty()).then(|| format!("note: removed what a killed run had left behind: {}", those.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_there_is_named() {
        assert_eq!(line(&[(0, "file"), (0, "group")]), None);
        let said = line(&[(2, "half-written file"), (0, "notes folder"), (1, "control group")]).unwrap();
        assert_eq!(said, "note: removed what a killed run had left behind: 2 half-written files, 1 control group");
    }
}
