//! Who waited for what, in a title and two sentences: the facts behind a row of a scorecard, the one that is behind first.
//!
//! Every sentence is made of what was measured, and none says more. Must not know: HTML, pixels. Beside it:
//! `../../mechanism.rs`, whose facts these are; `scorecard.rs`, what the row says.

use super::options;
use super::scorecard::value;
use super::windows::{lanes, lanes_title};
use crate::format::{self, Unit, counted, number};
use crate::mechanism::{ConnectionParts, Mechanism, RepliesApart, ServingCost, TimeOfEither};
use crate::metrics::{Metric, metric};
use crate::scorecard::{RowVerdict, ScorecardRow, Topic};
use crate::study::Trial;
use crate::words::probe;

/// A part of less than this is not worth a word.
const WORTH_A_WORD: f64 = 0.02;
/// CPUs that are busy for so much of the time are what requests wait for.
const FULL: f64 = 0.8;
/// And for so much, all the time.
const ALL: f64 = 0.98;
/// How many times apart two must be for a title to say so.
const APART: f64 = 1.2;
/// How much of a response time a part is that most of it is.
const MOST: f64 = 0.5;

/// What is called what, and who is behind.
pub(super) struct Sides<'r> {
    pub(super) row: &'r ScorecardRow,
    pub(super) shorts: [&'r str; 2],
    /// The one that is behind, and the other.
    pub(super) order: [usize; 2],
}

impl<'r> Sides<'r> {
    fn of(row: &'r ScorecardRow, shorts: [&'r str; 2]) -> Sides<'r> {
        let order = match row.verdict {
            RowVerdict::Better { who, .. } => [1 - who, who],
            RowVerdict::Alike { .. } | RowVerdict::CannotTell(_) => [0, 1],
        };
        Sides { row, shorts, order }
    }

    /// `tokio`, or `tokio with 4 workers`.
    fn name(&self, side: usize) -> String {
        name(self.row, self.shorts, side)
    }

    /// The value of a side in the row.
    fn value(&self, side: usize) -> String {
        value(self.row.values[side], self.row.unit).replace("≥\u{a0}", "at least ")
    }
}

/// What a side is called: `tokio`, or `tokio with 4 workers` where another stood in for it.
pub(crate) fn name(row: &ScorecardRow, shorts: [&str; 2], side: usize) -> String {
    let options = row.stand_ins[side].as_ref().filter(|options| !options.is_empty());
    options.map_or(shorts[side].to_owned(), |options| format!("{} with {}", shorts[side], options::with(options)))
}

/// What is seen, in at most twelve words.
pub(crate) fn title(mechanism: &Mechanism<'_, '_>, row: &ScorecardRow, shorts: [&str; 2]) -> String {
    let sides = Sides::of(row, shorts);
    let [behind, ahead] = sides.order;
    let [worse, better] = [shorts[behind], shorts[ahead]];
    match mechanism {
        Mechanism::Connection { sides: parts, .. }
            if is_a_thread_each(&parts[behind]) && is_no_thread(&parts[ahead]) =>
        {
            format!("With {worse} one more connection is one more thread")
        }
        Mechanism::Connection { .. } => {
            format!("A connection costs {worse} {}, {better} {}", sides.value(behind), sides.value(ahead))
        }
        Mechanism::Request(costs) => costs_title(costs, &sides),
        Mechanism::Time(parts) => time_title(parts, &sides),
        Mechanism::Lanes { timelines, .. } => lanes_title(timelines, &sides),
        Mechanism::Course { sides: trials, .. } => course_title(trials[behind].1, &sides),
    }
}

/// Who waited for what: a sentence on the one that is behind, and one on the other.
pub(crate) fn sentences(mechanism: &Mechanism<'_, '_>, row: &ScorecardRow, shorts: [&str; 2]) -> [String; 2] {
    let sides = Sides::of(row, shorts);
    sides.order.map(|side| {
        let who = sides.name(side);
        match mechanism {
            Mechanism::Connection { parts, sides } => connection(&who, parts, &sides[side]),
            Mechanism::Request(costs) => request(&who, &costs[side]),
            Mechanism::Time(parts) => time(&who, parts, side, &sides.value(side)),
            // Whoever stood in elsewhere, the windows are of the protagonists.
            Mechanism::Lanes { timelines, costs } => lanes(shorts[side], timelines[side], &costs[side], &row.topic),
            Mechanism::Course { sides: trials, .. } => match row.topic {
                Topic::HeldUp { .. } => held_up(&who, trials[side].1, &sides.value(side)),
                _ => held(&who, trials[side].1, &sides.value(side)),
            },
        }
    })
}

