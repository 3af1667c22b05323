//! What a reader of a comparison must know before its rows: how blocks were put together, whose machine it was, what is in
//! one of the two only.
//!
//! Must not know: how it is shown. Beside it: `mod.rs`, which has the rows.

use super::Diff;
use crate::format::counted;

/// As many as are named of what only one run has.
const MOST_NAMED: usize = 6;

impl Diff {
    /// A sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let mut said = vec![self.method.words().to_owned()];
        if !self.machines_differ.is_empty() {
            let list: Vec<String> = self.machines_differ.iter().map(|difference| difference.words()).collect();
            said.push(format!("The machines differ, so a difference says little of the servers: {}.", list.join("; ")));
        }
        said.extend(self.cut_short.iter().map(|run| format!("{run}.")));
        if !self.has_twin && self.rows.iter().any(|row| row.judged.is_some_and(|judged| judged.verdict.is_one())) {
            said.push(
                "No server was run twice in either: how far one is from itself is not known, and 1.05 times counts."
                    .into(),
            );
        }
        let alone = [("base", &self.only_in_base), ("new run", &self.only_in_new)];
        said.extend(
            alone.into_iter().filter(|(_, alone)| !alone.is_empty()).map(|(which, alone)| only_in(which, alone)),
        );
        said
    }
}

fn only_in(which: &str, alone: &[String]) -> String {
    let named: Vec<&str> = alone.iter().take(MOST_NAMED).map(String::as_str).collect();
    let more = alone.len().saturating_sub(MOST_NAMED) as u64;
    let rest = if more > 0 { format!("; and {} more", counted(more, "place")) } else { String::new() };
    format!("Only in the {which}: {}{rest}.", named.join("; "))
}
