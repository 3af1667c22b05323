//! What each request of a load asks for: work of our own servers, or a page of any HTTP server with all that is to be sent.
//!
//! Beside it: `../../target.rs`, the server as it is typed.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use instruments::load::{PageRequest, Work};
use servers::protocol::Wire;

use crate::cli::load::args::LoadArgs;
use crate::cli::output::usage;
use crate::cli::target::{TypedTarget, check_path, message_and_parameter};
use crate::plan::PlanError;

/// The longest body: each connection keeps a copy.
const MOST_BODY_BYTES: usize = 16 * 1024 * 1024;

/// Characters of a method or of a header's name, beside letters and digits (RFC 9110).
const TOKEN: &[u8] = b"!#$%&'*+-.^_`|~";

/// Headers that are not given by hand, each with the reason.
const WRITTEN_HERE: [(&str, &str); 3] = [
    ("content-length", "it is written from what --body or --body-file holds"),
    ("transfer-encoding", "a body is sent whole, with its length"),
    ("connection", "the load decides when a connection ends; --arrivals sessions ends each after some requests"),
];

/// What each request asks for.
///
/// # Errors
/// Where what was given contradicts itself or can't be sent.
pub(super) fn work(args: &LoadArgs, target: &TypedTarget) -> Result<Work, PlanError> {
    if args.path.is_some() && target.path.is_some() {
        return usage("the URL has a path already; leave out --path");
    }
    if args.work.is_some() && target.path.is_some() {
        return usage("the URL asks for a page and --work for work of our own servers; leave out one of them");
    }
    let path = args.path.as_deref().or(target.path.as_deref());
    let default_path = (target.is_url && args.work.is_none()).then_some("/");
    match path.or(default_path) {
        Some(path) => Ok(Work::Page(page(args, target, path)?)),
        None => asked(args, target),
    }
}

fn asked(args: &LoadArgs, target: &TypedTarget) -> Result<Work, PlanError> {
    let of_pages = [
        ("--method", args.method.is_some()),
        ("--header", !args.headers.is_empty()),
        ("--body", args.body.is_some()),
        ("--body-file", args.body_file.is_some()),
    ];
    if let Some((flag, _)) = of_pages.into_iter().find(|(_, is_given)| *is_given) {
        return usage(format!("{flag} is for a page of an HTTP server; give its URL or --path, without --work"));
    }
    if target.is_url && args.wire == Some(Wire::JsonLines) {
        return usage("a URL means HTTP, and --wire json is not HTTP; leave out --wire, or give HOST:PORT");
    }
    let wire = args.wire.unwrap_or(if target.is_url { Wire::Http } else { Wire::default() });
    let (request_message, parameter) = message_and_parameter(args.work.as_deref().unwrap_or("echo hi"));
    Ok(Work::Asked { wire, request_message: request_message.to_owned(), parameter: parameter.to_owned() })
}

fn page(args: &LoadArgs, target: &TypedTarget, path: &str) -> Result<PageRequest, PlanError> {
    if args.wire == Some(Wire::JsonLines) {
        return usage("a page means HTTP, and --wire json is not HTTP; leave out --wire, or give --work");
    }
    check_path(path)?;
    let body = body(args)?;
    let method = method(args, body.is_some())?;
    // A request that could have a body says that it has none (RFC 9110, 8.6).
    let body = body.or(["POST", "PUT", "PATCH"].contains(&method.as_str()).then(Vec::new));
    let mut headers = args.headers.iter().map(|header| checked(header)).collect::<Result<Vec<_>, PlanError>>()?;
    let hosts: Vec<String> = headers.extract_if(.., |(name, _)| name.eq_ignore_ascii_case("host")).map(value).collect();
    if hosts.len() > 1 {
        return usage("a request has one Host; leave out a --header");
    }
    Ok(PageRequest {
        method,
        path: path.to_owned(),
        host: Some(hosts.into_iter().next().unwrap_or_else(|| target.authority.clone())),
        headers: headers.into_iter().map(|(name, value)| format!("{name}: {value}")).collect(),
        body,
    })
}

fn value((_, value): (String, String)) -> String {
    value
}

fn method(args: &LoadArgs, has_body: bool) -> Result<String, PlanError> {
    let method = args.method.as_deref().unwrap_or(if has_body { "POST" } else { "GET" });
    match method {
        "HEAD" => usage("a reply to HEAD gives the length of a body that it does not have; ask with GET"),
        "CONNECT" => usage("CONNECT turns the connection into a tunnel; ask with another --method"),
        method if is_token(method) => Ok(method.to_owned()),
        method => usage(format!("{method:?} is not a method; one has letters and no spaces, as in POST")),
    }
}

fn body(args: &LoadArgs) -> Result<Option<Vec<u8>>, PlanError> {
    let body = match (&args.body, &args.body_file) {
        (Some(text), _) => text.clone().into_bytes(),
        (None, Some(path)) => read_at_most(path, MOST_BODY_BYTES + 1).map_err(|error| {
            PlanError::Usage(format!("{} can't be read ({error}); name a file to send", path.display()))
        })?,
        (None, None) => return Ok(None),
    };
    match body.len() {
        length if length > MOST_BODY_BYTES => usage("the body is longer than 16 MiB; send less at a time"),
        _ => Ok(Some(body)),
    }
}

