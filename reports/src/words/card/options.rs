//! What options mean, as a person says it: of a remedy, and of one that was measured in place of another.
//!
//! They come as a scorecard has them, `placement=spawn-blocking, workers=4`. One that is not known here is said by its name
//! and value, so that a new option needs nothing. Must not know: rows, verdicts. Beside it: `scorecard.rs`, which says both.

use crate::format;

/// What a contender with an option is or does.
enum OptionSaid {
    /// It does this; or it is this that it is measured with.
    Does(String, String),
    /// It has this.
    Has(String),
}

/// `hands blocking calls to spawn_blocking and has 4 workers`.
pub(crate) fn does(options: &str) -> String {
    let (mut acts, mut has) = (Vec::new(), Vec::new());
    for option in said(options) {
        match option {
            OptionSaid::Does(act, _) => acts.push(act),
            OptionSaid::Has(what) => has.push(what),
        }
    }
    acts.extend(format::listed(has).map(|has| format!("has {has}")));
    format::list(acts)
}

/// `blocking calls on spawn_blocking and 4 workers`, behind a "with".
pub(crate) fn with(options: &str) -> String {
    format::list(said(options).map(|option| match option {
        OptionSaid::Does(_, with) | OptionSaid::Has(with) => with,
    }))
}

fn said(options: &str) -> impl Iterator<Item = OptionSaid> + '_ {
    options.split(", ").filter(|option| !option.is_empty()).map(|option| {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let size = spaced(value);
        let does = |act: &str, with: &str| OptionSaid::Does(act.to_owned(), with.to_owned());
        match (name, value) {
            ("placement", "spawn-blocking") => {
                does("hands blocking calls to spawn_blocking", "blocking calls on spawn_blocking")
            }
            ("placement", "block-in-place") => {
                does("wraps blocking calls in block_in_place", "blocking calls in block_in_place")
            }
            ("placement", "rayon") => does("hands blocking calls to a rayon pool", "blocking calls on a rayon pool"),
            ("placement", "yielding") => does("computes in pieces", "computation in pieces"),
            ("placement", "inline") => does("computes where it serves", "computation where it serves"),
            (_, "off") => OptionSaid::Has(format!("no {}", name.replace('-', " "))),
            ("idle-timeout", _) => {
                does(&format!("closes connections that are idle for {size}"), &format!("an idle timeout of {size}"))
            }
            ("frame-deadline", _) => {
                does(&format!("gives a request {size} to arrive"), &format!("a deadline of {size} for a request"))
            }
            ("workers", _) => {
                OptionSaid::Has(if value == "1" { "1 worker".into() } else { format!("{value} workers") })
            }
            ("stack", _) => OptionSaid::Has(format!("stacks of {size}")),
            ("max-connections", _) => OptionSaid::Has(format!("at most {value} connections")),
            (_, "") => OptionSaid::Has(name.to_owned()),
            _ => OptionSaid::Has(format!("{} set to {size}", name.replace('-', " "))),
        }
    })
}

/// `100 ms` of `100ms`, `64 KiB` of `64KiB`; a word as it is.
fn spaced(value: &str) -> String {
    match value.find(|c: char| !c.is_ascii_digit()) {
        Some(at) if at > 0 && !value.ends_with('%') => format!("{} {}", &value[..at], &value[at..]),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_said_without_their_syntax() {
        let both = |options: &str| (does(options), with(options));
        assert_eq!(
            both("placement=spawn-blocking, workers=4"),
            (
                "hands blocking calls to spawn_blocking and has 4 workers".into(),
                "blocking calls on spawn_blocking and 4 workers".into()
            )
        );
        assert_eq!(
            both("idle-timeout=100ms"),
            ("closes connections that are idle for 100 ms".into(), "an idle timeout of 100 ms".into())
        );
        assert_eq!(
            both("stack=64KiB, workers=1"),
            ("has stacks of 64 KiB and 1 worker".into(), "stacks of 64 KiB and 1 worker".into())
        );
    }

    #[test]
    fn an_option_that_is_not_known_is_a_name_and_a_value() {
        assert_eq!(
            does("accept=reuseport, drain=5s, stretch=120%"),
            "has accept set to reuseport, drain set to 5 s and stretch set to 120%"
        );
        assert_eq!([with("drain=off"), with("a word"), with("")], ["no drain", "a word", ""]);
    }
}
