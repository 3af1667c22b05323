//! Numbers as a reader sees them: three significant digits, always with the unit.
//!
//! Must not know: what a number means. A value that is not there is never passed in: see `metrics::Reading`.

use serde::{Deserialize, Serialize};

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Nanoseconds, shown as µs, ms or s.
    Nanoseconds,
    /// Bytes, shown as KiB, MiB or GiB.
    Bytes,
    /// Events per second.
    PerSecond,
    /// A plain number.
    Count,
    /// A part of a whole, 0 to 1, shown as a percentage.
    Share,
}

impl Unit {
    /// The number with its unit.
    pub fn show(self, value: f64) -> String {
        match self {
            Unit::Nanoseconds => scaled(value, &[(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")]),
            Unit::Bytes => {
                let steps = [(1_073_741_824.0, "GiB"), (1_048_576.0, "MiB"), (1_024.0, "KiB"), (1.0, "B")];
                scaled(value, &steps)
            }
            Unit::PerSecond => format!("{}/s", number(value)),
            Unit::Count if value.fract() == 0.0 && value.abs() < 1e15 => integer(value as i64),
            Unit::Count => number(value),
            Unit::Share => share(value),
        }
    }

    /// Two numbers with their unit, which is said once where both have the same: `5.20 to 5.31 ms`.
    pub fn range(self, lo: f64, hi: f64) -> String {
        let (lo, hi) = (self.show(lo), self.show(hi));
        match (lo.rsplit_once(' '), hi.rsplit_once(' ')) {
            (Some((low, unit)), Some((_, same))) if unit == same => format!("{low} to {hi}"),
            _ => format!("{lo} to {hi}"),
        }
    }
}

fn scaled(value: f64, steps: &[(f64, &str)]) -> String {
    let size = value.abs();
    // 999.7 µs would round to 1000 µs, so it is already 1.00 ms.
    let fits = steps.iter().find(|(step, _)| size >= step * 0.9995);
    let (step, unit) = fits.or(steps.last()).copied().unwrap_or((1.0, ""));
    if size < 1e-12 {
        return format!("0 {unit}");
    }
    format!("{} {unit}", number(value / step))
}

/// Three significant digits, with commas from a thousand on: `0.0312`, `5.20`, `27.1`, `812`, `24,000`.
pub fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".into() } else { "-".into() };
    }
    let magnitude = value.abs().log10().floor();
    let unit = 10f64.powf(magnitude - 2.0);
    let rounded = (value / unit).round() * unit;
    let digits = (2.0 - rounded.abs().log10().floor()).clamp(0.0, 9.0) as usize;
    if value.fract() == 0.0 && value.abs() < 1_000.0 {
        return format!("{value:.0}");
    }
    if digits > 0 {
        return format!("{rounded:.digits$}");
    }
    integer(rounded.round() as i64)
}

/// The number at two significant digits, as people say one.
pub fn two_digits(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let unit = 10f64.powf(value.abs().log10().floor() - 1.0);
    (value / unit).round() * unit
}

/// All digits, with commas: counts that must add up.
fn integer(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0 { format!("-{text}") } else { text }
}

/// All digits of an unsigned count.
pub fn count(value: u64) -> String {
    integer(i64::try_from(value).unwrap_or(i64::MAX))
}

/// A share from 0 to 1 as a percentage; a share that is small but not nothing never shows as 0%, and one that is nearly
/// all never as 100%.
pub fn share(value: f64) -> String {
    let percent = value * 100.0;
    if percent > 0.0 && percent < 0.01 {
        return "< 0.01%".into();
    }
    if percent == 0.0 {
        return "0%".into();
    }
    if percent > 99.99 && percent < 100.0 {
        return "> 99.99%".into();
    }
    let rounds_to_all = (99.5..100.0).contains(&percent);
    let digits = if percent >= 10.0 && !rounds_to_all { 0 } else { 2 };
    format!("{percent:.digits$}%")
}

/// `a`, `a and b`, `a, b and c`.
pub fn list<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    enumerated(items, "and")
}

