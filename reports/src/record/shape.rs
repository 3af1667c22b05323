//! What the JSON of any record may look like, whatever its fields mean: how deep, how long, how many, and which numbers.
//!
//! It is looked at before anything of it is built, so that a small file can't make large memory, and no number that is none
//! (negative, or beyond what counts and times can be) gets anywhere. Must not know: records, files. Beside it:
//! `versions.rs`, which asks it; `soundness.rs`, what else is checked once it is known what the fields are.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Records have seven levels.
const DEEPEST: usize = 32;
/// A traced window has some thousands, a probe's cell as many.
const MOST_ENTRIES: usize = 100_000;
/// Of everything in a file together.
const MOST_VALUES: usize = 400_000;
/// The end of what a server said is the longest text.
const LONGEST_TEXT: usize = 64 << 10;
/// A histogram with a count of its own in every bucket, in base64.
const LONGEST_HISTOGRAM: usize = 512 << 10;
/// In nanoseconds more than a hundred days, in bytes more than any machine has; and floating-point numbers count up to it.
pub(super) const GREATEST_NUMBER: u64 = 1 << 53;

/// The field of histograms.
const HISTOGRAM: &str = "v2_deflate_base64";
/// Fields whose integers may be any, and are never added up: a seed, limits of the machine (some are as good as none), and
/// the ends of a runtime's buckets.
const UNBOUNDED: [&str; 4] = ["seed", "limits", "poll_times", "schedule_latencies"];

/// Fields that say by how much one is ahead of another: they may be below zero and, of two clocks, any number.
const SIGNED: [&str; 3] = ["clock_offset_ns", "start_late_ns", "ppm"];

/// Walks through all of a file.
///
/// # Errors
/// Where it is no JSON, or not of this shape. The error has line and column, and the words the field.
pub(super) fn check(json: &[u8]) -> Result<(), serde_json::Error> {
    let mut values = 0;
    let mut file = serde_json::Deserializer::from_slice(json);
    JsonPlace { above: None, name: PathPart::File, depth: 0 }.value(&mut values).deserialize(&mut file)?;
    file.end()
}

/// Where in a file a value stands.
struct JsonPlace<'a> {
    above: Option<&'a JsonPlace<'a>>,
    name: PathPart<'a>,
    depth: usize,
}

enum PathPart<'a> {
    File,
    Field(&'a str),
    Entry(usize),
}

impl<'a> JsonPlace<'a> {
    fn below(&'a self, name: PathPart<'a>) -> JsonPlace<'a> {
        JsonPlace { above: Some(self), name, depth: self.depth + 1 }
    }

    fn value(&'a self, values: &'a mut usize) -> Value<'a> {
        Value { place: self, values }
    }

    /// Whether it is a field of this name, or in one.
    fn is_in(&self, fields: &[&str]) -> bool {
        matches!(self.name, PathPart::Field(name) if fields.contains(&name))
            || self.above.is_some_and(|above| above.is_in(fields))
    }
}

/// `samples[3].threads`.
impl fmt::Display for JsonPlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            above.fmt(f)?;
        }
        match self.name {
            PathPart::File => Ok(()),
            PathPart::Entry(place) => write!(f, "[{place}]"),
            PathPart::Field(name) => {
                let is_first = self.above.is_some_and(|above| matches!(above.name, PathPart::File));
                write!(f, "{}{}", if is_first { "" } else { "." }, brief(name))
            }
        }
    }
}

/// The beginning of a name, which may be anything.
fn brief(name: &str) -> String {
    name.chars().take(60).collect()
}

/// A value that is walked through.
struct Value<'a> {
    place: &'a JsonPlace<'a>,
    values: &'a mut usize,
}

