//! What came after something was done to a server: how soon it answered as before, or what it lost when it was told to stop.
//!
//! Must not know: HTML, charts. Beside it: `probe.rs`, which tells the rest of a trial.

use crate::format::{self, Unit};
use crate::metrics::{Reading, metric};
use crate::record::{Cell, Fate};
use crate::study::{During, Pool};

/// When the server answered as many in time as before, where more clients than it could serve came for a while.
pub(super) fn goodput(pool: &Pool<'_>) -> Option<String> {
    let was_asked_for_more =
        |cell: &&Cell| cell.disturbance.as_ref().is_some_and(|it| it.traffic.is_some() && it.stop_asked_ns.is_none());
    let failed = |cell: &&Cell| cell.probed(During::Disturbance).any(|event| event.fate != Fate::Ok);
    pool.cells.iter().find(|cell| was_asked_for_more(cell) && failed(cell))?;
    let metric = metric("goodput_recovery")?;
    let back = |when: &str| {
        Some(format!("{when} that ended, the server again answered as many in time as before, to within 5%."))
    };
    match metric.of_pool(pool) {
        Reading::Measured(0.0, _) => back("As soon as"),
        Reading::Measured(ns, _) => back(&format!("{} after", metric.unit.show(ns))),
        Reading::Beyond(ns) => Some(format!(
            "Even {} after that ended, the server answered over 5% fewer in time than before.",
            metric.unit.show(ns as f64)
        )),
        Reading::TooFew(_) | Reading::Absent => None,
    }
}

/// What was lost of the requests that the server had before it was told to stop, and how soon it was gone.
pub(super) fn shutdown(pool: &Pool<'_>) -> Option<String> {
    let asked: Vec<&Cell> = pool
        .cells
        .iter()
        .copied()
        .filter(|cell| cell.disturbance.as_ref().is_some_and(|it| it.stop_asked_ns.is_some()))
        .collect();
    let ledgers = asked.iter().filter_map(|cell| Some(cell.disturbance.as_ref()?.traffic.as_ref()?.ledger));
    let (all, lost) = ledgers.fold((0, 0), |(all, lost), ledger| (all + ledger.scheduled, lost + ledger.failed()));
    if all == 0 {
        return None;
    }
    let lost = match lost {
        0 => format!("none of {}", format::counted(all, "request")),
        lost => format!("{} of {}", format::count(lost), format::counted(all, "request")),
    };
    let gone = match metric("time_to_stop")?.of_pool(pool) {
        Reading::Measured(ns, _) => format!("was gone {} after it was told to stop", Unit::Nanoseconds.show(ns)),
        Reading::Beyond(ns) => {
            format!("was still there {} after it was told to stop", Unit::Nanoseconds.show(ns as f64))
        }
        Reading::TooFew(_) | Reading::Absent => return None,
    };
    Some(format!("The server {gone}, and {lost} that it had by then went without a reply."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{MS, disturbed};
    use crate::record::Ledger;

    fn cell(well_again_ms: u64, stop_asked_ns: Option<u64>, lost: u64) -> Cell {
        let done = Ledger { scheduled: 8, ok: 8 - lost, reset: lost, ..Ledger::default() };
        let mut cell = disturbed(100..200, well_again_ms, 600, done);
        cell.disturbance.as_mut().unwrap().stop_asked_ns = stop_asked_ns;
        cell.server.died_at_ns = stop_asked_ns.map(|asked_ns| asked_ns + 5 * MS);
        cell
    }

    #[test]
    fn the_goodput_is_back_at_once_later_or_not() {
        let told = |well_again_ms| goodput(&Pool::of(vec![&cell(well_again_ms, None, 0)]));
        let back = |when: &str| {
            Some(format!("{when} that ended, the server again answered as many in time as before, to within 5%."))
        };
        assert_eq!(told(200), back("As soon as"));
        assert_eq!(told(300), back("100 ms after"));
        assert_eq!(
            told(900).unwrap(),
            "Even 400 ms after that ended, the server answered over 5% fewer in time than before."
        );
        assert_eq!(told(100), None, "nothing failed, so there is nothing to tell");
    }

    #[test]
    fn a_shutdown_tells_what_was_lost_and_how_long_it_took() {
        let told = |lost| shutdown(&Pool::of(vec![&cell(900, Some(150 * MS), lost)])).unwrap();
        let begin = "The server was gone 5 ms after it was told to stop, and";
        assert_eq!(told(0), format!("{begin} none of 8 requests that it had by then went without a reply."));
        assert_eq!(told(8), format!("{begin} 8 of 8 requests that it had by then went without a reply."));
        let cell = cell(900, None, 0);
        assert_eq!(shutdown(&Pool::of(vec![&cell])), None);
    }
}
