//! `--server NAME='COMMAND'`, `--wire` and `--path`: programs of another hand beside or instead of our models, as they are
//! typed for every command that compares.
//!
//! Beside it: `contenders.rs`, the list of models; `process/command.rs`, which starts a program.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use instruments::backend::{Backend, Promptness};
use instruments::load::{HeldConnections, LoadError, PageRequest, Work};
use instruments::observe::allowed_cpus;
use reports::format::list;
use servers::MODELS;
use servers::protocol::Wire;

use super::output::usage;
use super::target::check_path;
use crate::plan::{AskedFor, PlanError, ServerCommand};
use crate::process::{ADDRESS, CommandLaunch, PORT, launch_command};
use crate::run::Interrupt;

/// What was typed of programs of another hand.
#[derive(Debug, clap::Args)]
pub(super) struct ServerArgs {
    /// A server program of your own, beside the --models or, without any, instead of all models; can be repeated. In the
    /// command {port} and {address} are filled in, PORT is in its environment, and no shell reads it; the report shows
    /// the VERSION
    #[arg(long = "server", value_name = "NAME[@VERSION]=COMMAND", value_parser = command)]
    servers: Vec<ServerCommand>,

    /// What these programs speak: json, our own protocol (docs/protocol.md), or http, which needs a --path
    #[arg(long, value_name = "json|http")]
    wire: Option<Wire>,

    /// Page to ask every server for with GET, in place of an echo
    #[arg(long, value_name = "/PATH")]
    path: Option<String>,
}

/// Programs of another hand, and what is asked of everybody.
#[derive(Debug, Default)]
pub(super) struct Servers {
    pub(super) commands: Vec<ServerCommand>,
    /// In place of work.
    pub(super) page: Option<PageRequest>,
    /// The CPUs of the machine that has the servers, where that is another one.
    pub(super) host_cpus: Option<Vec<u32>>,
}

impl ServerArgs {
    /// Holds what was typed against itself, and looks for the programs.
    ///
    /// # Errors
    /// Where it contradicts itself, a name is taken, or there is no such program.
    pub(super) fn resolve(&self) -> Result<Servers, PlanError> {
        for (place, command) in self.servers.iter().enumerate() {
            let name = &command.name;
            if self.servers[..place].iter().any(|other| other.name == *name) {
                return usage(format!("--server {name} is given twice; give each server a name of its own"));
            }
            if MODELS.iter().any(|model| model.name == name) {
                return usage(format!("{name} is the name of a model; give --server another, as in my-{name}"));
            }
            find_program(&format!("--server {name}"), &command.words)?;
        }
        Ok(Servers { commands: self.servers.clone(), page: self.page()?, host_cpus: None })
    }

    /// Nothing was typed that is fixed in a saved run.
    ///
    /// # Errors
    /// Where something was.
    pub(super) fn check_no_page(&self) -> Result<(), PlanError> {
        match (self.wire, &self.path) {
            (None, None) => Ok(()),
            _ => usage("the saved run says what to ask for; leave out --wire and --path"),
        }
    }

    fn page(&self) -> Result<Option<PageRequest>, PlanError> {
        match (self.wire, &self.path) {
            (Some(Wire::JsonLines), Some(_)) => {
                usage("--path is a page of an HTTP server, and --wire json is not HTTP; leave out one of them")
            }
            (Some(Wire::Http), None) => {
                usage("--wire http needs a page to ask for; give --path /, or another that every server has")
            }
            (_, Some(path)) => {
                check_path(path)?;
                Ok(Some(PageRequest::get(path)))
            }
            (_, None) => Ok(None),
        }
    }
}

impl Servers {
    /// The CPUs that are divided between servers and whoever watches or loads them.
    ///
    /// # Errors
    /// Where the kernel does not tell.
    pub(super) fn cpus(&self) -> io::Result<Vec<u32>> {
        self.host_cpus.clone().map_or_else(allowed_cpus, Ok)
    }

