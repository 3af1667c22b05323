//! The title of a figure of what response times were made of: which part was the largest, and with whom.
//!
//! Must not know: which parts there are. Beside it: `charts/split.rs`, which draws them.

use itertools::Itertools;

use super::name::{DisplayedName, told_of};
use super::title::Title;
use crate::format;

/// The parts of one contender's response times.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PartTimes {
    pub(crate) name: DisplayedName,
    /// Whether the run is about it and one other. Where both are there, the title is about these two.
    pub(crate) leads: bool,
    /// A mean for each part, in nanoseconds.
    pub(crate) means_ns: Vec<f64>,
}

/// How much larger than the next a part must be to be called the largest.
const CLEARLY: f64 = 1.05;

/// `labels` are of the parts. Nothing where no part is the largest with anyone.
pub(crate) fn largest_parts(labels: &[&str], times: &[PartTimes]) -> Option<Title> {
    let about = told_of(times, |one| one.leads);
    let with = |part: Option<usize>| -> Vec<&DisplayedName> {
        about.iter().filter(|one| one.largest() == part).map(|one| &one.name).collect()
    };
    let largest = labels.iter().enumerate().map(|(part, label)| (*label, with(Some(part))));
    let largest = largest.filter(|(_, names)| !names.is_empty()).collect_vec();
    let none = with(None);
    let open = if none.is_empty() { String::new() } else { format!("no part stands out with {}", format::list(&none)) };
    let title = match largest.as_slice() {
        [] => return None,
        [(label, _)] if none.is_empty() => {
            Title::of(format!("{} was the largest part of the response time", quoted(&format::capitalised(label))))
        }
        several => {
            let of = |show: fn(&[&DisplayedName]) -> String| {
                let mut each = several.iter().map(|(part, names)| format!("{} with {}", quoted(part), show(names)));
                format!("Largest part: {}", each.join(", "))
            };
            let named = of(|names| format::list(names));
            let counted = of(|names| if names.len() > 1 { names.len().to_string() } else { format::list(names) });
            Title::fitting([named, counted, "The largest part of the response time differs".into()])
        }
    };
    Some(title.and(open))
}

fn quoted(label: &str) -> String {
    format!("\u{201c}{label}\u{201d}")
}

impl PartTimes {
    fn largest(&self) -> Option<usize> {
        let (part, most) = self.means_ns.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
        let mut others = self.means_ns.iter().enumerate().filter(|(other, _)| *other != part);
        others.all(|(_, mean)| *most > mean * CLEARLY).then_some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, means: [f64; 3]) -> PartTimes {
        PartTimes { name: DisplayedName::plain(name), leads: false, means_ns: means.to_vec() }
    }

    fn title(times: &[PartTimes]) -> Option<Title> {
        largest_parts(&["waiting", "service", "return"], times)
    }

    #[test]
    fn the_largest_part_is_named_for_each() {
        let three = [one("a", [1.0, 5.0, 1.0]), one("b", [9.0, 5.0, 1.0]), one("c", [1.0, 5.0, 0.0])];
        assert_eq!(title(&three).unwrap().said, "Largest part: “waiting” with b, “service” with a and c");
        let same = title(&[three[0].clone(), three[2].clone()]).unwrap();
        assert_eq!(same.said, "“Service” was the largest part of the response time");
    }

    #[test]
    fn many_are_counted_and_the_two_that_the_run_is_about_are_named() {
        let of = |name: &str, means| one(&format!("{name} (one thread)"), means);
        let mut many: Vec<PartTimes> = ["a", "b", "c"].iter().map(|name| of(name, [1.0, 5.0, 1.0])).collect();
        many.extend(["d", "e"].map(|name| of(name, [9.0, 5.0, 1.0])));
        assert_eq!(title(&many).unwrap().said, "Largest part: “waiting” with 2, “service” with 3");
        (many[0].leads, many[1].leads) = (true, true);
        assert_eq!(title(&many).unwrap().said, "“Service” was the largest part of the response time");
    }

    #[test]
    fn parts_that_are_as_large_are_not_told_apart() {
        let two = title(&[one("a", [1.0, 5.0, 1.0]), one("b", [5.1, 5.0, 1.0])]).unwrap();
        assert_eq!(two.said, "Largest part: “service” with a");
        assert_eq!(two.beside, ["no part stands out with b"]);
        assert_eq!(title(&[one("b", [5.0, 5.0, 1.0])]), None);
        assert_eq!(title(&[]), None);
    }
}
