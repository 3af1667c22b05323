//! A server as it is typed, and what is asked of it: a URL or HOST:PORT and which of a name's addresses it is, a path, a work.
//! Never off this machine by accident.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use instruments::load::Work;

use super::output::usage;
use crate::plan::PlanError;

/// How long an address of several has to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

const PORT_OF_HTTP: u16 = 80;

/// A server as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TypedTarget {
    /// Host and port as they stand there, which is what the `Host` header says.
    pub(super) authority: String,
    /// Path and query, where there are any.
    pub(super) path: Option<String>,
    pub(super) is_url: bool,
    host: String,
    port: u16,
}

/// None of a name's addresses accepts a connection.
#[derive(Debug, thiserror::Error)]
#[error("{name} accepts no connection at any of its addresses: {}; check that the server runs, and where it listens", reasons(.refusals))]
pub(super) struct Unreachable {
    name: String,
    refusals: Vec<(SocketAddr, io::Error)>,
}

impl TypedTarget {
    /// Reads `http://HOST[:PORT][/PATH][?QUERY]` or `HOST:PORT`.
    ///
    /// # Errors
    /// Where it is neither, and where it wants TLS.
    pub(super) fn parse(text: &str) -> Result<TypedTarget, PlanError> {
        let Some((scheme, rest)) = text.split_once("://") else { return host_and_port(text) };
        match scheme.to_ascii_lowercase().as_str() {
            "http" => url(text, rest),
            "https" => usage(format!(
                "{text}: TLS isn't spoken here; give an http:// address of the server, behind whatever ends TLS for it"
            )),
            _ => usage(format!("{text:?}: only http:// is spoken here; give such a URL, or HOST:PORT")),
        }
    }

    /// All addresses that the load may go to, IPv4 first, as most servers listen on no other.
    ///
    /// # Errors
    /// Where there is none, or none on this machine and others are not allowed.
    pub(super) fn addresses(&self, allow_remote: bool) -> Result<Vec<SocketAddr>, PlanError> {
        let TypedTarget { authority, host, port, .. } = self;
        let found = (host.as_str(), *port).to_socket_addrs();
        let found =
            found.map_err(|error| PlanError::Usage(format!("{authority:?} is not an address ({error}); {GIVE}")))?;
        let mut found: Vec<SocketAddr> = found.collect();
        if host.eq_ignore_ascii_case("localhost") {
            // By definition (RFC 6761), whatever this machine's list of names says.
            let both = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
            found.extend(both.map(|ip| SocketAddr::new(ip, *port)));
        }
        found.sort_by_key(|address| (address.is_ipv6(), *address));
        found.dedup();
        let Some(first) = found.first().copied() else { return usage(format!("{authority:?} has no address")) };
        found.retain(|address| allow_remote || address.ip().to_canonical().is_loopback());
        if found.is_empty() {
            return usage(format!(
                "{} is not this machine's loopback, and a load like this takes a server down; give --allow-remote \
                 if that server is yours",
                first.ip()
            ));
        }
        Ok(found)
    }

    /// The address that the load goes to: the only one, or the first of several that accepts a connection.
    ///
    /// # Errors
    /// Where none does.
    pub(super) fn reached(&self, addresses: &[SocketAddr]) -> Result<SocketAddr, Unreachable> {
        if let [only] = addresses {
            return Ok(*only);
        }
        let mut refusals = Vec::new();
        for address in addresses {
            match TcpStream::connect_timeout(address, CONNECT_TIMEOUT) {
                Ok(_) => return Ok(*address),
                Err(error) => refusals.push((*address, error)),
            }
        }
        Err(Unreachable { name: self.authority.clone(), refusals })
    }
}

/// Whether `path` can be sent as it is.
///
/// # Errors
/// Where it can't, with what to write instead.
pub(super) fn check_path(path: &str) -> Result<(), PlanError> {
    if path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    usage(format!(
        "{path:?} is not a path; it begins with / and has neither spaces nor letters beyond ASCII: write those as in %20"
    ))
}

/// Work of our own servers, as in `sleep 5ms`.
///
/// # Errors
/// Where no server knows it.
pub(super) fn typed_work(text: &str) -> Result<Work, PlanError> {
    let (request_message, parameter) = message_and_parameter(text);
    match servers::service::decide(request_message, parameter.into()) {
        Ok(_) => Ok(Work::new(request_message, parameter)),
        Err(refusal) => usage(format!("--work: {refusal}")),
    }
}

/// The two parts of such work, whether or not any server knows it.
pub(super) fn message_and_parameter(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

const GIVE: &str = "give a URL such as http://localhost:8080/, or HOST:PORT as in 127.0.0.1:8080";

fn reasons(refusals: &[(SocketAddr, io::Error)]) -> String {
    refusals.iter().map(|(address, error)| format!("{address} ({error})")).collect::<Vec<_>>().join(", ")
}

fn url(text: &str, rest: &str) -> Result<TypedTarget, PlanError> {
    let rest = rest.split('#').next().unwrap_or(rest);
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return usage(format!("{text:?} names a user; leave that out, and give --header 'Authorization: ...'"));
    }
    let path = match path {
        "" => None,
        query if query.starts_with('?') => Some(format!("/{query}")),
        path => Some(path.to_owned()),
    };
    let (host, port) = split(authority);
    let port = match port {
        None | Some("") => Some(PORT_OF_HTTP),
        Some(port) => port_number(port),
    };
    named(text, authority, host, port).map(|target| TypedTarget { path, is_url: true, ..target })
}

