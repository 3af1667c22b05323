//! From a run to the answer that is right: the answers of a lesson divide the line of what is measured, and the one that
//! holds the whole interval over the blocks is right. Where none does the run can't tell, and the value still points to one.
//!
//! Must not know: any one lesson, how it is shown. Beside it: `lesson.rs`; `reports::verdict`, which says what the blocks
//! prove and which of them others have disturbed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use reports::format::{Unit, capitalised, number};
use reports::metrics::{Certainty, METRICS, Metric, Of, Reading, metric, slope_per_connection};
use reports::record::store::Run;
use reports::record::{BoundValue, Condition, Decision, LessonResult, Relation, ValueOf};
use reports::study::{Group, Pool, Series, disturbed_by, groups};
use reports::verdict::{BLOCKS_FOR_A_CLAIM, Decided, Ruling, decide};

use super::lesson::{LessonSettings, LessonSetup, Quantity};

/// What a run found for a lesson.
#[derive(Debug)]
pub struct LessonFindings<'a> {
    /// As the lesson was set.
    pub settings: &'a LessonSettings,
    groups: Vec<Group<'a>>,
    disturbed: usize,
    cells: usize,
}

/// A value on the line that the answers divide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnTheLine {
    /// The value.
    pub value: f64,
    /// Its interval over repetitions; absent where too few are valid, and an upper end that is absent is open.
    pub interval: Option<(f64, Option<f64>)>,
}

impl<'a> LessonFindings<'a> {
    /// Of a run of the lesson.
    pub fn of(run: &'a Run, settings: &'a LessonSettings) -> LessonFindings<'a> {
        let disturbed = run.cells.iter().filter(|cell| disturbed_by(cell).is_some()).count();
        LessonFindings { settings, groups: groups(run), disturbed, cells: run.cells.len() }
    }

    /// A value as a sentence says it: `612 ms`; `(not measured)` where it was not.
    pub fn say(&self, wanted: &ValueOf) -> String {
        let unit = metric(&wanted.metric).map_or(Unit::Count, |metric| metric.unit);
        let reading = self.reading(wanted);
        number_of(reading).map_or("(not measured)".to_owned(), |_| reading.say(unit))
    }

    /// How many times one value is another, `15.4 times`; `(not measured)` where either was not.
    pub fn say_times(&self, value: &ValueOf, over: &ValueOf) -> String {
        let times = self.estimate(value).zip(self.estimate(over)).filter(|(_, over)| *over > 0.0);
        times.map_or("(not measured)".to_owned(), |(value, over)| format!("{} times", number(value / over)))
    }

    /// The number, or what it is more than, whether or not it is certain.
    pub fn estimate(&self, wanted: &ValueOf) -> Option<f64> {
        number_of(self.reading(wanted))
    }

    /// What the cells that may be ranked say together.
    fn reading(&self, wanted: &ValueOf) -> Reading {
        let found = || -> Option<Reading> {
            let metric = metric(&wanted.metric)?;
            let series = self.series_of(wanted)?;
            if matches!(metric.of, Of::PerConnection) {
                let slope = slope_per_connection(series, &memory_parts())?;
                return Some(Reading::Measured(slope.value, Certainty::Unknown));
            }
            Some(metric.of_pool(&series.trial(wanted.variation)?.pool))
        };
        found().unwrap_or(Reading::Absent)
    }

    /// What each repetition says by itself, disturbed or not; nothing of connections that are held.
    fn repetitions(&self, quantity: &Quantity) -> Vec<f64> {
        let values = self.by_block(&quantity.value);
        let Some(over) = &quantity.over else { return values.into_values().collect() };
        let over = self.by_block(over);
        values
            .into_iter()
            .filter_map(|(block, value)| Some(value / over.get(&block).filter(|it| **it > 0.0)?))
            .collect()
    }

    fn by_block(&self, wanted: &ValueOf) -> BTreeMap<u32, f64> {
        let found = || {
            let metric = metric(&wanted.metric)?;
            let trial = self.series_of(wanted)?.trial(wanted.variation)?;
            let of_block = |pool: &Pool<'_>| Some((pool.cells.first()?.block, number_of(metric.of_pool(pool))?));
            Some(trial.blocks.iter().filter(|pool| pool.counts()).filter_map(of_block).collect())
        };
        found().unwrap_or_default()
    }

    fn series_of(&self, wanted: &ValueOf) -> Option<&Series<'a>> {
        let of_key = |group: &&Group<'_>| wanted.workload.as_ref().is_none_or(|key| *key == group.workload.key);
        self.groups.iter().find(of_key)?.series_of(&wanted.contender)
    }

    /// What decides, where it lies.
    fn on_the_line(&self, quantity: &Quantity, decided: Option<&Decided>) -> Option<OnTheLine> {
        let proven = decided.and_then(|decided| decided.values.first());
        if let Some(over) = &quantity.over {
            let ratio = proven.and_then(|bounded| bounded.against.as_ref()?.1);
            let estimate = || Some(self.estimate(&quantity.value)? / self.estimate(over).filter(|over| *over > 0.0)?);
            let value = ratio.map(|ratio| ratio.value).or_else(estimate)?;
            let interval = ratio.and_then(|ratio| ratio.interval).map(|(lo, hi)| (lo, Some(hi)));
            return Some(OnTheLine { value, interval });
        }
        let reading = proven.map(|bounded| bounded.value.reading).filter(|reading| reading.value().is_some());
        let value = reading.and_then(|reading| reading.value()).or_else(|| self.estimate(&quantity.value))?;
        let interval = reading.and_then(|reading| match reading.certainty() {
            Certainty::OverBlocks { lo, hi } => Some((lo, hi)),
            // Of one server's requests, and no answer rests on it.
            Certainty::WithinRun { .. } | Certainty::Range { .. } | Certainty::ExactCount | Certainty::Unknown => None,
        });
        Some(OnTheLine { value, interval })
    }
}

