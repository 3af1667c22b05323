//! A run of a site against the one before it: who is compared with whom, what the page says, and that it fits. Beside it:
//! `site.rs`; `diff.rs`, for the arithmetic.

use reports::diff::between;
use reports::record::store::{Run, RunFile};
use reports::site::{self, COMPARISON, ComparisonEntry, Entry, PAGE, RECORDS, SiteContents};
use serde_json::{Value, json};

use crate::browser::{OVERFLOW, OVERLAPS};
use crate::devtools::Browser;
use crate::diff::run as cpu_run;
use crate::fixture::{self, contents};

fn files(run: &Run) -> Vec<RunFile> {
    let json = |name: String, value: Vec<u8>| RunFile { name, bytes: value };
    let manifest = json("manifest.json".into(), serde_json::to_vec(&run.manifest).unwrap());
    let cells = run.cells.iter().map(|cell| json(format!("cells/{}.json", cell.id), serde_json::to_vec(cell).unwrap()));
    std::iter::once(manifest).chain(cells).collect()
}

fn entry(run: &Run) -> Entry {
    let files = files(run);
    site::publish(run, &files, site::address(run, &files).unwrap(), None).entry
}

/// The run as made on this day.
fn on_day(mut run: Run, day: u32) -> Run {
    run.manifest.started_at = format!("2026-01-{day:02}T03:04:05Z");
    run
}

fn text(files: &[site::SiteFile], name: &str) -> String {
    let (_, bytes) = files.iter().find(|(file, _)| *file == name).unwrap();
    String::from_utf8(bytes.clone()).unwrap()
}

fn compared(base: &Run, new: &Run) -> Vec<site::SiteFile> {
    site::compare((&entry(base), base), (&entry(new), new))
}

/// A page on which a fifth more CPU time is found.
pub(crate) fn page() -> String {
    text(&compared(&on_day(cpu_run(10, 1, 1.0), 3), &on_day(cpu_run(10, 2, 1.2), 9)), PAGE)
}

/// The days of the pairs of a site.
fn pairs(entries: &[Entry]) -> Vec<[String; 2]> {
    let pairs = site::pairs(entries).into_iter();
    let mut days: Vec<[String; 2]> =
        pairs.map(|pair| [pair.0, pair.1].map(|run| run.started_at[8..10].into())).collect();
    days.sort();
    days
}

#[test]
fn each_run_is_held_against_the_one_before_it_and_no_other() {
    let of = |day: u32, change: fn(&mut Run)| {
        let mut run = on_day(fixture::small(), day);
        change(&mut run);
        entry(&run)
    };
    let same = |day| of(day, |_| {});
    assert_eq!(pairs(&[same(3), same(9), same(5)]), [["03", "05"], ["05", "09"]]);
    let between = |change: fn(&mut Run)| pairs(&[same(3), of(5, change), same(9)]);
    let skipped = [["03", "09"]];
    assert_eq!(between(|run| run.manifest.machine.cpu_model = "Another CPU".into()), skipped);
    assert_eq!(between(|run| run.manifest.preset = "full".into()), skipped);
    assert_eq!(between(|run| run.manifest.experiments.truncate(1)), skipped);
    assert_eq!(between(|run| run.manifest.experiments.reverse()).len(), 2, "their order does not matter");
    assert_eq!(between(|run| run.manifest.contenders.clear()), skipped);
    // Another kernel is a change to be seen, and no other machine.
    assert_eq!(between(|run| run.manifest.machine.kernel = "7.0.0".into()).len(), 2);
    let smoke = |day| of(day, |run| run.manifest.preset = "smoke".into());
    assert_eq!(pairs(&[smoke(3), smoke(5)]), Vec::<[String; 2]>::new());
}

