//! The site as a web server hands it out, somewhere below its root: every page, picture and file that a reader can come
//! to from the index is there.
//!
//! Beside it: `site.rs`, which looks at the same links as files.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use crate::common::listen;
use crate::publish::subject::{Place, links, target};

const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// Hands out the files of a folder on loopback.
fn served(root: PathBuf) -> SocketAddr {
    listen(move |mut stream| {
        let path = asked_for(&stream);
        let (status, body) = match fs::read(root.join(path.trim_start_matches('/'))) {
            Ok(body) => ("200 OK", body),
            Err(_) => ("404 Not Found", Vec::new()),
        };
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
        stream.write_all(&body).unwrap();
    })
}

/// Status and body of what is at this path.
fn get(server: SocketAddr, path: &str) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    let end = reply.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    let status = std::str::from_utf8(&reply[9..12]).unwrap().parse().unwrap();
    (status, reply.split_off(end))
}

fn asked_for(stream: &TcpStream) -> String {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    lines.find(String::is_empty);
    first.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// Everything that can be come to from a page, by its path below the site, and whether it was there.
fn followed(server: SocketAddr, below: &str, from: &str) -> BTreeMap<String, u16> {
    let (mut found, mut seen) = (BTreeMap::new(), BTreeSet::from([from.to_owned()]));
    let mut next = VecDeque::from([from.to_owned()]);
    while let Some(path) = next.pop_front() {
        let (status, body) = get(server, &format!("{below}/{path}"));
        found.insert(path.clone(), status);
        if !path.ends_with(".html") {
            continue;
        }
        for link in links(std::str::from_utf8(&body).unwrap()) {
            let to = target(&path, &link);
            if seen.insert(to.clone()) {
                next.push_back(to);
            }
        }
    }
    found
}

#[test]
fn a_site_that_was_published_twice_is_whole_below_any_path() {
    let home = Place::new();
    home.run_of("one", "2026-01-05");
    home.run_of("two", "2026-01-09");
    home.done(&["publish", "web/of/ours/site", "one"]);
    home.done(&["publish", "web/of/ours/site", "two"]);
    let server = served(home.path("web"));
    let found = followed(server, "/of/ours/site", "index.html");
    let missing: Vec<_> = found.iter().filter(|(_, status)| **status != 200).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let pages = found.keys().filter(|path| path.ends_with("index.html")).count();
    assert_eq!(pages, 5, "the index, the latest, two runs and their comparison: {found:?}");
    let kinds: BTreeSet<&str> = found.keys().filter_map(|path| path.rsplit('.').next()).collect();
    assert_eq!(kinds, BTreeSet::from(["gz", "html", "json", "png"]));
    // What it does not find it says.
    assert_eq!(get(server, "/of/ours/site/nothing.html").0, 404);
}
