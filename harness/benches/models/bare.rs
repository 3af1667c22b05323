//! Two servers without a framework: a plain epoll loop on one thread, and a plain blocking loop on a thread per
//! connection. Protocol in, protocol out, and nothing else: no counters, no limits, no other work than an echo.
//!
//! Each runs in a process of its own, which is this bench again, supervised as the models' are.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use harness::process::message::{Ready, say};
use harness::process::supervised::{StopRequests, Supervision, die_with};
use instruments::observe::restrict_this_thread;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use servers::protocol::{Decoded, Inbox, JsonLines, Request, Response, WireFormat};
use servers::{Contender, ServerOptions, monotonic_ns};

/// The command line that `process::launch_program` writes for a server.
#[derive(Debug, clap::Args)]
pub(crate) struct BareServeArgs {
    contender: String,
    #[arg(long, requires = "parent")]
    supervised: bool,
    #[arg(long)]
    parent: u32,
    #[arg(long)]
    nonce: String,
    #[arg(long, value_delimiter = ',')]
    cpus: Vec<u32>,
    #[arg(long)]
    spin_rate: Option<u64>,
}

/// Serves until asked to stop.
pub(crate) fn serve(args: BareServeArgs) -> anyhow::Result<()> {
    restrict_this_thread(&args.cpus)?;
    die_with(args.parent)?;
    // Backlog and stacks as the model has them that is held against this.
    let options = Contender::parse("threaded")?.options;
    let run: fn(&TcpListener, &ServerOptions) -> io::Result<()> = match args.contender.as_str() {
        "bare-epoll" => epoll_loop,
        "bare-blocking" => thread_per_connection,
        other => anyhow::bail!("no bare server is called {other:?}"),
    };
    let listener = servers::bind(([127, 0, 0, 1], 0).into(), &options)?;
    let requests = StopRequests::listen(Supervision::Supervised)?;
    say(&Ready {
        address: listener.local_addr()?,
        pid: std::process::id(),
        nonce: args.nonce,
        model: args.contender.clone(),
    })?;
    thread::spawn(move || {
        requests.wait();
        std::process::exit(0);
    });
    Ok(run(&listener, &options)?)
}

fn thread_per_connection(listener: &TcpListener, options: &ServerOptions) -> io::Result<()> {
    loop {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        thread::Builder::new().stack_size(options.stack_bytes).spawn(move || {
            let (mut inbox, mut reply) = (Inbox::new(), Vec::new());
            while read_and_reply(&mut stream, &mut inbox, &mut reply).is_ok_and(|ended| !ended) {}
        })?;
    }
}

fn epoll_loop(listener: &TcpListener, _: &ServerOptions) -> io::Result<()> {
    /// Where no connection stands.
    const LISTENER: u64 = u64::MAX;
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&poll, listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    // By the order in which they came; the place of one that has ended stays empty.
    let mut connections: Vec<Option<(TcpStream, Inbox)>> = Vec::new();
    let mut events: Vec<epoll::Event> = Vec::with_capacity(1024);
    let mut reply = Vec::new();
    loop {
        events.clear();
        epoll::wait(&poll, spare_capacity(&mut events), None)?;
        for event in &events {
            if event.data.u64() == LISTENER {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                epoll::add(&poll, &stream, EventData::new_u64(connections.len() as u64), EventFlags::IN)?;
                connections.push(Some((stream, Inbox::new())));
                continue;
            }
            let connection = &mut connections[event.data.u64() as usize];
            if let Some((stream, inbox)) = connection
                && read_and_reply(stream, inbox, &mut reply).unwrap_or(true)
            {
                *connection = None;
            }
        }
    }
}

/// One read, and a reply to each request in it. True where the client sends no more.
fn read_and_reply(stream: &mut TcpStream, inbox: &mut Inbox, reply: &mut Vec<u8>) -> io::Result<bool> {
    let count = stream.read(inbox.spare())?;
    inbox.filled(count);
    let server_received_ns = Some(monotonic_ns());
    loop {
        match inbox.next_request(JsonLines) {
            Decoded::Message { message: Request::RequestWork { parameter, sender_timestamp, .. }, then, .. } => {
                let server_sent_ns = Some(monotonic_ns());
                let done = Response::WorkDone {
                    sender_timestamp,
                    result: parameter,
                    server_received_ns,
                    server_sent_ns,
                    server_waited_ns: None,
                };
                reply.clear();
                JsonLines.encode_response(&done, then, reply);
                stream.write_all(reply)?;
            }
            Decoded::Incomplete => return Ok(count == 0),
            // The bench sends nothing else.
            _ => return Ok(true),
        }
    }
}
