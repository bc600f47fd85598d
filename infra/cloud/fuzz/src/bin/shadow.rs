//! libFuzzer's entry to [`cloud_fuzz::shadow`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloud_fuzz::shadow::check(bytes));
