//! libFuzzer's entry to [`cloud_fuzz::template`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloud_fuzz::template::check(bytes));