fn is_a_thread_each(parts: &ConnectionParts) -> bool {
    parts.threads.is_some_and(|threads| (0.9..1.1).contains(&threads))
}

fn is_no_thread(parts: &ConnectionParts) -> bool {
    parts.threads.is_some_and(|threads| threads.abs() < 0.05)
}

fn connection(who: &str, parts: &[&Metric], side: &ConnectionParts) -> String {
    let all: f64 = side.bytes.iter().flatten().sum();
    let mut named: Vec<(f64, &str)> =
        parts.iter().zip(&side.bytes).filter_map(|(part, bytes)| Some(((*bytes)?, part.label))).collect();
    named.retain(|(bytes, _)| *bytes > all * WORTH_A_WORD);
    named.sort_by(|a, b| b.0.total_cmp(&a.0));
    let each = named.iter().map(|(bytes, label)| format!("{} of {label}", Unit::Bytes.show(*bytes)));
    let made_of = format::listed(each).unwrap_or_else(|| "nothing that could be seen".to_owned());
    let made_of = made_of.replace("of resident", "in its own memory");
    match side {
        side if is_a_thread_each(side) => format!("With {who} a connection brings a thread of its own: {made_of}."),
        side if is_no_thread(side) => format!("With {who} it brings no thread: {made_of}."),
        _ => format!("With {who} a connection takes {made_of}."),
    }
}

/// `22.0 µs of CPU time and 1.78 context switches`.
pub(super) fn cost(side: &ServingCost) -> String {
    let cpu = side.cpu_ns.map(|ns| format!("{} of CPU time", Unit::Nanoseconds.show(ns)));
    let switches = side.switches.map(|switches| format!("{} context switches", few_digits(switches)));
    format::list([cpu, switches].into_iter().flatten())
}

fn request(who: &str, side: &ServingCost) -> String {
    let threads = side.threads.map(|threads| counted(threads as u64, "thread"));
    let cost = cost(side);
    match (side.clients, side.busy, threads) {
        (Some(clients), Some(busy), Some(threads)) if busy >= FULL => {
            let clients = counted(u64::from(clients), "client");
            let busy =
                if busy >= ALL { "all the time".to_owned() } else { format!("{:.0}% of the time", 100.0 * busy) };
            format!(
                "With {who} {clients} waited for a CPU that was busy {busy}: a request took {cost}, on up to {threads}."
            )
        }
        (_, _, Some(threads)) => format!("With {who} a request took {cost}, on up to {threads}."),
        _ => format!("With {who} a request took {cost}."),
    }
}

fn costs_title(costs: &[ServingCost; 2], sides: &Sides<'_>) -> String {
    let [behind, ahead] = sides.order;
    let [worse, better] = [behind, ahead].map(|side| sides.shorts[side]);
    let is_full = |side: &ServingCost| side.clients.is_some() && side.busy.is_some_and(|busy| busy >= FULL);
    let cpu = |side: usize| costs[side].cpu_ns.map_or("-".to_owned(), |ns| Unit::Nanoseconds.show(ns));
    if costs.iter().all(is_full) {
        return format!("Full CPU: a request costs {worse} {}, {better} {}", cpu(behind), cpu(ahead));
    }
    let times = costs[behind].switches.zip(costs[ahead].switches).map(|(worse, better)| worse / better);
    match times {
        Some(times) if times.is_finite() && times >= APART => {
            format!("With {worse} a request takes {} times the context switches", number_of_times(times))
        }
        _ => format!("A request costs {worse} {} of CPU time, {better} {}", cpu(behind), cpu(ahead)),
    }
}

/// `1.77`, `0.05`: as many digits as a sentence bears.
pub(crate) fn few_digits(value: f64) -> String {
    if value < 9.95 { format!("{value:.2}") } else { number(value) }
}

/// `1.5`, `16`.
fn number_of_times(times: f64) -> String {
    if times >= 9.95 { format::ratio(times) } else { format!("{times:.1}") }
}

fn together(side: &[Option<f64>]) -> f64 {
    side.iter().flatten().sum()
}

