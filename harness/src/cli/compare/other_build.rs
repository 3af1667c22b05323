//! `--against`: another build of the harness, whose servers run beside ours.
//!
//! Nothing that a saved run names is executed: its build has to be typed again, and to be the very file that it was before
//! any of it runs. Beside it: `resume.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reports::record::OtherBuild;

use crate::cli::output::usage;
use crate::plan::PlanError;
use crate::process::{HeldProgram, Launch, answer_of, launch_program};

/// Looks at the other build that was typed, and starts and stops a server with it.
///
/// # Errors
/// Where the file can't be read, is no harness, or its servers can't be started as ours are.
pub(super) fn other_build(path: &Path) -> Result<OtherBuild, PlanError> {
    FoundBuild::at(path)?.tried()
}

/// The build that a saved run was compared with, which has to be `typed` again. Where it `must_be_the_same`, its bytes are
/// compared before it is executed.
///
/// # Errors
/// As [`other_build`]; where it was not typed, or was and the run had none, or is another file.
pub(super) fn build_of_saved(
    saved: Option<&OtherBuild>,
    typed: Option<&Path>,
    must_be_the_same: bool,
) -> Result<Option<OtherBuild>, PlanError> {
    match (saved, typed) {
        (None, None) => Ok(None),
        (None, Some(_)) => usage("--against: that run compared with no other build; leave it out, or make a new run"),
        (Some(saved), None) => usage(format!(
            "that run compared with another build, and no program is executed because a run's folder names it; type it \
             again, --against {:?}, if you trust it",
            saved.path
        )),
        (Some(saved), Some(typed)) => {
            let found = FoundBuild::at(typed)?;
            if must_be_the_same && found.held.sha256() != saved.sha256 {
                let (now, then) = (&found.held.sha256()[..12], saved.sha256.get(..12).unwrap_or_default());
                let why = format!("it is not the build that the run compared with ({now}..., then {then}...)");
                return Err(found.refuse(&why));
            }
            found.tried().map(Some)
        }
    }
}

/// A file that may be a build, of which nothing was executed yet.
struct FoundBuild {
    path: PathBuf,
    held: HeldProgram,
}

impl FoundBuild {
    fn at(path: &Path) -> Result<FoundBuild, PlanError> {
        // A path, not a name that is looked for elsewhere.
        let found = path.canonicalize().and_then(|path| HeldProgram::open(&path).map(|held| FoundBuild { path, held }));
        found.map_err(|error| refusal(path, &error.to_string()))
    }

    fn refuse(&self, reason: &str) -> PlanError {
        refusal(&self.path, reason)
    }

    /// Executes it: it says who it is and what it is made of, and serves.
    fn tried(self) -> Result<OtherBuild, PlanError> {
        let program = self.held.path().map_err(|error| self.refuse(&error.to_string()))?;
        let said = answer_of(&program, &["--version"]).map_err(|error| self.refuse(&error.to_string()))?;
        let is_harness = |said: &String| said.starts_with(concat!(env!("CARGO_PKG_NAME"), " "));
        let Some(version) = said.filter(is_harness) else {
            return Err(self.refuse("it is not a harness: it does not say so when asked for its version"));
        };
        let trial = Launch { spin_rate: Some(1), ..Launch::new("sequential") };
        let server = launch_program(&program, &trial);
        server.map_err(|error| self.refuse(&format!("its servers can't be started: {}", error.failure)))?.stop();
        Ok(OtherBuild {
            built_with: built_with(&program),
            path: self.path.display().to_string(),
            version: version.trim().to_owned(),
            sha256: self.held.sha256().to_owned(),
        })
    }
}

fn refusal(path: &Path, reason: &str) -> PlanError {
    let remedy = "give the harness binary of another build, such as target/release/harness of another checkout";
    PlanError::Usage(format!("--against {}: {reason}; {remedy}", path.display()))
}

/// What another build says that it is built with. One that was made before builds could tell says nothing.
fn built_with(program: &Path) -> BTreeMap<String, String> {
    let list = answer_of(program, &["list", "--format", "json"]).ok().flatten();
    let list = list.and_then(|list| serde_json::from_str::<serde_json::Value>(&list).ok());
    let told = list.and_then(|list| serde_json::from_value(list.get("built_with")?.clone()).ok());
    told.unwrap_or_default()
}
