//! The function's program at start: it opens no connection that it does not use.

use lock_testing::opening::{Opening, opening_of};

#[tokio::test]
async fn only_the_tables_connection_opens_at_start() {
    let opening = opening_of(env!("CARGO_BIN_EXE_failure"), &[]).await;
    let wanted = Opening {
        table: true,
        iot: false,
    };
    assert_eq!(opening, wanted);
}
