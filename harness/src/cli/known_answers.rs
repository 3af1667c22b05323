//! The findings of the self-test as text: eighty columns, no colour, the sentence that matters last.

use std::fmt::Write;

use crate::selftest::{Figure, Finding, Fit, Verdict};

/// A row of the self-test per paragraph, a figure per line.
pub(super) fn table(findings: &[Finding]) -> String {
    let mut text = line(["", "truth", "measured", "tolerance", ""]);
    for finding in findings {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}: {}", finding.row, finding.claim);
        for figure in &finding.figures {
            text.push_str(&of_figure(figure));
        }
        if let Some(reason) = &finding.reason {
            let tries = if finding.attempts == 1 { "1 try".to_owned() } else { format!("{} tries", finding.attempts) };
            let _ = writeln!(text, "  cannot tell here, after {tries}: {reason}");
        }
    }
    let _ = writeln!(text, "\n{}", sentence(findings));
    text
}

fn of_figure(figure: &Figure) -> String {
    let fit = match figure.fit {
        Fit::Right => "right",
        Fit::Disturbed => "disturbed",
        Fit::Wrong => "WRONG",
    };
    line([&figure.name, &figure.truth.text, &figure.measured.text, &figure.tolerance, fit])
}

fn line([name, truth, measured, tolerance, fit]: [&str; 5]) -> String {
    let line = format!("  {name:<27} {truth:>13} {measured:>14} {tolerance:>10}  {fit}");
    format!("{}\n", line.trim_end())
}

/// All of it in one sentence.
pub(super) fn sentence(findings: &[Finding]) -> String {
    let named = |verdict: Verdict| -> Vec<&str> {
        findings.iter().filter(|finding| finding.verdict == verdict).map(|finding| finding.row).collect()
    };
    let (wrong, undecided) = (named(Verdict::Wrong), named(Verdict::CannotTell));
    let all = findings.len();
    match (wrong.is_empty(), undecided.is_empty()) {
        (true, true) => format!("All {all} known answers are right: this harness measures what is there."),
        (true, false) => format!(
            "{} of {all} known answers are right; this machine was too busy or not fit to tell {}: try again when it is \
             quiet.",
            all - undecided.len(),
            undecided.join(", ")
        ),
        (false, _) => format!("WRONG: {}. Do not believe what this harness measures here.", wrong.join(", ")),
    }
}

/// A verdict as it is said.
pub(super) fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Right => "right",
        Verdict::Wrong => "WRONG",
        Verdict::CannotTell => "cannot tell",
    }
}
