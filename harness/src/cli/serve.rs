//! `harness serve`: one server, by hand or supervised.
//!
//! The same code serves a person with `nc` and the harness that measures it. Beside it: `process/`, which launches it.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Once};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use instruments::backend::{Backend, Promptness};
use instruments::observe::{raise_soft_descriptor_limit, restrict_this_thread};
use reports::record::ServerCounters;
use servers::protocol::Wire;
use servers::{Contender, Server, ServerMonitor, Trace};

use self::inside::{answer, narrate};
use self::remote::{REMOTE_LIMITS, can_be_reached, remote_limits};
use super::output::{tell, usage};
use crate::process::message::{Farewell, InsideReply, Ready, say};
use crate::process::supervised::{StopRequests, Supervision, die_with};

mod inside;
mod remote;

/// How long connections may take to notice that the server stops; what is still open then is cut off.
const GRACE: Duration = Duration::from_millis(300);

/// Run one server model until Ctrl-C or SIGTERM
#[derive(Debug, clap::Args)]
pub(super) struct ServeArgs {
    /// The model and its options, such as `threaded` or `thread-pool:workers=8`; `harness list` names them
    #[arg(value_name = "MODEL[:KEY=VALUE,...]")]
    contender: String,

    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Protocol to speak: `json`, one JSON object a line, or `http`
    #[arg(long, value_name = "json|http", default_value_t)]
    wire: Wire,

    /// Listen where other machines can reach it; there is no access control, but each client then has limits, which are
    /// options of the model and are printed at the start
    #[arg(long)]
    allow_remote: bool,

    /// Backend that `call` requests ask [default: one that the server starts itself]
    #[arg(long, value_name = "ADDR:PORT")]
    backend: Option<SocketAddr>,

    /// Note which thread runs which request, and write the notes to this file at the end; for a picture use `harness trace`
    #[arg(long, value_name = "FILE.json")]
    trace: Option<PathBuf>,

    /// Print once a second on stderr what is open, waiting and under way
    #[arg(long, conflicts_with = "supervised")]
    inside: bool,

    /// Stop at the end of stdin, and die with the parent
    #[arg(long, hide = true, requires = "parent")]
    supervised: bool,

    /// Process id of the parent that supervises
    #[arg(long, hide = true, value_name = "PID")]
    parent: Option<u32>,

    /// Said back in the line that tells the address
    #[arg(long, hide = true, value_name = "HEX", default_value = "")]
    nonce: String,

    /// CPUs the server may use
    #[arg(long, hide = true, value_name = "CPU,...", value_delimiter = ',')]
    cpus: Vec<u32>,

    /// Spin iterations per microsecond; measured at the start without it
    #[arg(long, hide = true, value_name = "N")]
    spin_rate: Option<u64>,
}

/// Serves until asked to stop.
///
/// # Errors
/// Where the contender is unknown, the address can't be had, or the accept loop gives up.
pub(super) fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    // First of all, while the parent can hardly have died yet, and before any thread is made.
    let supervision = supervise(&args)?;
    // One that is measured is the same wherever it listens.
    let is_remote = args.allow_remote && can_be_reached(args.listen) && supervision == Supervision::ByHand;
    if supervision == Supervision::ByHand {
        // A usual limit of 1,024 is fewer than the connections that it may hold. Under a harness that is looked at before.
        let _ = raise_soft_descriptor_limit();
    }
    let contender = Contender::parse_over(&args.contender, if is_remote { REMOTE_LIMITS } else { &[] })?;
    if contender.model.is_http_only && args.wire != Wire::Http {
        return usage(format!("{} speaks only HTTP; give --wire http", contender.model.name));
    }
    let listener = bind(&args, &contender)?;
    let address = listener.local_addr()?;
    let own_backend = own_backend(&args, supervision)?;
    let mut server = Server::new(contender.options.clone(), args.wire, args.spin_rate);
    if let Some(backend) = args.backend.or(own_backend.as_ref().map(Backend::address)) {
        server = server.calling(backend);
    }
    let notes = args.trace.as_deref().map(TraceFile::open).transpose()?;
    if let Some(notes) = &notes {
        server = server.traced(Arc::clone(&notes.trace));
    }
    let server = Arc::new(server);
    let requests = StopRequests::listen(supervision)?;
    let model = contender.model;
    say(&Ready { address, pid: std::process::id(), nonce: args.nonce, model: model.name.to_owned() })
        .context("the line that tells where the server listens can't be written to standard output")?;
    if supervision == Supervision::ByHand && io::stderr().is_terminal() {
        hint(address, args.wire);
    }
    if is_remote {
        tell(&remote_limits(&contender));
    }
    if args.inside {
        narrate(&server).context("the thread for --inside can't be started")?;
    }
    serve(listener, &server, requests, Goodbye { said: Once::new(), notes }, model.run)
}

fn supervise(args: &ServeArgs) -> anyhow::Result<Supervision> {
    restrict_this_thread(&args.cpus).with_context(|| format!("the server can't be put on CPUs {:?}", args.cpus))?;
    match (args.supervised, args.parent) {
        (true, Some(parent)) => {
            die_with(parent)?;
            Ok(Supervision::Supervised)
        }
        _ => Ok(Supervision::ByHand),
    }
}

