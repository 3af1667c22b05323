//! Who had which CPUs, as figures and the page say it.

use reports::charts::figures;
use reports::page::render;
use reports::record::store::Run;
use reports::record::{Cell, PlacementKind, PlacementRecord};
use reports::study::groups;

use crate::fixture_trials as fixture;

#[test]
fn a_figure_says_which_cpus_its_servers_had_where_tasks_asked_for_others() {
    let mut run = fixture::run();
    let churn = run.manifest.experiments[2].name.clone();
    let subtitles = |run: &Run| -> Vec<String> {
        let drawn = figures(run, &groups(run)).into_iter().filter(|figure| figure.experiment == churn);
        drawn.map(|figure| figure.subtitle).collect()
    };
    let usual = run.manifest.placement.clone();
    let own = format!("server on {}", if usual.server_cpus.len() == 1 { "1 CPU" } else { "2 CPUs" });
    assert!(subtitles(&run).iter().all(|subtitle| subtitle.ends_with(&own)), "{:?}", subtitles(&run));
    let shared = |cpus: Vec<u32>| PlacementRecord {
        kind: PlacementKind::Shared,
        server_cpus: cpus.clone(),
        generator_cpus: cpus,
    };
    let of_churn = |cell: &&mut Cell| cell.experiment == churn;
    for cell in run.cells.iter_mut().filter(of_churn) {
        cell.placement = Some(shared(vec![0, 1, 2]));
    }
    let said = |run: &Run, of: &str| subtitles(run).iter().all(|subtitle| subtitle.ends_with(of));
    assert!(said(&run, "server on 3 CPUs, shared with the load"), "{:?}", subtitles(&run));
    let page = render(&run);
    assert!(page.contains(&format!("In {churn} the server was on 3 CPUs, shared with the load.")));
    let first = run.cells.iter_mut().find(|cell| cell.experiment == churn).unwrap();
    first.placement = Some(PlacementRecord { kind: PlacementKind::Isolated, ..shared(vec![4]) });
    assert!(said(&run, "server on 1 or 3 CPUs, with 3 shared with the load"), "{:?}", subtitles(&run));
}
