//! Why the scorecard says what it says: a picture and two sentences for each row that differs, right after it.

use std::path::Path;
use std::sync::LazyLock;

use reports::page;
use reports::record::store::{Run, RunFolder};
use reports::scorecard::{RowVerdict, Scorecard, ScorecardRow};

use crate::fixture;

/// The run that the README's picture is made of.
pub(crate) fn sample() -> Run {
    static READ: LazyLock<Run> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/default-run");
        RunFolder::open(folder).unwrap().read().unwrap()
    });
    READ.clone()
}

fn differs(row: &&ScorecardRow) -> bool {
    matches!(row.verdict, RowVerdict::Better { .. })
}

/// The articles of a page, each with its markup.
fn articles(page: &str) -> Vec<&str> {
    page.split("<article class=\"why\">").skip(1).map(|rest| rest.split("</article>").next().unwrap()).collect()
}

fn text(html: &str) -> String {
    html.split('<').filter_map(|piece| Some(piece.split_once('>')?.1)).collect()
}

#[test]
fn every_row_that_differs_has_a_picture_and_two_sentences() {
    let (run, page) = (sample(), page::render(&sample()));
    let card = Scorecard::of(&run).unwrap();
    let differ: Vec<&ScorecardRow> = card.rows.iter().filter(differs).collect();
    assert!(differ.len() >= 5);
    let articles = articles(&page);
    assert_eq!(articles.len(), differ.len());
    for (row, article) in differ.iter().zip(&articles) {
        let key = row.topic.key();
        assert!(article.contains(&format!("<figure id=\"why-{key}\"")) && article.contains("<svg xmlns="), "{key}");
        assert!(page.contains(&format!("<a href=\"#why-{key}\">")), "the scorecard leads to {key}");
        let (_, words) = article.split_once("</h3>").unwrap();
        let (words, _) = words.split_once("</div>").unwrap();
        assert_eq!(words.matches("<p>With ").count(), 2, "{words}");
        for word in ["measured in blocks", "cell", "probe", "async-multi"] {
            assert!(!text(words).contains(word), "{word}: {words}");
        }
    }
}

#[test]
fn titles_are_short_and_say_one_thing() {
    let page = page::render(&sample());
    for article in articles(&page) {
        let (_, title) = article.split_once("<h3>").unwrap();
        let title = text(title.split_once("</h3>").unwrap().0);
        assert!(title.split_whitespace().count() <= 12, "{title}");
    }
}

#[test]
fn what_a_picture_shows_is_what_the_row_says() {
    let run = sample();
    let page = page::render(&run);
    for key in ["memory", "cpu"] {
        let card = Scorecard::of(&run).unwrap();
        let row = card.rows.iter().find(|row| row.topic.key() == key).unwrap();
        let article = articles(&page).into_iter().find(|it| it.contains(&format!("id=\"why-{key}\""))).unwrap();
        for side in row.values {
            let value = reports::words::scorecard::value(side, row.unit);
            assert!(article.contains(&format!("text-anchor=\"start\">{value}</text>")), "{key}: {value}");
        }
    }
}

#[test]
fn the_page_goes_from_the_answer_to_its_reasons_and_then_to_all_else() {
    let page = page::render(&sample());
    let ids = ["scorecard", "why", "claims", "answers", "summary", "load", "how", "method", "downloads"];
    let places: Vec<usize> = ids.map(|id| page.find(&format!("<section id=\"{id}\"")).expect(id)).into();
    assert!(places.is_sorted(), "{places:?}");
    let (_, contents) = page.split_once("<nav class=\"scroll\" aria-label=\"Sections\">").unwrap();
    let contents = text(contents.split_once("</nav>").unwrap().0);
    let (answer, rest) = contents.split_once("All that was measured").unwrap();
    assert!(answer.contains("Why") && answer.contains("Claims") && rest.contains("Answers"), "{contents}");
}

#[test]
fn nothing_that_is_not_decided_is_explained() {
    let page = page::render(&fixture::small());
    assert!(!page.contains("id=\"why\"") && !page.contains("href=\"#why"));
    let decided = page::render(&fixture::duel());
    let card = Scorecard::of(&fixture::duel()).unwrap();
    assert_eq!(articles(&decided).len(), card.rows.iter().filter(differs).count());
}
