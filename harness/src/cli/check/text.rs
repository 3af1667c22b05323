//! How what was found of a server reads on a terminal. Pure functions.

use std::time::Duration;

use crate::check::{Broken, Came, Finding, Weight, parts};
use crate::process::Stopped;

/// Bytes of what was sent, and of what came, that are shown.
const SHOWN_BYTES: usize = 160;

/// What stands above the findings of a weight.
pub(super) fn heading(weight: Weight) -> String {
    let words = match weight {
        Weight::Required => "required",
        Weight::Optional => "optional",
    };
    format!("\n{words}\n")
}

/// A line, and what led to it where it does not hold or everything is to be shown.
pub(super) fn finding(finding: &Finding, verbose: bool) -> String {
    let says = finding.transcript.says;
    match &finding.broken {
        None if verbose => format!("  holds     {says}\n{}", sent(&finding.transcript.sent())),
        None => format!("  holds     {says}\n"),
        Some(broken) => format!(
            "  does not  {says}\n{}            expected  {}\n            came      {}\n",
            sent(&broken.sent),
            broken.expected,
            came(broken)
        ),
    }
}

fn sent(bytes: &[u8]) -> String {
    format!("            sent      {}\n", shown(bytes))
}

fn came(broken: &Broken) -> String {
    let after =
        |bytes: &[u8], end: String| if bytes.is_empty() { end } else { format!("{}, then {end}", shown(bytes)) };
    match &broken.came {
        Came::Bytes(bytes) => shown(bytes),
        Came::End(bytes) => after(bytes, "the end of the connection".to_owned()),
        Came::Silence(bytes, waited) => after(bytes, format!("nothing more within {}", rounded(*waited))),
        Came::TooSoon(passed) => format!("one after {}", rounded(*passed)),
        Came::Failure(error) => error.clone(),
    }
}

fn rounded(duration: Duration) -> String {
    humantime::format_duration(Duration::from_millis(duration.as_millis() as u64)).to_string()
}

/// Bytes as a person can read them: text, escapes for the rest, cut where there are many.
fn shown(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(SHOWN_BYTES)];
    let text: String = String::from_utf8_lossy(cut).chars().map(escaped).collect();
    match bytes.len() {
        0 => "nothing".to_owned(),
        all if all > SHOWN_BYTES => format!("{text}... ({all} bytes)"),
        _ => text,
    }
}

fn escaped(c: char) -> String {
    if c.is_control() { c.escape_default().collect() } else { c.to_string() }
}

/// What all of it comes to.
pub(super) fn conclusion(findings: &[Finding]) -> String {
    let count = |weight| {
        let of = || findings.iter().filter(move |finding| finding.transcript.weight == weight);
        (of().filter(|finding| finding.broken.is_none()).count(), of().count())
    };
    let ((required, of_required), (optional, of_optional)) = (count(Weight::Required), count(Weight::Optional));
    let parts = parts(findings);
    let can: Vec<&str> = parts.iter().filter(|part| part.obstacle.is_none()).map(|part| part.experiment).collect();
    let mut text = format!("\n{required} of {of_required} required hold, {optional} of {of_optional} optional\n\n");
    text.push_str(&match can.as_slice() {
        [] => "it can take part in no experiment\n".to_owned(),
        can => format!("it can take part in {}\n", can.join(", ")),
    });
    for part in &parts {
        if let Some(obstacle) = &part.obstacle {
            text.push_str(&format!("  not in {}: {obstacle}\n", part.experiment));
        }
    }
    text
}

/// What the server that was started wrote, and how it ended if nobody asked it to.
pub(super) fn end_of_stderr(stopped: &Stopped) -> String {
    let death = stopped.death.as_ref().map(|death| format!("\nthe server {}\n", death.how)).unwrap_or_default();
    let tail = stopped.stderr_tail.trim();
    let said = if tail.is_empty() { String::new() } else { format!("\nits standard error ends with:\n{tail}\n") };
    death + &said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::transcripts;

    #[test]
    fn bytes_are_escaped_and_cut() {
        assert_eq!(shown(b"{\"a\":1}\r\n\x00"), "{\"a\":1}\\r\\n\\u{0}");
        assert_eq!(shown(b""), "nothing");
        let long = shown(&[b'x'; 1000]);
        assert!(long.ends_with("x... (1000 bytes)") && long.len() < 200, "{long}");
    }

    #[test]
    fn what_does_not_hold_says_what_was_sent_expected_and_came() {
        let [transcript, ..] = &transcripts()[..] else { panic!() };
        let broken = Broken {
            sent: b"{}\n".to_vec(),
            expected: "WorkDone".to_owned(),
            came: Came::Silence(b"{\"Wo".to_vec(), Duration::from_millis(2_000)),
        };
        let finding_of = |broken| Finding { transcript: transcript.clone(), broken };
        assert_eq!(
            finding(&finding_of(Some(broken)), false),
            format!(
                "  does not  {}\n            sent      {{}}\\n\n            expected  WorkDone\n            \
                 came      {{\"Wo, then nothing more within 2s\n",
                transcript.says
            )
        );
        assert_eq!(finding(&finding_of(None), false), format!("  holds     {}\n", transcript.says));
        assert!(finding(&finding_of(None), true).contains("sent      {\"RequestWork\""));
    }
}
