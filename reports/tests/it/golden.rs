//! Saved runs of every released schema render, and what they render to is as it was last looked at.
//!
//! `UPDATE_GOLDEN=1 cargo test -p reports` writes the golden files anew, for a person to look at the difference. The
//! records under `fixtures/schema-*` are never rewritten: they are what that version wrote.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use reports::charts::{Figure, figures};
use reports::page::render;
use reports::record::SCHEMA_VERSION;
use reports::record::store::{Run, RunFolder};
use reports::study::groups;
use reports::summary::{Summary, summarise};

use crate::{fixture, fixture_map, fixture_trials};

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn updating() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

/// The saved run of a schema version.
fn saved(version: u32) -> Run {
    let folder = tests().join("fixtures").join(format!("schema-{version}"));
    if updating() && version == SCHEMA_VERSION && !folder.exists() {
        fixture::save(&fixture::small(), &folder);
    }
    RunFolder::open(folder).unwrap().read().unwrap()
}

fn compare(name: &str, now: &str) {
    let path = tests().join("golden").join(name);
    if updating() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, now).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    if let Some((line, (was, is))) = golden.lines().zip(now.lines()).enumerate().find(|(_, (was, is))| was != is) {
        panic!("{name}, line {}:\n  was {was}\n  is  {is}\nUPDATE_GOLDEN=1 accepts it", line + 1);
    }
    assert_eq!(golden.lines().count(), now.lines().count(), "{name} has other lines; UPDATE_GOLDEN=1 accepts them");
}

fn as_text(summary: &Summary) -> String {
    let mut text = String::new();
    for answer in &summary.answers {
        writeln!(text, "{} / {} / {}: {}", answer.experiment, answer.workload, answer.topic, answer.sentence).unwrap();
    }
    for claim in &summary.claims {
        writeln!(text, "\n{:?}: {} -> {:?}", claim.verdict, claim.line(), claim.figure).unwrap();
        claim.values.iter().for_each(|value| writeln!(text, "  {value}").unwrap());
    }
    for table in &summary.tables {
        writeln!(text, "\n{}", table.title).unwrap();
        for row in &table.rows {
            for (column, value) in table.columns.iter().zip(&row.values) {
                let remark = value.remark.as_deref().unwrap_or("");
                writeln!(text, "{} | {} | {} | {remark}", row.contender, column.label, value.text).unwrap();
            }
        }
    }
    for badge in &summary.validity.badges {
        writeln!(text, "{}: {:?}, {}", badge.label, badge.state, badge.detail).unwrap();
    }
    text
}

fn as_document(figure: &Figure) -> String {
    let mut text = format!("<!-- {} | {} -->\n", figure.title, figure.subtitle);
    for panel in &figure.panels {
        writeln!(text, "{}\n<!-- {} -->", panel.svg, panel.lines.join(" | ")).unwrap();
    }
    text
}

#[test]
fn every_released_schema_renders() {
    for version in 1..=SCHEMA_VERSION {
        let run = saved(version);
        let page = render(&run);
        assert!(page.contains("id=\"answers\"") && page.contains("</html>"));
        assert!(!summarise(&run).answers.is_empty());
    }
}

#[test]
fn the_summary_is_as_it_was() {
    compare("summary.txt", &as_text(&summarise(&saved(1))));
}

#[test]
fn the_figures_are_as_they_were() {
    let run = saved(1);
    let figures = figures(&run, &groups(&run));
    assert_eq!(figures.len(), 5, "every declared picture is drawn");
    for figure in figures {
        compare(&format!("{}.svg.txt", figure.id), &as_document(&figure));
    }
}

#[test]
fn trials_are_told_and_drawn_as_they_were() {
    let run = fixture_trials::run();
    compare("trials.txt", &as_text(&summarise(&run)));
    let figures = figures(&run, &groups(&run));
    assert_eq!(figures.len(), 5, "every declared picture is drawn");
    for figure in figures {
        compare(&format!("{}.svg.txt", figure.id), &as_document(&figure));
    }
}

#[test]
fn the_map_is_drawn_as_it_was() {
    let run = fixture_map::run();
    let figures = figures(&run, &groups(&run));
    assert_eq!(figures.len(), 3, "one grid of all workloads, a curve for each");
    compare(&format!("{}.svg.txt", figures[0].id), &as_document(&figures[0]));
}

#[test]
fn trials_have_a_section_each_and_every_link_of_the_page_leads_somewhere() {
    let page = render(&fixture_trials::run());
    let ids = ["claims", "claim-idle-flood", "claim-blocking-sleep", "claim-churn", "how", "method", "downloads"];
    let places: Vec<usize> = ids.map(|id| page.find(&format!("<section id=\"{id}\"")).expect(id)).into();
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(page.matches("<details><summary>The numbers").count(), page.matches("<figure id=").count());
    let links: Vec<&str> = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.len() > 10);
    links.iter().for_each(|id| assert!(page.contains(&format!("id=\"{id}\"")), "{id}"));
}

#[test]
fn the_page_has_its_sections_in_order_and_a_table_under_every_figure() {
    let page = render(&fixture::whole());
    let ids = ["answers", "summary", "load", "percentiles", "memory", "time", "how", "method", "downloads"];
    let places: Vec<usize> = ids.map(|id| page.find(&format!("<section id=\"{id}\">")).expect(id)).into();
    assert!(places.is_sorted(), "{places:?}");
    let figures = page.matches("<figure id=").count();
    assert_eq!(figures, 9);
    assert_eq!(page.matches("<details><summary>The numbers").count(), figures);
    let drawn = page.matches("<svg xmlns=").count();
    assert_eq!(page.matches("role=\"img\" aria-label=\"").count(), drawn);
}

#[test]
fn the_page_is_one_small_file_without_network_and_the_same_every_time() {
    let run = fixture::whole();
    let page = render(&run);
    assert_eq!(page, render(&run));
    assert!(page.len() <= 1_500_000, "{} bytes", page.len());
    let mut deflated = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut deflated, page.as_bytes()).unwrap();
    let deflated = deflated.finish().unwrap().len();
    assert!(deflated <= 300_000, "{deflated} bytes compressed");
    assert!(page.contains("default-src 'none'") && !page.contains("unsafe-inline"));
    assert!(!page.contains(" style=\""), "inline styles would be blocked by the page's own policy");
}

#[test]
fn a_run_that_was_cut_off_renders_with_what_it_has() {
    let mut run = fixture::small();
    for keep in [0, 1, 5, 12] {
        run.cells.truncate(run.cells.len().min(20 - keep));
        run.cells.retain(|cell| cell.order >= keep as u32);
        assert!(render(&run).contains("class=\"doubt\""), "the badge of a complete run cannot stay");
    }
    run.cells.clear();
    assert!(render(&run).contains("Nothing of it has been measured yet."));
    run.manifest.experiments.clear();
    run.manifest.contenders.clear();
    assert!(render(&run).contains("</html>"));
}