/// The largest part of a side, and how large it is.
fn largest(parts: &TimeOfEither, side: usize) -> Option<(&str, f64)> {
    let known = parts.parts.iter().zip(&parts.sides[side]).filter_map(|(part, ns)| Some((part.label, (*ns)?)));
    known.max_by(|a, b| a.1.total_cmp(&b.1))
}

/// The largest part, where most of the time is of it.
fn mostly(parts: &TimeOfEither, side: usize) -> Option<&str> {
    largest(parts, side).filter(|(_, ns)| *ns > MOST * together(&parts.sides[side])).map(|(label, _)| label)
}

fn time_title(parts: &TimeOfEither, sides: &Sides<'_>) -> String {
    let [behind, ahead] = sides.order;
    let [worse, better] = [behind, ahead].map(|side| sides.shorts[side]);
    match [behind, ahead].map(|side| mostly(parts, side)) {
        [Some(one), Some(other)] if one == other => format!("With both, most of the time is {one}"),
        [Some(one), Some(other)] => format!("Mostly {one} with {worse}, {other} with {better}"),
        [Some(one), None] => format!("With {worse}, most of the time is {one}"),
        _ => {
            let [one, other] = [behind, ahead].map(|side| Unit::Nanoseconds.show(together(&parts.sides[side])));
            format!("A reply takes {one} with {worse}, {other} with {better}")
        }
    }
}

fn time(who: &str, parts: &TimeOfEither, side: usize, median: &str) -> String {
    let what = match parts.of {
        RepliesApart::All => "a reply took",
        RepliesApart::Median => "the median reply took",
        RepliesApart::Slowest => "the slowest hundredth of the replies took",
    };
    let all = match parts.of {
        RepliesApart::Median => median.to_owned(),
        RepliesApart::All | RepliesApart::Slowest => Unit::Nanoseconds.show(together(&parts.sides[side])),
    };
    let of_it = largest(parts, side)
        .map_or(String::new(), |(label, ns)| format!(", {} of it {label}", Unit::Nanoseconds.show(ns)));
    format!("With {who} {what} {all}{of_it}.")
}

fn most_threads(trial: &Trial<'_>) -> Option<String> {
    let most = metric("peak_threads")?.of_pool(&trial.pool).value()?;
    Some(format!("up to {}", counted(most as u64, "thread")))
}

fn course_title(behind: &Trial<'_>, sides: &Sides<'_>) -> String {
    let [worse, _] = sides.order;
    let (short, value) = (sides.shorts[worse], sides.value(worse));
    match &sides.row.topic {
        Topic::HeldUp { blocking: 1, .. } => format!("While one handler blocks, others wait {value} with {short}"),
        Topic::HeldUp { blocking, .. } => format!("While {blocking} handlers block, others wait {value} with {short}"),
        Topic::Held { what, .. } if behind.pool.cells.iter().any(|cell| probe::death(cell).is_some()) => {
            format!("With {short} the server died of {value} {what}")
        }
        Topic::Held { what, .. } => format!("With {short} newcomers wait from {value} {what} on"),
        _ => format!("{value} with {short}"),
    }
}

/// How others fared while requests blocked.
fn held_up(who: &str, trial: &Trial<'_>, value: &str) -> String {
    let threads = most_threads(trial).map_or(String::new(), |threads| format!(" on {threads}"));
    format!("With {who}{threads}, all but one in a hundred of the others were answered within {value}.")
}

/// How a server fared that held more and more connections.
fn held(who: &str, trial: &Trial<'_>, value: &str) -> String {
    let cells = &trial.pool.cells;
    let threads = most_threads(trial);
    if let Some(how) = cells.iter().find_map(|cell| probe::death(cell)) {
        let threads = threads.map_or(String::new(), |threads| format!(" and {threads}"));
        return format!("With {who}, at {value} connections{threads}, the server {how}.");
    }
    let peak = cells.iter().filter_map(|cell| cell.server.peak_resident_bytes).max();
    let memory = peak.map_or(String::new(), |bytes| format!(" in {}", Unit::Bytes.show(bytes as f64)));
    let threads = threads.map_or(String::new(), |threads| format!(" on {threads}"));
    format!("With {who} {value} connections were held{memory}{threads}.")
}

#[cfg(test)]
mod tests;