#[test]
fn the_page_says_what_the_comparison_says() {
    let (base, mut new) = (on_day(cpu_run(10, 1, 1.0), 3), on_day(cpu_run(10, 2, 1.2), 9));
    new.manifest.machine.kernel = "7.0.0".into();
    let diff = between(&base, &new);
    let files = compared(&base, &new);
    let page = text(&files, PAGE);
    let changed = diff.rows.iter().filter(|row| row.has_changed()).count();
    let alike = diff.rows.iter().filter(|row| row.is_alike()).count();
    let said = format!("{} figures compared: {changed} changed, {alike} alike, ", diff.rows.len());
    assert!(changed >= 6 && page.contains(&format!("<p class=\"answer\">{said}")), "{said}");
    let most = diff.ranked()[0];
    let first = page.split("<tbody>").nth(2).unwrap().split("</tr>").next().unwrap();
    for part in [&most.contender, &most.ratio_words(), &most.interval_words(), &most.words()] {
        assert!(first.contains(part), "{part}: {first}");
    }
    assert_eq!(page.matches("<tr><th scope=\"row\">").count(), 5 + changed.min(8) + diff.rows.len(), "facts and rows");
    assert!(page.contains(">7.0.0<") && page.contains("The machines differ"), "the kernel has changed");
    let [base, new] = [&base, &new].map(entry);
    for run in [&base, &new] {
        assert!(page.contains(&format!("href=\"../../runs/{}/index.html\"", run.address)));
    }
    let record: Value = serde_json::from_str(&text(&files, COMPARISON)).unwrap();
    assert_eq!(record["diff"]["rows"].as_array().unwrap().len(), diff.rows.len());
    let known = ComparisonEntry::from_json(text(&files, COMPARISON).as_bytes()).unwrap();
    assert_eq!((&known.base, &known.new), (&base.address, &new.address));
    assert!(known.said.starts_with(&said));
    let site = SiteContents { comparisons: vec![known.clone()], ..contents(&[base.clone(), new.clone()]) };
    assert!(site.index_page().contains(&format!("href=\"compared/{}/index.html\"", known.folder())));
    // One of runs that are no neighbours is shown nowhere.
    let between = entry(&on_day(cpu_run(10, 3, 1.0), 5));
    let site = SiteContents { comparisons: vec![known], ..contents(&[base, between, new]) };
    assert!(!site.index_page().contains("compared/"));
}

#[test]
fn nothing_that_can_be_compared_is_said_and_so_is_nothing_that_can_be_told() {
    let base = on_day(fixture::small(), 3);
    let mut other = on_day(fixture::small(), 9);
    other.cells.clear();
    assert!(text(&compared(&base, &other), PAGE).contains("Nothing can be compared"));
    let again = text(&compared(&base, &on_day(fixture::small(), 9)), PAGE);
    assert!(again.contains("nobody can tell") && again.contains("Nothing has changed for sure"), "two blocks");
}

#[test]
fn the_records_that_a_site_offers_are_the_run() {
    let run = fixture::small();
    let files = files(&run);
    let published = site::publish(&run, &files, site::address(&run, &files).unwrap(), None);
    let (_, packed) = published.files.iter().find(|(name, _)| *name == RECORDS).unwrap();
    let read = site::run_of_records(packed).unwrap();
    assert_eq!((&read.manifest, read.cells.len()), (&run.manifest, run.cells.len()));
    let (said, again) = (between(&run, &run), between(&run, &read));
    assert_eq!(said.rows.len(), again.rows.len());
    assert!(site::run_of_records(b"nothing").is_err());
}

#[test]
fn hostile_runs_stay_text() {
    let hostile = "</style><img src=x onerror=alert(1)><script>\"'{{ 7*7 }}";
    let of = |day| {
        let mut run = on_day(fixture::small(), day);
        run.manifest.run = hostile.into();
        run.manifest.preset = hostile.into();
        run.manifest.commit = Some(hostile.into());
        run.manifest.machine.cpu_model = hostile.into();
        run.manifest.machine.kernel = format!("{hostile}{day}");
        run.manifest.built_with.insert(hostile.into(), format!("{hostile}{day}"));
        let label = run.manifest.contenders[0].label.clone();
        run.manifest.contenders[0].label = hostile.into();
        run.cells.iter_mut().filter(|cell| cell.contender == label).for_each(|cell| cell.contender = hostile.into());
        run
    };
    let page = text(&compared(&of(3), &of(9)), PAGE);
    assert!(page.contains("{{ 7*7 }}") && !page.contains("<img") && !page.contains("<script"), "it got through");
    assert_eq!(page.matches("</style>").count(), 1);
}

#[test]
fn the_page_is_quiet_and_fits_in_every_view() {
    let Some(mut browser) = Browser::start() else { return };
    let page = page();
    for (width, theme) in [(360, "light"), (390, "dark"), (1280, "light"), (1280, "dark")] {
        let mut tab = browser.open(&page, width, theme);
        tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
        assert_eq!(tab.evaluate(OVERFLOW), json!([]), "wider than the window at {width} px, {theme}");
        assert_eq!(tab.evaluate(OVERLAPS), json!([]), "texts overlap at {width} px, {theme}");
        tab.assert_quiet();
    }
}