    /// Starts each program once and asks it once, and then for each kind of work that `asked_for` says of it by name, so that a
    /// run does not begin with one that can't serve.
    ///
    /// # Errors
    /// Where one does not start, or a reply is not right; with the end of its standard error.
    pub(super) fn try_out(
        &self,
        cpus: &[u32],
        interrupt: &Interrupt,
        asked_for: impl Fn(&str) -> Vec<AskedFor>,
    ) -> anyhow::Result<()> {
        for command in &self.commands {
            let parts = asked_for(&command.name);
            let Some(tried) = self.tried(command, &parts, cpus, interrupt)? else {
                // What follows ends as any run that is interrupted.
                return Ok(());
            };
            let complaint = if !tried.is_serving {
                self.no_reply(command)
            } else if !tried.wrong.is_empty() {
                lacking(command, &parts, &tried.wrong)
            } else {
                continue;
            };
            let said = match tried.stderr_tail.trim() {
                "" => String::new(),
                tail => format!("; its standard error ends with: {tail}"),
            };
            return usage(format!("--server {}: it runs, but {complaint}{said}", command.name));
        }
        Ok(())
    }

    /// Nothing where a signal came. A server that no longer gives the first reply, or never did, is asked for nothing else.
    fn tried<'a>(
        &self,
        command: &ServerCommand,
        parts: &'a [AskedFor],
        cpus: &[u32],
        interrupt: &Interrupt,
    ) -> anyhow::Result<Option<Tried<'a>>> {
        let kinds: BTreeMap<&str, &Work> =
            parts.iter().flat_map(|part| &part.kinds).map(|(kind, work)| (kind.as_str(), work)).collect();
        let calls = kinds.values().any(|work| work.calls_backend());
        let backend = calls.then(|| Backend::start(Promptness::Sleeps)).transpose();
        let backend = backend.context("the backend for call requests can't be started")?;
        let backend = backend.as_ref().map(Backend::address);
        let launch = CommandLaunch::new(&command.name, &command.words, interrupt.flag());
        let launched = launch_command(&CommandLaunch { cpus, backend, ..launch });
        if interrupt.is_set() {
            return Ok(None);
        }
        let server = launched.map_err(|error| PlanError::Usage(format!("--server {error}")))?;
        let answers = |work: &Work| is_answered(server.address(), work, interrupt);
        let first = self.first_request();
        let is_serving = answers(&first)?;
        let mut wrong = Vec::new();
        for (kind, work) in kinds.into_iter().filter(|_| is_serving) {
            if !answers(work)? {
                wrong.push((kind, work.clone()));
                if !answers(&first)? {
                    break;
                }
            }
        }
        let tried = Tried { is_serving, wrong, stderr_tail: server.stop().stderr_tail };
        Ok((!interrupt.is_set()).then_some(tried))
    }

    /// What everybody must have a right reply to.
    fn first_request(&self) -> Work {
        self.page.clone().map_or_else(|| Work::new("echo", "hi"), Work::Page)
    }

    /// Why it can't take part in anything.
    fn no_reply(&self, command: &ServerCommand) -> String {
        let hint = match &self.page {
            Some(page) => format!("see what it says to curl http://{ADDRESS}{}", page.path),
            None => check_says(command),
        };
        format!("its reply to {} is not right; {hint}", self.first_request())
    }
}

/// What came of a program that was tried out.
struct Tried<'a> {
    /// Whether its first reply was right.
    is_serving: bool,
    /// The kinds of work to which its replies are wrong, each with the request.
    wrong: Vec<(&'a str, Work)>,
    /// The end of its standard error.
    stderr_tail: String,
}

/// Whether a request gets a right reply, on a connection of its own.
fn is_answered(server: SocketAddr, work: &Work, interrupt: &Interrupt) -> Result<bool, LoadError> {
    let mut held = HeldConnections::new(server, work, interrupt.flag())?;
    held.grow_to(1, REPLY_TIMEOUT)?;
    Ok(held.ask_each(REPLY_TIMEOUT + work.lasts())? > 0)
}

