#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reports::fuzzing::records(bytes));
