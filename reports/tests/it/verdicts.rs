//! Comparisons of all with all: what they hold, where they are silent, and that a contender run twice is measured and
//! never shown.

use reports::page::render;
use reports::record::store::Run;
use reports::record::{Cell, Purpose};
use reports::stats::WhyNoRatio;
use reports::study::groups;
use reports::summary::summarise;
use reports::verdict::{Matrix, Verdict};

use crate::fixture::{self, MODELS, Size, find};

/// Three contenders, and the last of them once more under another name, whose CPU time is off by up to `noise`.
fn with_twin(blocks: u32, noise: f64) -> Run {
    let models = vec![MODELS[0], MODELS[1], MODELS[5]];
    let mut run = fixture::run(&Size { models, loads: vec![60.0, 700.0, 8_000.0], blocks, workloads: 1, steps: 400 });
    let original = run.manifest.contenders[2].clone();
    let label = format!("{}@twin", original.label);
    let of_original = |cell: &&Cell| cell.contender == original.label && cell.purpose == Purpose::Measure;
    let twins: Vec<Cell> = run.cells.iter().filter(of_original).cloned().collect();
    for (place, mut cell) in twins.into_iter().enumerate() {
        let times = if place % 2 == 0 { 1.0 + noise } else { 1.0 / (1.0 + noise) };
        cell.server.window_cpu_ns = cell.server.window_cpu_ns.map(|ns| (ns as f64 * times) as u64);
        cell.id = format!("{}-twin", cell.id);
        cell.contender = label.clone();
        run.cells.push(cell);
    }
    run.manifest.contenders.push(reports::record::ContenderRecord {
        label,
        twin_of: Some(original.label.clone()),
        ..original
    });
    run
}

fn matrix(run: &Run, label: &str) -> Matrix {
    let matrices = summarise(run).matrices;
    matrices.into_iter().find(|matrix| matrix.label == label).unwrap_or_else(|| panic!("no matrix of {label}"))
}

#[test]
fn ten_blocks_decide_a_median_and_not_a_p99() {
    let run = with_twin(10, 0.0);
    let median = matrix(&run, "median response time");
    assert!(median.has_verdicts() && !matrix(&run, "p99 response time").has_verdicts());
    let verdict = median.pair(1, 2).unwrap().judged.unwrap();
    assert!(matches!(verdict.verdict, Verdict::Equivalent { .. }), "{verdict:?}");
    let cpu = matrix(&run, "server CPU time per request").pair(1, 2).unwrap();
    let truth = MODELS[1].cpu_us / MODELS[5].cpu_us;
    let (ratio, judged) = (cpu.ratio.unwrap(), cpu.judged.unwrap());
    assert!(judged.verdict == Verdict::Different && (ratio.value / truth - 1.0).abs() < 0.5, "{cpu:?} {truth}");
}

#[test]
fn a_pair_read_backwards_is_the_inverse() {
    let run = with_twin(10, 0.0);
    let cpu = matrix(&run, "server CPU time per request");
    let (there, back) = (cpu.pair(1, 2).unwrap().ratio.unwrap(), cpu.pair(2, 1).unwrap().ratio.unwrap());
    assert_eq!(there.inverse(), back);
    assert_eq!(cpu.pair(1, 1), None);
}

#[test]
fn what_a_contender_differs_from_itself_is_no_difference() {
    let quiet = matrix(&with_twin(10, 0.0), "server CPU time per request");
    let noisy = matrix(&with_twin(10, 9.0), "server CPU time per request");
    assert_eq!((quiet.floor.ratio, quiet.twin.as_deref()), (1.05, Some("async-multi")));
    // Ten blocks, five ten times and five a tenth: mean one, half width t(9) * 2.4271 / sqrt 10.
    assert!((noisy.floor.ratio.ln() - 1.736_3).abs() < 0.01, "{:?}", noisy.floor);
    let judged = |matrix: &Matrix| matrix.pair(1, 2).unwrap().judged.unwrap().verdict;
    assert_eq!(judged(&quiet), Verdict::Different);
    assert!(matches!(judged(&noisy), Verdict::Indistinguishable { .. }), "{:?}", judged(&noisy));
    assert!(noisy.floor_words().contains("5.68 times"), "{}", noisy.floor_words());
    let open = noisy.undecided_words().unwrap();
    assert!(open.contains("cannot be told apart"), "{open}");
    assert!(quiet.undecided_words().is_none_or(|open| !open.starts_with(&format!("{} ", noisy.pairs.len()))), "{open}");
}

#[test]
fn a_twin_is_in_no_table_no_sentence_and_no_picture() {
    let run = with_twin(10, 0.0);
    let summary = summarise(&run);
    let said = serde_json::to_string(&(&summary.tables, &summary.answers, &summary.matrices)).unwrap();
    assert!(!said.contains("@twin"), "{said}");
    let groups = groups(&run);
    assert!(groups.iter().all(|group| group.series.len() <= 3));
    let drawn = reports::charts::figures(&run, &groups);
    assert!(drawn.iter().flat_map(|figure| &figure.panels).all(|panel| !panel.svg.contains("@twin")));
}

#[test]
fn a_block_beyond_the_timeout_leaves_no_ratio() {
    let mut run = with_twin(10, 0.0);
    let cell = find(&run, "sleep-5ms", "threaded", 8_000.0, 3);
    let pair = |run: &Run| matrix(run, "p99 response time").pair(1, 2).unwrap();
    assert!(pair(&run).ratio.is_ok());
    // Two in a hundred time out in this one block, and two in a thousand of all.
    let ledger = &mut run.cells[cell].traffic.as_mut().unwrap().ledger;
    let late = ledger.ok / 50;
    (ledger.ok, ledger.timeout) = (ledger.ok - late, ledger.timeout + late);
    let refused = pair(&run).ratio.unwrap_err();
    assert_eq!((refused.why, refused.blocks, refused.of), (WhyNoRatio::Beyond, [1, 0], [10, 10]));
    assert_eq!(pair(&run).judged, None);
    assert!(pair(&run).detail().contains("more than could be measured in 1 of 10 measurements of the first"));
}

#[test]
fn the_page_shows_who_differs_only_where_blocks_allow_it() {
    let page = render(&with_twin(10, 0.0));
    assert!(page.contains("id=\"verdicts\"") && page.contains("row over column") && page.contains("≠</b>"));
    assert!(!render(&with_twin(2, 0.0)).contains("id=\"verdicts\""));
}
