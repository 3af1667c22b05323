//! Adding up what the workers noted down: all of it is counts and sums, so that nothing is lost.

use reports::record::{ConnectionLedger, Ledger};

use super::Recorder;

impl Recorder {
    /// Adds another worker's notes.
    pub(crate) fn add(&mut self, other: &Recorder) {
        add_ledger(&mut self.ledger, &other.ledger);
        add_connections(&mut self.connections, &other.connections);
        self.in_system.area_ns += other.in_system.area_ns;
        self.arrivals += other.arrivals;
        self.taken_up_in_time += other.taken_up_in_time;
        self.ok_within_window += other.ok_within_window;
        self.ok_in_all += other.ok_in_all;
        self.given_up_in_all += other.given_up_in_all;
        self.out_of_order += other.out_of_order;
        self.left_over += other.left_over;
        self.response_time.add(&other.response_time);
        self.service_time.add(&other.service_time);
        self.schedule_lag.add(&other.schedule_lag);
        self.connect_time.add(&other.connect_time);
        self.split.add(&other.split);
        for (mine, theirs) in self.intervals.iter_mut().zip(&other.intervals) {
            mine.ok += theirs.ok;
            mine.failed += theirs.failed;
            mine.response_time.add(&theirs.response_time);
        }
        self.events.extend_from_slice(&other.events);
        self.replies.add(&other.replies);
        self.hung_since_warm_up += other.hung_since_warm_up;
        match (&mut self.seconds, &other.seconds) {
            (Some(mine), Some(theirs)) => mine.add(theirs),
            (None, Some(theirs)) => self.seconds = Some(theirs.clone()),
            (_, None) => {}
        }
    }
}

fn add_ledger(sum: &mut Ledger, part: &Ledger) {
    let Ledger { scheduled, ok, error, timeout, malformed, refused, reset, dropped, in_flight } = part;
    sum.scheduled += scheduled;
    sum.ok += ok;
    sum.error += error;
    sum.timeout += timeout;
    sum.malformed += malformed;
    sum.refused += refused;
    sum.reset += reset;
    sum.dropped += dropped;
    sum.in_flight += in_flight;
}

fn add_connections(sum: &mut ConnectionLedger, part: &ConnectionLedger) {
    let ConnectionLedger {
        attempted,
        established,
        failed,
        closed_in_agreement,
        closed_in_disagreement,
        never_answered,
        closed_by_server,
    } = part;
    sum.attempted += attempted;
    sum.established += established;
    sum.failed += failed;
    sum.closed_in_agreement += closed_in_agreement;
    sum.closed_in_disagreement += closed_in_disagreement;
    sum.never_answered += never_answered;
    sum.closed_by_server += closed_by_server;
}
