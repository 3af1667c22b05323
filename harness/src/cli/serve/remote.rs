//! What a client of a server may take where anybody can be one: limits that are off on loopback, because nobody needs them there
//! and they would be part of what is measured.
//!
//! Beside it: `serve.rs`; the options themselves are the servers' (`servers/src/options/keys.rs`).

use std::net::SocketAddr;

use reports::format::counted;
use servers::Contender;

/// The limit that a model has in another way where it serves only so many at a time.
const CONNECTIONS: &str = "max-connections";

/// What a client may take, where anybody can be one. Each is an option, and what is typed counts instead.
pub(super) const REMOTE_LIMITS: &[(&str, &str)] = &[
    (CONNECTIONS, "1000"),
    ("idle-timeout", "60s"),
    ("frame-deadline", "10s"),
    ("unread-timeout", "30s"),
    ("max-work", "60s"),
    ("abandon", "5s"),
];

fn served_at_a_time(connections: usize) -> String {
    format!("{} served at a time", counted(connections as u64, "connection"))
}

/// Whether other machines can reach what listens there.
pub(super) fn can_be_reached(listen: SocketAddr) -> bool {
    !listen.ip().to_canonical().is_loopback()
}

/// What the limits are, in a line, and which of them this model does not have.
pub(super) fn remote_limits(contender: &Contender) -> String {
    let options = contender.resolved_options();
    let at_a_time = contender.model.concurrency.limit(&contender.options);
    let (mut kept, mut missing) = (Vec::new(), Vec::new());
    for (name, _) in REMOTE_LIMITS {
        match options.get(*name).filter(|value| *value != "off") {
            Some(value) => kept.push(format!("{name}={value}")),
            None if *name == CONNECTIONS && at_a_time.is_some() => kept.extend(at_a_time.map(served_at_a_time)),
            None => missing.push(*name),
        }
    }
    let missing = if missing.is_empty() { String::new() } else { format!("; no limit: {}", missing.join(", ")) };
    let name = contender.model.name;
    format!(
        "other machines can reach this server; limits: {}{missing}; change one as in {name}:unread-timeout=5s",
        kept.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use servers::MODELS;

    use super::*;

    fn said(contender: &str) -> String {
        remote_limits(&Contender::parse_over(contender, REMOTE_LIMITS).unwrap())
    }

    #[test]
    fn every_model_has_the_limits_it_knows_and_says_which_it_does_not() {
        for model in MODELS {
            let said = said(model.name);
            let (limits, missing) = said.split_once("; no limit: ").unwrap_or((&said, ""));
            let missing = missing.split_once(';').map_or(missing, |(missing, _)| missing);
            for (name, value) in REMOTE_LIMITS {
                let is_known = model.option(name).is_some();
                let is_kept = limits.contains(&format!("{name}={value}"));
                assert_eq!(is_kept, is_known, "{said}");
                let is_limited_otherwise = *name == CONNECTIONS && limits.contains("served at a time");
                assert_eq!(missing.contains(name), !is_known && !is_limited_otherwise, "{said}");
            }
        }
        assert!(said("sequential").contains("1 connection served at a time"));
    }

    #[test]
    fn what_is_typed_counts() {
        let said = said("threaded:idle-timeout=5s,max-work=off");
        assert!(said.contains("idle-timeout=5s") && said.contains("no limit: max-work, abandon;"), "{said}");
        assert!(remote_limits(&Contender::parse("threaded").unwrap()).contains("no limit: max-connections, idle"));
    }

    #[test]
    fn several_loops_can_not_count_connections() {
        let said = said("async-multi:accept=reuseport");
        assert!(said.contains("no limit: max-connections;"), "{said}");
    }
}
