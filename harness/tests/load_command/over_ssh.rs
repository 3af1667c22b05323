//! Workers at the other end of a real ssh: a server of it on loopback, with keys that are made for the test. Skipped by name
//! where there is none.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use servers::protocol::Wire;

use crate::common::{LONGEST_WAIT, within};
use crate::{Findings, serve};

const SSHD: &str = "/usr/sbin/sshd";

/// It ends when dropped.
struct Sshd(Child);

impl Sshd {
    fn start(folder: &Path, port: u16) -> Sshd {
        for key in ["host", "user"] {
            let made =
                Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(key)).status();
            assert!(made.unwrap().success());
        }
        fs::copy(folder.join("user.pub"), folder.join("authorized")).unwrap();
        let at = |name: &str| folder.join(name).display().to_string();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nPidFile none\n\
             PasswordAuthentication no\nPermitRootLogin prohibit-password\nUsePAM no\n",
            at("host"),
            at("authorized")
        );
        fs::write(folder.join("config"), config).unwrap();
        // Where root runs it, it wants a folder that its service would have made.
        let _ = fs::create_dir_all("/run/sshd");
        let mut command = Command::new(SSHD);
        command.args(["-D", "-f"]).arg(folder.join("config")).stdin(Stdio::null()).stderr(Stdio::null());
        Sshd(command.spawn().unwrap())
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn workers_at_the_other_end_of_ssh_send_the_load() {
    if !Path::new(SSHD).exists() {
        eprintln!("skipped: no {SSHD}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _sshd = Sshd::start(folder.path(), port);
    let ssh = format!(
        "ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i {} -p {port} 127.0.0.1",
        folder.path().join("user").display()
    );
    let works = || {
        let mut words = ssh.split(' ');
        let mut command = Command::new(words.next().unwrap());
        command.args(words).arg("true").stdin(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    assert!(within(LONGEST_WAIT, works), "there is no way in");
    let server = serve("async-single", Wire::JsonLines);
    let asked = ["--rate", "500", "--duration", "1s", "--worker-program", env!("CARGO_BIN_EXE_harness")];
    let found = Findings::of(server.address, &[&asked[..], &["--load-from", &ssh, "--load-from", &ssh]].concat());
    assert!(found.ledger("scheduled") > 350 && found.ledger("ok") == found.ledger("scheduled"), "{}", found.json);
    assert_eq!(found.json["workers"].as_array().unwrap().len(), 2);
}
