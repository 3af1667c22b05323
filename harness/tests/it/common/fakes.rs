//! Programs that take a server's command line and behave otherwise than a server.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::common::write_executable;

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
        write_executable(&path, &format!("#!/bin/sh\n{script}\n"));
        Self { path, _folder: folder }
    }
}
