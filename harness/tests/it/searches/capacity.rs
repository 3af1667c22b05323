//! A search in one block.

use std::sync::OnceLock;

use reports::objective::{Kept, kept};
use reports::record::ArrivalsRecord;

use crate::common::home::Home;
use crate::searches::{Searched, planned_ns};

/// A server that serves one connection at a time, 5 ms a request, carries less than 200 requests per second.
fn small() -> &'static Searched {
    static SMALL: OnceLock<Searched> = OnceLock::new();
    SMALL.get_or_init(|| {
        let what = ["capacity", "--models", "sequential", "--work", "sleep 5ms", "--slo", "p50<500ms"];
        Searched::of(&[&what[..], &["--blocks", "1", "--budget", "40s", "--format", "json"]].concat())
    })
}

#[test]
fn it_plans_within_its_budget_and_says_what_is_carried() {
    let Searched { ended, home } = small();
    assert!(matches!(ended.code, Some(0 | 4)), "{}", ended.stderr);
    assert!(planned_ns(&home.run()) < 40_000_000_000, "{}", planned_ns(&home.run()));
    assert!(ended.stderr.contains("40 s at most"), "{}", ended.stderr);
    let said = ended.json();
    let sentence = said["summary"]["answers"][0]["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("With p50 below 500 ms and no request failed: one by one "), "{sentence}");
    let load = &said["summary"]["tables"][0]["rows"][0]["values"][0];
    // It cannot be more: that is how long its requests take.
    assert!(load["number"].as_f64().is_none_or(|load| load < 260.0), "{load}");
}

#[test]
fn what_it_says_follows_from_its_cells() {
    let searched = small();
    let run = searched.home.run();
    let objective = run.manifest.experiments[0].objective.unwrap();
    assert!(
        run.cells.iter().all(|cell| cell.load.arrivals == ArrivalsRecord::Poisson),
        "every load is a point of a curve"
    );
    let loads = |wanted: Kept| {
        let cells = run.cells.iter().filter(move |cell| kept(&objective, cell) == wanted);
        cells.filter_map(|cell| cell.load.offered_load_rps).collect::<Vec<f64>>()
    };
    let (carried, missed) = (loads(Kept::Yes), loads(Kept::No));
    assert!(!missed.is_empty(), "500 requests per second are more than it can serve");
    let said = &searched.ended.json()["summary"]["tables"][0]["rows"][0]["values"][0]["number"];
    if let Some(said) = said.as_f64() {
        let most = carried.iter().copied().fold(0.0, f64::max);
        assert!((said - most).abs() < 1e-6, "{said} is not among {carried:?}");
    }
    assert!(searched.page().contains("id=\"capacity-response-time\""));
}

#[test]
fn what_can_not_be_searched_is_refused_before_any_load() {
    for (arguments, word) in [
        (&["capacity", "--slo", "max<20ms"][..], "p50, p90, p99, p99.9"),
        (&["capacity", "--slo", "p99<20"], "write 500ms"),
        (&["capacity", "--work", "dance"], "work: echo"),
        (&["capacity", "--budget", "2s"], "--budget "),
    ] {
        Home::new().ended(arguments).refused(word);
    }
}
