//! The page for the phones of a room: what is asked, and a vote. The one page that other machines may reach.
//!
//! A listener of its own, so nothing else can be asked for there, whatever somebody types. Phones are told apart by a random
//! cookie and give no name. Each answer ends its connection, so that a full room takes few descriptors from a run. Must
//! not know: lessons, runs, who teaches. Beside it: `rates.rs` (how often), `limits.rs` (how many connections), `visitors.rs`
//! (by which names), `room.html`, `room.css`, `room.js`.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::desk::{DeskRefusal, json};
use super::rates::{Rate, Rates};
use super::routes::{guarded_for_guests, html, text};
use super::server::unguessable;

const PAGE: &str = include_str!("room.html");
const STYLE: &str = include_str!("room.css");
const SCRIPT: &str = include_str!("room.js");

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The cookie that tells one phone from another.
const COOKIE: &str = "voter";

/// Who answers the phones. Asked by the thread that serves them, so none of it may take long.
pub trait Room: Send + Sync + 'static {
    /// What is asked now, as JSON, and what this phone has said; `voter` is absent where it has no cookie.
    fn now(&self, voter: Option<&str>) -> String;

    /// Takes in a vote, and answers with JSON.
    ///
    /// # Errors
    /// Where there is nothing to vote on, the vote makes no sense, or there have been too many phones.
    fn vote(&self, voter: &Voter, told: &str) -> Result<String, DeskRefusal>;
}

/// A phone that votes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voter {
    /// What its cookie says: random, and no name.
    pub id: String,
    /// Where it is.
    pub from: IpAddr,
}

/// How many phones a room may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhoneLimits {
    /// At one address: more than one where a router hides them behind its own.
    pub of_one: u32,
    /// In all.
    pub of_all: u32,
}

/// What a phone may ask for at once, and then every second: some loads of the page, and a look every few seconds.
const LOOKS: Rate = Rate { at_once: 20.0, per_second: 2.0 };

/// Votes of a phone: somebody who changes their mind.
const VOTES: Rate = Rate { at_once: 5.0, per_second: 0.5 };

/// What all together may ask for a second. The thread that serves them shares its CPUs with a run's load.
const MOST_PER_SECOND: f64 = 200.0;

fn times(rate: Rate, phones: u32) -> Rate {
    let phones = f64::from(phones);
    Rate { at_once: rate.at_once * phones, per_second: (rate.per_second * phones).min(MOST_PER_SECOND) }
}

fn rates(rate: Rate, phones: PhoneLimits) -> Arc<Rates> {
    Arc::new(Rates::new(times(rate, phones.of_one), times(rate, phones.of_all), Instant::now()))
}

/// Everything that phones can ask for, under the room's word.
pub(super) fn router(room: Arc<dyn Room>, token: &str, phones: PhoneLimits) -> Router {
    let under = |path: &str| format!("/{token}/{path}");
    let cookie_path = under("");
    let page = move |headers: HeaderMap| async move { page(&headers, &cookie_path) };
    let asked = Arc::clone(&room);
    let now = move |headers: HeaderMap| async move { json(asked.now(voter(&headers))) };
    let votes = rates(VOTES, phones);
    let vote = move |ConnectInfo(from): ConnectInfo<SocketAddr>, headers: HeaderMap, told: String| async move {
        if !votes.admits(from.ip(), Instant::now()) {
            return DeskRefusal::TooMany("too many votes from here; wait a few seconds".to_owned()).into_response();
        }
        let Some(id) = voter(&headers) else {
            let why = "this phone has no cookie; allow them for this page, and reload it";
            return DeskRefusal::Refused(why.to_owned()).into_response();
        };
        let voter = Voter { id: id.to_owned(), from: from.ip() };
        room.vote(&voter, &told).map_or_else(IntoResponse::into_response, json)
    };
    const ELSEWHERE: &str = "open the whole address that the workshop shows\n";
    let looks = rates(LOOKS, phones);
    let often = move |request: Request, next: Next| {
        let looks = Arc::clone(&looks);
        async move { seldom(&looks, request, next).await }
    };
    Router::new()
        .route(&under(""), get(page))
        .route(&under("room.css"), get(|| async { text("text/css", STYLE) }))
        .route(&under("room.js"), get(|| async { text("text/javascript", SCRIPT) }))
        .route(&under("now"), get(now))
        .route(&under("vote"), post(vote))
        .fallback(|| async { (StatusCode::NOT_FOUND, ELSEWHERE) })
        .layer(middleware::from_fn(guarded_for_guests))
        .layer(middleware::from_fn(often))
}

/// Turns away who looks too often, and ends the connection with the answer. Votes are counted where they are taken: who has
/// voted too often can still look.
async fn seldom(looks: &Rates, request: Request, next: Next) -> Response {
    let from = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(from)| from.ip());
    let is_look = request.method() != axum::http::Method::POST;
    let admitted = !is_look || from.is_some_and(|from| looks.admits(from, Instant::now()));
    let mut response = if admitted {
        next.run(request).await
    } else {
        (StatusCode::TOO_MANY_REQUESTS, "too many requests from here; wait a few seconds\n").into_response()
    };
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The page, with a cookie for whoever has none.
fn page(headers: &HeaderMap, path: &str) -> Response {
    let mut response = ([(header::CONTENT_SECURITY_POLICY, POLICY)], html(PAGE)).into_response();
    if voter(headers).is_some() {
        return response;
    }
    let cookie = unguessable().ok().and_then(|id| {
        let cookie = format!("{COOKIE}={id}; Path={path}; Max-Age=43200; HttpOnly; SameSite=Lax");
        HeaderValue::from_str(&cookie).ok()
    });
    let Some(cookie) = cookie else {
        return (StatusCode::SERVICE_UNAVAILABLE, "no cookie can be made now; reload the page\n").into_response();
    };
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

/// What the phone's cookie says, where it is one of ours.
fn voter(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, id) = pairs.find(|(name, _)| *name == COOKIE)?;
    let is_ours = id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_ours.then_some(id)
}

#[cfg(test)]
mod tests;
