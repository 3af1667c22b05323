//! Programs that take a server's command line and behave otherwise than a server.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// The shell script's beginning that says a true handshake. `$nonce` is what it was given.
pub(crate) const HANDSHAKE: &str = r#"
while [ "$1" != --nonce ]; do shift; done
nonce=$2
echo '{"address":"127.0.0.1:1","pid":'$$',"nonce":"'$nonce'","model":"fake"}'
"#;

/// A script that lies in a folder of its own as long as this is there.
pub(crate) struct Fake {
    pub(crate) path: PathBuf,
    _folder: TempDir,
}

impl Fake {
    pub(crate) fn new(script: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("fake");
        // Written by a process of its own: a descriptor of ours that is open for writing could be inherited by a child
        // that another test forks at this moment, and the script could then not be executed.
        let written = Command::new("sh")
            .args(["-c", r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod +x "$0""#])
            .arg(&path)
            .arg(script)
            .status();
        assert!(written.unwrap().success());
        Self { path, _folder: folder }
    }
}
