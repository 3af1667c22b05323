#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| harness::fuzzing::worker_messages(bytes));
