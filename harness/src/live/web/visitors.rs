//! Who may ask for a page: programs and pages of this machine that were led there by nobody else.
//!
//! A page of somebody else's may send a browser to a loopback address, by a name of its own (DNS rebinding) or as it is.
//! The browser says so: the Host header has the name, Origin and Sec-Fetch-Site have who sent it. Must not know: what is
//! served. Beside it: `limits.rs`, how much a visitor may take.

use std::net::IpAddr;

use axum::http::HeaderMap;
use axum::http::header::{self, HeaderName};

/// Why somebody is turned away, with what to do instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TurnedAway {
    /// By the name it was asked for.
    #[error("this page is only for this machine; ask for it as 127.0.0.1 or localhost")]
    OtherHost,
    /// By the name a room's page was asked for.
    #[error("this page is asked for by its number; open the address that the workshop shows")]
    NoNumber,
    /// By where the request comes from.
    #[error("a page of another site asked for this; open it yourself, in a tab of its own")]
    OtherSite,
}

/// Lets a request in by its headers, or says why not.
///
/// # Errors
/// Where it was asked for by a name that is not this machine's, or on behalf of another site.
pub(super) fn admit(headers: &HeaderMap) -> Result<(), TurnedAway> {
    let host = only(headers, &header::HOST).filter(|host| names_this_machine(host)).ok_or(TurnedAway::OtherHost)?;
    if is_of_this_site(headers, host) { Ok(()) } else { Err(TurnedAway::OtherSite) }
}

/// As [`admit`], for the one page that other machines may ask for: by the number of an address, which no other site's name can
/// be made to stand for.
///
/// # Errors
/// Where it was asked for by any other name, or on behalf of another site.
pub(super) fn admit_guest(headers: &HeaderMap) -> Result<(), TurnedAway> {
    let is_number = |host: &&str| names_this_machine(host) || bare(host).parse::<IpAddr>().is_ok();
    let host = only(headers, &header::HOST).filter(is_number).ok_or(TurnedAway::NoNumber)?;
    if is_of_this_site(headers, host) { Ok(()) } else { Err(TurnedAway::OtherSite) }
}

/// Whether nobody else's page is behind it. Programs other than browsers send none of these headers.
fn is_of_this_site(headers: &HeaderMap, host: &str) -> bool {
    const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
    const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
    const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");
    let own_origin = format!("http://{host}");
    let origin_fits = !headers.contains_key(header::ORIGIN)
        || only(headers, &header::ORIGIN).is_some_and(|origin| origin == own_origin);
    // A link that a person follows shows them the page and tells nothing to the page that has the link.
    let is_followed_link = || {
        only(headers, &MODE) == Some("navigate")
            && only(headers, &DESTINATION) == Some("document")
            && !headers.contains_key(header::ORIGIN)
    };
    let site_fits = !headers.contains_key(&SITE)
        || matches!(only(headers, &SITE), Some("same-origin" | "none"))
        || is_followed_link();
    origin_fits && site_fits
}

/// The value of a header that was sent once: of two, one may be the name and the other the lie.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Whether a Host header names a loopback address, with whatever port: a forwarded one is another.
fn names_this_machine(host: &str) -> bool {
    let name = bare(host);
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A host without its port and without brackets.
fn bare(host: &str) -> &str {
    let without_port = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    without_port.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(without_port)
}

/// Properties of whom a page is served to: nobody but this machine, however a Host header spells it.
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed {
    use super::*;

    /// A Host header. Whoever is let in has named this machine, and no name of the outside contains such a one.
    pub fn live_hosts(bytes: &[u8]) {
        let Ok(host) = std::str::from_utf8(bytes) else { return };
        if !names_this_machine(host) {
            return;
        }
        let name = host.trim_end_matches(|c: char| c.is_ascii_digit()).strip_suffix(':').unwrap_or(host);
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let is_loopback = |name: &str| name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        assert!(
            name.eq_ignore_ascii_case("localhost") || [name, host].into_iter().any(is_loopback),
            "{host:?} is let in"
        );
        assert!(!names_this_machine(&format!("{host}.example.org")) && !names_this_machine(&format!("example.{host}")));
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_names_of_this_machine_are_let_in() {
        for host in ["localhost", "LocalHost:7979", "127.0.0.1:1", "127.1.2.3", "[::1]:80", "[::1]"] {
            assert!(names_this_machine(host), "{host}");
        }
        let others = ["", "example.org", "localhost.example.org:7979", "10.0.0.1", "127.0.0.1.example.org", "[::2]:80"];
        for host in others.into_iter().chain(["127.0.0.1:1:2", "localhost:x", "192.168.0.1:7979"]) {
            assert!(!names_this_machine(host), "{host}");
        }
    }

    fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn guests_ask_by_number_and_from_no_other_site() {
        let by = |host, more: &[_]| admit_guest(&map(&[&[("host", host)], more].concat()));
        for host in ["192.168.1.7:7980", "10.0.0.1", "[fd00::1]:80", "127.0.0.1:1", "localhost"] {
            assert_eq!(by(host, &[]), Ok(()), "{host}");
        }
        for host in ["", "evil.example:7980", "192.168.1.7.evil.example", "workshop.local", "10.0.0"] {
            assert_eq!(by(host, &[]), Err(TurnedAway::NoNumber), "{host}");
        }
        assert_eq!(by("10.0.0.1:80", &[("origin", "http://10.0.0.1:80")]), Ok(()));
        assert_eq!(by("10.0.0.1:80", &[("origin", "http://evil.example")]), Err(TurnedAway::OtherSite));
        assert_eq!(by("10.0.0.1:80", &[("sec-fetch-site", "cross-site")]), Err(TurnedAway::OtherSite));
    }

    #[test]
    fn nobody_elses_page_is_let_in() {
        let asked = |headers: &[_]| admit(&map(headers));
        let host = ("host", "127.0.0.1:7979");
        let own = ("origin", "http://127.0.0.1:7979");
        let navigates = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        assert_eq!(asked(&[host]), Ok(()), "as curl asks");
        assert_eq!(asked(&[host, own, ("sec-fetch-site", "same-origin")]), Ok(()));
        assert_eq!(asked(&[host, ("sec-fetch-site", "none"), navigates[0]]), Ok(()), "typed or bookmarked");
        assert_eq!(asked(&[host, ("sec-fetch-site", "cross-site"), navigates[0], navigates[1]]), Ok(()), "a link");
        assert_eq!(asked(&[]), Err(TurnedAway::OtherHost));
        assert_eq!(asked(&[host, ("host", "evil.example")]), Err(TurnedAway::OtherHost));
        let others: [&[(&str, &str)]; 7] = [
            &[("origin", "http://evil.example")],
            &[("origin", "http://127.0.0.1:3000")],
            &[("origin", "null")],
            &[own, ("origin", "null")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site"), navigates[0], ("sec-fetch-dest", "iframe")],
            // A form that another site sends.
            &[("sec-fetch-site", "cross-site"), navigates[0], navigates[1], own],
        ];
        for other in others {
            assert_eq!(asked(&[&[host], other].concat()), Err(TurnedAway::OtherSite), "{other:?}");
        }
    }
}
