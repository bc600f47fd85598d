//! libFuzzer's entry to [`cloud_fuzz::signature`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloud_fuzz::signature::check(bytes));
