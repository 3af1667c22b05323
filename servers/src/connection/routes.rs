//! A connection whose loop is a library's: hyper reads and writes, axum finds the handler. Compared with nonblocking.rs, what
//! is ours is a connection that is counted, and what a handler does with a request.

use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::connect_info::{ConnectInfo, IntoMakeServiceWithConnectInfo};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::actions::fault_of;
use crate::accept::AcceptedConnection;
use crate::clock::monotonic_ns;
use crate::drain::RequestUnderWay;
use crate::protocol::Fault;
use crate::server::Server;
use crate::service::decide;
use crate::trace::ConnectionTrace;
use crate::work::call::BackendLink;
use crate::work::{Performed, perform_in_task};

// As `protocol/http/headers.rs` has them; a library writes names in small letters.
const SENDER_TIMESTAMP: HeaderName = HeaderName::from_static("sender-timestamp");
const SERVER_RECEIVED_NS: HeaderName = HeaderName::from_static("server-received-ns");
const SERVER_SENT_NS: HeaderName = HeaderName::from_static("server-sent-ns");
const SERVER_WAITED_NS: HeaderName = HeaderName::from_static("server-waited-ns");

/// `GET /echo/hi`, or `POST /echo` with the parameter as its body; for every connection with a link of its own.
pub(crate) fn router(server: Arc<Server>) -> IntoMakeServiceWithConnectInfo<Router, SharedWithHandlers> {
    let in_path: MethodRouter<Arc<Server>> = get(
        async |State(server): State<Arc<Server>>, shared, Path((work, parameter)): Path<(String, String)>, headers| {
            reply(server, shared, &work, parameter, &headers).await
        },
    );
    let empty: MethodRouter<Arc<Server>> =
        get(async |State(server): State<Arc<Server>>, shared, Path(work): Path<String>, headers| {
            reply(server, shared, &work, String::new(), &headers).await
        });
    let in_body = empty.clone().post(
        async |State(server): State<Arc<Server>>,
               shared,
               Path(work): Path<String>,
               headers: HeaderMap,
               body: String| { reply(server, shared, &work, body, &headers).await },
    );
    let routes =
        Router::new().route("/{work}/{*parameter}", in_path).route("/{work}/", empty).route("/{work}", in_body);
    routes.with_state(server).into_make_service_with_connect_info()
}

/// What a connection shares with its handlers. Nobody waits for it: over HTTP/1.1 a connection has one request at a time.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedWithHandlers {
    backend: Arc<Mutex<BackendLink<TcpStream>>>,
    /// The request whose reply hyper has and the kernel has not.
    replied: Arc<std::sync::Mutex<Option<RequestUnderWay<Arc<Server>>>>>,
}

impl SharedWithHandlers {
    /// Keeps a request under way until hyper has written its reply, and ends the one before.
    fn replies_to(&self, request: Option<RequestUnderWay<Arc<Server>>>) {
        *self.replied.lock().unwrap_or_else(PoisonError::into_inner) = request;
    }
}

/// What all handlers do, once the request is whole.
async fn reply(
    server: Arc<Server>,
    ConnectInfo(shared): ConnectInfo<SharedWithHandlers>,
    work: &str,
    parameter: String,
    headers: &HeaderMap,
) -> Response {
    let under_way = RequestUnderWay::begin(&server);
    let response = perform(&server, &shared, work, parameter, headers).await;
    if under_way.is_some() {
        shared.replies_to(under_way);
    }
    response
}

async fn perform(
    server: &Server,
    shared: &SharedWithHandlers,
    work: &str,
    parameter: String,
    headers: &HeaderMap,
) -> Response {
    let received_ns = monotonic_ns();
    let order = match decide(work, parameter.into()) {
        Ok(order) => order.stretched(server.options.stretch_percent),
        Err(refusal) => {
            server.counters.requests_refused.increment();
            let status = match fault_of(&refusal) {
                Fault::UnknownWork => StatusCode::NOT_FOUND,
                _ => StatusCode::BAD_REQUEST,
            };
            return (status, refusal.to_string()).into_response();
        }
    };
    server.counters.requests_begun.increment();
    // A handler does not know its connection, so nothing can be noted of it.
    let untraced = ConnectionTrace::new(None, 0);
    let mut link = shared.backend.lock().await;
    let (result, waited_ns) = match perform_in_task(order, &mut link, &untraced, server).await {
        Ok(Performed::Done { result, waited_ns }) => (result, waited_ns),
        Ok(Performed::BackendFailed(error)) => {
            server.counters.backend_errors.increment();
            return (StatusCode::BAD_GATEWAY, error.to_string()).into_response();
        }
        Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    server.counters.requests_served.increment();
    let mut response = result.into_owned().into_response();
    let told = response.headers_mut();
    told.extend(headers.get(&SENDER_TIMESTAMP).map(|sent| (SENDER_TIMESTAMP, sent.clone())));
    told.insert(SERVER_RECEIVED_NS, HeaderValue::from(received_ns));
    told.extend(waited_ns.map(|ns| (SERVER_WAITED_NS, HeaderValue::from(ns))));
    told.insert(SERVER_SENT_NS, HeaderValue::from(monotonic_ns()));
    response
}

/// A connection that is counted while it is open.
pub(crate) struct RoutedConnection {
    accepted: AcceptedConnection<TcpStream>,
    /// Whether its task has run yet, which begins with a look for a request.
    has_begun: bool,
    server: Arc<Server>,
    shared: SharedWithHandlers,
}

impl RoutedConnection {
    pub(crate) fn new(accepted: AcceptedConnection<TcpStream>, server: Arc<Server>) -> RoutedConnection {
        RoutedConnection { accepted, has_begun: false, server, shared: SharedWithHandlers::default() }
    }

    /// What it shares with its handlers.
    pub(crate) fn shared(&self) -> SharedWithHandlers {
        self.shared.clone()
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(&mut self.get_mut().accepted.stream)
    }
}

impl Drop for RoutedConnection {
    fn drop(&mut self) {
        if self.has_begun {
            self.server.counters.connections_ended.increment();
        }
    }
}

impl AsyncRead for RoutedConnection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !mem::replace(&mut self.has_begun, true) {
            self.server.counters.connections_begun.increment();
        }
        self.stream().poll_read(cx, buffer)
    }
}

impl AsyncWrite for RoutedConnection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream().poll_write(cx, bytes)
    }

    /// hyper calls this once it has written all that it had.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.as_mut().stream().poll_flush(cx);
        if flushed.is_ready() && self.server.options.drain.is_some() {
            self.shared.replies_to(None);
        }
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.accepted.stream.is_write_vectored()
    }
}
