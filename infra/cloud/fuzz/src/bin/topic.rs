//! libFuzzer's entry to [`cloud_fuzz::topic`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloud_fuzz::topic::check(bytes));