/// The same; absent where there is nothing to list.
pub(crate) fn listed<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> Option<String> {
    Some(list(items)).filter(|items| !items.is_empty())
}

/// The same as a choice: `a, b or c`.
pub(crate) fn choice<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    enumerated(items, "or")
}

fn enumerated<S: AsRef<str>>(items: impl IntoIterator<Item = S>, before_last: &str) -> String {
    let items: Vec<S> = items.into_iter().collect();
    match items.iter().map(AsRef::as_ref).collect::<Vec<&str>>().as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} {before_last} {last}", first.join(", ")),
    }
}

/// With its first letter large.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// The same in the middle of a sentence.
pub(crate) fn uncapitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

/// How many times as much one thing is as another: `1.28`, `4.60`, `15`, `410`, `1,000`. Two digits from ten on: no run bears more.
pub fn ratio(times: f64) -> String {
    if !times.is_finite() || times < 9.95 {
        return number(times);
    }
    integer(two_digits(times).round() as i64)
}

/// `1.20 to 1.35`, of two such.
pub fn interval((lo, hi): (f64, f64)) -> String {
    format!("{} to {}", ratio(lo), ratio(hi))
}

/// ` (so)` behind what it is said of; nothing where there is nothing to say.
pub fn bracketed(remark: Option<String>) -> String {
    remark.map_or(String::new(), |remark| format!(" ({remark})"))
}

/// `once`, `twice`, `3 times`.
pub fn often(times: usize) -> String {
    match times {
        1 => "once".into(),
        2 => "twice".into(),
        many => format!("{} times", count(many as u64)),
    }
}

/// `1 client`, `2 clients`.
pub fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", self::count(count), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_with_the_unit() {
        let times = [212_345.0, 5_204_000.0, 999_700.0, 1e9, 850.0, 0.0];
        let shown = times.map(|ns| Unit::Nanoseconds.show(ns));
        assert_eq!(shown, ["212 µs", "5.20 ms", "1.00 ms", "1 s", "850 ns", "0 ns"]);
        assert_eq!(Unit::Bytes.show(27.13 * 1024.0), "27.1 KiB");
        assert_eq!(Unit::PerSecond.show(24_000.0), "24,000/s");
        assert_eq!(Unit::Count.show(10_001.0), "10,001");
        assert_eq!(Unit::Nanoseconds.range(5.2e6, 5.31e6), "5.20 to 5.31 ms");
        assert_eq!(Unit::Nanoseconds.range(950e3, 1.2e6), "950 µs to 1.20 ms");
        assert_eq!(Unit::Count.show(0.031_24), "0.0312");
        assert_eq!(Unit::Bytes.show(-300.0), "-300 B");
        assert_eq!([number(999.9), number(9.999)], ["1,000", "10.0"]);
        assert_eq!([0.123, 9.96, 26_499.0, 0.0].map(two_digits), [0.12, 10.0, 26_000.0, 0.0]);
        assert_eq!([1, 2, 3].map(often), ["once", "twice", "3 times"]);
    }

    #[test]
    fn a_ratio_has_no_digits_that_no_run_bears() {
        let shown = [1.284, 4.6, 9.94, 9.96, 14.8, 412.0, 1_017.3, 98_700.0].map(ratio);
        assert_eq!(shown, ["1.28", "4.60", "9.94", "10", "15", "410", "1,000", "99,000"]);
        assert_eq!([ratio(0.067), ratio(f64::INFINITY)], ["0.0670", "-"]);
        assert_eq!(interval((14.3, 15.2)), "14 to 15");
    }

    #[test]
    fn small_shares_are_not_nothing() {
        assert_eq!([0.0, 0.000_01, 0.0123, 0.5].map(share), ["0%", "< 0.01%", "1.23%", "50%"]);
        assert_eq!([0.9951, 0.999_95, 1.0].map(share), ["99.51%", "> 99.99%", "100%"]);
        assert_eq!(list(["a", "b", "c"]), "a, b and c");
        assert_eq!([counted(1, "client"), counted(2_000, "client")], ["1 client", "2,000 clients"]);
    }
}