/// A device has no end.
fn read_at_most(path: &Path, bytes: usize) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?.take(bytes as u64).read_to_end(&mut content)?;
    Ok(content)
}

/// A header's name and value, if it can be sent and is not written here.
fn checked(header: &str) -> Result<(String, String), PlanError> {
    let Some((name, value)) = header.split_once(':') else {
        return usage(format!("{header:?} is not a header; write one as in 'Accept: text/html'"));
    };
    let value = value.trim();
    if !is_token(name) {
        return usage(format!("{name:?} is not the name of a header; one has letters, digits and -, and no spaces"));
    }
    if value.chars().any(|character| character.is_control() && character != '\t') {
        return usage(format!("the value of {name} has a line end or another control character; leave it out"));
    }
    let written = WRITTEN_HERE.iter().find(|(written, _)| name.eq_ignore_ascii_case(written));
    match written {
        Some((_, reason)) => usage(format!("{name} can't be given by hand: {reason}")),
        None => Ok((name.to_owned(), value.to_owned())),
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || TOKEN.contains(&byte))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        args: LoadArgs,
    }

    fn typed(line: &[&str]) -> Result<Work, String> {
        let args = Typed::try_parse_from([&["load"], line].concat()).map_err(|error| error.to_string())?.args;
        let target = TypedTarget::parse(&args.target).unwrap();
        work(&args, &target).map_err(|error| error.to_string())
    }

    fn page_of(line: &[&str]) -> PageRequest {
        match typed(line).unwrap() {
            Work::Page(page) => page,
            asked => panic!("{asked:?}"),
        }
    }

    #[test]
    fn a_url_is_a_page_with_the_host_as_it_was_typed() {
        let page = page_of(&["http://localhost:8080/a?b=c"]);
        assert_eq!(page, PageRequest { host: Some("localhost:8080".to_owned()), ..PageRequest::get("/a?b=c") });
        assert_eq!(page_of(&["http://localhost"]).path, "/");
        assert_eq!(page_of(&["http://localhost", "--path", "/a"]).path, "/a");
        assert_eq!(page_of(&["localhost:80", "--path", "/a"]).host.unwrap(), "localhost:80");
        assert_eq!(page_of(&["localhost:80", "--path", "/a", "--header", "host: b"]).host.unwrap(), "b");
    }

    #[test]
    fn our_own_servers_are_asked_over_either_wire() {
        assert_eq!(typed(&["localhost:80"]), Ok(Work::new("echo", "hi")));
        let over_http = |line: &[&str]| typed(line).map(|work| (work.wire(), work.to_string()));
        assert_eq!(over_http(&["http://localhost", "--work", "sleep 5ms"]), Ok((Wire::Http, "sleep 5ms".to_owned())));
        assert_eq!(over_http(&["localhost:80", "--wire", "http"]), Ok((Wire::Http, "echo hi".to_owned())));
    }

    #[test]
    fn a_body_is_posted_with_all_headers() {
        let line = ["http://a/", "--body", "hi", "--header", "Accept:a/b", "--header", "X-Empty:"];
        let page = page_of(&line);
        assert_eq!((page.method.as_str(), page.body.as_deref()), ("POST", Some(&b"hi"[..])));
        assert_eq!(page.headers, ["Accept: a/b", "X-Empty: "]);
        assert_eq!(page_of(&["http://a/", "--method", "PUT"]).body, Some(Vec::new()));
        assert_eq!(page_of(&["http://a/", "--method", "DELETE"]).body, None);
        assert_eq!(page_of(&["http://a/", "--body", "", "--method", "REPORT"]).method, "REPORT");
    }

    #[test]
    fn what_cannot_be_sent_is_refused_with_the_reason() {
        let table: &[(&[&str], &str)] = &[
            (&["--header", "nonsense"], "'Accept: text/html'"),
            (&["--header", "a b: c"], "not the name of a header"),
            (&["--header", ": c"], "not the name of a header"),
            (&["--header", "a: b\r\nc: d"], "line end"),
            (&["--header", "content-length: 3"], "written from what --body"),
            (&["--header", "Transfer-Encoding: chunked"], "sent whole"),
            (&["--header", "Connection: close"], "--arrivals sessions"),
            (&["--header", "Host: a", "--header", "Host: b"], "one Host"),
            (&["--method", "HEAD"], "ask with GET"),
            (&["--method", "CONNECT"], "tunnel"),
            (&["--method", "GET /"], "not a method"),
            (&["--body-file", "no/such/file"], "no/such/file can't be read"),
            (&["--body-file", "a", "--body", "b"], "cannot be used with"),
            (&["--wire", "json"], "leave out --wire"),
            (&["--path", "/b"], "leave out --path"),
            (&["--work", "echo hi"], "leave out one of them"),
        ];
        for (line, words) in table {
            let error = typed(&[&["http://a/"], *line].concat()).unwrap_err();
            assert!(error.contains(words), "{line:?}: {error}");
        }
        assert!(typed(&["http://a/b c"]).unwrap_err().contains("%20"));
        for flag in ["--method", "--header", "--body", "--body-file"] {
            let error = typed(&["localhost:80", flag, "a"]).unwrap_err();
            assert!(error.contains(flag) && error.contains("--path"), "{error}");
        }
    }
}
