//! libFuzzer's entry to [`cloud_fuzz::sql`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloud_fuzz::sql::check(bytes));
