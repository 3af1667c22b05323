//! The command line: what was typed becomes a plan, and how it came out becomes an exit code.
//!
//! Data goes to stdout, messages and progress to stderr. The structs in here are never saved.

mod busy;
mod capacity;
mod check;
mod compare;
mod contenders;
mod diff;
mod doctor;
mod ending;
mod forecast;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod lesson;
mod limits;
mod list;
mod live;
mod load;
mod machines;
mod map;
mod microcosts;
mod new_run;
mod output;
mod own_children;
mod progress;
mod protagonists;
mod publish;
mod report;
#[cfg(test)]
mod schemas;
mod selftest;
mod serve;
mod servers;
mod shell;
mod summary;
mod target;
mod trace;
mod under_way;
mod watch;
mod worker;
mod workshop;

use std::process::ExitCode;

use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};
use instruments::allocator::VERSION;

use self::shell::{NotParsed, colour};
use crate::process::bear_own_name;

/// Settle "tokio or OS threads?" with evidence.
#[derive(Debug, Parser)]
#[command(name = "harness", version = VERSION, arg_required_else_help = true, max_term_width = 100, after_help = next())]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The exit codes, and where to begin.
fn next() -> String {
    let codes = ending::EXIT_CODES.iter().map(|(codes, meaning)| format!("{codes} {meaning}"));
    format!("Exit codes: {}\n\nTo begin: harness compare", codes.collect::<Vec<_>>().join(", "))
}

/// What each does is said where its arguments are, and shown in this order.
#[derive(Debug, Subcommand)]
enum Command {
    Compare(compare::CompareArgs),
    Capacity(capacity::CapacityArgs),
    Map(map::MapArgs),
    Publish(publish::PublishArgs),
    Report(report::ReportArgs),
    Diff(diff::DiffArgs),
    Lesson(lesson::LessonArgs),
    Load(load::LoadArgs),
    Check(check::CheckArgs),
    List(list::ListArgs),
    Microcosts(microcosts::MicrocostsArgs),
    Serve(serve::ServeArgs),
    Trace(trace::TraceArgs),
    Watch(watch::WatchArgs),
    Doctor(doctor::DoctorArgs),
    Workshop(workshop::WorkshopArgs),
    Selftest(selftest::SelftestArgs),
    Init(shell::init::InitArgs),
    Completions(shell::completions::CompletionsArgs),
    #[command(hide = true)]
    Man(shell::man::ManArgs),
    Worker(worker::WorkerArgs),
    #[command(hide = true)]
    Subject(own_children::SubjectArgs),
    #[command(hide = true)]
    Become(own_children::BecomeArgs),
    #[command(hide = true)]
    Guard(own_children::GuardArgs),
}

/// The definitions of all commands, as people meet them.
fn definition() -> clap::Command {
    shell::whole(Cli::command())
}

/// The same, with all that follows from them.
#[cfg(any(test, fuzzing))]
fn built_definition() -> clap::Command {
    let mut definition = definition();
    definition.build();
    definition
}

/// Parses the command line, does what it says, and tells how it came out.
pub fn main() -> ExitCode {
    bear_own_name();
    output::outlive_file_limit();
    let parsed = shell::parsed(Cli::command(), std::env::args_os().collect());
    let done = match parsed {
        Ok(matches) => match Cli::from_arg_matches(&matches) {
            Ok(Cli { command }) => carry_out(command, colour::chosen(&matches)),
            Err(error) => error.exit(),
        },
        Err(NotParsed::Typed(mistake)) => return mistake.answer(),
        Err(NotParsed::Settings(error)) => Err(error.into()),
    };
    done.unwrap_or_else(|error| {
        output::tell(&format!("error: {}", ending::sentence(&error)));
        ending::code_of(&error)
    })
}

fn carry_out(command: Command, colours: ColorChoice) -> anyhow::Result<ExitCode> {
    match command {
        Command::Compare(args) => compare::run(args),
        Command::Capacity(args) => capacity::run(args),
        Command::Map(args) => map::run(args),
        Command::Publish(args) => publish::run(args),
        Command::Report(args) => report::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Lesson(args) => lesson::run(args),
        Command::Load(args) => load::run(args),
        Command::Check(args) => check::run(args),
        Command::List(args) => list::run(args),
        Command::Microcosts(args) => microcosts::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Trace(args) => trace::run(args),
        Command::Watch(args) => watch::run(args, colours),
        Command::Doctor(args) => doctor::run(&args),
        Command::Workshop(args) => workshop::run(args),
        Command::Selftest(args) => selftest::run(args),
        Command::Init(args) => shell::init::run(&args, definition()),
        Command::Completions(args) => shell::completions::run(&args, definition()),
        Command::Man(args) => shell::man::run(&args, definition()),
        Command::Worker(args) => worker::run(&args),
        Command::Subject(args) => own_children::be_subject(args),
        Command::Become(args) => own_children::become_program(args),
        Command::Guard(args) => own_children::guard(&args),
    }
}
