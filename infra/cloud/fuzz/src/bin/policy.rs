//! libFuzzer's entry to [`local_cloud_fuzz::policy`]. Must not know: what is checked.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| local_cloud_fuzz::policy::check(bytes));
