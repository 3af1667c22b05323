//! Rates as they are shown.

use reports::format;

/// What is so rare is shown as a power of ten.
const RARE: f64 = 1e-6;

/// Three significant digits, without zeros behind the point that say nothing: `0.2/s`, `1.25/s`, `12,300/s`.
pub(super) fn per_second(rps: f64) -> String {
    if rps > 0.0 && rps < RARE {
        return format!("{rps:e}/s");
    }
    let number = format::number(rps);
    let number = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { &number };
    format!("{number}/s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_three_digits_whatever_its_size() {
        let shown = [0.2, 0.0312, 1.25, 5.004, 100.0, 812.4, 12_345.0, 2_000.0, 0.0, 1e-12, 1e-300].map(per_second);
        let expected = [
            "0.2/s", "0.0312/s", "1.25/s", "5/s", "100/s", "812/s", "12,300/s", "2,000/s", "0/s", "1e-12/s", "1e-300/s",
        ];
        assert_eq!(shown, expected);
    }
}
