//! libFuzzer's entry to [`cloud_fuzz::policy`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloud_fuzz::policy::check(bytes));
