//! A map of two squares.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use reports::record::{ArrivalsRecord, Ending, ShapeRecord};

use crate::common::home::Home;
use crate::searches::{Searched, planned_ns};

/// Made once for the tests in here.
fn small() -> &'static Searched {
    static SMALL: OnceLock<Searched> = OnceLock::new();
    let arguments = ["map", "--connections", "8,1", "--work", "echo", "--budget", "12s", "--format", "json"];
    SMALL.get_or_init(|| Searched::of(&arguments))
}

#[test]
fn it_plans_within_its_budget_and_says_every_square() {
    let Searched { ended, home } = small();
    assert!(matches!(ended.code, Some(0 | 4)), "{}", ended.stderr);
    assert!(planned_ns(&home.run()) < 12_000_000_000, "{}", planned_ns(&home.run()));
    assert!(ended.stderr.contains("repeating them ends within 12 s"), "{}", ended.stderr);
    let said = ended.json();
    let squares = said["squares"].as_array().unwrap();
    let connections: Vec<f64> = squares.iter().map(|square| square["connections"].as_f64().unwrap()).collect();
    assert_eq!(connections, [1.0, 8.0]);
    assert_eq!(said["contenders"], serde_json::json!(["threaded", "async-multi"]));
}

#[test]
fn its_cells_are_records_in_pairs_on_fresh_servers() {
    let run = small().home.run();
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
    let page = small().page();
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
        Home::new().ended(arguments).refused(word);
    }
}
