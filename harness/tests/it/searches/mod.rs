//! `harness map` and `harness capacity` as a person meets them: the real program, small, its folder and what it says.
//!
//! Nothing is said of who is faster: other tests keep the machine busy.

mod capacity;
mod interruption;
mod map;

use reports::record::store::Run;

use crate::common::home::{Ended, Home};

/// A search that has ended, with the folder it wrote to; it may lie in a static.
struct Searched {
    home: Home,
    ended: Ended,
}

impl Searched {
    fn of(arguments: &[&str]) -> Searched {
        let home = Home::shared();
        Searched { ended: home.ended(&[arguments, &["--out", "the-run"]].concat()), home }
    }

    fn page(&self) -> String {
        std::fs::read_to_string(self.home.out().join("report.html")).unwrap()
    }
}

/// How long a run would put load on servers if nothing held it up, in nanoseconds. How long it really took is the machine's
/// matter; that no cell is begun that there is no time for is tested in `harness/src/search/`, where each cell takes as long
/// as the test says.
fn planned_ns(run: &Run) -> u64 {
    run.cells.iter().map(|cell| cell.load.warm_up_ns + cell.load.window_ns).sum()
}
