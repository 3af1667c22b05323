//! What a pull request gets of a run. The formats of other tools are tested beside their code.

use reports::export::{MOST_ROWS, markdown};

use crate::fixture;

#[test]
fn a_pull_request_gets_eight_rows_at_most() {
    let rows = |text: &str| text.lines().filter(|line| line.starts_with("| `")).count();
    let text = markdown(&fixture::whole());
    assert_eq!(rows(&text), 6);
    assert!(text.contains("p99 response time, ") && text.contains("memory per idle connection"), "{text}");
    let mut run = fixture::whole();
    let model = run.manifest.contenders[1].clone();
    for copy in 0..5 {
        let label = format!("threaded:stack={copy}|<b>");
        run.manifest.contenders.push(reports::record::ContenderRecord { label: label.clone(), ..model.clone() });
        let copies: Vec<_> = run.cells.iter().filter(|cell| cell.contender == "threaded").cloned().collect();
        run.cells.extend(copies.into_iter().map(|mut cell| {
            cell.contender = label.clone();
            cell
        }));
    }
    let text = markdown(&run);
    assert_eq!(rows(&text), MOST_ROWS);
    assert!(text.contains("3 contenders more in the report"), "{text}");
    assert!(!text.contains("<b>") && text.contains("\\|"), "{text}");
}
