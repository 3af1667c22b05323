//! What a cell is called, in its run and on the disk.

use crate::plan::Turn;

/// Of a label, at most so much stands in a cell's name: however long it is, its file can be made.
const MOST_OF_A_LABEL: usize = 60;

/// What of a label stands in the name of a cell, of which something else must make it unique.
pub(crate) fn in_a_name(label: &str) -> String {
    label.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(MOST_OF_A_LABEL).collect()
}

/// A name that is unique in the run and safe as a file's. Labels hold characters that files should not, and may be long, so
/// a contender with options or a long name is told apart by its place in the plan.
pub(super) fn cell_id(experiment: &str, turn: &Turn, contender: &str) -> String {
    let is_shortened = contender.chars().count() > MOST_OF_A_LABEL;
    let label = in_a_name(contender);
    let place =
        if is_shortened || contender.contains([':', '@']) { format!("-{}", turn.contender) } else { String::new() };
    let Turn { block, task, .. } = turn;
    let point = task.point.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-");
    format!("{experiment}.{}.{point}.{label}{place}.b{block}", task.workload)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use reports::record::store::LONGEST_ID;

    use super::*;
    use crate::experiments::EXPERIMENTS;
    use crate::plan::Preset;

    #[test]
    fn names_of_cells_can_be_files_however_long_the_label() {
        let long = "async-multi:backend-pool=64,blocking-threads=512,frame-deadline=10s,idle-timeout=10s,".repeat(4);
        let labels = [long.as_str(), &format!("{long}b"), &"n".repeat(200), "threaded"];
        let tasks = EXPERIMENTS
            .iter()
            .flat_map(|it| it.all_tasks(&Preset::Full.sizes()).into_iter().map(|task| (it.name, task)));
        for (experiment, task) in tasks {
            let id = |(contender, label): (usize, &&str)| {
                cell_id(experiment, &Turn { experiment: 0, contender, block: 999, task: task.clone() }, label)
            };
            let ids: BTreeSet<String> = labels.iter().enumerate().map(id).collect();
            assert!(ids.iter().all(|id| id.len() <= LONGEST_ID), "{ids:?}");
            assert_eq!(ids.len(), labels.len(), "{ids:?}");
        }
    }
}