/// Which experiments a server can't be in, since its replies to these kinds of work are wrong, and how it is compared in others.
fn lacking(command: &ServerCommand, parts: &[AskedFor], wrong: &[(&str, Work)]) -> String {
    let needs_one = |part: &&AskedFor| wrong.iter().any(|(kind, _)| part.kinds.contains_key(*kind));
    let (without, others): (Vec<&AskedFor>, Vec<&AskedFor>) = parts.iter().partition(needs_one);
    let names = |parts: Vec<&AskedFor>| parts.iter().map(|part| part.experiment).collect::<Vec<&str>>();
    let remedy = match &names(others)[..] {
        [] => "ask for other work".to_owned(),
        others => format!("it can be in a new run with --experiments {}", others.join(",")),
    };
    let wrong: Vec<String> = wrong.iter().map(|(_, work)| format!("its reply to {work}")).collect();
    let are = if wrong.len() > 1 { "are" } else { "is" };
    format!(
        "it can't be in {}: {} {are} not right; {remedy}; {}",
        list(names(without)),
        list(wrong),
        check_says(command)
    )
}

fn check_says(command: &ServerCommand) -> String {
    format!("harness check --server '{}' says what is wrong", command.text)
}

/// How long a program that listens may take for a reply, beyond what the work lasts.
const REPLY_TIMEOUT: Duration = Duration::from_secs(5);

/// As long as a name that tells contenders apart may be.
const LONGEST_NAME: usize = 24;

