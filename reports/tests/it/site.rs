//! What the files of a site hold: entries, the index, trends, the preview, and what a run's page says of the site. Beside it:
//! `harness/tests/it/publish/`, which has the folder.

use reports::record::Manifest;
use reports::record::store::{Run, RunFile};
use reports::site::{self, Entry, PAGE, PREVIEW, Published};

use crate::fixture::{self, contents};

fn files(run: &Run) -> Vec<RunFile> {
    vec![RunFile { name: "manifest.json".into(), bytes: serde_json::to_vec(&run.manifest).unwrap() }]
}

fn published(run: &Run) -> Published {
    let files = files(run);
    site::publish(run, &files, site::address(run, &files).unwrap(), None)
}

fn text(published: &Published, name: &str) -> String {
    let (_, bytes) = published.files.iter().find(|(file, _)| *file == name).unwrap();
    String::from_utf8(bytes.clone()).unwrap()
}

/// The small run as made on this day.
fn on_day(day: u32) -> Run {
    let mut run = fixture::small();
    run.manifest.started_at = format!("2026-01-{day:02}T03:04:05Z");
    run
}

fn entry(run: &Run) -> Entry {
    published(run).entry
}

#[test]
fn the_same_files_have_the_same_address_and_others_another() {
    let run = fixture::small();
    let own = site::address(&run, &files(&run)).unwrap().to_string();
    assert!(own.starts_with("2026-01-02-"), "{own}");
    assert_eq!(Some(own.clone()), site::address(&run, &files(&run)).map(|address| address.to_string()));
    let mut other = run.clone();
    other.manifest.seed += 1;
    assert_ne!(Some(own), site::address(&other, &files(&other)).map(|address| address.to_string()));
    for odd in ["", "yesterday", "2026-1-2", "../../etcx", "ééééé"] {
        other.manifest.started_at = odd.into();
        assert_eq!(site::address(&other, &files(&other)), None, "{odd}");
    }
}

#[test]
fn a_run_is_published_the_same_every_time() {
    let run = fixture::small();
    assert_eq!(published(&run).files, published(&run).files);
    let published = published(&run);
    let json = text(&published, site::ENTRY);
    let (mut read, mut written) = (Entry::from_json(json.as_bytes()).unwrap(), published.entry);
    for (read, written) in read.figures.iter().zip(&written.figures) {
        // Numbers come back to the last digit but one.
        assert!((read.value / written.value - 1.0).abs() < 1e-12, "{read:?} {written:?}");
    }
    assert_eq!(read.figures.len(), written.figures.len());
    read.figures.clear();
    written.figures.clear();
    assert_eq!(read, written);
}

#[test]
fn a_link_to_a_run_is_shown_with_what_it_says() {
    let run = fixture::small();
    let published = published(&run);
    let page = text(&published, PAGE);
    let headline = &published.entry.headline;
    assert!(headline.contains("kept up with"), "{headline}");
    let escaped = headline.replace('/', "&#x2f;");
    assert!(page.contains(&format!("<meta property=\"og:description\" content=\"{escaped}\">")));
    assert!(page.contains("<meta property=\"og:image\" content=\"preview.png\">"));
    assert!(!page.contains("og:url"), "the site's address is not known");
    let files = files(&run);
    let based = site::publish(&run, &files, site::address(&run, &files).unwrap(), Some("https://example.org/b/"));
    let url = format!("https://example.org/b/runs/{}/", based.entry.address);
    assert!(text(&based, PAGE).contains(&format!("<meta property=\"og:image\" content=\"{url}preview.png\">")));
}

