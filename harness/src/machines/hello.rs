//! Who speaks: program, machine, and what it has. Two sides learn from it whether they speak alike, and what lies between them.
//!
//! Beside it: `message.rs`, the conversation that begins with it.

use instruments::observe;
use reports::record::Machine;
use serde::{Deserialize, Serialize};

/// What is spoken here. It changes where an older side would misunderstand a newer one.
pub(super) const PROTOCOL: u32 = 2;

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Which version of this conversation it speaks.
    pub protocol: u32,
    /// Of this program.
    pub version: String,
    /// SHA-256 of this program's bytes, in hexadecimal; absent where they could not be read.
    pub build: Option<String>,
    /// What the machine calls itself.
    pub host: String,
    /// A reading of the monotonic clock.
    pub clock_ns: i64,
    /// CPUs that it may use.
    pub cpus: u32,
    /// Which CPUs these are.
    #[serde(default)]
    pub cpu_list: Vec<u32>,
    /// Files that it may have open; absent where there is no limit.
    pub open_files: Option<u64>,
    /// Of its kernel; absent where it did not say.
    #[serde(default)]
    pub kernel: Option<String>,
    /// Its machine, as a record has it.
    #[serde(default)]
    pub machine: Option<Machine>,
    /// Names this start of its kernel: who says the same runs on the same one.
    #[serde(default)]
    pub boot: Option<String>,
    /// Names what its process ids are counted in.
    #[serde(default)]
    pub pid_namespace: Option<String>,
    /// Names the network that it sees, and its loopback.
    #[serde(default)]
    pub net_namespace: Option<String>,
}

impl Hello {
    /// Of this program, on this machine.
    pub fn of_this_side(version: &str, build: Option<String>, cpu_list: Vec<u32>, open_files: Option<u64>) -> Hello {
        let names = rustix::system::uname();
        Hello {
            protocol: PROTOCOL,
            version: version.to_owned(),
            build,
            host: names.nodename().to_string_lossy().into_owned(),
            clock_ns: instruments::clock::now_ns().cast_signed(),
            cpus: cpu_list.len().max(1) as u32,
            cpu_list,
            open_files,
            kernel: Some(names.release().to_string_lossy().into_owned()),
            machine: observe::machine().ok(),
            boot: boot(),
            pid_namespace: namespace("pid"),
            net_namespace: namespace("net"),
        }
    }

    /// In what this differs from whoever was there before, as `host: gen-a before, now gen-b`: the first thing that would make
    /// figures of both those of two machines.
    pub(super) fn differs_from(&self, before: &Hello) -> Option<String> {
        let of = |hello: &Hello| {
            let known = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".to_owned());
            let Hello { host, boot, net_namespace, cpu_list, cpus, version, build, .. } = hello;
            [
                ("host", host.clone()),
                ("start of its kernel", known(boot)),
                ("network namespace", known(net_namespace)),
                ("CPUs", cpus.to_string()),
                ("numbers of its CPUs", format!("{cpu_list:?}")),
                ("version", version.clone()),
                ("build", known(build)),
            ]
        };
        let mut pairs = of(before).into_iter().zip(of(self));
        let ((what, before), (_, now)) = pairs.find(|(before, now)| before != now)?;
        Some(format!("{what}: {before} before, now {now}"))
    }

    /// Whether both run on one kernel, as far as they say.
    pub fn is_on_the_kernel_of(&self, other: &Hello) -> bool {
        self.boot.is_some() && self.boot == other.boot
    }

    /// Whether the loopback of one is that of the other.
    pub fn shares_loopback_with(&self, other: &Hello) -> bool {
        self.is_on_the_kernel_of(other) && self.net_namespace.is_some() && self.net_namespace == other.net_namespace
    }

    /// Whether a process id means the same to both.
    pub fn shares_pids_with(&self, other: &Hello) -> bool {
        self.is_on_the_kernel_of(other) && self.pid_namespace.is_some() && self.pid_namespace == other.pid_namespace
    }
}

/// Of this start of the kernel.
fn boot() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

fn namespace(kind: &str) -> Option<String> {
    Some(std::fs::read_link(format!("/proc/self/ns/{kind}")).ok()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_after_is_the_same_machine_with_the_same_program() {
        let own = || Hello::of_this_side("1", Some("ab".to_owned()), vec![0, 1], None);
        let later = Hello { clock_ns: 5, open_files: Some(7), ..own() };
        assert_eq!(later.differs_from(&own()), None, "a clock goes on, and limits are no machine");
        let other = || Some("other".to_owned());
        let others = [
            ("host: ", Hello { host: "gen-b".to_owned(), ..own() }),
            ("start of its kernel: ", Hello { boot: other(), ..own() }),
            ("network namespace: ", Hello { net_namespace: other(), ..own() }),
            ("CPUs: 2 before, now 4", Hello { cpus: 4, ..own() }),
            ("numbers of its CPUs: [0, 1] before, now [2, 3]", Hello { cpu_list: vec![2, 3], ..own() }),
            ("version: 1 before, now 2", Hello { version: "2".to_owned(), ..own() }),
            ("build: ab before, now unknown", Hello { build: None, ..own() }),
        ];
        for (words, hello) in others {
            let said = hello.differs_from(&own()).unwrap_or_default();
            assert!(said.starts_with(words), "{said}");
        }
    }
}
