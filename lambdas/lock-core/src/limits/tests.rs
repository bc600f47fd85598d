//! The waits between sends, and which settings fit together.

use super::*;

#[test]
fn the_wait_between_sends_doubles_up_to_five_minutes() {
    assert_eq!(
        [0, 1, 2, 3, 9, 10, 40, u32::MAX].map(send_backoff_ms),
        [
            1_000, 1_000, 2_000, 4_000, 256_000, 300_000, 300_000, 300_000
        ]
    );
}

const SETTINGS: LimitSettings = LimitSettings {
    command_ttl_ms: 30_000,
    quiet_window_ms: 1_500,
    same_wish_ms: 5_000,
    event_ttl_days: 90,
    left_open_minutes: 10,
    forced_alert: true,
    battery_low_mv: 1_200,
};

const LONGEST: LimitSettings = LimitSettings {
    command_ttl_ms: 120_000,
    quiet_window_ms: 119_999,
    same_wish_ms: 60_000,
    event_ttl_days: 3_650,
    left_open_minutes: 1_440,
    forced_alert: true,
    battery_low_mv: 20_000,
};

#[test]
fn no_deployment_has_longer_limits_than_the_longest() {
    assert_eq!(Limits::new(LONGEST), Ok(Limits::longest()));
    let quiet_window_ms = 120_000;
    let longer = LimitSettings {
        quiet_window_ms,
        ..LONGEST
    };
    assert!(Limits::new(longer).is_err());
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    assert_eq!(Limits::new(SETTINGS), Ok(Limits::default()));
    assert_eq!(LimitSettings::default(), SETTINGS);
    type Change = fn(&mut LimitSettings);
    let cases: [(Change, LimitError); 8] = [
        (|s| s.command_ttl_ms = 4_999, LimitError::CommandTtl(4_999)),
        (
            |s| (s.command_ttl_ms, s.quiet_window_ms) = (9_000, 9_000),
            LimitError::QuietWindow {
                quiet_ms: 9_000,
                ttl_ms: 9_000,
            },
        ),
        (|s| s.same_wish_ms = 60_001, LimitError::SameWish(60_001)),
        (
            |s| s.command_ttl_ms = 120_001,
            LimitError::CommandTtl(120_001),
        ),
        (|s| s.event_ttl_days = 0, LimitError::EventTtl(0)),
        (|s| s.event_ttl_days = 3_651, LimitError::EventTtl(3_651)),
        (|s| s.left_open_minutes = 1_441, LimitError::LeftOpen(1_441)),
        (
            |s| s.battery_low_mv = 20_001,
            LimitError::BatteryLow(20_001),
        ),
    ];
    for (change, wanted) in cases {
        let mut settings = SETTINGS;
        change(&mut settings);
        assert_eq!(Limits::new(settings), Err(wanted));
    }
    let least = Limits::new(LimitSettings {
        command_ttl_ms: 5_000,
        quiet_window_ms: 4_999,
        same_wish_ms: 0,
        event_ttl_days: 1,
        left_open_minutes: 0,
        forced_alert: false,
        battery_low_mv: 0,
    })
    .unwrap();
    assert_eq!(least.event_ttl_ms, 86_400_000);
    let alerts = (least.left_open_ms, least.forced_alert, least.battery_low_mv);
    assert_eq!(alerts, (0, false, 0));
}

#[test]
fn limits_stored_before_the_alerts_of_door_and_battery_have_these_off() {
    let stored = r#"{"commandTtlMs":30000,"quietWindowMs":1500,"sameWishMs":5000,
                     "eventTtlMs":7776000000}"#;
    let wanted = Limits {
        left_open_ms: 0,
        forced_alert: false,
        battery_low_mv: 0,
        ..Limits::default()
    };
    assert_eq!(serde_json::from_str::<Limits>(stored).unwrap(), wanted);
}
