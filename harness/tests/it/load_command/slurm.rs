//! Workers that a real Slurm starts: a controller and two nodes on this machine, with a key, ports and folders of the test's
//! own. Skipped by name where no Slurm is, or where nobody may start it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use servers::protocol::Wire;
use tempfile::TempDir;

use crate::common::home::{AS_WORKER, Ended};
use crate::common::own_server::serve;
use crate::common::started::Killed;
use crate::common::{LONGEST_WAIT, text, within};
use crate::load_command::{Findings, load};
use crate::skipped::skipped;

const MUNGED: &str = "/usr/sbin/munged";
const CONTROLLER: &str = "/usr/sbin/slurmctld";
const NODE: &str = "/usr/sbin/slurmd";
const SRUN: &str = "/usr/bin/srun";

/// A controller and its nodes. They end when dropped, the controller last.
struct Slurm {
    folder: TempDir,
    daemons: Vec<Killed>,
}

impl Slurm {
    /// Nothing, which is said, where there is none here.
    fn start() -> Option<Slurm> {
        let missing = [MUNGED, CONTROLLER, NODE, SRUN].into_iter().find(|program| !Path::new(program).exists());
        if let Some(program) = missing {
            skipped(format_args!("no {program}"));
            return None;
        }
        if !rustix::process::geteuid().is_root() {
            skipped("only root may start the daemons of Slurm");
            return None;
        }
        let mut slurm = Slurm { folder: tempfile::tempdir().unwrap(), daemons: Vec::new() };
        fs::set_permissions(slurm.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        slurm.start_munged();
        let conf = slurm.configure();
        slurm.begin(Command::new(CONTROLLER).args(["-D", "-f", &conf]));
        for node in ["gen-a", "gen-b"] {
            slurm.begin(Command::new(NODE).args(["-D", "-N", node, "-f", &conf]));
        }
        let idle = || {
            let states = Command::new("sinfo").args(["-h", "-N", "-o", "%T"]).env("SLURM_CONF", &conf).output();
            states.is_ok_and(|states| text(&states.stdout) == "idle\nidle\n")
        };
        assert!(within(LONGEST_WAIT, idle), "two nodes can't be had: {}", slurm.log());
        Some(slurm)
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn begin(&mut self, command: &mut Command) {
        let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.daemons.push(Killed(silent.spawn().unwrap()));
    }

    /// Who vouches for who is who: with a key that is nobody else's.
    fn start_munged(&mut self) {
        fs::write(self.at("key"), [7; 128]).unwrap();
        fs::set_permissions(self.at("key"), fs::Permissions::from_mode(0o600)).unwrap();
        let options = [("socket", "munge"), ("key-file", "key"), ("log-file", "munge.log"), ("pid-file", "munge.pid")];
        let options = options.iter().chain([&("seed-file", "munge.seed")]);
        let options: Vec<String> = options.map(|(option, name)| format!("--{option}={}", self.at(name))).collect();
        // It minds folders that others may write to, as the one for temporary files is.
        self.begin(Command::new(MUNGED).args(["--foreground", "--force"]).args(options));
        let socket = self.at("munge");
        assert!(within(LONGEST_WAIT, || Path::new(&socket).exists()), "munged does not listen");
    }

    fn configure(&self) -> String {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let ports = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [controller, first, second] = ports.map(|port| port.local_addr().unwrap().port());
        let conf = format!(
            "ClusterName=test\nSlurmctldHost={host}(127.0.0.1)\nSlurmctldPort={controller}\nSlurmUser=root\n\
             AuthType=auth/munge\nAuthInfo=socket={}\nStateSaveLocation={}\nSlurmdSpoolDir={}\nSlurmctldPidFile={}\n\
             SlurmdPidFile={}\nSlurmctldLogFile={}\nSlurmdLogFile={}\nProctrackType=proctrack/linuxproc\n\
             TaskPlugin=task/none\nMpiDefault=none\nSelectType=select/cons_tres\nSlurmdParameters=config_overrides\n\
             NodeName=gen-a NodeHostname={host} NodeAddr=127.0.0.1 Port={first} CPUs=2\n\
             NodeName=gen-b NodeHostname={host} NodeAddr=127.0.0.1 Port={second} CPUs=2\n\
             PartitionName=all Nodes=ALL Default=YES State=UP\n",
            self.at("munge"),
            self.at("state"),
            self.at("spool.%n"),
            self.at("controller.pid"),
            self.at("node.%n.pid"),
            self.at("controller.log"),
            self.at("node.%n.log"),
        );
        for folder in ["state", "spool.gen-a", "spool.gen-b"] {
            fs::create_dir(self.at(folder)).unwrap();
        }
        let file = self.at("slurm.conf");
        fs::write(&file, conf).unwrap();
        file
    }

    fn log(&self) -> String {
        let logs = ["munge.log", "controller.log", "node.gen-a.log"].map(|log| fs::read_to_string(self.at(log)));
        logs.into_iter().flatten().collect()
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        while self.daemons.pop().is_some() {}
    }
}

#[test]
fn workers_that_slurm_starts_send_the_load() {
    let Some(slurm) = Slurm::start() else { return };
    let server = serve("async-single", Wire::JsonLines);
    let target = server.address.to_string();
    let asked = [&target, "--rate", "500", "--duration", "1s", "--format", "json"];
    let from = ["gen-a", "gen-b"].map(|node| format!("srun --ntasks=1 --nodelist={node}"));
    let from = ["--load-from", &from[0], "--load-from", &from[1]];
    let mut command = load(&[&asked[..], &AS_WORKER, &from].concat());
    let found = Findings::read(Ended::of(command.env("SLURM_CONF", slurm.at("slurm.conf"))));
    assert!(found.ledger("scheduled") > 350 && found.ledger("ok") == found.ledger("scheduled"), "{}", found.json);
    let workers = found.json["workers"].as_array().unwrap();
    assert_eq!(workers.len(), 2);
    for (worker, node) in workers.iter().zip(["gen-a", "gen-b"]) {
        assert!(worker["command"].as_str().unwrap().ends_with(node) && worker["lost"].is_null(), "{worker}");
    }
}
