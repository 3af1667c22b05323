//! The title of a figure that takes a time apart: which part is the largest, and for whom.

use crate::format;

/// How much larger than the next a part must be to be called the largest.
const CLEARLY: f64 = 1.05;

/// `labels` are of the parts, `times` their means for each contender that counts. Nothing where no part is the largest.
pub(crate) fn largest_parts(rate: &str, labels: &[&str], times: &[(&str, Vec<f64>)]) -> Option<String> {
    let largest = |means: &[f64]| {
        let (part, most) = means.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
        let others = means.iter().enumerate().filter(|(other, _)| *other != part);
        others.clone().all(|(_, mean)| *most > mean * CLEARLY).then_some(part)
    };
    let found: Vec<(&str, Option<usize>)> = times.iter().map(|(who, means)| (*who, largest(means))).collect();
    let of = |part: Option<usize>| {
        let labels: Vec<&str> = found.iter().filter(|(_, largest)| *largest == part).map(|(who, _)| *who).collect();
        (!labels.is_empty()).then(|| format::list(&labels))
    };
    let phrases = labels
        .iter()
        .enumerate()
        .filter_map(|(part, label)| Some(format!("\u{201c}{label}\u{201d} for {}", of(Some(part))?)));
    let phrases: Vec<String> = phrases.collect();
    if phrases.is_empty() {
        return None;
    }
    let none = of(None).map_or(String::new(), |labels| format!("; no part stands out for {labels}"));
    Some(format!("At {rate}, the largest part of the response time was {}{none}", format::list(&phrases)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: [&str; 3] = ["waiting", "service", "return"];

    fn said(times: &[(&str, [f64; 3])]) -> Option<String> {
        let times: Vec<(&str, Vec<f64>)> = times.iter().map(|(who, means)| (*who, means.to_vec())).collect();
        largest_parts("700/s", &PARTS, &times)
    }

    #[test]
    fn the_largest_part_is_named_for_each() {
        let said = said(&[("a", [1.0, 5.0, 1.0]), ("b", [9.0, 5.0, 1.0]), ("c", [1.0, 5.0, 0.0])]);
        assert_eq!(
            said.unwrap(),
            "At 700/s, the largest part of the response time was “waiting” for b and “service” for a and c"
        );
    }

    #[test]
    fn parts_that_are_as_large_are_not_told_apart() {
        assert!(
            said(&[("a", [1.0, 5.0, 1.0]), ("b", [5.1, 5.0, 1.0])]).unwrap().ends_with("; no part stands out for b")
        );
        assert_eq!(said(&[("b", [5.0, 5.0, 1.0])]), None);
        assert_eq!(said(&[]), None);
    }
}