/// Reads `NAME=COMMAND` or `NAME@VERSION=COMMAND`.
pub(super) fn command(text: &str) -> Result<ServerCommand, String> {
    const SHAPE: &str = "write it as in --server node='node server.js {port}'";
    let (name, command) = text.split_once('=').ok_or_else(|| format!("it has no name; {SHAPE}"))?;
    let (name, version) = match name.split_once('@') {
        Some((name, version)) => (name.trim(), Some(version.trim()).filter(|version| !version.is_empty())),
        None => (name.trim(), None),
    };
    let is_name = (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_name {
        return Err(format!(
            "{name:?} is not a name; it has up to {LONGEST_NAME} letters, digits and hyphens; {SHAPE}"
        ));
    }
    Ok(ServerCommand::new(name, version, command.trim(), words(command)?))
}

/// The program and its arguments, as a shell splits words.
///
/// # Errors
/// Where quotes do not match, there is no word, or braces hold what is not filled in.
pub(super) fn words(command: &str) -> Result<Vec<String>, String> {
    let words = split_words(command)?;
    match words.iter().find_map(|word| unknown_placeholder(word)) {
        Some(unknown) => Err(format!(
            "{unknown} is not filled in; {PORT} and {ADDRESS} are. Double the braces where they are meant to stay"
        )),
        None => Ok(words),
    }
}

/// The same where nothing is filled in.
///
/// # Errors
/// Where quotes do not match, or there is no word.
pub(super) fn split_words(command: &str) -> Result<Vec<String>, String> {
    match shlex::split(command) {
        None => Err("the command ends within a quote or after a backslash; close the quote".to_owned()),
        Some(words) if words.is_empty() => Err("the command is empty; give a program and its arguments".to_owned()),
        Some(words) => Ok(words),
    }
}

/// A word in braces that looks like a placeholder and is none.
fn unknown_placeholder(word: &str) -> Option<String> {
    let mut rest = word;
    while let Some(open) = rest.find('{') {
        let is_doubled = rest[open..].starts_with("{{");
        let inner_at = open + 1 + usize::from(is_doubled);
        let inner: String = rest[inner_at..].chars().take_while(char::is_ascii_lowercase).collect();
        let is_whole = !inner.is_empty() && rest[inner_at + inner.len()..].starts_with('}');
        let placeholder = format!("{{{inner}}}");
        if is_whole && !is_doubled && placeholder != PORT && placeholder != ADDRESS {
            return Some(placeholder);
        }
        rest = &rest[inner_at + inner.len()..];
    }
    None
}

/// Looks for the program as it will be looked for when it is started. `whose` begins the complaint.
///
/// # Errors
/// Where there is none.
pub(super) fn find_program(whose: &str, words: &[String]) -> Result<(), PlanError> {
    let program = words.first().map(String::as_str).unwrap_or_default();
    let is_program =
        |path: &Path| path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    if program.contains('/') {
        return match Path::new(program) {
            path if is_program(path) => Ok(()),
            path if path.exists() => usage(format!("{whose}: {program} can't be executed; check its permissions")),
            _ => usage(format!("{whose}: there is no file {program}; a relative path starts in the current folder")),
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder: PathBuf| is_program(&folder.join(program))) {
        return Ok(());
    }
    usage(format!("{whose}: no program {program:?} is in the PATH; install it, or give its path"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_name_and_a_command() {
        let typed = command("node@v20.20.2=node 'my server.js' {port} --say \"a b\"").unwrap();
        assert_eq!((typed.name.as_str(), typed.version.as_deref()), ("node", Some("v20.20.2")));
        assert_eq!(typed.words, ["node", "my server.js", "{port}", "--say", "a b"]);
        assert_eq!(typed.text, "node 'my server.js' {port} --say \"a b\"");
        let plain = command("a=b --key=value").unwrap();
        assert_eq!((plain.version, plain.words.len()), (None, 2));
    }

    #[test]
    fn what_is_no_server_is_refused_with_what_one_looks_like() {
        let said = |text: &str| command(text).unwrap_err();
        for nameless in ["node server.js", "=node", "two words=node", "über=node", &format!("{}=x", "n".repeat(25))] {
            assert!(said(nameless).contains("--server node='node server.js {port}'"), "{}", said(nameless));
        }
        assert!(said("a=").contains("empty") && said("a=  ").contains("empty"));
        assert!(said("a=sh -c 'x").contains("ends within a quote"));
        assert!(said("a=serve --port {prot}").contains("{prot} is not filled in; {port} and {address} are"));
    }

    #[test]
    fn braces_of_other_languages_are_left_alone() {
        for word in ["{}", "{ port }", "()=>{end()}", "{{prot}}", "{port}{address}", "${HOME}", "{a:1}"] {
            assert_eq!(unknown_placeholder(word), None, "{word}");
        }
        assert_eq!(unknown_placeholder("x{port}{adress}"), Some("{adress}".to_owned()));
    }

    fn args(servers: &[&str], wire: Option<Wire>, path: Option<&str>) -> ServerArgs {
        let servers = servers.iter().map(|text| command(text).unwrap()).collect();
        ServerArgs { servers, wire, path: path.map(str::to_owned) }
    }

    #[test]
    fn what_can_not_be_run_is_refused_before_anything_is() {
        let said = |args: ServerArgs| args.resolve().unwrap_err().to_string();
        assert!(said(args(&["a=sh", "a=sh"], None, None)).contains("is given twice"));
        assert!(said(args(&["threaded=sh"], None, None)).contains("my-threaded"));
        assert!(said(args(&["a=no-such-program-here"], None, None)).contains("in the PATH"));
        assert!(said(args(&["a=./no-such-file"], None, None)).contains("no file ./no-such-file"));
        assert!(said(args(&["a=/etc/passwd"], None, None)).contains("permissions"));
        assert!(said(args(&[], Some(Wire::Http), None)).contains("--path /"));
        assert!(said(args(&[], Some(Wire::JsonLines), Some("/"))).contains("leave out"));
        assert!(said(args(&[], None, Some("x y"))).contains("not a path"));
        let servers = args(&["a=sh"], Some(Wire::Http), Some("/x")).resolve().unwrap();
        assert_eq!((servers.commands.len(), servers.page), (1, Some(PageRequest::get("/x"))));
        assert_eq!(args(&["a=sh"], Some(Wire::JsonLines), None).resolve().unwrap().page, None);
    }
}
