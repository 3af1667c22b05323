//! Whether what is written has colours: the one place that knows `--color` and NO_COLOR.
//!
//! Must not know: which colours. Beside it: `../watch/`, and clap, which colours help and mistakes.

use std::ffi::OsString;

use clap::{Arg, ArgMatches, ColorChoice, ValueEnum, value_parser};

const NAME: &str = "color";

/// The option, which every command has.
pub(super) fn arg() -> Arg {
    Arg::new(NAME)
        .long(NAME)
        .global(true)
        .value_name("WHEN")
        .value_parser(value_parser!(ColorChoice))
        .default_value("auto")
        .hide_possible_values(true)
        .help("When to use colours: always, never, or auto, which is on a terminal unless NO_COLOR is set")
}

/// As typed and as the environment asks for it.
pub(in crate::cli) fn chosen(matches: &ArgMatches) -> ColorChoice {
    resolved(matches.try_get_one(NAME).ok().flatten().copied().unwrap_or(ColorChoice::Auto), is_refused())
}

/// The same before anything is parsed, for help and mistakes; as the environment asks for it where it is mistyped.
pub(super) fn among(words: &[OsString]) -> ColorChoice {
    let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).take_while(|word| *word != "--").collect();
    let joined = words.iter().find_map(|word| word.strip_prefix("--color="));
    let apart = words.windows(2).find(|pair| pair[0] == "--color").map(|pair| pair[1]);
    let typed = joined.or(apart).and_then(|text| ColorChoice::from_str(text, false).ok());
    resolved(typed.unwrap_or(ColorChoice::Auto), is_refused())
}

/// See no-color.org.
fn is_refused() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// What is typed beats what the environment refuses.
fn resolved(typed: ColorChoice, is_refused: bool) -> ColorChoice {
    match typed {
        ColorChoice::Auto if is_refused => ColorChoice::Never,
        typed => typed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_beats_the_environment() {
        assert_eq!(resolved(ColorChoice::Auto, true), ColorChoice::Never);
        assert_eq!(resolved(ColorChoice::Auto, false), ColorChoice::Auto);
        assert_eq!(resolved(ColorChoice::Always, true), ColorChoice::Always);
    }

    #[test]
    fn it_is_known_before_anything_is_parsed() {
        let among = |line: &str| among(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(among("harness compare --color never --nope"), ColorChoice::Never);
        assert_eq!(among("harness --color=always"), ColorChoice::Always);
        assert_ne!(among("harness check -- --color=always"), ColorChoice::Always, "that is another program's");
    }
}
