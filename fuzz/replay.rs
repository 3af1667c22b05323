//! Holds properties against the seeds of their fuzz targets, and against bytes that are like them: the part of fuzzing that
//! an ordinary test has time for. The tests of each package include this file.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

use super::Property;

/// Bytes that decoders have an opinion about.
const TELLING: &[u8] = b"\0\t\n\r \"%,-./0159:;<=>@[\\]{}aAzZ\x7f\x80\xc3\xff";

/// Holds each property against its seeds, and then against so many inputs that chance makes of them.
///
/// # Panics
/// Where one does not hold, and where one has no seeds or no target.
pub(crate) fn hold(properties: &[(&str, Property)], cases: u32) {
    for (name, property) in properties {
        let target = folder().join(format!("fuzz_targets/{name}.rs"));
        assert!(target.is_file(), "there is no {}: nothing fuzzes {name}", target.display());
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        seeds.iter().for_each(|seed| property(seed));
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        let held = TestRunner::new(config).run(&like(seeds), |bytes| {
            property(&bytes);
            Ok(())
        });
        held.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// The inputs that are kept for a target.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder().join("seeds").join(name)).expect("a target has a folder of seeds");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder can be read").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a seed can be read")).collect()
}

/// A seed with a few bytes changed, put in or left out, or with another one behind it; and bytes of no origin.
fn like(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<Index>(), prop_oneof![select(TELLING), any::<u8>()], 0..4_u8);
    let edited = (select(seeds.clone()), vec(edit, 0..4)).prop_map(|(mut bytes, edits)| {
        for (at, byte, kind) in edits {
            let at = at.index(bytes.len() + 1);
            match kind {
                0 => bytes.insert(at, byte),
                1 => bytes.truncate(at),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                _ if at < bytes.len() => bytes[at] = byte,
                _ => bytes.push(byte),
            }
        }
        bytes
    });
    let joined = (select(seeds.clone()), select(seeds)).prop_map(|(front, back)| [front, back].concat());
    prop_oneof![6 => edited, 1 => joined, 1 => vec(any::<u8>(), 0..80)]
}
