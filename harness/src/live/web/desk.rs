//! The page of a workshop: as a live page, but that a learner tells it something, and asks for more than is on the board.
//!
//! Everything lies under a word that nobody can guess, or what is told could come from whoever finds the port. What pages
//! of other sites send is turned away besides (`visitors.rs`). Must not know: lessons, runs. Beside it: `routes.rs`, whose
//! guard and helpers it uses.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use reports::page::style_sheet;

use super::board::Board;
use super::routes::{events, guarded_and_told, html, policy, text};

const PAGE: &str = include_str!("workshop.html");
const STYLE: &str = include_str!("workshop.css");
const SCRIPT: &str = include_str!("workshop.js");
const VOTES: &str = include_str!("votes.js");
const TRAINER: &str = include_str!("trainer.js");

/// Who answers a workshop's page. Asked by the thread that serves, so none of it may take long.
pub trait Desk: Send + Sync + 'static {
    /// Something that can be looked at, as JSON; nothing where there is no such thing.
    fn look(&self, what: &str) -> Option<String>;

    /// Takes in what a page tells, and answers with JSON.
    ///
    /// # Errors
    /// Where it can't be told, or not now.
    fn take(&self, what: &str, told: &str) -> Result<String, DeskRefusal>;
}

/// Why something that a page told was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskRefusal {
    /// There is nothing of that name to be told.
    #[error("nothing of that name can be told here")]
    Unknown,
    /// What is told makes no sense, or comes at the wrong time; the sentence says what to do.
    #[error("{0}")]
    Refused(String),
    /// There has been enough of it; the sentence says what to do.
    #[error("{0}")]
    TooMany(String),
}

impl IntoResponse for DeskRefusal {
    fn into_response(self) -> Response {
        let status = match self {
            DeskRefusal::Unknown => StatusCode::NOT_FOUND,
            DeskRefusal::Refused(_) => StatusCode::CONFLICT,
            DeskRefusal::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
        };
        (status, format!("{self}\n")).into_response()
    }
}

const JSON: &str = "application/json";

/// Everything of a workshop, under its word.
pub(super) fn router(board: Arc<Board>, desk: Arc<dyn Desk>, token: &str) -> Router {
    let under = |path: &str| format!("/{token}/{path}");
    let policy = policy();
    let page = move || async move { ([(header::CONTENT_SECURITY_POLICY, policy)], html(PAGE)) };
    let looked = Arc::clone(&desk);
    let look = move |Path(what): Path<String>| async move {
        looked.look(&what).map_or_else(|| (StatusCode::NOT_FOUND, "there is no such thing\n").into_response(), json)
    };
    let take = move |Path(what): Path<String>, told: String| async move {
        match desk.take(&what, &told) {
            Ok(answer) => json(answer),
            Err(why) => why.into_response(),
        }
    };
    const ELSEWHERE: &str = "open the whole address that harness workshop printed\n";
    Router::new()
        .route(&under(""), get(page))
        .route(&under("workshop.css"), get(|| async { text("text/css", STYLE) }))
        .route(&under("workshop.js"), get(|| async { text("text/javascript", SCRIPT) }))
        .route(&under("votes.js"), get(|| async { text("text/javascript", VOTES) }))
        .route(&under("trainer.js"), get(|| async { text("text/javascript", TRAINER) }))
        .route(&under("report.css"), get(|| async { text("text/css", style_sheet()) }))
        .route(&under("events"), get(events))
        .route(&under("look/{*what}"), get(look))
        .route(&under("take/{what}"), post(take))
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .fallback(|| async { (StatusCode::NOT_FOUND, ELSEWHERE) })
        .layer(middleware::from_fn(guarded_and_told))
        .with_state(board)
}

pub(super) fn json(text: String) -> Response {
    super::routes::text(JSON, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::web::Web;
    use crate::live::web::flood::{asked, turn};

    /// Says what it was told.
    struct Echo;

    impl Desk for Echo {
        fn look(&self, what: &str) -> Option<String> {
            (what == "lesson/a").then(|| "[1]".to_owned())
        }

        fn take(&self, what: &str, told: &str) -> Result<String, DeskRefusal> {
            match what {
                "echo" => Ok(told.to_owned()),
                "late" => Err(DeskRefusal::Refused("wait for the run to end".to_owned())),
                _ => Err(DeskRefusal::Unknown),
            }
        }
    }

    #[test]
    fn only_who_knows_the_word_can_tell_anything_and_no_other_site() {
        let _turn = turn();
        let (web, address) = Web::start_workshop(Arc::new(Echo), 0, &[]).unwrap();
        let own = format!("http://{}", web.address());
        let path = address.strip_prefix(&own).unwrap().to_owned();
        assert!(path.len() > 30 && path.ends_with('/'), "{path}");
        let ask = |line: &str, more: &str, body: &str| {
            let (status, head, body) = asked(&web, line, &format!("Connection: close\r\n{more}"), body);
            assert!(head.contains("cache-control: no-store"), "{line}: {head}");
            (status, body)
        };
        let post = |path: &str, origin: &str| {
            let more = format!("Origin: {origin}\r\nSec-Fetch-Site: same-origin\r\n");
            ask(&format!("POST {path}"), &more, "{}").0
        };
        assert_eq!(post(&format!("{path}take/echo"), &own), 200);
        assert_eq!(post("/take/echo", &own), 404, "without the word");
        assert_eq!(post(&format!("{path}take/echo"), "http://evil.example"), 403);
        assert_eq!(post(&format!("{path}take/late"), &own), 409);
        assert_eq!(post(&format!("{path}take/nothing"), &own), 404);
        let get = |path: &str| ask(&format!("GET {path}"), "", "");
        assert_eq!(get(&format!("{path}look/lesson/a")), (200, "[1]".to_owned()));
        assert_eq!(get(&format!("{path}look/lesson/b")).0, 404);
        assert!(get("/").1.contains("the whole address"));
        let (status, page) = get(&path);
        assert!(status == 200 && page.contains("workshop.js"));
        assert_eq!(ask(&format!("DELETE {path}"), "", "").0, 405);
    }

    #[test]
    fn the_page_stays_small_and_has_nothing_inline() {
        assert!(SCRIPT.len() < 20_000 && STYLE.len() < 6_000, "{} and {} bytes", SCRIPT.len(), STYLE.len());
        assert!(!PAGE.contains("<style") && !PAGE.contains("style=") && !PAGE.contains("onload="));
        let elsewhere = [SCRIPT, VOTES].concat().replace("http://www.w3.org/2000/svg", "").contains("http");
        assert!(!elsewhere, "nothing comes from elsewhere");
    }
}
