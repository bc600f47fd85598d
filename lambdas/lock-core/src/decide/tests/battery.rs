//! The alert about a button's battery, as a table.

use super::*;
use crate::reason::Alert;
use crate::write::{BatteryGuard, BindingChange, BindingWrite, PressNote};

fn press(click: ClickType, battery_mv: Option<u64>) -> Press {
    Press {
        button: button(),
        click,
        sequence: Some(6),
        pressed_at: None,
        good_for_ms: None,
        received_at: NOW,
        press_id: "p2".to_owned(),
        principal: None,
        battery_mv,
    }
}

/// `1300 then 1150`: the stored battery and that of a press which unlocks, in mV; a threshold and a
/// click may follow.
fn row(given: &str) -> String {
    let words: Vec<&str> = given.split_whitespace().collect();
    let (stored, now_mv) = (words[0].parse().ok(), words[2].parse().ok());
    let mut limits = Limits::default();
    let mut click = ClickType::Long;
    for word in &words[3..] {
        match word.split_once('=') {
            Some(("low", mv)) => limits.battery_low_mv = number(mv),
            _ => click = word.parse().unwrap(),
        }
    }
    let binding = Binding {
        battery_mv: stored,
        actions: Actions([(ClickType::Long, Intent::Unlock)].into()),
        ..binding()
    };
    let record = record("settled/locked").unwrap();
    let decision = decide_press(
        Some(&record),
        Some(&binding),
        &press(click, now_mv),
        NOW,
        &limits,
    );
    let unset = Limits {
        battery_low_mv: 0,
        ..limits
    };
    let silent = decide_press(
        Some(&record),
        Some(&binding),
        &press(click, now_mv),
        NOW,
        &unset,
    );
    assert_eq!(
        silent.publish, decision.publish,
        "an alert commands nothing"
    );
    assert_eq!(silent.alerts, [], "switched off");
    assert_eq!(decision.alerts, decision.writes.event.alerts);
    let guard = match &decision.writes.binding {
        Some(BindingWrite::Update(update)) => {
            assert!(update.admits(&binding), "as read");
            match &update.change {
                BindingChange::Note(PressNote { battery_guard, .. }) => *battery_guard,
                _ => None,
            }
        }
        _ => None,
    };
    if decision.alerts.is_empty() {
        assert_eq!(guard, None, "only the alert depends on the stored battery");
        return "none".to_owned();
    }
    assert_eq!(decision.alerts, [Alert::BatteryLow]);
    assert_eq!(guard, Some(BatteryGuard(stored)));
    decision.writes.event.detail.unwrap()
}

#[test]
fn a_battery_is_low_once_when_an_acted_on_press_first_shows_it() {
    check(
        "
        1300 then 1199                => 1199 mV
        1200 then 1150                => 1150 mV
        unknown then 1150             => 1150 mV
        1300 then 1200                => none
        1199 then 1150                => none
        1300 then unknown             => none
        unknown then 1568             => none
        # another battery has another threshold
        3300 then 2800 low=2900       => 2800 mV
        2800 then 2700 low=2900       => none
        # a press that does not act stores no battery
        1300 then 1150 SINGLE         => none
        ",
        row,
    );
}
