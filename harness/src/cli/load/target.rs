//! Where the load goes: never off this machine by accident.

use std::net::{SocketAddr, ToSocketAddrs};

use crate::plan::PlanError;

/// The address of `HOST:PORT`; of several, the first that is IPv4, as most servers listen on no other.
///
/// # Errors
/// Where it is none, or not this machine's and that was not allowed.
pub(super) fn resolve(text: &str, allow_remote: bool) -> Result<SocketAddr, PlanError> {
    let usage = |sentence: String| Err(PlanError::Usage(sentence));
    if text.contains("://") {
        return usage(format!("{text:?} is a URL; give HOST:PORT here, and what comes after it with --path"));
    }
    let found: Vec<SocketAddr> = match text.to_socket_addrs() {
        Ok(found) => found.collect(),
        Err(error) => return usage(format!("{text:?} is no address ({error}); give HOST:PORT, as in 127.0.0.1:8080")),
    };
    let Some(address) = found.iter().find(|address| address.is_ipv4()).or(found.first()).copied() else {
        return usage(format!("{text:?} has no address"));
    };
    if !address.ip().to_canonical().is_loopback() && !allow_remote {
        return usage(format!(
            "{} is not this machine's loopback, and a load like this takes a server down; give --allow-remote where \
             that server is yours",
            address.ip()
        ));
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_are_taken() {
        for text in ["127.0.0.1:80", "localhost:80", "[::1]:80", "127.9.9.9:1", "[::ffff:127.0.0.1]:80"] {
            assert!(resolve(text, false).unwrap().ip().to_canonical().is_loopback(), "{text}");
        }
    }

    #[test]
    fn others_need_leave() {
        for text in ["192.0.2.1:80", "0.0.0.0:80", "[2001:db8::1]:80", "[::]:80"] {
            let error = resolve(text, false).unwrap_err().to_string();
            assert!(error.contains("--allow-remote"), "{error}");
            assert!(resolve(text, true).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "127.0.0.1", ":80", "127.0.0.1:port", "127.0.0.1:65536", "http://127.0.0.1:80/"] {
            let error = resolve(text, true).unwrap_err().to_string();
            assert!(error.contains("HOST:PORT"), "{text:?}: {error}");
        }
    }
}
