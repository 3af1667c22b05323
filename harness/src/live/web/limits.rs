//! What a page may take of the machine while a run is measured: connections, time and bytes. Every route is behind these.
//!
//! It shares the process with the generator, so a flood of the page must not use what the run needs. It accepts only
//! while it has room, and whoever is too many waits in the kernel's queue, where a connection costs the run neither a
//! descriptor nor CPU time. No client keeps its place by being slow. Must not know: what is served. Beside it:
//! `visitors.rs`, who may ask at all.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::future;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::time::{sleep, timeout};

/// How much a page's clients may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageLimits {
    /// Connections at once. Well below the descriptors that a run's preflight keeps spare.
    pub(super) connections: u32,
    /// Connections at once from one address. More are closed unanswered.
    pub(super) of_one: u32,
    /// How long a request's head may take, from the opening of the connection or from the end of the answer before:
    /// an idle connection is closed after that too.
    pub(super) head: Duration,
    /// How long a client may leave what was sent to it unread.
    pub(super) unread: Duration,
}

/// A person, some tabs and a scraper or two need a few.
pub(super) const PAGE_LIMITS: PageLimits =
    PageLimits { connections: 32, of_one: 32, head: Duration::from_secs(10), unread: Duration::from_secs(30) };

/// The phones of a room ask for little, and each answer ends its connection. Who holds many can't hold all of them.
pub(super) const ROOM_LIMITS: PageLimits =
    PageLimits { connections: 32, of_one: 16, head: Duration::from_secs(3), unread: Duration::from_secs(10) };

/// Bytes of a request's first line and headers together; hyper takes no smaller one than 8 KiB.
const HEAD_BYTES: usize = 16 * 1024;

/// Headers of a request.
const HEADERS: usize = 64;

/// Bytes of a request's body.
const BODY_BYTES: usize = 64 * 1024;

/// How long a request's body may take.
const BODY_TIME: Duration = Duration::from_secs(5);

/// How long what is being sent may take when the serving ends.
const GRACE: Duration = Duration::from_secs(1);

/// How long to wait where the process has no descriptor left. The connection waits meanwhile.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_secs(1);

/// Serves until it is stopped, and then what has been begun.
pub(super) async fn serve(listener: TcpListener, router: Router, limits: PageLimits, stopped: oneshot::Receiver<()>) {
    let room = Arc::new(Semaphore::new(limits.connections as usize));
    let (ending, ended) = watch::channel(());
    let mut guests = Guests::default();
    let accepting = async {
        loop {
            // Never closed.
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
            let (stream, from) = next(&listener).await;
            if let Some(guest) = guests.one_more(from.ip(), limits.of_one) {
                tokio::spawn(converse((stream, from), router.clone(), limits, ended.clone(), (place, guest)));
            }
        }
    };
    future::select(pin!(accepting), stopped).await;
    drop((listener, ended, ending));
    // With all places free again, every connection has ended.
    let _ = timeout(GRACE, room.acquire_many(limits.connections)).await;
}

/// The next connection, however long it takes. Sockets are closed on exec, so no server inherits one.
async fn next(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(_) => sleep(OUT_OF_DESCRIPTORS).await,
        }
    }
}

/// Answers one client until it goes, is too slow, or the serving ends. Handlers are told where it is.
async fn converse(
    (stream, from): (TcpStream, SocketAddr),
    router: Router,
    limits: PageLimits,
    mut ended: watch::Receiver<()>,
    _places: (OwnedSemaphorePermit, Arc<()>),
) {
    // The kernel gives up what stays unread, without a timer here. Where it can't, the connections are still few.
    let _ = SockRef::from(&stream).set_tcp_user_timeout(Some(limits.unread));
    let router = TowerToHyperService::new(router);
    let told = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(from));
        router.call(request)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), told);
    let mut serving = pin!(serving);
    // How a client's connection ends is no matter of ours.
    if let future::Either::Right(_) = future::select(serving.as_mut(), pin!(ended.changed())).await {
        serving.as_mut().graceful_shutdown();
        let _ = serving.await;
    }
}

/// How many connections each address has. A connection counts as long as it keeps what it got.
#[derive(Debug, Default)]
struct Guests(HashMap<IpAddr, Weak<()>>);

impl Guests {
    /// Absent where the address has as many as it may.
    fn one_more(&mut self, from: IpAddr, most: u32) -> Option<Arc<()>> {
        self.0.retain(|_, guest| guest.strong_count() > 0);
        let guest = self.0.get(&from).and_then(Weak::upgrade).unwrap_or_default();
        self.0.insert(from, Arc::downgrade(&guest));
        (Arc::strong_count(&guest) <= most as usize).then_some(guest)
    }
}

/// The request with all of its body, so that no route ever waits for one.
///
/// # Errors
/// The answer to a body that is too long or takes too long.
pub(super) async fn whole(request: Request) -> Result<Request, Response> {
    let (head, body) = request.into_parts();
    match timeout(BODY_TIME, to_bytes(body, BODY_BYTES)).await {
        Ok(Ok(body)) => Ok(Request::from_parts(head, Body::from(body))),
        Ok(Err(_)) => Err((StatusCode::PAYLOAD_TOO_LARGE, "no request takes more than 64 KiB\n").into_response()),
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "the rest of the request has not come\n").into_response()),
    }
}
