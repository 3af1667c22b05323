//! A backend of a few lines for the servers under test: it waits as long as it is asked to, and answers.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use servers::backend::{BackendCall, CALL_FRAME_BYTES};

/// The backend of all tests, which ends with them.
pub(crate) fn address() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                stream.set_nodelay(true).unwrap();
                thread::spawn(move || {
                    let mut frame = [0; CALL_FRAME_BYTES];
                    while stream.read_exact(&mut frame).is_ok() {
                        let call = BackendCall::from_request(&frame).expect("a server calls as it should");
                        thread::sleep(Duration::from_nanos(call.wait_ns));
                        let _ = stream.write_all(&call.reply());
                    }
                });
            }
        });
        address
    })
}

/// An address at which nobody listens.
pub(crate) fn nobody() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}
