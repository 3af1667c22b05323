//! The title of what others got while something was done to the servers: whom they were answered by, or how long they
//! waited where all were answered.
//!
//! Of a contender tried several times the worst counts. Facts and no verdicts. Must not know: HTML, charts. Beside it:
//! `../probe.rs`, a trial by itself; `../../verdict/claim.rs`, which decides.

use itertools::Itertools;

use super::fact::Fact;
use super::name::{DisplayedName, told_of};
use super::title::Title;
use crate::format;
use crate::metrics::metric;
use crate::record::{Fate, ShapeRecord};
use crate::study::{During, Group, Standing};
use crate::words::probe::fates;

/// What others got from one server.
#[derive(Debug, Clone, PartialEq)]
struct Witnessed {
    name: DisplayedName,
    /// Whether the run is about it and one other. Where both are there, the title is about these two.
    leads: bool,
    /// How much was done to it: `8 connections that block`; empty where that is always the same.
    with: String,
    /// Correct replies.
    ok: u64,
    /// Requests that were due.
    due: u64,
    /// The longest that any waited.
    longest_wait: Fact,
}

/// What became of the probe of a group; absent where nothing was done to any server.
pub(crate) fn served(group: &Group<'_>) -> Option<Title> {
    let cell = group.trials().find_map(|(_, trial)| trial.shown().filter(|cell| cell.disturbance.is_some()))?;
    let beside = &cell.disturbance.as_ref()?.name;
    // Clients that connect anew, or such as are connected already.
    let who = match cell.load.shape {
        ShapeRecord::Sessions { .. } => "newcomers",
        ShapeRecord::Connections { .. } => "other requests",
    };
    let wait = metric("probe_longest_wait")?;
    let valid = group.trials().filter(|(_, trial)| trial.standing != Standing::Invalid);
    let seen = valid.map(|(series, trial)| {
        let fates = fates(trial.pool.probed(During::Disturbance));
        let with = trial.variation.filter(|_| group.is_swept()).zip(group.experiment.variation_label());
        Witnessed {
            name: DisplayedName::of(series.contender),
            leads: series.leads,
            with: with.map_or(String::new(), |(value, label)| format!("{} {label}", format::number(value))),
            ok: fates.get(&Fate::Ok).copied().unwrap_or(0),
            due: fates.values().sum(),
            longest_wait: Fact::new(wait.of_pool(&trial.pool), wait.unit),
        }
    });
    // What is swept says it already.
    let beside = if group.is_swept() { String::new() } else { format!("beside {beside}") };
    Some(witnessed(who, &seen.collect_vec()).and(beside))
}

fn witnessed(who: &str, seen: &[Witnessed]) -> Title {
    let asked = seen.iter().filter(|one| one.due > 0);
    let worst = asked.into_group_map_by(|one| one.name.to_string()).into_values();
    let worst = worst.filter_map(|of_one| of_one.into_iter().max_by(|a, b| a.worse(b)));
    let worst =
        worst.sorted_by(|a, b| b.worse(a).then_with(|| a.name.to_string().cmp(&b.name.to_string()))).collect_vec();
    let about = told_of(worst.iter().copied(), |one| one.leads);
    match about.as_slice() {
        [] => Title::of(format!("No valid measurement shows what {who} got")),
        [first, ..] if first.ok < first.due => answered(who, &about).and(others(&worst)),
        _ => waited(&about).and(others(&worst)),
    }
}

impl Witnessed {
    /// Greater is worse: fewer answered, or a longer wait for the same.
    fn worse(&self, other: &Witnessed) -> std::cmp::Ordering {
        let share = |one: &Witnessed| one.ok as f64 / one.due as f64;
        let waits = || self.longest_wait.order(&other.longest_wait).unwrap_or(std::cmp::Ordering::Equal);
        share(other).total_cmp(&share(self)).then_with(waits)
    }

    /// `34% of newcomers`, `all newcomers`.
    fn share_of(&self, who: &str) -> String {
        match self.ok {
            0 => format!("no {who}"),
            ok if ok == self.due => format!("all {who}"),
            ok => format!("{} of {who}", format::share(ok as f64 / self.due as f64)),
        }
    }

    /// The same where it has been said of what.
    fn share(&self) -> String {
        match self.ok {
            0 => "none".into(),
            ok if ok == self.due => "all".into(),
            ok => format::share(ok as f64 / self.due as f64),
        }
    }
}

/// How much was done to it, as a phrase; empty where that is always the same.
fn at(one: &Witnessed) -> String {
    if one.with.is_empty() { String::new() } else { format!("with {}", one.with) }
}

