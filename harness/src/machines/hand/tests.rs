//! A worker that can't be started, and one that is started anew.

use rustix::io::Errno;

use super::*;

#[test]
fn a_command_that_is_one_too_many_is_told_from_one_that_is_wrong() {
    let said = |errno: Errno| WorkerProblem::NotStarted(io::Error::from(errno)).to_string();
    assert!(said(Errno::MFILE).ends_with("raise the limit with 'ulimit -n'"), "{}", said(Errno::MFILE));
    assert!(said(Errno::AGAIN).ends_with("raise the limit with 'ulimit -u'"), "{}", said(Errno::AGAIN));
    assert!(said(Errno::NOENT).ends_with("as in 'ssh HOST'"), "{}", said(Errno::NOENT));
}

/// One that says hello and no more.
fn greeter(host: &str) -> WorkerCommand {
    let hello = Hello { host: host.to_owned(), ..Hello::of_this_side("", None, vec![0], None) };
    WorkerCommand { text: host.to_owned(), ..saying(&FromWorker::Hello(Box::new(hello))) }
}

fn saying(message: &FromWorker) -> WorkerCommand {
    let line = serde_json::to_string(message).unwrap().replace('"', "\\\"");
    let words = ["sh".to_owned(), "-c".to_owned(), format!("echo \"{line}\"; cat >/dev/null")].to_vec();
    WorkerCommand { text: String::new(), words }
}

#[test]
fn of_its_trouble_as_much_is_kept_whether_it_was_waited_for_or_not() {
    let (own, never) = (Hello::of_this_side("", None, vec![0], None), AtomicBool::new(false));
    let command = saying(&FromWorker::Error(Trouble::own("x".repeat(5_000))));
    let waited = Hand::start(&command, &own).unwrap().hear(Duration::from_secs(20), &never).unwrap_err();
    let mut hand = Hand::start(&command, &own).unwrap();
    let looked = std::iter::repeat_with(|| hand.has_heard()).flatten().next().unwrap().unwrap_err();
    assert_eq!([waited, looked].map(|problem| problem.to_string().len()), [1_000; 2]);
}

#[test]
fn a_worker_that_is_started_anew_elsewhere_is_refused_again_and_again() {
    let (own, never) = (Hello::of_this_side("", None, vec![0], None), AtomicBool::new(false));
    let mut first = Hand::start(&greeter("gen-a"), &own).unwrap();
    assert_eq!(first.hello(&never).unwrap().host, "gen-a");
    let mut same = first.anew(&greeter("gen-a"), &own).unwrap();
    assert_eq!(same.hello(&never).unwrap().host, "gen-a");
    let mut elsewhere = same.anew(&greeter("gen-b"), &own).unwrap();
    let said = elsewhere.hello(&never).unwrap_err().to_string();
    assert!(said.contains("host: gen-a before, now gen-b"), "{said}");
    let mut still = elsewhere.anew(&greeter("gen-b"), &own).unwrap();
    assert!(matches!(still.hello(&never), Err(WorkerProblem::Another(_))), "it was refused once");
}
