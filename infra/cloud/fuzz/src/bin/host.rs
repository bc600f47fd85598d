//! libFuzzer's entry to [`cloud_fuzz::host`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloud_fuzz::host::check(bytes));
