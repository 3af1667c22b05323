//! Experiments that put a claim to the test: what is drawn, said and decided is what the records hold.

use crate::fixture_trials as fixture;
use reports::page::render;

#[test]
fn renders() {
    let page = render(&fixture::run());
    if let Some(path) = std::env::var_os("PAGE_TO") {
        std::fs::write(path, page).unwrap();
    }
}
