//! Others that use every CPU: they are named before there is any load, the report says it, and no claim rests on what was
//! measured beside them.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread::available_parallelism;

use reports::record::store::Run;
use reports::record::{BusyStart, Warning};
use reports::summary::{ClaimVerdict, summarise};

use crate::common::home::Home;

/// A process per CPU that computes until it is dropped.
struct BusyLoops(Vec<Child>);

impl BusyLoops {
    fn start() -> BusyLoops {
        let one = |_| Command::new("sh").args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn().unwrap();
        BusyLoops((0..available_parallelism().unwrap().get()).map(one).collect())
    }

    /// Whether they are among those that were found. What else uses this machine may be busier and be named first.
    fn are_in(&self, start: &BusyStart) -> bool {
        let is_in = |busy: &Child| start.processes.iter().any(|seen| seen.pid == busy.id() && seen.name == "sh");
        self.0.iter().all(is_in)
    }
}

impl Drop for BusyLoops {
    fn drop(&mut self) {
        for busy in &mut self.0 {
            let _ = busy.kill();
            let _ = busy.wait();
        }
    }
}

/// What was found at the start of a run.
fn starts(run: &Run) -> Vec<&BusyStart> {
    let warnings = run.manifest.warnings.iter();
    warnings.filter_map(|warning| if let Warning::BusyStart(start) = warning { Some(start) } else { None }).collect()
}

#[test]
fn who_uses_the_machine_is_named_first_and_no_claim_rests_on_it() {
    let home = Home::new();
    let busy = BusyLoops::start();
    let arguments = ["--experiments", "churn", "--models", "threaded,async-single,thread-pool:workers=4"];
    let output = home.compared(&[&arguments[..], &["--blocks", "3", "--format", "json"]].concat()).measured();
    let said = &output.stderr;
    let first = said.lines().next().unwrap();
    assert!(first.contains("figures will be doubtful: end them or wait") && first.contains("`ps -o "), "{first}");
    output.json();

    let run = home.run();
    let [start] = &starts(&run)[..] else { panic!("{:?}", run.manifest.warnings) };
    assert!(busy.are_in(start), "{start:?}");
    let words = start.words();
    assert!(first.starts_with(&format!("this machine is busy: others use {words}")), "{words}: {first}");
    let report = std::fs::read_to_string(home.out().join("report.html")).unwrap();
    // Names may hold what the page escapes.
    let (share, _) = words.split_once('(').unwrap();
    assert!(report.contains(&format!("The machine was busy when the run began, and others used {share}")), "{words}");

    let summary = summarise(&run);
    let disturbed = run.cells.iter().filter(|cell| cell.warnings.iter().any(Warning::is_of_the_machine)).count();
    assert_eq!(disturbed, run.cells.len());
    let [claim] = &summary.claims[..] else { panic!("{:?}", summary.claims) };
    assert_eq!(claim.verdict, ClaimVerdict::CannotTell, "{claim:?}");
    let why = ["was disturbed: others used the machine", " is valid: "];
    assert!(why.iter().any(|why| claim.sentence.contains(why)), "{}", claim.sentence);
}

#[test]
fn a_load_names_them_too_and_quiet_says_nothing() {
    let home = Home::new();
    let _busy = BusyLoops::start();
    // Connects, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let load = ["load", &address, "--rate", "10", "--duration", "200ms", "--connections", "1", "--timeout", "100ms"];
    let output = home.ended(&[&load[..], &["--format", "json"]].concat());
    let said = &output.stderr;
    assert!(said.starts_with("this machine is busy: others use ") && said.contains(" them or wait"), "{said}");
    output.json();

    let arguments = ["--experiments", "same-memory", "--models", "async-multi", "--quiet"];
    let output = home.compared(&arguments);
    assert!(!output.stderr.contains("is busy"), "{}", output.stderr);
    assert_eq!(starts(&home.run()).len(), 1);
}
