//! The newest runs as an Atom feed, RFC 4287.
//!
//! A feed takes full addresses, so there is one only where the site's is known. What an entry is called follows from the
//! run's own address and from nothing else: a site that moves announces nothing twice. Must not know: files, clocks. Beside
//! it: `index.rs`.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::PAGE;
use super::comparison::ComparisonEntry;
use super::entry::Entry;
use crate::charts::backend::escape;

/// The feed, in the site's folder.
pub const FEED: &str = "feed.xml";

/// As many as a reader that comes back after a year still wants.
const MOST_ENTRIES: usize = 50;

/// The feed of these runs, the newest first; absent where none of them says when it was made, as an entry must.
pub(super) fn feed(entries: &[Entry], comparisons: &[&ComparisonEntry], url: &str) -> Option<String> {
    let dated = entries.iter().filter(|entry| is_moment(&entry.started_at)).take(MOST_ENTRIES);
    let dated: Vec<&Entry> = dated.collect();
    let newest = &dated.first()?.started_at;
    let url = xml(url);
    let mut feed = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\">\n\
         <id>{url}/</id>\n<title>tokio or OS threads?</title>\n\
         <subtitle>What a request and a connection cost, measured</subtitle>\n<updated>{newest}</updated>\n\
         <author><name>tokio or OS threads?</name></author>\n\
         <link rel=\"self\" type=\"application/atom+xml\" href=\"{url}/{FEED}\"/>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"{url}/{PAGE}\"/>\n"
    );
    for entry in dated {
        let compared = comparisons.iter().find(|comparison| comparison.new == entry.address);
        feed.push_str(&of_entry(entry, compared.copied(), &url));
    }
    feed.push_str("</feed>\n");
    Some(feed)
}

fn of_entry(entry: &Entry, compared: Option<&ComparisonEntry>, url: &str) -> String {
    let Entry { address, started_at, .. } = entry;
    let title = format!("{}: {}", entry.when(), first_sentence(&entry.headline));
    let mut summary = vec![entry.headline.clone()];
    summary.extend(super::index::doubt(entry));
    summary.extend(compared.map(|compared| format!("Against the run before: {}", compared.said)));
    summary.push(format!("{}.", entry.machine.label));
    let mut text = format!(
        "<entry>\n<id>{}</id>\n<title>{}</title>\n<updated>{started_at}</updated>\n<published>{started_at}</published>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"{url}/runs/{address}/{PAGE}\"/>\n",
        id(entry),
        xml(&title),
    );
    if let Some(compared) = compared {
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "<link rel=\"related\" type=\"text/html\" href=\"{url}/compared/{}/{PAGE}\"/>",
            compared.folder()
        );
    }
    let _ = writeln!(text, "<summary>{}</summary>\n</entry>", xml(&summary.join(" ")));
    text
}

/// A UUID of version 8, whose digits are a hash of the run's address.
fn id(entry: &Entry) -> String {
    let mut bytes: Vec<u8> = Sha256::digest(format!("run {}", entry.address)).iter().take(16).copied().collect();
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    format!("urn:uuid:{}", parts.join("-"))
}

/// What stands before the first stop that ends a sentence.
fn first_sentence(text: &str) -> &str {
    text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.')
}

/// Text as it stands in XML, which has no sign for two characters more than HTML.
fn xml(text: &str) -> String {
    escape(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

/// Whether a text is a time in UTC that there is, as in `2026-01-02T03:04:05Z`, also with fractions of a second. It stands in
/// XML as it is, so what humantime takes besides is none: more behind the time, a point without digits or with more than nine,
/// and a second 60.
fn is_moment(text: &str) -> bool {
    let is_bare = |bare: &str| !bare.contains(['Z', '+']) && !bare.ends_with('.') && !bare[..19].ends_with(":60");
    let is_plain = text.len() <= LONGEST_MOMENT && humantime::parse_rfc3339(text).is_ok();
    is_plain && text.strip_suffix('Z').is_some_and(is_bare)
}

/// To the nanosecond.
const LONGEST_MOMENT: usize = "2026-01-02T03:04:05.123456789Z".len();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_times_that_there_are_are_times() {
        for right in ["2026-01-02T03:04:05Z", "2024-02-29T23:59:59.123456789Z"] {
            assert!(is_moment(right), "{right}");
        }
        for wrong in [
            "",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05+01:00",
            "2026-02-29T03:04:05Z",
            "2026-13-02T03:04:05Z",
            "2026-00-02T03:04:05Z",
            "2026-01-00T03:04:05Z",
            "2026-01-02T24:04:05Z",
            "2026-01-02T03:60:05Z",
            "2026-01-02T03:04:60Z",
            "2026-01-02T03:04:05.1234567890Z",
            "2026-01-02T03:04:05.Z",
            "2026-01-02T03:04:05<Z",
            "2026-01-02 03:04:05Z",
            "2026-01-02T+3:04:05Z",
            "éé26-01-02T03:04:05Z",
            "2026-01-02T03:04:05Z<b/>Z",
            "2026-01-02T03:04:05.5+<b/>Z",
        ] {
            assert!(!is_moment(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_sentence_ends_at_a_stop_and_not_at_a_fraction() {
        assert_eq!(first_sentence("It costs 1.90 KiB. The rest waited."), "It costs 1.90 KiB");
        assert_eq!(first_sentence("Alike."), "Alike");
    }
}
