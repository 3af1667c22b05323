//! The titles of the saved samples are short, and no caveat of a whole run is in any of them.

use std::path::Path;

use reports::page::render;
use reports::record::store::RunFolder;

/// In headings of figures; a name may be long.
const MOST_WORDS: usize = 14;

fn samples() -> impl Iterator<Item = (&'static str, String)> {
    ["default-run", "quick-failures", "smoke"].into_iter().map(|name| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);
        (name, render(&RunFolder::open(folder).unwrap().read().unwrap()))
    })
}

/// The texts of the elements of a page, without tags.
fn texts(page: &str, element: &str) -> Vec<String> {
    let (start, end) = (format!("<{element}>"), format!("</{element}>"));
    let inner = page.split(&start).skip(1).filter_map(|rest| rest.split(&end).next());
    inner.map(|html| html.split('<').filter_map(|part| part.split('>').next_back()).collect::<String>()).collect()
}

#[test]
fn a_title_has_few_words() {
    for (sample, page) in samples() {
        let titles = texts(&page, "h3");
        assert!(titles.len() > 10, "{sample} has {} titles", titles.len());
        for title in titles {
            let words = title.split_whitespace().count();
            assert!(words <= MOST_WORDS, "{sample}: {words} words: {title}");
        }
    }
}

#[test]
fn a_caveat_of_the_whole_run_is_said_once() {
    for (sample, page) in samples() {
        let (body, _) = page.split_once("<script type=\"application/json\"").unwrap();
        assert!(body.matches("no verdict").count() <= 2, "{sample}");
        assert!(body.matches("figures are estimates").count() <= 1, "{sample}");
    }
}
