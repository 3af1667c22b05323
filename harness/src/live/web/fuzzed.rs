//! Whom a page is served to: nobody but this machine, however a Host header spells it.

use std::net::IpAddr;

use super::visitors::names_this_machine;

/// A Host header. Whoever is let in has named this machine, and no name of the outside contains such a one.
pub fn live_hosts(bytes: &[u8]) {
    let Ok(host) = std::str::from_utf8(bytes) else { return };
    if !names_this_machine(host) {
        return;
    }
    let name = host.trim_end_matches(|c: char| c.is_ascii_digit()).strip_suffix(':').unwrap_or(host);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = |name: &str| name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    assert!(name.eq_ignore_ascii_case("localhost") || [name, host].into_iter().any(is_loopback), "{host:?} is let in");
    assert!(!names_this_machine(&format!("{host}.example.org")) && !names_this_machine(&format!("example.{host}")));
}
