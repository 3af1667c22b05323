#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| servers::fuzzing::json_lines(bytes));
