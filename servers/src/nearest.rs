//! Which of some names somebody may have meant who typed another: one answer for models, options, experiments and whatever
//! else has a name on the command line.
//!
//! Must not know: what the names are of. Beside it: `contender.rs`, which asks for models and their options.

/// The most names that are suggested.
const MOST: usize = 3;

/// The names that `typed` may have been meant for, the likeliest first, three at most: those that it is a part of or that are a
/// part of it; where there are none, those that a few letters make the same.
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let typed = typed.trim().to_lowercase();
    let names: Vec<&str> = names.into_iter().collect();
    let length = typed.chars().count();
    // One letter is a part of nearly everything, and so says nothing.
    if length < 2 {
        return Vec::new();
    }
    let is_part = |name: &&&str| name.contains(&typed) || (name.len() > 2 && typed.contains(**name));
    let parts: Vec<&str> = names.iter().filter(is_part).copied().take(MOST).collect();
    if !parts.is_empty() {
        return parts;
    }
    let allowed = (length / 3).max(1);
    let mut close: Vec<(usize, &str)> = names.iter().map(|name| (distance(&typed, name), *name)).collect();
    close.retain(|(distance, _)| *distance <= allowed);
    close.sort_by_key(|(distance, _)| *distance);
    close.into_iter().map(|(_, name)| name).take(MOST).collect()
}

/// Letters shorter than this begin too many names by chance.
const SHORTEST_BEGINNING: usize = 5;

/// How many letters are wrong: of the name, of one of its words, or of its beginning.
fn distance(typed: &str, name: &str) -> usize {
    let length = typed.chars().count();
    let beginning = |length: usize| name.char_indices().nth(length).map(|(end, _)| &name[..end]);
    let beginnings = [length, length + 1].into_iter().filter(|_| length >= SHORTEST_BEGINNING).filter_map(beginning);
    let close_to = name.split('-').chain(beginnings).chain([name]);
    close_to.map(|text| strsim::damerau_levenshtein(typed, text)).min().unwrap_or(length)
}

/// What stands between what is wrong with a name and the list of those that there are: `; did you mean thread-pool or
/// rayon-pool?`, or a mere `;` where no name is near.
pub fn did_you_mean<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(typed, names).as_slice() {
        [] => ";".to_owned(),
        [one] => format!("; did you mean {one}?"),
        [others @ .., last] => format!("; did you mean {} or {last}?", others.join(", ")),
    }
}

/// What is wrong with a name that there is not: `no model is called "pool"; did you mean thread-pool? models: ...`. `kind` is
/// what it would be the name of.
pub fn no_such(kind: &str, typed: &str, names: &[&str]) -> String {
    let meant = did_you_mean(typed, names.iter().copied());
    format!("no {kind} is called \"{typed}\"{meant} {kind}s: {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = ["sequential", "thread-pool", "rayon-pool", "async-single", "async-multi"];

    #[test]
    fn a_part_of_a_name_is_enough() {
        assert_eq!(nearest("pool", NAMES), ["thread-pool", "rayon-pool"]);
        assert_eq!(nearest("uential", NAMES), ["sequential"]);
        assert_eq!(nearest("Async", NAMES), ["async-single", "async-multi"]);
        assert_eq!(nearest("thread-pools", NAMES), ["thread-pool"], "what was typed may be longer");
    }

    #[test]
    fn a_few_wrong_letters_are_forgiven_and_many_are_not() {
        assert_eq!(nearest("sequentail", NAMES), ["sequential"]);
        assert_eq!(nearest("async-mutli", NAMES), ["async-multi"]);
        assert_eq!(nearest("conect", ["who-waits", "connection-cost"]), ["connection-cost"], "its beginning");
        assert_eq!(nearest("raion", NAMES), ["rayon-pool"], "one of its words");
        assert_eq!(nearest("ash", ["bash", "zsh", "fish"]), ["bash"], "it is a part of it");
        for far in ["", "a", "nginx", "completely-different"] {
            assert_eq!(nearest(far, NAMES), [] as [&str; 0], "{far}");
        }
    }

    #[test]
    fn the_sentence_reads_well_with_and_without_a_suggestion() {
        assert_eq!(no_such("model", "pool", &["threaded", "thread-pool"]), {
            "no model is called \"pool\"; did you mean thread-pool? models: threaded, thread-pool"
        });
        assert_eq!(no_such("model", "x", &["threaded"]), "no model is called \"x\"; models: threaded");
        assert_eq!(did_you_mean("nginx", NAMES), ";");
        assert_eq!(did_you_mean("async", NAMES), "; did you mean async-single or async-multi?");
    }
}
