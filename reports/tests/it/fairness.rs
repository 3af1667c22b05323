//! How a server shared itself among the connections of a probe, of records whose shares are known.

use reports::metrics::{Certainty, Reading, metric};
use reports::record::{Cell, DisturbanceRecord, Fate, RequestEvent, ShapeRecord};
use reports::study::Pool;

use crate::fixture::SECOND;
use crate::fixture_trials::{FROM, MS, UNTIL, disturbed};

const CONNECTIONS: u32 = 4;

/// Four hundred requests on each of four connections within the disturbance, and one on each before it.
fn cell(fate: impl Fn(u32, u64) -> (u64, Fate)) -> Cell {
    let idle = DisturbanceRecord {
        name: "a greedy client".into(),
        from_ns: FROM,
        until_ns: UNTIL,
        ..DisturbanceRecord::default()
    };
    let mut events = Vec::new();
    for connection in 0..CONNECTIONS {
        events.push(RequestEvent { at_ns: 0, took_ns: 9 * SECOND, fate: Fate::Ok, connection: Some(connection) });
        for number in 0..400 {
            let (took_ns, fate) = fate(connection, number);
            let at_ns = FROM + number * (UNTIL - FROM) / 400;
            events.push(RequestEvent { at_ns, took_ns, fate, connection: Some(connection) });
        }
    }
    let mut cell = disturbed("fairness", "threaded", idle, events);
    cell.load.shape = ShapeRecord::Connections { connections: CONNECTIONS };
    cell
}

/// Answered a little later each time.
fn served(_: u32, number: u64) -> (u64, Fate) {
    (MS + number, Fate::Ok)
}

fn reading(name: &str, cells: &[Cell]) -> Reading {
    metric(name).unwrap().of_pool(&Pool::of(cells.iter().collect()))
}

fn jain(cells: &[Cell]) -> Reading {
    reading("jains_index", cells)
}

fn known(value: f64) -> Reading {
    Reading::Measured(value, Certainty::Unknown)
}

#[test]
fn jains_index_tells_who_is_served_at_all_and_counts_those_who_are_not() {
    assert_eq!(jain(&[cell(served)]), known(1.0));
    let two_of_four =
        |connection: u32, number| if connection < 2 { served(0, number) } else { (SECOND, Fate::Timeout) };
    assert_eq!(jain(&[cell(two_of_four)]), known(0.5));
    let one_has_half = |connection: u32, number| match connection {
        0 if number % 2 == 0 => (SECOND, Fate::Timeout),
        _ => served(0, number),
    };
    // 200 and three times 400: 1,400 squared over four times 520,000.
    assert_eq!(jain(&[cell(one_has_half)]), known(1_960_000.0 / 2_080_000.0));
    assert_eq!(jain(&[cell(served), cell(two_of_four)]), known(0.75), "the mean of two blocks");
    assert_eq!(jain(&[cell(|_, _| (SECOND, Fate::Timeout))]), Reading::Absent, "nobody has anything");
}

#[test]
fn a_connection_without_a_single_request_had_no_reply_either() {
    let mut one_was_never_asked = cell(served);
    let events = &mut one_was_never_asked.traffic.as_mut().unwrap().events;
    events.retain(|event| event.connection != Some(3));
    assert_eq!(jain(&[one_was_never_asked.clone()]), known(0.75));
    assert_eq!(reading("worst_connection_p99", &[one_was_never_asked]), Reading::TooFew(368));
}

#[test]
fn the_worst_connection_is_that_with_the_longest_p99() {
    let p99 = |cells: &[Cell]| reading("worst_connection_p99", cells);
    let third_is_slow = |connection: u32, number| (MS * if connection == 2 { 7 } else { 1 } + number, Fate::Ok);
    // Of 400 in ascending order the 396th.
    let of_four_hundred = |first: u64| (first + 395) as f64;
    assert_eq!(p99(&[cell(served)]).value(), Some(of_four_hundred(MS)));
    assert_eq!(p99(&[cell(third_is_slow)]).value(), Some(of_four_hundred(7 * MS)));
    assert_eq!(p99(&[cell(served), cell(third_is_slow)]).value(), Some(of_four_hundred(7 * MS)), "of both blocks");
    let last_is_never_answered = |connection: u32, number| match connection {
        3 => (SECOND, Fate::NeverAnswered),
        _ => served(0, number),
    };
    assert_eq!(p99(&[cell(last_is_never_answered)]), Reading::Beyond(SECOND));
}

#[test]
fn nothing_is_said_of_clients_that_come_and_go_or_of_requests_that_do_not_say_where_they_were() {
    let mut sessions = cell(served);
    sessions.load.shape = ShapeRecord::Sessions { requests: 1, think_time_ns: 0, concurrent: CONNECTIONS };
    assert_eq!(jain(&[sessions]), Reading::Absent);
    let mut old = cell(served);
    old.traffic.as_mut().unwrap().events.iter_mut().for_each(|event| event.connection = None);
    assert_eq!(jain(&[old.clone()]), Reading::Absent);
    assert_eq!(reading("worst_connection_p99", &[old]), Reading::Absent);
    let mut undisturbed = cell(served);
    undisturbed.disturbance = None;
    assert_eq!(jain(&[undisturbed]), Reading::Absent);
}
