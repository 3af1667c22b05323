//! Another build of the harness whose servers are compared with ours: whether it is one, and which.

use std::path::Path;
use std::process::{Command, Stdio};

use reports::record::OtherBuild;
use sha2::{Digest, Sha256};

use crate::plan::PlanError;
use crate::process::{Launch, READINESS_DEADLINE, launch_program};

/// Looks at the other build, and starts and stops a server with it.
///
/// # Errors
/// Where the file can't be read, is no harness, or its servers can't be started as ours are.
pub(super) fn other_build(path: &Path) -> Result<OtherBuild, PlanError> {
    let shown = path.display();
    let remedy = "give the harness binary of another build, such as target/release/harness of another checkout";
    let refuse = |reason: String| PlanError::Usage(format!("--against {shown}: {reason}; {remedy}"));
    // A path, not a name that is looked for elsewhere.
    let path = path.canonicalize().map_err(|error| refuse(error.to_string()))?;
    let file = std::fs::read(&path).map_err(|error| refuse(error.to_string()))?;
    let said = Command::new(&path).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    let said = said.map_err(|error| refuse(error.to_string()))?;
    let version = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    if !said.status.success() || !version.starts_with(concat!(env!("CARGO_PKG_NAME"), " ")) {
        return Err(refuse("it is no harness: it does not say so when asked for its version".to_owned()));
    }
    let trial = Launch {
        contender: "sequential",
        cpus: &[],
        readiness_deadline: READINESS_DEADLINE,
        spin_rate: Some(1),
        wire: None,
    };
    let server = launch_program(&path, &trial);
    server.map_err(|error| refuse(format!("its servers can't be started: {}", error.failure)))?.stop();
    let sha256 = Sha256::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(OtherBuild { path: path.display().to_string(), version, sha256 })
}
