//! The function's program opens no connection at start that it does not use.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_testing::opening::{Opening, opening_of};

#[tokio::test]
async fn only_the_tables_connection_opens_at_start() {
    let opening = opening_of(env!("CARGO_BIN_EXE_show"), &[]).await;
    let wanted = Opening {
        table: true,
        iot: false,
    };
    assert_eq!(opening, wanted);
}
