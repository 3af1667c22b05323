//! The allocator of this program, and so of every server that it starts: the system's, unless a build chose another.
//!
//! Two builds that differ in this alone can be compared with `--against`.

use servers::version_of;

#[cfg(all(feature = "jemalloc", feature = "mimalloc"))]
compile_error!("a program has one allocator: build with `--features jemalloc` or with `--features mimalloc`, not both");

#[cfg(all(feature = "jemalloc", not(feature = "mimalloc")))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[cfg(all(feature = "mimalloc", not(feature = "jemalloc")))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The allocator that this build chose, with the version of the package that brings it; absent where it is the system's.
pub(crate) fn chosen() -> Option<String> {
    let (name, package) = match (cfg!(feature = "jemalloc"), cfg!(feature = "mimalloc")) {
        (true, _) => ("jemalloc", "tikv-jemallocator"),
        (_, true) => ("mimalloc", "mimalloc"),
        (false, false) => return None,
    };
    Some(version_of(package).map_or_else(|| name.to_owned(), |version| format!("{name} ({package} {version})")))
}

/// The version of this build, with its allocator where it chose one: it says so when another build asks.
pub const VERSION: &str = match (cfg!(feature = "jemalloc"), cfg!(feature = "mimalloc")) {
    (true, _) => concat!(env!("CARGO_PKG_VERSION"), " (jemalloc)"),
    (_, true) => concat!(env!("CARGO_PKG_VERSION"), " (mimalloc)"),
    (false, false) => env!("CARGO_PKG_VERSION"),
};
