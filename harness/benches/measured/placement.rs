//! One CPU for the server, another for what drives it.

use std::io;

use instruments::observe::{allowed_cpus, restrict_this_thread};

/// Moves the calling thread, and all that it starts from now on, to the last CPU of this machine. Returns the first, for
/// the server.
///
/// # Errors
/// Where there is but one CPU: server and generator would take it from each other.
pub(crate) fn leave_a_cpu_to_the_server() -> io::Result<u32> {
    match allowed_cpus()?[..] {
        [server, .., own] => {
            restrict_this_thread(&[own])?;
            Ok(server)
        }
        _ => Err(io::Error::other("this takes two CPUs, one for the server and one for the generator")),
    }
}
