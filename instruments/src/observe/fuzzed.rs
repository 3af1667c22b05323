//! Properties of what the kernel says: nothing that stands in a file of `/proc` or in a message of its socket diagnostics ends
//! the harness, be the kernel as new or as odd as it may.

use std::net::SocketAddr;

use super::cgroups::{self, quota};
use super::machine::{self, busiest, cpus, limits};
use super::observer::inside;
use super::{proc_file, process_reader, sockets, threads};

/// A datagram of the socket diagnostics. Its first byte chooses whose sockets they are.
pub fn netlink(bytes: &[u8]) {
    let Some((first, datagram)) = bytes.split_first() else { return };
    let servers: [SocketAddr; 3] =
        [([127, 0, 0, 1], 4660).into(), ([0; 8], 4660).into(), ([0, 0, 0, 0, 0, 0, 0, 1], 4660).into()];
    let server = servers[usize::from(*first) % servers.len()];
    if let sockets::Datagram::More(bytes) | sockets::Datagram::Done(bytes) = sockets::parse(datagram, server) {
        // Each socket has a header, an address and two numbers of four bytes.
        assert!(bytes <= datagram.len() as u64 * u64::from(u32::MAX));
    }
    assert_eq!(sockets::request(server).len(), 72);
}

/// Any file of `/proc` or of a control group, read as each of them.
pub fn proc(bytes: &[u8]) {
    let _ = busiest::parse(bytes);
    let _ = machine::version_in(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = proc_file::parse_status(text);
    for key in ["VmHWM", "Rss", "MemTotal"] {
        let _ = proc_file::bytes_of(text, key);
    }
    if let Some(ticks) = cpus::parse_stat(text, &[]) {
        assert!(ticks.cpus > 0);
    }
    let _ = cpus::parse_stat(text, &[0, 1]);
    let _ = cpus::parse_pressure(text);
    let _ = process_reader::ticks_of_ended_children(text);
    let _ = sockets::counter_in(text, "TcpExt:", "ListenOverflows");
    let _ = inside::schedstat_in(text);
    let _ = quota::throttled_in(text);
    assert!(quota::quota(text).is_none_or(|cpus| cpus > 0.0));
    let _ = (machine::cpu_model(text), machine::virtualised(text), limits::ports_in(text));
    // Two files at a time, with an empty line between them.
    let (first, second) = text.split_once("\n\n").unwrap_or((text, ""));
    let _ = threads::reading_of(1, first, second);
    assert!(machine::kernel_stack(first, second).is_none_or(u64::is_power_of_two));
    for controller in ["cpu", "pids"] {
        for group in cgroups::folders(first, second, controller) {
            let mount = group.with_ancestors().last().expect("a group is in its own tree").to_owned();
            assert!(group.with_ancestors().all(|folder| folder.starts_with(&mount)));
        }
    }
}