impl Value<'_> {
    fn refuse<T, E: Error>(&self, why: impl fmt::Display) -> Result<T, E> {
        match self.place.name {
            PathPart::File => Err(E::custom(why)),
            PathPart::Field(_) | PathPart::Entry(_) => Err(E::custom(format_args!("{}: {why}", self.place))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        *self.values += 1;
        if *self.values > MOST_VALUES {
            return self.refuse(format_args!("the file has more than {MOST_VALUES} values"));
        }
        if self.place.depth > DEEPEST {
            return self.refuse(format_args!("it is more than {DEEPEST} levels deep"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a record")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        if number > GREATEST_NUMBER && !self.place.is_in(&UNBOUNDED) && !self.place.is_in(&SIGNED) {
            return self.refuse(format_args!("{number} is more than anything that is counted or measured"));
        }
        Ok(())
    }

    /// A negative one.
    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        if self.place.is_in(&SIGNED) {
            return Ok(());
        }
        self.refuse(format_args!("{number} is negative, and nothing that is counted or measured is"))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        if number < 0.0 && !self.place.is_in(&SIGNED) {
            return self.refuse(format_args!("{number} is negative, and nothing that is counted or measured is"));
        }
        // What is no number at all fails this, too.
        if number.abs() <= GREATEST_NUMBER as f64 {
            return Ok(());
        }
        self.refuse(format_args!("{number:e} is more than anything that is counted or measured"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let longest = if self.place.is_in(&[HISTOGRAM]) { LONGEST_HISTOGRAM } else { LONGEST_TEXT };
        if text.len() > longest {
            return self.refuse(format_args!("a text of {} bytes, more than {longest}", text.len()));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        for place in 0.. {
            let entry = self.place.below(PathPart::Entry(place));
            if entries.next_element_seed(entry.value(self.values))?.is_none() {
                break;
            }
            if place >= MOST_ENTRIES {
                return self.refuse(format_args!("it has more than {MOST_ENTRIES} entries"));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut count = 0;
        while let Some(name) = fields.next_key::<String>()? {
            count += 1;
            if count > MOST_ENTRIES || name.len() > LONGEST_TEXT {
                return self.refuse(format_args!("it has more than {MOST_ENTRIES} fields, or a longer name than any"));
            }
            let field = self.place.below(PathPart::Field(&name));
            fields.next_value_seed(field.value(self.values))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> String {
        check(json.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn numbers_that_nothing_has_are_refused_with_their_field() {
        for (json, says) in [
            ("{\"a\": -1}", "a: -1 is negative"),
            ("{\"a\": {\"b\": [0, -0.5]}}", "a.b[1]: -0.5 is negative"),
            ("{\"a\": [{\"b\": 1e308}]}", "a[0].b: 1e308 is more"),
            ("{\"a\": 18446744073709551615}", "a: 18446744073709551615 is more"),
            ("[-9223372036854775809]", "[0]: -9223372036854776000 is negative"),
            ("{\"a\": NaN}", "expected value"),
            ("{\"a\": 1e999}", "number out of range"),
        ] {
            assert!(refused(json).starts_with(says), "{json}: {}", refused(json));
        }
        for json in [
            "{\"seed\": 18446744073709551615}",
            "{\"limits\": [{\"value\": 18446744073709551615}]}",
            "[-0.0, 0]",
            "{\"clock_offset_ns\": -5, \"ppm\": -0.5}",
        ] {
            check(json.as_bytes()).unwrap();
        }
    }

    #[test]
    fn what_is_deep_long_or_many_is_refused_before_it_is_built() {
        let long = "x".repeat(LONGEST_TEXT + 1);
        for (json, says) in [
            ("[".repeat(40), "more than 32 levels"),
            ("{\"a\":".repeat(40), "more than 32 levels"),
            ("[".repeat(1 << 20), "more than 32 levels"),
            (format!("{{\"a\": [{}0]}}", "0,".repeat(MOST_ENTRIES)), "a: it has more than 100000 entries"),
            (format!("[{}[]]", format!("[{}0],", "0,".repeat(80_000)).repeat(5)), "more than 400000 values"),
            (format!("{{\"a\": \"{long}\"}}"), "a: a text of 65537 bytes"),
            (format!("{{\"{long}\": 0}}"), "a longer name than any"),
            ("{} {}".to_owned(), "trailing characters"),
        ] {
            assert!(refused(&json).contains(says), "{says}: {}", refused(&json));
        }
        check(format!("{{\"{HISTOGRAM}\": \"{long}\"}}").as_bytes()).unwrap();
    }
}
