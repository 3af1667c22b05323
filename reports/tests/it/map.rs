//! The crossover map: what each square says, what all of them say together, and where the page shows it.

use reports::charts::figures;
use reports::crossover::{Grid, SquareFinding};
use reports::page::render;
use reports::record::PictureKind;
use reports::record::store::Run;
use reports::study::groups;

use crate::fixture_map;

/// Findings row by row, and the sentence.
fn read(run: &Run) -> (Vec<Vec<SquareFinding>>, String) {
    let groups = groups(run);
    let experiment = &run.manifest.experiments[0];
    let grid = Grid::of(experiment, &experiment.pictures[0], &groups).unwrap();
    let findings = grid.rows.iter().map(|row| row.iter().map(|square| square.finding()).collect()).collect();
    (findings, grid.sentence())
}

#[test]
fn every_square_says_what_its_blocks_carry() {
    let (findings, sentence) = read(&fixture_map::run());
    assert_eq!(
        findings,
        [
            [SquareFinding::First, SquareFinding::Alike],
            [SquareFinding::CannotTell, SquareFinding::TooFewBlocks],
            [SquareFinding::GeneratorsLimit, SquareFinding::GeneratorsLimit],
            [SquareFinding::Second, SquareFinding::NotMeasured],
        ]
    );
    assert_eq!(
        sentence,
        "async-multi served more in 1 of 8 squares, threaded in 1 (most at 4,096 connections, echo: async-multi, at least \
         1.93 times, 5 undecided, 1 of them for want of pairs and 2 of them at the generator's limit)"
    );
}

#[test]
fn swapped_contenders_swap_the_winners_and_nothing_else() {
    let run = fixture_map::run();
    let mut swapped = run.clone();
    swapped.manifest.contenders.reverse();
    let groups_of = [groups(&run), groups(&swapped)];
    let [there, back] = [(&run, &groups_of[0]), (&swapped, &groups_of[1])].map(|(run, groups)| {
        let experiment = &run.manifest.experiments[0];
        Grid::of(experiment, &experiment.pictures[0], groups).unwrap()
    });
    for ((_, _, a), (_, _, b)) in there.squares().zip(back.squares()) {
        assert_eq!(a.winner().map(|place| 1 - place), b.winner());
        assert_eq!(a.lines(["threaded", "async-multi"]), b.lines(["async-multi", "threaded"]));
    }
}

#[test]
fn a_map_without_a_winner_names_none() {
    let mut run = fixture_map::run();
    run.cells.retain(|cell| cell.block < 2);
    let (findings, sentence) = read(&run);
    let winners =
        findings.iter().flatten().filter(|finding| matches!(finding, SquareFinding::First | SquareFinding::Second));
    assert_eq!(winners.count(), 0);
    assert_eq!(
        sentence,
        "Cannot tell threaded and async-multi apart in 8 of 8 squares (8 undecided, 6 of them for want of pairs and 1 of them at \
         the generator's limit)"
    );
}

#[test]
fn the_map_is_the_first_thing_on_its_page() {
    let page = render(&fixture_map::run());
    let map = page.find("<section id=\"map\">").unwrap();
    let others = page.find("<section id=\"claim-map\"").unwrap();
    assert!(map < others && page.contains("<a href=\"#map\">"));
    assert_eq!(page.matches("<figure id=\"map-grid\"").count(), 1, "one grid for all workloads");
}

#[test]
fn panels_of_different_units_have_axes_of_their_own() {
    let mut run = fixture_map::run();
    run.manifest.experiments[0].pictures[1].metrics.push("cpu_per_request".into());
    let figures = figures(&run, &groups(&run));
    let curve = figures.iter().find(|figure| figure.kind == PictureKind::Curve).unwrap();
    let [throughput, cpu] = [0, 1].map(|place| &curve.panels[place].svg);
    assert!(throughput.contains("/s</text>") && !throughput.contains(" ns</text>"));
    assert!(!cpu.contains("/s</text>") && cpu.contains(" ns</text>"), "CPU time is not per second: {cpu}");
}
