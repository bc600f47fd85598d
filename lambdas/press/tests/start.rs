//! The function's program at start: its connections open before anybody waits.

use lock_testing::opening::{Opening, opening_of};

#[tokio::test]
async fn both_connections_are_open_before_the_first_press() {
    let opening = opening_of(env!("CARGO_BIN_EXE_press"), &[]).await;
    let wanted = Opening {
        table: true,
        iot: true,
    };
    assert_eq!(opening, wanted);
}
