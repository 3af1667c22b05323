//! A run that goes on, in pieces: they are those of the report, and each stage of a run has some.

use reports::page::{SoFar, render};
use reports::record::Purpose;
use reports::record::store::Run;

use crate::{fixture, fixture_trials};

/// The run with its first cells only.
fn cut(run: &Run, cells: usize) -> Run {
    Run { cells: run.cells[..cells].to_vec(), ..run.clone() }
}

#[test]
fn the_pieces_of_a_whole_run_are_those_of_its_report() {
    for run in [fixture::small(), fixture_trials::run()] {
        let page = render(&run);
        let so_far = SoFar::of(&run);
        let drawn: Vec<String> = so_far.pictures().iter().filter_map(|(anchor, _)| so_far.picture(anchor)).collect();
        assert_eq!(drawn.len(), page.matches("<figure ").count());
        for piece in drawn {
            assert!(page.contains(piece.trim()), "the report draws it otherwise:\n{piece}");
        }
    }
}

#[test]
fn every_stage_of_a_run_has_pieces_that_can_be_drawn() {
    let run = fixture_trials::run();
    for cells in (0..run.cells.len()).step_by(3) {
        let begun = cut(&run, cells);
        let so_far = SoFar::of(&begun);
        let measured = begun.cells.iter().any(|cell| cell.purpose == Purpose::Measure);
        assert_eq!(so_far.pictures().is_empty(), !measured, "{cells} cells");
        for (anchor, experiment) in so_far.pictures() {
            assert!(run.manifest.experiments.iter().any(|known| known.name == experiment));
            if let Some(piece) = so_far.picture(&anchor) {
                assert!(piece.contains(&format!("<figure id=\"{anchor}\"")), "{anchor}");
            }
        }
        assert_eq!(so_far.sentences().contains("No cell has been measured yet"), !measured, "{cells} cells");
    }
}

#[test]
fn claims_without_a_cell_are_not_in_it_and_hostile_names_stay_text() {
    let mut run = fixture_trials::run();
    assert!(SoFar::of(&run).sentences().contains("So far: "));
    let first = run.cells.iter().position(|cell| cell.purpose == Purpose::Measure).unwrap();
    let begun = cut(&run, first);
    assert!(!SoFar::of(&begun).sentences().contains("So far: "));
    run.manifest.experiments.iter_mut().for_each(|experiment| experiment.claim = "<script>1</script>".into());
    let sentences = SoFar::of(&run).sentences();
    assert!(sentences.contains("&lt;script&gt;") && !sentences.contains("<script>"), "{sentences}");
}