#[test]
fn a_report_by_itself_knows_no_site() {
    let page = reports::page::render(&fixture::small());
    for word in ["og:", "All runs", "records.tar.gz", "../"] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn the_newest_is_the_same_page_but_for_where_its_links_lead() {
    let page = text(&published(&fixture::small()), PAGE);
    let latest = String::from_utf8(site::as_latest(PAGE, page.clone().into_bytes())).unwrap();
    assert!(page.contains("href=\"../../index.html\"") && !latest.contains("../../"));
    let different: Vec<_> = page.lines().zip(latest.lines()).filter(|(a, b)| a != b).collect();
    assert_eq!(different.len(), 1, "{different:?}");
    assert_eq!(site::as_latest("entry.json", b"href=\"../../".to_vec()), b"href=\"../../");
}

#[test]
fn the_preview_is_a_picture_of_the_size_that_sites_take() {
    let mut alone = fixture::small();
    alone.manifest.contenders.truncate(1);
    let (blue, grey) = ([0, 114, 178], [120, 120, 120]);
    assert!(pixels_of(&alone, blue) > 3_000, "one alone is a bar");
    assert!(pixels_of(&fixture::small(), grey) > 500, "two that are not told apart are grey bars");
    let decided = pixels_of(&fixture::duel(), blue);
    assert!(decided > 300, "{decided} pixels of who is better");
}

/// Pixels of a colour in the preview of a run.
fn pixels_of(run: &Run, colour: [u8; 3]) -> usize {
    let published = published(run);
    let (_, bytes) = published.files.iter().find(|(name, _)| *name == PREVIEW).unwrap();
    let decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (1200, 630));
    assert!(bytes.len() < 300_000, "{} bytes", bytes.len());
    pixels.chunks(3).filter(|pixel| *pixel == colour).count()
}

#[test]
fn the_preview_is_drawn_from_the_figures() {
    let mut run = fixture::small();
    let picture = |run: &Run| published(run).files.iter().find(|(name, _)| *name == PREVIEW).unwrap().1.clone();
    let before = picture(&run);
    for cell in run.cells.iter_mut().filter(|cell| cell.contender == "threaded") {
        cell.stages.iter_mut().for_each(|stage| stage.sample.resident_bytes *= 3);
        if let Some(cpu) = &mut cell.server.window_cpu_ns {
            *cpu *= 3;
        }
        cell.traffic = None;
    }
    assert_ne!(before, picture(&run));
}

#[test]
fn the_index_has_the_newest_first_and_its_links_are_relative() {
    let entries = [entry(&on_day(3)), entry(&on_day(9)), entry(&on_day(5))];
    let page = contents(&entries).index_page();
    let place = |entry: &Entry| page.find(&format!("href=\"runs/{}/index.html\"", entry.address)).unwrap();
    assert!(place(&entries[1]) < place(&entries[2]) && place(&entries[2]) < place(&entries[0]));
    let links: Vec<&str> = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.len() > 10);
    let (icons, links): (Vec<&str>, Vec<&str>) = links.iter().partition(|link| link.starts_with("data:image/svg+xml,"));
    assert_eq!(icons.len(), 1, "the picture in the tab is a part of the page");
    assert!(links.iter().all(|link| !link.contains(':') && !link.starts_with('/')), "{links:?}");
    assert!(page.contains("3 runs on 1 machine") && page.contains("content=\"latest/preview.png\""));
    let index = site::Index::from_json(&contents(&entries).index_record()).unwrap();
    assert_eq!(index.runs.iter().map(|run| &run.address).collect::<Vec<_>>(), [1, 2, 0].map(|at| &entries[at].address));
}

#[test]
fn hostile_entries_stay_text() {
    let hostile = "</script><img src=x onerror=alert(1)>\"'{{ 7*7 }}";
    let mut entries = [entry(&on_day(3)), entry(&on_day(9))];
    for entry in &mut entries {
        entry.headline = hostile.into();
        entry.run = hostile.into();
        entry.preset = hostile.into();
        entry.commit = Some(hostile.into());
        entry.machine.label = hostile.into();
        entry.machine.fingerprint = hostile.into();
        entry.contenders[0] = hostile.into();
        entry.experiments = vec![hostile.into()];
        for figure in &mut entry.figures {
            figure.contender = hostile.into();
            figure.label = hostile.into();
            figure.workload_label = hostile.into();
            figure.experiment = hostile.into();
        }
    }
    let page = contents(&entries).index_page();
    assert!(!page.contains("<img") && page.contains("{{ 7*7 }}"), "it got through");
    assert_eq!(page.matches("<script>").count(), 1);
    assert_eq!(page.matches("</script>").count(), 1);
}

