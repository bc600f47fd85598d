//! The function's program at start: a wrong setting ends it with a sentence, and it opens no
//! connection that it does not use.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command;

use lock_testing::opening::{Opening, opening_of};

#[test]
fn a_setting_of_its_own_that_is_wrong_ends_the_program_at_start() {
    let base = [
        ("TABLE_NAME", "remote-lock"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDTEST"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        // Nothing listens here.
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        (
            "ALERT_TOPIC_ARN",
            "arn:aws:sns:eu-west-1:123456789012:alerts",
        ),
    ];
    for (name, value, wanted) in [
        (
            "TIME_ZONE",
            "Mars/Olympus",
            "environment variable TIME_ZONE is \"Mars/Olympus\": wanted the name of an IANA time \
             zone, for example Europe/Berlin",
        ),
        (
            "ALERT_TOPIC_ARN",
            "",
            "environment variable ALERT_TOPIC_ARN is not set",
        ),
        (
            "METRICS",
            "most",
            "environment variable METRICS is \"most\": wanted none, few or all",
        ),
    ] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_announce"));
        program.env_clear().envs(base).env(name, value);
        let output = program.output().unwrap();
        let log = String::from_utf8(output.stdout).unwrap();
        assert!(!output.status.success(), "{log}");
        let wanted = format!(
            "cannot start: {wanted}; correct the template or its parameters, and deploy again"
        );
        assert!(log.contains(&wanted), "{log}");
    }
}

#[tokio::test]
async fn only_the_tables_connection_opens_at_start() {
    let topic = "arn:aws:sns:eu-west-1:123456789012:alerts";
    let program = env!("CARGO_BIN_EXE_announce");
    let opening = opening_of(program, &[("ALERT_TOPIC_ARN", topic)]).await;
    let wanted = Opening {
        table: true,
        iot: false,
    };
    assert_eq!(opening, wanted);
}
