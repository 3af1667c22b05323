//! The options of servers: what each is called, what it may be, what it is when nobody says. The models
//! name those they have in `models/mod.rs`; `contender.rs` reads them from what a person types.

use std::thread::available_parallelism;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The options of a server. A model reads those it has and ignores the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerOptions {
    /// How many threads serve connections, where their number is fixed.
    pub workers: usize,
    /// The stack reserved for each thread that serves connections, in bytes of address space.
    pub stack_bytes: usize,
    /// How many connections the kernel may hold for the server until it accepts them.
    pub backlog: u32,
}

/// An option that a model has.
#[derive(Debug)]
pub struct OptionKey {
    /// As it is typed.
    pub name: &'static str,
    /// What it decides, in a few words.
    pub summary: &'static str,
    /// Which values it takes, for a person who typed another one.
    pub expected: &'static str,
    default: fn() -> String,
    /// Takes a value over, unless it is none of those expected.
    set: fn(&mut ServerOptions, &str) -> Option<()>,
    show: fn(&ServerOptions) -> String,
}

impl OptionKey {
    /// The value where none is given, on this machine.
    pub fn default_value(&self) -> String {
        (self.default)()
    }

    /// The value that `options` holds, in the spelling that it would be typed in.
    pub fn value(&self, options: &ServerOptions) -> String {
        (self.show)(options)
    }

    pub(crate) fn set(&self, options: &mut ServerOptions, value: &str) -> Option<()> {
        (self.set)(options, value)
    }
}

impl ServerOptions {
    /// The defaults of a model that has the options `keys`.
    pub(crate) fn defaults(keys: &[OptionKey]) -> ServerOptions {
        let mut options = ServerOptions { workers: 1, stack_bytes: 2 * MIB, backlog: 4096 };
        for key in keys {
            key.set(&mut options, &key.default_value())
                .expect("every default is a value of its option, as a test says of all models");
        }
        options
    }
}

/// Every model accepts connections.
pub(crate) const BACKLOG: OptionKey = OptionKey {
    name: "backlog",
    summary: "connections the kernel may hold until they are accepted",
    expected: "a whole number from 1 to 65535",
    default: || "4096".to_owned(),
    set: |options, value| {
        options.backlog = u32::from(value.parse::<u16>().ok().filter(|backlog| *backlog > 0)?);
        Some(())
    },
    show: |options| options.backlog.to_string(),
};

/// The size of a pool that owns its connections: four, as in the Rust Book.
pub(crate) const POOL_WORKERS: OptionKey = OptionKey { default: || "4".to_owned(), ..WORKERS };

/// The size of a pool that no connection waits in: as many as there are CPUs that this process may use.
pub(crate) const RUNTIME_WORKERS: OptionKey =
    OptionKey { default: || available_parallelism().map_or(1, usize::from).to_string(), ..WORKERS };

const WORKERS: OptionKey = OptionKey {
    name: "workers",
    summary: "threads that serve connections",
    expected: "a whole number from 1 to 4096",
    default: || "1".to_owned(),
    set: |options, value| {
        options.workers = value.parse().ok().filter(|workers| (1..=4096).contains(workers))?;
        Some(())
    },
    show: |options| options.workers.to_string(),
};

/// Stacks are reserved, not used: a larger one costs address space. Two mebibytes are the default of std.
pub(crate) const STACK: OptionKey = OptionKey {
    name: "stack",
    summary: "address space reserved for the stack of each thread",
    expected: "a size from 32KiB to 1024MiB, such as 64KiB",
    default: || "2MiB".to_owned(),
    set: |options, value| {
        options.stack_bytes = parse_size(value).filter(|bytes| (32 * KIB..=1024 * MIB).contains(bytes))?;
        Some(())
    },
    show: |options| show_size(options.stack_bytes),
};

fn parse_size(text: &str) -> Option<usize> {
    let (number, unit) = match (text.strip_suffix("KiB"), text.strip_suffix("MiB")) {
        (Some(number), _) => (number, KIB),
        (_, Some(number)) => (number, MIB),
        (None, None) => (text, 1),
    };
    number.parse::<usize>().ok()?.checked_mul(unit)
}

fn show_size(bytes: usize) -> String {
    match bytes {
        _ if bytes.is_multiple_of(MIB) => format!("{}MiB", bytes / MIB),
        _ if bytes.is_multiple_of(KIB) => format!("{}KiB", bytes / KIB),
        _ => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        assert_eq!(parse_size("64KiB"), Some(65_536));
        assert_eq!(parse_size("2MiB"), Some(2_097_152));
        assert_eq!(parse_size("70000"), Some(70_000));
        for nonsense in ["", "KiB", "64kb", "-1", "1.5MiB", "18446744073709551615MiB"] {
            assert_eq!(parse_size(nonsense), None, "{nonsense}");
        }
        assert_eq!(show_size(65_536), "64KiB");
        assert_eq!(show_size(2_097_152), "2MiB");
        assert_eq!(show_size(70_000), "70000");
    }
}