/// What was measured, or what it is more than.
fn number_of(reading: Reading) -> Option<f64> {
    match reading {
        Reading::Measured(value, _) => Some(value),
        Reading::Beyond(least) => Some(least as f64),
        Reading::TooFew(_) | Reading::Absent => None,
    }
}

/// The parts that the memory of a connection is made of.
fn memory_parts() -> Vec<&'static Metric> {
    METRICS.iter().filter(|metric| matches!(metric.of, Of::Stage(_)) && metric.unit == Unit::Bytes).collect()
}

/// What a lesson's run says, and where its value lies.
pub fn settle(findings: &LessonFindings<'_>, setup: &LessonSetup) -> (LessonResult, Option<OnTheLine>) {
    let quantity = &setup.quantity;
    let groups: Vec<&Group<'_>> = findings.groups.iter().collect();
    let answers = 0..=setup.bounds.len();
    let decided: Vec<Decided> =
        answers.map(|answer| decide(&lies_in(quantity, range(&setup.bounds, answer)), &groups)).collect();
    let right = decided.iter().position(|decided| decided.ruling == Ruling::Holds);
    let on_the_line = findings.on_the_line(quantity, decided.first());
    let points_to = on_the_line.map(|at| answer_at(setup, at.value));
    let agreed = points_to.and_then(|answer| agreed(findings, setup, answer));
    let undecided =
        right.is_none().then(|| capitalised(&(agreed.unwrap_or_default() + &why_not(findings, &decided, on_the_line))));
    (LessonResult { right, points_to, measured: measured(quantity, on_the_line), undecided }, on_the_line)
}

/// The place of the answer that a value lies in.
fn answer_at(setup: &LessonSetup, value: f64) -> usize {
    setup.bounds.iter().filter(|bound| value >= **bound).count()
}

/// That every repetition says the same, where several do: no proof on a busy machine, and worth knowing.
fn agreed(findings: &LessonFindings<'_>, setup: &LessonSetup, answer: usize) -> Option<String> {
    let said = findings.repetitions(&setup.quantity);
    let agree = said.len() >= BLOCKS_FOR_A_CLAIM && said.iter().all(|value| answer_at(setup, *value) == answer);
    agree.then(|| format!("Each of {} repetitions says so, and still: ", said.len()))
}

/// From where to where an answer reaches.
fn range(bounds: &[f64], answer: usize) -> (Option<f64>, Option<f64>) {
    (answer.checked_sub(1).and_then(|before| bounds.get(before).copied()), bounds.get(answer).copied())
}

fn lies_in(quantity: &Quantity, (from, to): (Option<f64>, Option<f64>)) -> Decision {
    let bound = |number| match &quantity.over {
        Some(of) => BoundValue::Times { factor: number, of: of.clone() },
        None => BoundValue::Number(number),
    };
    let condition = |relation, number| Condition {
        holds_for: quantity.says.to_owned(),
        value: quantity.value.clone(),
        relation,
        bound: bound(number),
    };
    let at_least = from.map(|from| condition(Relation::AtLeast, from));
    // The next answer begins where this one ends.
    let below = to.map(|to| condition(Relation::AtMost, to.next_down()));
    Decision { conditions: at_least.into_iter().chain(below).collect() }
}

/// The value with its interval, as a sentence.
fn measured(quantity: &Quantity, at: Option<OnTheLine>) -> String {
    let says = quantity.says;
    let Some(OnTheLine { value, interval }) = at else { return format!("{says} ... It was not measured.") };
    let unit = metric(&quantity.value.metric).map_or(Unit::Count, |metric| metric.unit);
    let show = |value: f64| if quantity.over.is_some() { number(value) } else { unit.show(value) };
    let ends = interval.map(|(lo, hi)| match hi {
        Some(hi) if quantity.over.is_none() => format!(" ({})", unit.range(lo, hi)),
        Some(hi) => format!(" ({} to {})", show(lo), show(hi)),
        None => format!(" ({} or more)", show(lo)),
    });
    let behind = if quantity.behind.is_empty() { Cow::Borrowed("") } else { format!(" {}", quantity.behind).into() };
    format!("{says} {}{behind}{}.", show(value), ends.unwrap_or_default())
}

/// Why no answer is proven right, and what to do.
fn why_not(findings: &LessonFindings<'_>, decided: &[Decided], at: Option<OnTheLine>) -> String {
    let LessonFindings { disturbed, cells, .. } = findings;
    if *cells == 0 {
        return "nothing was measured. Run it again.".to_owned();
    }
    if 2 * disturbed >= *cells {
        return format!(
            "others used the machine in {disturbed} of {cells} measurements. Close what else runs, plug the laptop in, and \
             run it again; or look at a recorded run."
        );
    }
    let reason = decided.iter().find_map(|decided| match &decided.ruling {
        Ruling::CannotTell(reasons) => reasons.first(),
        _ => None,
    });
    match (at.and_then(|at| at.interval), reason) {
        (Some(_), _) => "the interval reaches over two answers. Run it again when the machine is quiet.".to_owned(),
        (None, Some(reason)) => format!("{reason}. Run it again when the machine is quiet."),
        (None, None) => "run it again when the machine is quiet.".to_owned(),
    }
}
