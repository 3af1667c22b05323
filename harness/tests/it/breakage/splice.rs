//! Puts mutations in their places of a text, all at once and each behind its own condition.
//!
//! Must not know: files, cargo, which mutations there are. Beside it: `mutations.rs`, the table; `build.rs`, who asks.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::breakage::mutations::Mutation;

/// The text with these mutations in it, none of which does anything until it is chosen.
///
/// # Errors
/// The rest of a sentence that begins with the file, about the first one that has no place, or more than one.
pub(crate) fn mutated(text: &str, mutations: &[&Mutation]) -> Result<String, String> {
    let mut places: BTreeMap<usize, (Range<usize>, Vec<&Mutation>)> = BTreeMap::new();
    for mutation in mutations {
        let place = place(text, mutation)?;
        places.entry(place.start).or_insert((place, Vec::new())).1.push(mutation);
    }
    let mut result = String::new();
    let mut copied = 0;
    for (place, here) in places.values() {
        let other = here.iter().find(|mutation| self::place(text, mutation).as_ref() != Ok(place));
        if let Some(mutation) = other.copied().or((place.start < copied).then_some(here[0])) {
            return Err(format!(
                "has the breakage {} where it has another one too. Give both the same `original`, or two that have no \
                 text in common.",
                mutation.name
            ));
        }
        result.push_str(&text[copied..place.start]);
        for Mutation { name, mutant, .. } in here {
            result.push_str(&format!("if crate::broken({name:?}) {{ {mutant} }} else "));
        }
        result.push_str(&format!("{{ {} }}", &text[place.clone()]));
        copied = place.end;
    }
    Ok(result + &text[copied..])
}

/// Replaces what occurs once.
///
/// # Errors
/// The rest of a sentence that begins with the file, where it does not.
pub(crate) fn replaced_once(text: &str, from: &str, to: &str) -> Result<String, String> {
    let told =
        |error| format!("{error}, which harness/tests/it/breakage/build.rs replaces: say there what it has become");
    let at = only_place(text, from).map_err(told)?;
    Ok(format!("{}{to}{}", &text[..at], &text[at + from.len()..]))
}

/// Where the original of a mutation stands.
fn place(text: &str, mutation: &Mutation) -> Result<Range<usize>, String> {
    let (before, rest) = mutation.original.split_once('«').unwrap_or(("", mutation.original));
    let (original, after) = rest.split_once('»').unwrap_or((rest, ""));
    let told = |error| {
        format!(
            "{error}, which the breakage {} replaces. Find the place that it is about, and write it into `original` in \
             harness/tests/it/breakage/mutations.rs as it stands now, with enough around it to occur once.",
            mutation.name
        )
    };
    let start = only_place(text, &[before, original, after].concat()).map_err(told)? + before.len();
    Ok(start..start + original.len())
}

fn only_place(text: &str, part: &str) -> Result<usize, String> {
    let mut places = text.match_indices(part).map(|(at, _)| at);
    match (places.next(), places.count()) {
        (Some(at), 0) => Ok(at),
        (None, _) => Err(format!("does not contain `{part}`")),
        (Some(_), more) => Err(format!("contains `{part}` {} times", more + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "fn f(x: u32) -> u32 { g(x + 1) + h(x + 1) }";

    fn mutation(name: &'static str, original: &'static str, mutant: &'static str) -> Mutation {
        Mutation { name, does: "", caught_by: &[], file: "f.rs", original, mutant }
    }

    fn of(mutations: &[Mutation]) -> Result<String, String> {
        mutated(TEXT, &mutations.iter().collect::<Vec<_>>())
    }

    #[test]
    fn every_place_has_its_condition_and_the_rest_stays() {
        let text =
            of(&[mutation("h", "h(«x + 1»)", "x"), mutation("g", "g(x + 1)", "0"), mutation("g2", "g(x + 1)", "1")]);
        let expected = "fn f(x: u32) -> u32 { if crate::broken(\"g\") { 0 } else if crate::broken(\"g2\") { 1 } else \
                        { g(x + 1) } + h(if crate::broken(\"h\") { x } else { x + 1 }) }";
        assert_eq!(text.unwrap(), expected);
        assert_eq!(of(&[]).unwrap(), TEXT);
    }

    #[test]
    fn what_has_no_place_of_its_own_says_what_to_do() {
        let missing = of(&[mutation("gone", "g(x + 2)", "0")]).unwrap_err();
        assert!(
            missing.starts_with("does not contain `g(x + 2)`, which the breakage gone replaces. Find"),
            "{missing}"
        );
        let twice = of(&[mutation("twice", "x + 1", "0")]).unwrap_err();
        assert!(twice.starts_with("contains `x + 1` 2 times, which the breakage twice replaces. Find"), "{twice}");
    }

    #[test]
    fn places_that_overlap_are_refused() {
        let all = mutation("all", "g(x + 1) + h(x + 1)", "0");
        for part in ["g(x + 1)", "h(«x + 1»)"] {
            let error = of(&[all, mutation("part", part, "0")]).unwrap_err();
            assert!(error.contains("where it has another one") && error.contains("no text in common"), "{error}");
        }
    }
}
