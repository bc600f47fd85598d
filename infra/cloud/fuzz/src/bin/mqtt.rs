//! libFuzzer's entry to [`local_cloud_fuzz::mqtt`]. Must not know: what is checked.

#![no_main]

libfuzzer_sys::fuzz_target!(init: local_cloud_fuzz::mqtt::prepare(), |bytes: &[u8]| local_cloud_fuzz::mqtt::check(bytes));
