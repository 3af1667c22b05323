//! What is served under which address, and to whom.
//!
//! Only to this machine (`visitors.rs`), and no more than it can spare (`limits.rs`). Only to look: nothing but GET and
//! HEAD. Must not know: runs. Beside it: `board.rs`, where everything that is served lies ready.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream::{self, Stream};
use reports::page::{inline_sources, style_sheet};

use super::board::{Board, Reader};
use super::exposition::{OPEN_METRICS, PLAIN, plain};
use super::limits::whole;
use super::visitors::{TurnedAway, admit, admit_guest};

const STYLE: &str = include_str!("page.css");

/// What a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageView {
    /// A run, with figures as in its report.
    Run,
    /// A session in which several servers are watched.
    Session,
}

impl PageView {
    /// The option that its port is typed with.
    pub(super) fn port_option(self) -> &'static str {
        match self {
            PageView::Run => "--live-port",
            PageView::Session => "--web-port",
        }
    }

    /// The page and its script.
    fn sources(self) -> [&'static str; 2] {
        match self {
            PageView::Run => [include_str!("page.html"), include_str!("page.js")],
            PageView::Session => [include_str!("session.html"), include_str!("session.js")],
        }
    }
}

/// Everything that is served from a board.
pub(super) fn router(board: Arc<Board>, view: PageView) -> Router {
    let policy = policy();
    let [page, script] = view.sources();
    let page = move || async move { ([(header::CONTENT_SECURITY_POLICY, policy)], html(page)) };
    Router::new()
        .route("/", get(page))
        .route("/page.css", get(|| async { text("text/css", STYLE) }))
        .route("/page.js", get(move || async move { text("text/javascript", script) }))
        .route("/report.css", get(|| async { text("text/css", style_sheet()) }))
        // A browser asks for it of its own accord.
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .route("/events", get(events))
        .route("/metrics", get(metrics))
        .route("/report", get(report))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is /, /events, /metrics and /report\n") })
        .layer(middleware::from_fn(guarded))
        .with_state(board)
}

/// Nothing from anywhere else. What a report has inline is allowed too, since the page opens the report at the end.
pub(super) fn policy() -> String {
    let [style, script] = inline_sources();
    format!(
        "default-src 'none'; style-src 'self' {style}; script-src 'self' {script}; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// Turns away who is not of this machine or wants more than to look.
pub(super) async fn guarded(request: Request, next: Next) -> Response {
    guard((admit, &[Method::GET, Method::HEAD]), request, next).await
}

/// As [`guarded`], where something may be told as well.
pub(super) async fn guarded_and_told(request: Request, next: Next) -> Response {
    guard((admit, &[Method::GET, Method::HEAD, Method::POST]), request, next).await
}

/// As [`guarded_and_told`], for guests from other machines.
pub(super) async fn guarded_for_guests(request: Request, next: Next) -> Response {
    guard((admit_guest, &[Method::GET, Method::HEAD, Method::POST]), request, next).await
}

type HeaderCheck = fn(&HeaderMap) -> Result<(), TurnedAway>;

async fn guard((admit, methods): (HeaderCheck, &[Method]), request: Request, next: Next) -> Response {
    const FIXED: [(HeaderName, &str); 4] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let mut response = if let Err(why) = admit(request.headers()) {
        (StatusCode::FORBIDDEN, format!("{why}\n")).into_response()
    } else if !methods.contains(request.method()) {
        let allowed = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let allowed = [(header::ALLOW, allowed)];
        (StatusCode::METHOD_NOT_ALLOWED, allowed, "there is nothing to change here; use GET\n").into_response()
    } else {
        match whole(request).await {
            Ok(request) => next.run(request).await,
            Err(refused) => refused,
        }
    };
    for (name, value) in FIXED {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// An event per change, until the run is over. No keep-alive: a page that is told nothing costs nothing.
pub(super) async fn events(State(board): State<Arc<Board>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(stream::unfold(Reader::new(board), |mut reader| async move {
        let note = reader.next().await?;
        Some((Ok(Event::default().event(note.kind.name()).data(note.data)), reader))
    }))
}

async fn metrics(State(board): State<Arc<Board>>, headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok()).unwrap_or_default();
    let metrics = board.metrics();
    if accepted.contains("application/openmetrics-text") {
        text(OPEN_METRICS, metrics)
    } else {
        text(PLAIN, plain(&metrics))
    }
}

async fn report(State(board): State<Arc<Board>>) -> Response {
    let Some(path) = board.report() else {
        return (StatusCode::NOT_FOUND, "the report is written when the run is over\n").into_response();
    };
    // No cell is measured any more, so this thread may wait for the disk.
    match std::fs::read_to_string(&path) {
        Ok(page) => html(page),
        Err(error) => {
            let why = format!("{} can't be read: {error}\n", path.display());
            (StatusCode::INTERNAL_SERVER_ERROR, why).into_response()
        }
    }
}

pub(super) fn html(page: impl IntoResponse) -> Response {
    text("text/html; charset=utf-8", page)
}

pub(super) fn text(media_type: &'static str, body: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, media_type)], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_stays_small_and_allows_nothing_inline_of_its_own() {
        for view in [PageView::Run, PageView::Session] {
            let [page, script] = view.sources();
            assert!(script.len() < 4_096, "the script of {view:?} has {} bytes", script.len());
            assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("onload="), "{view:?}");
        }
        assert!(STYLE.len() < 1_500, "page.css has {} bytes", STYLE.len());
        assert!(policy().starts_with("default-src 'none'; style-src 'self' 'sha256-"), "{}", policy());
        assert!(!policy().contains("unsafe"));
    }
}