/// Whom `call` requests ask, where a person gave no other. Of a server that is measured, the harness has the backend: it
/// would be a part of what is measured.
fn own_backend(args: &ServeArgs, supervision: Supervision) -> anyhow::Result<Option<Backend>> {
    if args.backend.is_some() || supervision == Supervision::Supervised {
        return Ok(None);
    }
    let backend = Backend::start(Promptness::Sleeps);
    backend.map(Some).context("the backend for call requests can't be started; give another with --backend ADDR:PORT")
}

fn bind(args: &ServeArgs, contender: &Contender) -> anyhow::Result<TcpListener> {
    let address = args.listen;
    if can_be_reached(address) && !args.allow_remote {
        return usage(format!(
            "{} can be reached from other machines, and the servers have no access control; \
             give --allow-remote where that is wanted, or listen on 127.0.0.1",
            address.ip()
        ));
    }
    match servers::bind(address, &contender.options) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
            "port {} of {} is taken by another program; give another, or let the system choose one with --listen {}",
            address.port(),
            address.ip(),
            SocketAddr::new(address.ip(), 0)
        ),
        bound => bound.with_context(|| format!("can't listen on {address}")),
    }
}

/// Runs the model on this thread and waits for requests to stop on another, the only one that is not the model's.
fn serve(
    listener: TcpListener,
    server: &Arc<Server>,
    requests: StopRequests,
    goodbye: Goodbye,
    run: fn(TcpListener, &Arc<Server>) -> io::Result<()>,
) -> anyhow::Result<ExitCode> {
    let goodbye = Arc::new(goodbye);
    let (at_end, ended) = channel::<()>();
    let stopper = thread::Builder::new().name("stop-requests".into()).spawn({
        let (server, goodbye) = (Arc::clone(server), Arc::clone(&goodbye));
        move || stop_when_asked(&requests, &server, &ended, &goodbye)
    });
    stopper.context("the thread that waits for signals can't be started")?;
    let outcome = run(listener, server);
    drop(at_end);
    outcome.context("the server gave up")?;
    goodbye.say(server);
    Ok(ExitCode::SUCCESS)
}

fn stop_when_asked(requests: &StopRequests, server: &Arc<Server>, ended: &Receiver<()>, goodbye: &Goodbye) {
    // This thread serves nobody, so it answers even where all that serve are held up.
    let mut monitor = ServerMonitor::new(Arc::clone(server));
    requests.wait_and_answer(|| {
        // Whoever asked may be gone; the end of stdin tells.
        let _ = say(&InsideReply { inside: answer(monitor.snapshot()) });
    });
    server.stop_handle().stop();
    let drain = server.drain_time();
    if ended.recv_timeout(GRACE + drain) == Err(RecvTimeoutError::Timeout) {
        // A connection in the middle of its work holds the model up, and no thread can be ended from outside.
        goodbye.say(server);
        std::process::exit(0);
    }
}

/// The last line, said once: the model may end just when its time to stop does.
#[derive(Debug)]
struct Goodbye {
    said: Once,
    notes: Option<TraceFile>,
}

impl Goodbye {
    /// The notes come first: who hears the last line may read them.
    fn say(&self, server: &Server) {
        self.said.call_once(|| {
            if let Some(Err(error)) = self.notes.as_ref().map(TraceFile::write) {
                tell(&format!("error: the trace can't be written: {error:#}"));
            }
            let counters = server.counters();
            let stopped = ServerCounters {
                accepted: counters.accepted,
                accept_errors: counters.accept_errors,
                spawn_errors: counters.spawn_errors,
                requests_served: counters.requests_served,
                requests_refused: counters.requests_refused,
                backend_errors: counters.backend_errors,
                idle_timeouts: counters.idle_timeouts,
                frame_deadlines: counters.frame_deadlines,
                limit_waits: counters.limit_waits,
            };
            // Whoever read stdout may be gone; that is no reason not to stop in order.
            let _ = say(&Farewell { stopped, driver: server.driver().map(str::to_owned) });
        });
    }
}

/// What the server notes of its requests, and where that goes.
#[derive(Debug)]
struct TraceFile {
    trace: Arc<Trace>,
    path: PathBuf,
    file: File,
}

impl TraceFile {
    /// Room for a second of any model on a few CPUs.
    const PLACES: usize = 1 << 17;

    fn open(path: &Path) -> anyhow::Result<TraceFile> {
        let file = File::create(path).with_context(|| format!("{} can't be written to", path.display()))?;
        Ok(TraceFile { trace: Trace::with_slots(Self::PLACES), path: path.to_owned(), file })
    }

    fn write(&self) -> anyhow::Result<()> {
        let record = self.trace.record();
        if record.lost > 0 {
            let (path, lost) = (self.path.display(), record.lost);
            tell(&format!(
                "note: {path} ends early: {} steps were noted, and there was no room for {lost} more",
                Self::PLACES
            ));
        }
        let mut file = BufWriter::new(&self.file);
        serde_json::to_writer(&mut file, &record)?;
        Ok(file.flush()?)
    }
}

fn hint(address: SocketAddr, wire: Wire) {
    let (ip, port) = (address.ip(), address.port());
    let command = match wire {
        Wire::JsonLines => format!(
            "printf '{{\"RequestWork\":{{\"request_message\":\"echo\",\"parameter\":\"hi\",\"sender_timestamp\":\"1\"}}}}\\n' \
             | nc -N {ip} {port}"
        ),
        Wire::Http => format!("curl -i http://{address}/echo/hi"),
    };
    eprintln!("\nTalk to it from another terminal:\n\n  {command}\n\nCtrl-C stops it.");
}
