//! Clients that mean no good, through sockets: what they get, and that a run and the next client lose nothing by them.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use instruments::observe::raise_soft_descriptor_limit;
use socket2::{Domain, Socket, Type};

use super::event::PageEvent;
use super::limits::{PAGE_LIMITS, PageLimits};
use super::routes::PageView;
use super::server::Web;

const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Limits that a test need not wait for long.
const SHORT: PageLimits =
    PageLimits { connections: 4, of_one: 4, head: Duration::from_millis(200), unread: Duration::from_millis(300) };

/// One page at a time: another test finds the thread that serves by its name.
pub(super) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A page with such limits, for as long as it is its turn.
fn page(limits: PageLimits) -> (MutexGuard<'static, ()>, Web) {
    let turn = turn();
    (turn, Web::start_within(limits, PageView::Run, 0, &[]).unwrap())
}

fn connected(web: &Web) -> TcpStream {
    let stream = TcpStream::connect(web.address()).unwrap();
    stream.set_read_timeout(Some(LONGEST_WAIT)).unwrap();
    stream
}

/// All that comes back until the connection ends. Resetting it is an end too.
fn answer_to(web: &Web, request: &[u8]) -> String {
    let mut stream = connected(web);
    // The page may have had enough before all of it is sent.
    let _ = stream.write_all(request);
    read_out(&mut stream)
}

fn read_out(stream: &mut TcpStream) -> String {
    let (mut read, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => read.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("it is neither answered nor closed: {error}"),
        }
    }
    String::from_utf8(read).unwrap()
}

fn is_served(web: &Web) -> bool {
    get(web, "Host: localhost\r\n").starts_with("HTTP/1.1 200 OK\r\n")
}

fn get(web: &Web, headers: &str) -> String {
    answer_to(web, format!("GET / HTTP/1.1\r\nConnection: close\r\n{headers}\r\n").as_bytes())
}

