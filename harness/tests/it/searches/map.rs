//! A map of two squares.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use reports::record::{ArrivalsRecord, Ending, ShapeRecord};

use crate::searches::Ended;

const BUDGET: Duration = Duration::from_secs(18);

/// Made once for the tests in here, with the time it took.
fn small() -> &'static (Ended, Duration) {
    static SMALL: OnceLock<(Ended, Duration)> = OnceLock::new();
    SMALL.get_or_init(|| {
        let begun = Instant::now();
        let arguments = ["map", "--connections", "8,1", "--work", "echo", "--budget", "18s", "--format", "json"];
        (Ended::of(&arguments), begun.elapsed())
    })
}

#[test]
fn it_ends_within_its_budget_and_says_every_square() {
    let (ended, took) = small();
    assert!([0, 4].contains(&ended.code()), "{}", ended.stderr());
    assert!(*took <= BUDGET, "{took:?}");
    assert!(ended.stderr().contains("repeating them ends within 18 s"), "{}", ended.stderr());
    let said = ended.json();
    let squares = said["squares"].as_array().unwrap();
    let connections: Vec<f64> = squares.iter().map(|square| square["connections"].as_f64().unwrap()).collect();
    assert_eq!(connections, [1.0, 8.0]);
    assert_eq!(said["contenders"], serde_json::json!(["threaded", "async-multi"]));
}

#[test]
fn its_cells_are_records_in_pairs_on_fresh_servers() {
    let run = small().0.run();
    assert_eq!(run.manifest.ending, Ending::Completed);
    assert_eq!(run.manifest.planned_cells as usize, run.cells.len());
    let mut pairs: BTreeMap<(Option<u64>, u32), Vec<&str>> = BTreeMap::new();
    for cell in &run.cells {
        assert_eq!(cell.load.arrivals, ArrivalsRecord::Closed);
        let ShapeRecord::Connections { connections } = cell.load.shape else { panic!("{}", cell.id) };
        assert_eq!(cell.variation, Some(f64::from(connections)));
        pairs.entry((cell.variation.map(f64::to_bits), cell.block)).or_default().push(&cell.contender);
    }
    let whole = pairs.values().filter(|pair| pair.len() == 2 && pair[0] != pair[1]).count();
    // Only the last may have been cut off.
    assert!(whole + 1 >= pairs.len() && pairs.len() >= 4, "{pairs:?}");
    let pids: std::collections::BTreeSet<_> = run.cells.iter().map(|cell| cell.server.pid).collect();
    assert!(pids.len() > run.cells.len() / 2, "servers are started anew");
}

#[test]
fn its_report_opens_with_the_grid() {
    let page = small().0.page();
    let (map, experiment) = (page.find("<section id=\"map\">"), page.find("<section id=\"claim-map\""));
    assert!(map.is_some() && map < experiment);
    assert_eq!(page.matches("<rect class=\"area faint\"").count(), 2, "a rectangle for each square");
}

#[test]
fn what_makes_no_map_is_refused_before_any_load() {
    for (arguments, word) in [
        (&["map", "--models", "threaded"][..], "compares two servers"),
        (&["map", "--work", "dance"], "work: echo"),
        (&["map", "--work", "echo,echo"], "named twice"),
        (&["map", "--budget", "4s"], "--budget "),
    ] {
        let ended = Ended::of(arguments);
        assert_eq!(ended.code(), 2, "{arguments:?}");
        assert!(ended.stderr().contains(word), "{arguments:?}: {}", ended.stderr());
    }
}
