//! The feed of a site: that any reader of Atom can read it, whatever runs are called. Beside it: `site.rs`.

use reports::site::{ComparisonEntry, Entry, SITE_VERSION, SiteContents};

use crate::browser_files::entries;
use crate::fixture::contents;

const URL: &str = "https://example.org/bench";

fn site(entries: &[Entry]) -> SiteContents {
    SiteContents { url: Some(URL.into()), ..contents(entries) }
}

/// An element of XML.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    inner: Vec<Element>,
}

impl Element {
    fn all(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.inner.iter().filter(move |element| element.name == name)
    }

    /// The text of the one element of this name.
    fn one(&self, name: &str) -> &str {
        let all: Vec<&Element> = self.all(name).collect();
        assert_eq!(all.len(), 1, "{name}: {all:?}");
        &all[0].text
    }

    fn attribute(&self, name: &str) -> &str {
        &self.attributes.iter().find(|(key, _)| key == name).unwrap().1
    }

    /// Where its links of this relation lead.
    fn link(&self, relation: &str) -> Option<&str> {
        self.all("link").find(|link| link.attribute("rel") == relation).map(|link| link.attribute("href"))
    }
}

/// Text without its entities, as strictly as XML is: every sign that it does not know is a panic.
fn plain(text: &str) -> String {
    let legal = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(text.chars().all(legal) && !text.contains('<'), "{text:?}");
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(';').unwrap_or_else(|| panic!("&{part} has no end"));
        let sign = match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            other => panic!("&{other}; is no entity"),
        };
        plain.push(sign);
        plain.push_str(rest);
    }
    plain
}

/// The root of a document.
fn parsed(xml: &str) -> Element {
    let (declaration, mut rest) = xml.split_once("?>\n").unwrap();
    assert_eq!(declaration, "<?xml version=\"1.0\" encoding=\"utf-8\"");
    let mut open = vec![Element::default()];
    while let Some((text, after)) = rest.split_once('<') {
        let innermost = open.last_mut().unwrap();
        innermost.text.push_str(&plain(text));
        let (tag, next) = after.split_once('>').unwrap();
        rest = next;
        if let Some(name) = tag.strip_prefix('/') {
            let closed = open.pop().unwrap();
            assert_eq!(closed.name, name);
            open.last_mut().unwrap().inner.push(closed);
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut element = Element { name: name.into(), ..Element::default() };
        let mut attributes = attributes;
        while let Some((key, quoted)) = attributes.split_once("=\"") {
            let (value, after) = quoted.split_once('"').unwrap();
            element.attributes.push((key.trim().into(), plain(value)));
            attributes = after;
        }
        assert_eq!(attributes.trim(), "");
        if is_empty { open.last_mut().unwrap().inner.push(element) } else { open.push(element) }
    }
    assert_eq!((rest.trim(), open.len()), ("", 1));
    open.remove(0).inner.remove(0)
}

#[test]
fn a_feed_has_what_atom_asks_for_and_the_newest_first() {
    let entries = entries();
    let feed = parsed(&site(&entries).feed().unwrap());
    assert_eq!((feed.name.as_str(), feed.attribute("xmlns")), ("feed", "http://www.w3.org/2005/Atom"));
    assert_eq!((feed.one("id"), feed.one("updated")), ("https://example.org/bench/", "2026-02-05T10:20:30Z"));
    assert!(!feed.one("title").is_empty());
    assert_eq!(feed.link("self"), Some("https://example.org/bench/feed.xml"));
    assert_eq!(feed.link("alternate"), Some("https://example.org/bench/index.html"));
    let [author] = feed.all("author").collect::<Vec<_>>().try_into().unwrap();
    assert!(!author.one("name").is_empty());
    let shown: Vec<&Element> = feed.all("entry").collect();
    assert_eq!(
        shown.iter().map(|entry| &entry.one("updated")[8..10]).collect::<Vec<_>>(),
        ["05", "04", "03", "02", "01"]
    );
    let mut ids: Vec<&str> = shown.iter().map(|entry| entry.one("id")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 5);
    for (shown, run) in shown.iter().zip(entries.iter().rev()) {
        let id = shown.one("id").strip_prefix("urn:uuid:").unwrap();
        assert!(id.len() == 36 && id.as_bytes()[14] == b'8' && b"89ab".contains(&id.as_bytes()[19]), "{id}");
        assert_eq!(shown.link("alternate"), Some(format!("{URL}/runs/{}/index.html", run.address).as_str()));
        assert!(shown.one("title").starts_with("2026-02-") && shown.one("summary").contains(&run.headline));
    }
}

#[test]
fn a_site_that_moves_announces_nothing_twice() {
    let entries = entries();
    let ids = |url: &str| -> Vec<String> {
        let feed = SiteContents { url: Some(url.into()), ..contents(&entries) }.feed().unwrap();
        parsed(&feed).all("entry").map(|entry| entry.one("id").to_owned()).collect()
    };
    assert_eq!(ids(URL), ids("https://elsewhere.example/"));
}

#[test]
fn without_an_address_or_a_date_there_is_no_feed_and_nothing_names_one() {
    let mut entries = entries();
    assert_eq!(contents(&entries).feed(), None);
    assert!(!contents(&entries).index_page().contains("feed.xml"));
    let page = site(&entries).index_page();
    assert_eq!(page.matches("href=\"feed.xml\"").count(), 2, "for programs and for people");
    assert!(page.contains("content=\"https://example.org/bench/latest/preview.png\""));
    assert!(page.contains("<meta property=\"og:url\" content=\"https://example.org/bench/\">"));
    entries[4].started_at = "2026-02-31T10:20:30Z".into();
    assert_eq!(parsed(&site(&entries).feed().unwrap()).all("entry").count(), 4, "a day that there is not");
    entries.iter_mut().for_each(|entry| entry.started_at = "some day".into());
    assert_eq!(site(&entries).feed(), None);
    assert!(!site(&entries).index_page().contains("feed.xml"));
}

#[test]
fn what_runs_are_called_stays_text() {
    let hostile = "]]></summary><script>\"'&amp;\u{0}\u{ffff}\u{1b}. {{ 7*7 }}";
    let mut entries = entries();
    for entry in &mut entries {
        entry.headline = hostile.into();
        entry.machine.label = hostile.into();
        entry.preset = hostile.into();
    }
    let said = ComparisonEntry {
        schema_version: SITE_VERSION,
        base: entries[0].address.clone(),
        new: entries[1].address.clone(),
        said: hostile.into(),
    };
    entries[0].preset = hostile.into();
    let site = SiteContents { comparisons: vec![said], ..site(&entries) };
    let feed = parsed(&site.feed().unwrap());
    let shown: Vec<&Element> = feed.all("entry").collect();
    assert_eq!(shown.len(), 5);
    assert!(shown[0].one("summary").starts_with("]]></summary><script>\"'&amp;\u{fffd}\u{fffd}\u{fffd}. {{ 7*7 }}"));
    assert_eq!(shown[0].inner.len(), 6);
    let compared = shown[3];
    assert!(compared.link("related").unwrap().starts_with("https://example.org/bench/compared/2026-02-01-"));
}

#[test]
fn a_long_history_is_not_told_again() {
    let entry = entries().remove(0);
    let many: Vec<Entry> = (1..=28)
        .flat_map(|day| [6, 7].map(|hour| format!("2026-03-{day:02}T{hour:02}:00:00Z")))
        .map(|started_at| Entry { started_at, ..entry.clone() })
        .collect();
    assert_eq!(parsed(&site(&many).feed().unwrap()).all("entry").count(), 50);
}