/// Status, head and body of what comes back to a method and a path, where the connection ends with it.
pub(super) fn asked(web: &Web, line: &str, more: &str, body: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(web.address()).unwrap();
    let host = web.address();
    write!(stream, "{line} HTTP/1.1\r\nHost: {host}\r\n{more}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_owned(), body.to_owned())
}

/// The lines of the kernel's table that have the page's port at either end, as fields. IPv4 only, as the page is.
fn table_of(page: SocketAddr) -> Vec<Vec<String>> {
    let port = format!(":{:04X}", page.port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let lines = table.lines().skip(1).map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    lines.filter(|fields| fields[1].ends_with(&port) || fields[2].ends_with(&port)).collect()
}

/// Connections to the page that its process has accepted: the kernel gives those in its own queue no inode.
fn accepted(page: SocketAddr) -> usize {
    let is_accepted = |fields: &&Vec<String>| {
        fields[1].ends_with(&format!(":{:04X}", page.port())) && fields[3] != LISTENS && fields[9] != "0"
    };
    table_of(page).iter().filter(is_accepted).count()
}

/// The state of a socket that listens.
const LISTENS: &str = "0A";

/// The inodes of all sockets at either end.
fn sockets_of(page: SocketAddr) -> Vec<String> {
    table_of(page).into_iter().map(|mut fields| fields.swap_remove(9)).filter(|inode| inode != "0").collect()
}

#[test]
fn a_head_that_does_not_come_ends_the_connection() {
    let (_turn, web) = page(SHORT);
    assert_eq!(answer_to(&web, b"GET / HTTP/1.1\r\nHost: local"), "");
    assert_eq!(answer_to(&web, b""), "", "nor is an idle one kept");
}

/// A thousand clients that say nothing.
fn flood(page: SocketAddr) -> Vec<Socket> {
    let client = |_| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        // It is under way, or the queue is full; both is what a flood does.
        let _ = socket.connect(&page.into());
        socket
    };
    // Both ends of each are of this process.
    let _ = raise_soft_descriptor_limit();
    (0..1_000).map(client).collect()
}

#[test]
fn a_thousand_connections_take_no_more_descriptors_than_the_page_may_have() {
    // None is closed for its slowness while they are counted: the kernel's table is not of one moment.
    let (_turn, web) = page(PageLimits { head: LONGEST_WAIT * 5, ..PAGE_LIMITS });
    let flood = flood(web.address());
    let most = PAGE_LIMITS.connections as usize;
    let until = Instant::now() + LONGEST_WAIT;
    while accepted(web.address()) < most {
        assert!(Instant::now() < until, "room is used");
    }
    // That no more come takes a while to see.
    thread::sleep(Duration::from_millis(200));
    assert_eq!(accepted(web.address()), most);
    drop(flood);
    assert!(is_served(&web));
}

#[test]
fn who_comes_behind_a_flood_is_served() {
    let (_turn, web) = page(PageLimits { head: SHORT.head, ..PAGE_LIMITS });
    let flood = flood(web.address());
    assert!(is_served(&web));
    drop(flood);
}

#[test]
fn one_address_does_not_get_every_connection() {
    let (_turn, web) = page(PageLimits { of_one: 2, head: LONGEST_WAIT * 5, ..PAGE_LIMITS });
    let held = [connected(&web), connected(&web)];
    assert_eq!(answer_to(&web, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "", "a third is closed");
    let neighbour = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    neighbour.bind(&SocketAddr::from(([127, 0, 0, 2], 0)).into()).unwrap();
    neighbour.connect(&web.address().into()).unwrap();
    let mut neighbour = TcpStream::from(neighbour);
    neighbour.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    assert!(read_out(&mut neighbour).starts_with("HTTP/1.1 200 OK\r\n"), "another address is served");
    drop(held);
    let until = Instant::now() + LONGEST_WAIT;
    while !is_served(&web) {
        assert!(Instant::now() < until, "and this one again, when those are closed");
    }
}

#[test]
fn another_site_is_turned_away() {
    let (_turn, web) = page(PAGE_LIMITS);
    let own = format!("Host: {}\r\n", web.address());
    assert!(get(&web, &own).starts_with("HTTP/1.1 200 "));
    for foreign in [
        "Host: evil.example\r\n".to_owned(),
        format!("{own}Origin: http://evil.example\r\n"),
        format!("{own}Sec-Fetch-Site: cross-site\r\n"),
        format!("{own}Host: evil.example\r\n"),
    ] {
        let answer = get(&web, &foreign);
        assert!(answer.starts_with("HTTP/1.1 403 "), "{foreign}: {answer}");
    }
}

#[test]
fn what_is_too_long_is_refused() {
    let (_turn, web) = page(PAGE_LIMITS);
    let long = "x".repeat(100_000);
    for (headers, status) in [
        (format!("Host: localhost\r\nX: {long}\r\n"), 431),
        (format!("Host: localhost\r\n{}", "X: y\r\n".repeat(1_000)), 431),
        (format!("Host: localhost\r\nContent-Length: 100000\r\n\r\n{long}"), 413),
    ] {
        let answer = get(&web, &headers);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer}");
    }
}

#[test]
fn who_does_not_read_makes_room_for_who_does() {
    let (_turn, web) = page(PageLimits { connections: 1, ..SHORT });
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.html");
    // More than the buffers of both sockets hold.
    fs::write(&report, " ".repeat(32 << 20)).unwrap();
    web.tell(PageEvent::Finished { ending: "completed".to_owned(), report });
    let mut deaf = connected(&web);
    deaf.write_all(b"GET /report HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert_eq!(deaf.peek(&mut [0]).unwrap(), 1, "its answer has begun");
    assert!(is_served(&web));
    drop(deaf);
}

#[test]
fn a_server_that_is_started_inherits_no_connection() {
    let (_turn, web) = page(PAGE_LIMITS);
    let mut looking = connected(&web);
    looking.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert_eq!(looking.peek(&mut [0]).unwrap(), 1);
    // Through `exec`, as a server is started.
    let inherited = Command::new("ls").args(["-l", "/proc/self/fd"]).stdin(Stdio::null()).output().unwrap();
    let inherited = String::from_utf8(inherited.stdout).unwrap();
    let sockets = sockets_of(web.address());
    assert!(sockets.len() >= 3, "the one that listens, and both ends of a connection: {sockets:?}");
    for socket in sockets {
        assert!(!inherited.contains(&format!("socket:[{socket}]")), "{inherited}");
    }
}