fn host_and_port(text: &str) -> Result<TypedTarget, PlanError> {
    if let Some(slash) = text.find('/').filter(|slash| *slash > 0) {
        return usage(format!("{text:?} has a path behind {:?}; give a URL: http://{text}", &text[..slash]));
    }
    let (host, port) = split(text);
    named(text, text, host, port.and_then(port_number))
}

fn named(text: &str, authority: &str, host: &str, port: Option<u16>) -> Result<TypedTarget, PlanError> {
    // A name, or an address, which may be one of IPv6 with its zone.
    let is_host = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:%".contains(&byte));
    match port {
        Some(port) if is_host => {
            Ok(TypedTarget { authority: authority.to_owned(), path: None, is_url: false, host: host.to_owned(), port })
        }
        _ => usage(format!("{text:?} is not an address; {GIVE}")),
    }
}

/// Digits and nothing else: a sign before them would stand in the `Host` header.
fn port_number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Host, without the brackets of an IPv6 address, and port. What else stands behind the brackets makes it no host.
fn split(authority: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return match rest.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if rest.is_empty() => (host, None),
            None => (authority, None),
        };
    }
    match authority.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use socket2::{Domain, Socket, Type};

    use super::*;

    fn first(text: &str, allow_remote: bool) -> Result<SocketAddr, String> {
        let addresses = TypedTarget::parse(text).and_then(|target| target.addresses(allow_remote));
        addresses.map(|addresses| addresses[0]).map_err(|error| error.to_string())
    }

    #[test]
    fn addresses_of_this_machine_are_taken() {
        for text in ["127.0.0.1:80", "localhost:80", "[::1]:80", "127.9.9.9:1", "[::ffff:127.0.0.1]:80", "http://[::1]"]
        {
            assert!(first(text, false).unwrap().ip().to_canonical().is_loopback(), "{text}");
        }
    }

    #[test]
    fn others_need_leave() {
        for text in ["192.0.2.1:80", "0.0.0.0:80", "[2001:db8::1]:80", "[::]:80", "http://192.0.2.1/"] {
            let error = first(text, false).unwrap_err();
            assert!(error.contains("--allow-remote"), "{error}");
            assert!(first(text, true).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "127.0.0.1",
            ":80",
            "127.0.0.1:port",
            "127.0.0.1:+80",
            "127.0.0.1:65536",
            "http://",
            "http://a:b/",
            "/",
            "a b:1",
            "me@a:1",
            "/a:1",
            "[::1]a:1",
            "http://[::1]a",
            "[::1:1",
        ] {
            let error = first(text, true).unwrap_err();
            assert!(error.contains("HOST:PORT"), "{text:?}: {error}");
        }
        for (text, words) in [
            ("https://localhost/", "TLS isn't spoken here"),
            ("ftp://localhost/", "only http://"),
            ("localhost:8080/a", "give a URL: http://localhost:8080/a"),
            ("http://me:secret@localhost/", "--header 'Authorization"),
        ] {
            let error = first(text, true).unwrap_err();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_url_has_a_host_a_port_and_a_path() {
        let parts = |text: &str| {
            let target = TypedTarget::parse(text).unwrap();
            (target.authority, target.port, target.path)
        };
        let path = |path: &str| Some(path.to_owned());
        let localhost = |port: &str| format!("localhost{port}");
        assert_eq!(parts("http://localhost:8080/a?b=c#d"), (localhost(":8080"), 8_080, path("/a?b=c")));
        assert_eq!(parts("HTTP://localhost"), (localhost(""), 80, None));
        assert_eq!(parts("http://localhost:81?b"), (localhost(":81"), 81, path("/?b")));
        assert_eq!(parts("http://[::1]:81/"), ("[::1]:81".to_owned(), 81, path("/")));
    }

    #[test]
    fn of_several_addresses_the_first_that_accepts_is_taken_and_else_each_is_named() {
        // Bound and never listening.
        let refusing = [0, 1].map(|_| Socket::new(Domain::IPV4, Type::STREAM, None).unwrap());
        refusing.iter().for_each(|socket| socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap());
        let [nobody, nobody_either] =
            refusing.each_ref().map(|socket| socket.local_addr().unwrap().as_socket().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let somebody = listener.local_addr().unwrap();
        let target = TypedTarget::parse("example:1").unwrap();
        assert_eq!(target.reached(&[nobody, somebody]).unwrap(), somebody);
        assert_eq!(target.reached(&[nobody]).unwrap(), nobody, "a single one is left to the load");
        let error = target.reached(&[nobody, nobody_either]).unwrap_err().to_string();
        for words in ["example:1 accepts no connection", &nobody.to_string(), &nobody_either.to_string(), "refused"] {
            assert!(error.contains(words), "{words}: {error}");
        }
    }

    #[test]
    fn work_that_no_server_knows_is_refused() {
        assert!(typed_work("sleep 5ms").is_ok());
        assert!(typed_work("dance").unwrap_err().to_string().contains("--work: "));
    }
}