/// The worst first.
fn answered(who: &str, about: &[&Witnessed]) -> Title {
    match about {
        [only] if only.ok > 0 => {
            Title::of(format!("{} answered {}", only.name.first(), only.share_of(who))).and(at(only))
        }
        [worst, .., best] if best.ok > 0 => {
            let said =
                format!("{} answered {}, {} {}", worst.name.first(), worst.share_of(who), best.name, best.share());
            Title::of(said).and(at(worst))
        }
        _ => Title::of(format!("Nobody answered {who}")),
    }
}

/// Nobody was left without an answer: what there is to see is who waited.
fn waited(about: &[&Witnessed]) -> Title {
    let measured = about.iter().filter(|one| one.longest_wait.is_known()).collect_vec();
    let say = |one: &Witnessed| one.longest_wait.say();
    match measured.as_slice() {
        [] => Title::of("All others were answered"),
        [only] => Title::of(format!("Others waited up to {} with {}", say(only), only.name)).and(at(only)),
        [most, .., least] => {
            let (long, short) = (say(most), say(least));
            let with = match most.with.as_str() {
                "" => String::new(),
                _ if most.with == least.with => at(most),
                with => format!("{} with {with}", most.name),
            };
            Title::fitting([
                format!("Others waited up to {long} with {}, {short} with {}", most.name, least.name),
                format!("Others waited {long} with {}, {short} with {}", most.name, least.name),
                format!("Longest wait: {} {long}, {} {short}", most.name, least.name),
            ])
            .and("the longest wait")
            .and(with)
        }
    }
}

/// How many there are beside the two that are named.
fn others(all: &[&Witnessed]) -> String {
    let failed = all.iter().filter(|one| one.ok < one.due).count();
    match all.len() {
        0..=2 => String::new(),
        many if failed == 0 => format!("all {many} answered every request"),
        many => format!("{failed} of {many} left some without an answer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Unit;
    use crate::metrics::{Certainty, Reading};

    fn one(name: &str, with: &str, ok: u64, wait_ms: f64) -> Witnessed {
        let longest_wait = Fact::new(Reading::Measured(wait_ms * 1e6, Certainty::Unknown), Unit::Nanoseconds);
        Witnessed { name: DisplayedName::plain(name), leads: false, with: with.into(), ok, due: 200, longest_wait }
    }

    fn title(seen: &[Witnessed]) -> Title {
        witnessed("newcomers", seen)
    }

    #[test]
    fn who_answered_how_many_is_said_with_the_worst_first() {
        let two = title(&[one("tokio", "", 200, 1.0), one("threads", "", 86, 60.0)]);
        assert_eq!(two.said, "Threads answered 43% of newcomers, tokio all");
        assert_eq!(title(&[one("tokio", "", 0, 1.0)]).said, "Nobody answered newcomers");
        let none = title(&[one("tokio", "", 0, 1.0), one("threads", "", 100, 1.0)]);
        assert_eq!(none.said, "Tokio answered no newcomers, threads 50%");
        let third = title(&[one("tokio", "", 200, 1.0), one("threads", "", 86, 60.0), one("pool", "", 10, 60.0)]);
        assert_eq!(third.said, "Pool answered 5.00% of newcomers, tokio all");
        assert_eq!(third.beside, ["2 of 3 left some without an answer"]);
    }

    #[test]
    fn where_all_were_answered_it_is_who_waited() {
        let seen = [
            one("threads", "1 that block", 200, 0.7),
            one("threads", "8 that block", 200, 2.8),
            one("tokio (one thread)", "1 that block", 200, 50.0),
            one("tokio (one thread)", "8 that block", 200, 512.0),
        ];
        let said = title(&seen);
        assert_eq!(said.said, "Others waited 512 ms with tokio (one thread), 2.80 ms with threads");
        assert_eq!(said.beside, ["the longest wait", "with 8 that block"]);
        assert_eq!(title(&seen[..1]).said, "Others waited up to 700 µs with threads");
    }

    #[test]
    fn a_title_is_about_the_two_that_the_run_is_about() {
        let mut seen = [one("a", "", 200, 1.0), one("b", "", 200, 2.0), one("c", "", 5, 60.0)];
        (seen[0].leads, seen[1].leads) = (true, true);
        let two = title(&seen);
        assert_eq!(two.said, "Others waited up to 2 ms with b, 1 ms with a");
        assert_eq!(two.beside.last().unwrap(), "1 of 3 left some without an answer");
    }

    #[test]
    fn nobody_says_nothing() {
        assert_eq!(title(&[]).said, "No valid measurement shows what newcomers got");
    }
}
