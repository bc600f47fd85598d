//! libFuzzer's entry to [`cloud_fuzz::mqtt`].

#![no_main]

libfuzzer_sys::fuzz_target!(
    init: cloud_fuzz::mqtt::prepare(),
    |bytes: &[u8]| cloud_fuzz::mqtt::check(bytes)
);
