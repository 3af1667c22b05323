//! Whom a scorecard is about, and who stands for them where an experiment has other contenders.
//!
//! An experiment may put the same model to the test with other options, since its question needs four workers. Then the one
//! that differs in the fewest options stands for the protagonist, and is named by those. Must not know: figures.

use serde::Serialize;

use crate::record::{ContenderRecord, DisplayName, Manifest};
use crate::study::{Group, Series, colours};

/// One of the two that a scorecard is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Protagonist {
    /// Its place in the run.
    pub index: usize,
    /// Number of its colour.
    pub colour: usize,
    /// Its label in the run: `async-multi`.
    pub label: String,
    /// What a heading calls it: `a task per connection`.
    pub name: String,
    /// What a verdict calls it: `tokio`.
    pub short: String,
}

/// Those that the manifest names or, where it names none that took part, the first two contenders of the run.
pub(super) fn protagonists(manifest: &Manifest) -> Option<[Protagonist; 2]> {
    let contenders = || manifest.contenders.iter().enumerate().filter(|(_, contender)| contender.twin_of.is_none());
    let named = manifest.protagonists.as_ref().and_then(|[first, second]| {
        let find = |label: &String| contenders().find(|(_, contender)| contender.label == *label);
        Some([find(first)?, find(second)?])
    });
    let [first, second] = named.or_else(|| {
        let mut first_two = contenders();
        Some([first_two.next()?, first_two.next()?])
    })?;
    let colours = colours(manifest);
    let display = |contender: &ContenderRecord| {
        let label = || DisplayName { name: contender.label.clone(), short: contender.label.clone(), colour: None };
        contender.display.clone().unwrap_or_else(label)
    };
    let [one, other] = [first, second].map(|(_, contender)| display(contender));
    let (same_name, same_short) = (one.name == other.name, one.short == other.short);
    let of =
        |(index, contender): (usize, &ContenderRecord), DisplayName { name, short, .. }: DisplayName| Protagonist {
            index,
            colour: colours.get(index).copied().unwrap_or(0),
            label: contender.label.clone(),
            name: if same_name { contender.label.clone() } else { name },
            short: if same_short { contender.label.clone() } else { short },
        };
    Some([of(first, one), of(second, other)])
}

/// What the run asks: of servers that are all of another hand, which of the two; else what everybody asks.
pub fn run_question(manifest: &Manifest) -> String {
    let are_of_others = manifest.contenders.iter().all(|contender| contender.command.is_some());
    match protagonists(manifest) {
        Some([first, second]) if are_of_others => format!("{} or {}?", first.short, second.short),
        _ => "tokio or OS threads?".to_owned(),
    }
}

/// Who plays a protagonist's part in a group.
pub(super) struct Player<'g, 'a> {
    pub(super) series: &'g Series<'a>,
    /// The options that it differs in, where it is not the protagonist itself.
    pub(super) stands_in: Option<String>,
}

/// Both parts of a group; absent where one has nobody to play it.
pub(super) fn players<'g, 'a>(
    group: &'g Group<'a>,
    manifest: &Manifest,
    protagonists: &[Protagonist; 2],
) -> Option<[Player<'g, 'a>; 2]> {
    let [first, second] = protagonists.each_ref().map(|protagonist| manifest.contenders.get(protagonist.index));
    let (first, second) = (first?, second?);
    // Of two that share a model, nobody else could stand for just one.
    let may_stand_in = first.model != second.model;
    Some([player(group, first, may_stand_in)?, player(group, second, may_stand_in)?])
}

fn player<'g, 'a>(group: &'g Group<'a>, protagonist: &ContenderRecord, may_stand_in: bool) -> Option<Player<'g, 'a>> {
    if let Some(series) = group.series_of(&protagonist.label) {
        return Some(Player { series, stands_in: None });
    }
    let others = group.series.iter().filter(|series| may_stand_in && series.contender.model == protagonist.model);
    let series = others.min_by_key(|series| differing(series.contender, protagonist).len())?;
    Some(Player { series, stands_in: Some(differing(series.contender, protagonist).join(", ")) })
}

/// The options of a contender that another does not have the same: `workers=4`.
pub(crate) fn differing(contender: &ContenderRecord, from: &ContenderRecord) -> Vec<String> {
    let options = contender.options.iter().filter(|(key, value)| from.options.get(*key) != Some(*value));
    options.map(|(key, value)| format!("{key}={value}")).collect()
}
