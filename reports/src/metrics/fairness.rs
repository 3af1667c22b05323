//! How a server shared itself among the connections of a probe that stay: who of them was answered how often, and how the one
//! that was served worst fared. Of the requests that were due while something was done to the server.
//!
//! Must not know: what was done. Beside it: `probe.rs`, for all connections together.

use std::collections::BTreeMap;

use super::Reading;
use super::values::plain;
use crate::record::{Cell, Fate, RequestEvent, ShapeRecord};
use crate::stats::{Distribution, Quantile, mean};
use crate::study::{During, Pool};

/// Jain's index over the replies of each connection: the square of their sum over the sum of their squares, for each
/// connection. All alike is 1; one has all is one over their number. Of several blocks the mean.
pub(super) fn jains_index(pool: &Pool<'_>) -> Reading {
    let replies = |requests: &Vec<&RequestEvent>| requests.iter().filter(|request| request.fate == Fate::Ok).count();
    let of_cell = |cell: &&Cell| {
        let connections = by_connection(cell)?;
        jain(&connections.values().map(|requests| replies(requests) as f64).collect::<Vec<_>>())
    };
    let indices = pool.cells.iter().map(of_cell).collect::<Option<Vec<f64>>>();
    plain(indices.and_then(|indices| Some(mean(&indices)?.value)))
}

/// Absent where nobody has anything.
fn jain(shares: &[f64]) -> Option<f64> {
    let squares: f64 = shares.iter().map(|share| share * share).sum();
    (squares > 0.0).then(|| shares.iter().sum::<f64>().powi(2) / (shares.len() as f64 * squares))
}

/// A percentile of the response time on the connection for which it is the longest, of all cells: those of another cell are
/// other connections. What got no correct reply ranks last.
pub(super) fn of_the_worst(pool: &Pool<'_>, p: f64) -> Reading {
    let of_cell = |cell: &&Cell| {
        let connections = by_connection(cell)?;
        Some(connections.into_values().map(|requests| response(&requests, pool.timeout_ns(), p)).collect::<Vec<_>>())
    };
    let readings = pool.cells.iter().map(of_cell).collect::<Option<Vec<_>>>();
    let worst = readings.into_iter().flatten().flatten().max_by(|a, b| rank(a).total_cmp(&rank(b)));
    worst.unwrap_or(Reading::Absent)
}

fn response(requests: &[&RequestEvent], timeout_ns: u64, p: f64) -> Reading {
    let answered = requests.iter().filter(|request| request.fate == Fate::Ok);
    let answered = Distribution::of_values(answered.map(|request| request.took_ns));
    Quantile::of_requests(&answered, answered.len(), requests.len() as u64, timeout_ns, p).into()
}

/// For an order in which one that is too short to tell may be the worst of all.
fn rank(reading: &Reading) -> f64 {
    match reading {
        Reading::Measured(value, _) => *value,
        Reading::Beyond(least) => (*least as f64).next_up(),
        Reading::TooFew(_) | Reading::Absent => f64::INFINITY,
    }
}

/// What was due on each connection during the disturbance, none of them left out. Absent where connections come and go, and
/// where requests do not say on which they were.
fn by_connection(cell: &Cell) -> Option<BTreeMap<u32, Vec<&RequestEvent>>> {
    let ShapeRecord::Connections { connections } = cell.load.shape else { return None };
    let mut found: BTreeMap<u32, Vec<&RequestEvent>> = (0..connections).map(|number| (number, Vec::new())).collect();
    let mut requests = cell.probed(During::Disturbance).peekable();
    requests.peek()?;
    for request in requests {
        found.get_mut(&request.connection?)?.push(request);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Certainty;

    #[test]
    fn jains_index_is_one_where_all_have_the_same_and_one_over_their_number_where_one_has_all() {
        assert_eq!(jain(&[7.0, 7.0, 7.0]), Some(1.0));
        assert_eq!(jain(&[0.0, 9.0, 0.0, 0.0]), Some(0.25));
        assert_eq!(jain(&[4.0, 2.0]), Some(0.9));
        assert_eq!((jain(&[0.0, 0.0]), jain(&[])), (None, None));
    }

    #[test]
    fn what_can_not_be_told_may_be_the_worst_and_a_timeout_is_worse_than_a_reply_at_it() {
        let measured = |value| Reading::Measured(value, Certainty::Unknown);
        assert!(rank(&measured(5.0)) < rank(&Reading::Beyond(5)));
        assert!(rank(&Reading::Beyond(u64::MAX)) < rank(&Reading::TooFew(368)));
    }
}