#[test]
fn a_trend_stays_within_one_machine() {
    let here = [entry(&on_day(3)), entry(&on_day(9))];
    assert!(contents(&here).index_page().contains("id=\"trend-"));
    let mut elsewhere = on_day(9);
    elsewhere.manifest.machine.cpu_model = "Another CPU".into();
    let page = contents(&[here[0].clone(), entry(&elsewhere)]).index_page();
    assert!(!page.contains("id=\"trend-") && page.contains("2 runs on 2 machines"));
    let mut shared = on_day(9);
    shared.manifest.placement.kind = reports::record::PlacementKind::Shared;
    assert!(!contents(&[here[0].clone(), entry(&shared)]).index_page().contains("id=\"trend-"));
}

#[test]
fn a_change_of_what_the_servers_ran_on_is_a_mark_in_the_trend_of_their_machine() {
    let page = |change: fn(&mut Manifest)| {
        let mut later = on_day(9);
        change(&mut later.manifest);
        contents(&[entry(&on_day(3)), entry(&later)]).index_page()
    };
    assert!(!page(|_| {}).contains("class=\"change\""));
    let changed = page(|manifest| {
        manifest.built_with.insert("tokio".into(), "1.51.0".into());
        manifest.machine.kernel = "7.0.0".into();
    });
    assert!(changed.contains("2 runs on 1 machine") && changed.contains("id=\"trend-"));
    let marks = changed.matches("class=\"change\"").count();
    assert_eq!(marks, changed.matches("<figure id=\"trend-").count(), "a mark in each figure");
    let said = "on with kernel 7.0.0 instead of 6.1.0 and tokio 1.51.0 instead of 1.52.2.</p>";
    assert_eq!(changed.matches(said).count(), marks);
    let driven =
        |run: &mut Run, driver: &str| run.cells.iter_mut().for_each(|cell| cell.server.driver = Some(driver.into()));
    let (mut before, mut after) = (on_day(3), on_day(9));
    driven(&mut before, "io_uring");
    driven(&mut after, "epoll");
    assert!(
        contents(&[entry(&before), entry(&after)])
            .index_page()
            .contains("driver of threaded epoll instead of io_uring")
    );
    // A run of which nobody noted what it was built with says nothing of a change.
    assert!(!page(|manifest| manifest.built_with.clear()).contains("class=\"change\""));
}

#[test]
fn a_trend_leaves_out_other_loads_and_says_so() {
    let days = [entry(&on_day(3)), entry(&on_day(5)), entry(&on_day(9))];
    let mut other = days.clone();
    for figure in other[1].figures.iter_mut().filter(|figure| figure.offered_load_rps.is_some()) {
        figure.offered_load_rps = figure.offered_load_rps.map(|load| load * 1.3);
    }
    assert!(
        !contents(&days).index_page().contains("left out") && !contents(&days).index_page().contains("no second run")
    );
    assert_eq!(
        contents(&other[1..]).index_page().matches("offered: no second run has it, or none at about this load").count(),
        2
    );
    assert_eq!(contents(&other).index_page().matches("1 run left out").count(), 2, "p99 and CPU, but not memory");
    for figure in other[1].figures.iter_mut().filter(|figure| figure.offered_load_rps.is_some()) {
        figure.offered_load_rps = figure.offered_load_rps.map(|load| load / 1.3 * 1.02);
    }
    let page = contents(&other).index_page();
    assert!(!page.contains("left out") && page.contains("differs a little from run to run"));
}

#[test]
fn smoke_tests_are_in_the_list_and_in_no_trend() {
    let mut smoke = on_day(9);
    smoke.manifest.preset = "smoke".into();
    let page = contents(&[entry(&on_day(3)), entry(&smoke)]).index_page();
    assert!(page.contains("only shows that everything works") && !page.contains("id=\"trend-"));
}
