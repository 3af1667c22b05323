//! Holds an exercise against the harness: starts its server, has the harness ask it, and says what was seen and what to think
//! about. `./check` calls it.
//!
//! Read `exercises.rs` (what must hold, a function each), then `stage.rs` (the server, and what the harness saw of it);
//! `drip.rs` has clients that never end a request. What decides are counts and lower bounds of time, which a busy machine
//! does not change. Must not know: the solutions.

mod drip;
mod exercises;
mod stage;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use exercises::{EXERCISES, Exercise};
use stage::{CheckError, ServerUnderCheck};

const USAGE: &str = "check NAME, or check NAME --solution to see what a right one gets";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (name, is_solution) = match words[..] {
        [] => return list(),
        [name] if !name.starts_with('-') => (name, false),
        [name, "--solution"] => (name, true),
        _ => return trouble(&format!("this is not understood; type {USAGE}")),
    };
    let Some(exercise) = EXERCISES.iter().find(|exercise| exercise.name == name) else {
        return trouble(&format!("no exercise is called {name}; ./check lists them"));
    };
    match checked(exercise, is_solution) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(CheckError::Hindered(why)) => trouble(&why),
        Err(CheckError::ServerEnded(_)) => ExitCode::from(1),
    }
}

fn list() -> ExitCode {
    for Exercise { name, task, .. } in EXERCISES {
        println!("{name:20}  {task}");
    }
    println!("\nRead the top of NAME/src/main.rs, then type ./check NAME.");
    ExitCode::SUCCESS
}

/// Says what hinders the check, which is no answer to the exercise.
fn trouble(what: &str) -> ExitCode {
    eprintln!("error: {what}");
    ExitCode::from(2)
}

/// Builds, starts and checks; whether all holds.
fn checked(exercise: &Exercise, is_solution: bool) -> Result<bool, CheckError> {
    let stage = ServerUnderCheck::set(&built(exercise.name, is_solution)?)?;
    let mut findings = (exercise.check)(&stage).inspect_err(|why| tell_of_end(why, &stage))?;
    // A server that stands still would be asked for minutes.
    if findings.iter().all(|finding| finding.holds) {
        findings.push(stage.protocol()?);
    }
    for finding in &findings {
        let mark = if finding.holds { "holds  " } else { "NOT YET" };
        println!("{mark}  {}\n         Seen: {}", finding.fact, finding.seen);
        if !finding.holds {
            println!("         Think: {}", finding.think);
        }
    }
    let missing = findings.iter().filter(|finding| !finding.holds).count();
    let said = stage.said();
    if missing > 0 && !said.is_empty() {
        println!("\nThe server's first lines on stderr:\n{said}");
    }
    match (missing, is_solution) {
        (0, false) => {
            println!("\nAll of it holds. Compare yours with solutions/{}.rs, then: {}", exercise.name, exercise.next)
        }
        (0, true) => println!("\nAll of it holds."),
        (_, false) => {
            println!("\n{missing} of {} to go. Change {}/src/main.rs and check again.", findings.len(), exercise.name)
        }
        (_, true) => println!("\nThe solution does not hold here. Is the machine very busy? Then check again."),
    }
    Ok(missing == 0)
}

/// What a learner is told where the server has ended.
fn tell_of_end(why: &CheckError, stage: &ServerUnderCheck) {
    if let CheckError::ServerEnded(status) = why {
        println!("NOT YET  The server lives on.\n         Seen: it ended, {status}");
        println!("         Think: what ends a whole process, and what only a thread or a task?\n{}", stage.said());
    }
}

/// The program of an exercise, built anew. It lies beside this one.
fn built(name: &str, is_solution: bool) -> Result<PathBuf, CheckError> {
    let (package, program) =
        if is_solution { ("solutions", format!("{name}-solution")) } else { (name, name.to_owned()) };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--locked", "--package", package, "--bin", &program]).current_dir(folder);
    if !build.status().map_err(|error| CheckError::new("cargo can't be started", &error))?.success() {
        return Err(CheckError::Hindered("it does not compile yet; cargo says above why not".into()));
    }
    let own =
        std::env::current_exe().map_err(|error| CheckError::new("the place of this program is not known", &error))?;
    Ok(own.with_file_name(program))
}
